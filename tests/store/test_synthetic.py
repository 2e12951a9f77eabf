"""Synthetic datasets: read again by Salus, marked, whole or not at all; released only if the audit allows it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators import Fake, beat, part, picture, row
from salus import api
from salus.data.library import open_data
from salus.evaluate.honesty import encoder, likeness, use
from salus.evaluate.honesty.card import Figure, HonestyCard
from salus.evaluate.honesty.draw import draw
from salus.schema.errors import DataError, ReleaseError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Sample
from salus.store.artifact import Artifact
from salus.store.checksums import verify_checksums
from salus.store.synthetic import write_synthetic
from salus.tasks.registry import make

QUESTION = Question(kind="classification", classes=("even", "odd"))
FIGURE = Figure(key="share", group="privacy", text="closer to a seen person", value=0.5, goal="at most 0.55", met=True)
CARD = HonestyCard(subject="fake on made-up data", kind="rows", counts={"training": 9}, figures=(FIGURE,))


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "STEPS", 30)
        patch.setattr(likeness, "TREES", 10)
        patch.setattr(use, "TREES", 10)
        yield


def items(samples: list[Sample]) -> list[Any]:
    return [next(iter(s.inputs.values())) for s in samples]


@pytest.mark.parametrize("maker", [row, beat, picture])
def test_what_is_written_is_read_again(maker: Any, tmp_path: Path) -> None:
    made = draw(Fake(maker), [0, 1] * 10, 3)
    spec = write_synthetic(tmp_path / "out", made, QUESTION, CARD, {"seed": 3})
    loaded = open_data(spec)
    back = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    assert loaded.question.classes == QUESTION.classes
    assert [s.target for s in back] == [s.target for s in made]
    assert [s.id for s in back] == [s.id for s in made]
    assert all(s.meta["group_origin"] == "synthetic" for s in back)
    for first, again in zip(items(made), items(back), strict=True):
        if isinstance(first, Row):
            assert list(again.values) == list(first.values)
            assert again.values["a"] == pytest.approx(first.values["a"], rel=1e-8)
            assert again.values["ward"] == first.values["ward"]
        else:
            assert again.array.dtype == first.array.dtype
            assert np.allclose(again.array, first.array, atol=1e-6)
            assert getattr(again, "rate_hz", 0) == getattr(first, "rate_hz", 0)
            assert getattr(again, "leads", 0) == getattr(first, "leads", 0)
            assert getattr(again, "units", 0) == getattr(first, "units", 0)
    assert verify_checksums(tmp_path / "out") == []
    assert json.loads((tmp_path / "out" / "honesty.json").read_text())["verdict"] == "released"
    text = (tmp_path / "out" / "PRIVACY.md").read_text()
    assert "not declared anonymous" in text
    assert "closer to a seen person" in text
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_float_images_keep_their_values(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(size=(1, 9, 9)).astype(np.float32)
    samples = [
        Sample(id=f"s{n}", patient=f"s{n}", inputs={"image": Image(array=array + n, unit="HU")}, target=n % 2)
        for n in range(4)
    ]
    loaded = open_data(write_synthetic(tmp_path / "out", samples, QUESTION, CARD, {}))
    assert np.array_equal(loaded.dataset[3].inputs["image"].array, array + 3)


def test_a_folder_that_holds_something_or_a_taken_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    made = draw(Fake(row), [0, 1], 3)
    with pytest.raises(UsageError, match="holds something"):
        write_synthetic(tmp_path, made, QUESTION, CARD, {})
    own = [Sample(id="a", patient="a", inputs={"row": Row(values={"patient": 1.0})}, target=0)]
    with pytest.raises(DataError, match="'patient' is a name"):
        write_synthetic(tmp_path / "out", own, QUESTION, CARD, {})
    assert [p.name for p in tmp_path.iterdir()] == ["letter"]


def table(folder: Path, samples: list[Sample]) -> str:
    lines = ["id,who,kind," + ",".join(samples[0].inputs["row"].values)]
    for sample in samples:
        cells = [c if isinstance(c, str) else repr(float(c)) for c in sample.inputs["row"].values.values()]
        lines.append(",".join([sample.id, sample.patient, QUESTION.classes[sample.target], *cells]))
    (folder / "people.csv").write_text("\n".join(lines))
    return f"{folder / 'people.csv'}:target=kind,patient=who,id=id"


def fitted(folder: Path, maker: Any, size: int = 800) -> tuple[Artifact, list[Sample]]:
    """Return what `fit` would have left of a generator trained on a table, and that table's training part."""
    people = part(row, size, 0, "p")
    data = table(folder, people)
    loaded = open_data(data)
    task = make(loaded.question)
    split = api.divide(loaded.dataset, task, 0)
    test = [loaded.dataset[int(i)].id for i in split.test]
    train = [loaded.dataset[int(i)] for i in split.train]
    chosen = maker if maker is not None else (lambda target, rng: train[int(rng.integers(len(train)))])
    facts = {"data": data, "seed": 0, "test_ids": test, "dropped": []}
    return Artifact(system=Fake(chosen, task), name="fake", facts=facts), train


def test_an_honest_generator_writes_its_dataset(tmp_path: Path) -> None:
    artifact, _ = fitted(tmp_path, row)
    page = tmp_path / "evidence.html"
    card, spec = api.synthesize(artifact, tmp_path / "out", 60, classes=["odd"], seed=5, evidence=page)
    assert card.verdict == "released"
    loaded = open_data(f"{spec.partition(':')[0]}:target=ward,patient=patient,id=id,drop=target")
    assert len(loaded.dataset) == 60
    assert "real people" in page.read_text()
    shown = "".join(p.read_text() for p in (tmp_path / "out").iterdir())
    assert "p0" not in shown.replace("p0.", "")
    again = api.synthesize(artifact, tmp_path / "twice", 60, classes=["odd"], seed=5)
    assert again[0] == card
    assert (tmp_path / "twice/table.csv").read_bytes() == (tmp_path / "out/table.csv").read_bytes()


def test_a_copier_is_refused_and_writes_nothing_but_the_evidence(tmp_path: Path) -> None:
    artifact, _ = fitted(tmp_path, None)
    with pytest.raises(ReleaseError, match="it copies"):
        api.synthesize(artifact, tmp_path / "out", 60, evidence=tmp_path / "evidence.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evidence.html", "people.csv"]
    with pytest.raises(ReleaseError, match="copies of training samples; nothing was written"):
        api.synthesize(artifact, tmp_path / "out", 60, anyway="for a lesson on copying")
    assert not (tmp_path / "out").exists()


def test_copies_are_left_out_and_counted(tmp_path: Path) -> None:
    artifact, train = fitted(tmp_path, row)

    def partly(target: Any, rng: Any) -> Sample:
        return train[int(rng.integers(len(train)))] if rng.random() < 0.3 else row(target, rng)

    artifact = Artifact(system=Fake(partly, artifact.system.task), name="fake", facts=artifact.facts)
    card, _ = api.synthesize(artifact, tmp_path / "out", 100, anyway="to see what is left out")
    assert card.verdict == "released against the audit"
    facts = json.loads((tmp_path / "out/dataset.json").read_text())
    assert facts["left_out"] > 15
    assert facts["written"] >= 95
    known = {tuple(s.inputs["row"].values.values())[:3] for s in train}
    written = open_data(f"{tmp_path / 'out/table.csv'}:target=target,patient=patient,id=id").dataset
    assert not known & {tuple(written[i].inputs["row"].values.values())[:3] for i in range(len(written))}
    assert "for this written reason: to see what is left out" in (tmp_path / "out/PRIVACY.md").read_text()


def test_without_its_data_nothing_is_released_unless_somebody_says_why(tmp_path: Path) -> None:
    artifact, _ = fitted(tmp_path, row)
    (tmp_path / "people.csv").unlink()
    with pytest.raises(ReleaseError, match="audit could not be made"):
        api.synthesize(artifact, tmp_path / "out", 10)
    card, _ = api.synthesize(artifact, tmp_path / "out", 10, anyway="data destroyed as agreed")
    assert card.unmeasured == ("everything",)
    assert "data destroyed as agreed" in (tmp_path / "out/PRIVACY.md").read_text()


def test_changed_data_cannot_speak_for_the_generator(tmp_path: Path) -> None:
    artifact, _ = fitted(tmp_path, row)
    table(tmp_path, part(row, 700, 1, "q"))
    with pytest.raises(ReleaseError, match="not what they were"):
        api.synthesize(artifact, tmp_path / "out", 10)


def test_wrong_words_are_named(tmp_path: Path) -> None:
    artifact, _ = fitted(tmp_path, row, 300)
    with pytest.raises(UsageError, match="no class 'ill'; the run knows even, odd"):
        api.synthesize(artifact, tmp_path / "out", 10, classes=["ill"])
    with pytest.raises(UsageError, match="give 1 to"):
        api.synthesize(artifact, tmp_path / "out", 0)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/x").write_text("x")
    with pytest.raises(UsageError, match="holds something"):
        api.synthesize(artifact, tmp_path / "out", 10)
