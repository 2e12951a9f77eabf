import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.evaluate.honesty.draw import draw
from salus.evaluate.predict import answer, answers, score
from salus.schema.errors import ConfigError, DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Sample
from salus.systems.gan.semi_gan import SemiGAN, SemiGANConfig
from salus.systems.registry import create
from salus.tasks.registry import make
from salus.train.fit import fit

QUESTION = Question(kind="classification", classes=("well", "ill"))


def picture(label: int, rng: np.random.Generator, size: int = 16) -> Image:
    array = rng.normal(80, 10, (1, size, size))
    array[:, 2 + 7 * label : 7 + 7 * label, 4:12] += 90  # above or below: pictures may be mirrored
    return Image(array=array.clip(0, 255).astype(np.uint8), unit="uint8")


def row(label: int, rng: np.random.Generator) -> Row:
    age = round(rng.normal(40 + 25 * label, 5), 0)
    sugar = float("nan") if rng.random() < 0.2 else round(rng.normal(5 + 3 * label, 1), 1)
    return Row(values={"age": age, "sugar": sugar, "ward": ("north", "south")[int(rng.random() < 0.3 + 0.4 * label)]})


def few(kind: str, count: int = 60, labelled: int = 6, share: float = 0.5) -> ListDataset:
    rng = np.random.default_rng(0)
    samples = []
    for i in range(count):
        label = i % 2 if share == 0.5 else int(i % round(1 / share) == 0)
        inputs: dict[str, Any] = {kind: picture(label, rng) if kind == "image" else row(label, rng)}
        samples.append(Sample(id=f"s{i}", patient=f"p{i}", inputs=inputs, target=label if i < labelled else None))
    return ListDataset(samples)


def build(kind: str, data: ListDataset | None = None, **settings: Any) -> SemiGAN:
    torch.manual_seed(0)
    data = few(kind) if data is None else data
    system = create("semi_gan", make(QUESTION), data, SemiGAN.tiny.replace({"complete": "refuse"} | settings))
    assert isinstance(system, SemiGAN)
    return system


def test_the_defaults_are_the_paper_s_as_far_as_confirmed() -> None:
    config = SemiGANConfig()
    assert (config.widths, config.learning_rate, config.epochs, config.rounds) == ((64, 128, 256), 3e-4, 200, 5)
    stage = SemiGAN.recipe(config).stages[0]
    assert {o.betas for o in stage.optimizers.values()} == {(0.5, 0.999)}
    assert stage.labelled == 0.5
    assert not stage.keep_best
    assert list(SemiGAN.recipe(config.replace({"gan": False})).stages[0].optimizers) == ["critic"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image", "row"])
def test_it_learns_from_six_labels_makes_samples_and_its_critic_can_be_asked(kind: str) -> None:
    data = few(kind)
    system = build(kind, epochs=12, samples_per_epoch=64)
    fit(system, data, None, score=score, seed=0)
    rng = np.random.default_rng(9)
    fresh = [
        Sample(id=f"t{i}", patient=f"t{i}", inputs={kind: (picture if kind == "image" else row)(i % 2, rng)})
        for i in range(20)
    ]
    right = [int(np.argmax(value)) == i % 2 for i, value in enumerate(answer(system, ListDataset(fresh)))]
    assert np.mean(right) >= 0.85
    made = draw(system, [0, 1, None, 1], seed=3)
    assert [sample.target for sample in made][:2] == [0, 1]
    again = draw(system, [0, 1, None, 1], seed=3)
    if kind == "image":
        assert made[0].inputs["image"].array.shape == (1, 16, 16)
        assert made[0].inputs["image"].array.dtype == np.uint8
        assert np.array_equal(made[0].inputs["image"].array, again[0].inputs["image"].array)
    else:
        values = made[1].inputs["row"].values
        assert set(values) == {"age", "sugar", "ward"}
        assert values["ward"] in ("north", "south", "", "other")
        assert repr(values) == repr(again[1].inputs["row"].values)
    real = system.realness(system.collate([data[i] for i in range(4)]))
    assert real.shape == (4,)
    assert torch.isfinite(real).all()


def test_labels_alone_look_at_no_sample_without_label() -> None:
    pair = []
    for noise in (0.0, 1e3):
        data = few("row")
        data.samples = [
            s if s.target is not None else dataclasses.replace(s, meta={"noise": noise}) for s in data.samples
        ]
        system = build("row", data, gan=False)
        batch = system.collate([data[i] for i in range(60)])
        batch.inputs["points"][6:] += noise
        torch.manual_seed(1)
        pair.append([objective.loss.item() for objective in system.objectives(batch, "fit")])
    assert pair[0] == pair[1]
    assert system.generator is None
    with pytest.raises(ConfigError, match="gan=true"):
        system.synthesize([0])


def test_without_labels_there_are_no_given_classes_and_after_the_first_round_there_are() -> None:
    system = build("row", confident=0.5, agree=False, epochs=3, samples_per_epoch=16, batch_size=8, rounds=2)
    batch = system.collate([few("row")[i] for i in range(20)])
    assert system._given(batch) is None
    system.steps += 2
    given = system._given(batch)
    assert given is not None
    assert (given[:6] == -1).all()  # those with a label keep their own
    assert (given[6:] >= 0).all()


def test_bad_input_is_refused_with_the_remedy() -> None:
    one = few("row", labelled=8, share=0.1)
    with pytest.raises(DataError, match="class 'ill' has 1 labelled sample"):
        build("row", one)
    one.samples[0] = dataclasses.replace(one.samples[0], target=None)
    with pytest.raises(DataError, match="class 'ill' has no label"):
        build("row", one)
    with pytest.raises(DataError, match="nothing to learn beside them; take a supervised system"):
        build("image", few("image", labelled=60))
    assert build("image", few("image", labelled=60), complete="accept").generator is not None
    with pytest.raises(ConfigError, match="rounds=0"):
        SemiGAN.recipe(SemiGAN.tiny.replace({"rounds": 0}))
    with pytest.raises(ConfigError, match="pixels=6"):
        build("image", pixels=6)


def test_pictures_of_another_size_unit_or_range_get_no_answer_but_a_reason() -> None:
    system = build("image")
    rng = np.random.default_rng(0)
    good = picture(0, rng)
    wrong = {
        "another size": picture(0, rng, size=20),
        "another unit": Image(array=good.array.astype(np.float32) / 255, unit="a.u."),
        "another range": Image(array=(good.array // 128).astype(np.uint8), unit="uint8"),
    }
    errors = {"another size": ShapeError, "another unit": UnitError, "another range": UnitError}
    for name, image in wrong.items():
        with pytest.raises(errors[name]):
            system.collate([Sample(id="x", patient="x", inputs={"image": image})])
    samples = [Sample(id=name, patient=name, inputs={"image": image}) for name, image in wrong.items()]
    found = answers(system, ListDataset([Sample(id="ok", patient="ok", inputs={"image": good}), *samples]))
    assert found.values[0] is not None
    assert found.missing == 3


def test_a_row_with_other_columns_or_an_unknown_label_is_named() -> None:
    system = build("row")
    strange = Sample(id="odd", patient="odd", inputs={"row": Row(values={"age": 3.0})})
    with pytest.raises(ShapeError, match="'odd'"):
        system.collate([strange])
    with pytest.raises(DataError, match="label 7"):
        system.collate([dataclasses.replace(few("row")[0], target=7)])
    with pytest.raises(DataError, match="neither an image nor a row"):
        build("row", ListDataset([Sample(id="n", patient="n", inputs={}, target=0)]), complete="accept")
