"""iomt_gan: rows, recordings and pictures by one training, wishes, seeds, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from salus.cli.inputs import read_inputs
from salus.contract.dataset import ListDataset
from salus.contract.generator import Critic, Generator
from salus.data.asked import ask
from salus.data.entry import Loaded
from salus.evaluate.honesty.draw import draw
from salus.evaluate.predict import answer, answers, score
from salus.nets.adversarial_losses import pack
from salus.schema.errors import ConfigError, DataError, ShapeError
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Sample, Waveform
from salus.systems.gan.iomt_gan import IomtGan, IomtGanConfig
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

CLASSES = ("N", "V")


def row(label: int, rng: np.random.Generator) -> Row:
    return Row(values={"rate": float(np.round(rng.normal(70 + 60 * label, 4))), "ward": ("a", "b")[label]})


def beat(label: int, rng: np.random.Generator) -> Waveform:
    time = np.arange(48) / 90
    array = np.exp(-(((time - 0.25) / (0.03 + 0.05 * label)) ** 2)) + rng.normal(0, 0.02, 48)
    return Waveform(array=array[None].astype(np.float32), rate_hz=90.0, leads=("MLII",), units=("mV",))


def picture(label: int, rng: np.random.Generator) -> Image:
    array = rng.normal(60.0 + 90.0 * label, 8.0, (1, 16, 16)).clip(0, 255).astype(np.uint8)
    return Image(array=array, unit="uint8")


KINDS: dict[str, Callable[[int, np.random.Generator], Any]] = {"row": row, "signal": beat, "image": picture}


def asked(kind: str, count: int = 60, classes: tuple[str, ...] = CLASSES) -> tuple[ListDataset, Question]:
    rng = np.random.default_rng(0)
    samples = [
        Sample(id=f"s{n}", patient=f"p{n}", inputs={kind: KINDS[kind](n % 2, rng)}, target=n % 2) for n in range(count)
    ]
    loaded = ask(
        Loaded(dataset=ListDataset(samples), question=Question(kind="classification", classes=classes)), "synthesis"
    )
    return ListDataset([loaded.dataset[n] for n in range(count)]), loaded.question


def trained(kind: str, **settings: Any) -> tuple[IomtGan, ListDataset]:
    data, question = asked(kind)
    config = IomtGan.tiny.replace(settings)
    seed_torch(0, 77)
    task = make(question)
    system = IomtGan(task, config, IomtGan.measure(data, config))  # type: ignore[arg-type]
    fit(system, data, None, score=score, seed=0)
    return system, data


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_made_as_it_was_given(kind: str) -> None:
    system, data = trained(kind)
    assert isinstance(system, Generator)
    made = draw(system, [0, 1, None], 3)
    assert [s.target for s in made[:2]] == [0, 1]
    real = data[0].inputs[kind]
    for sample in made:
        item = sample.inputs[kind]
        assert type(item) is type(real)
        if isinstance(item, Row):
            assert item.values.keys() == real.values.keys()
            assert item.values["ward"] in ("a", "b", "")
            assert item.values["rate"] == round(item.values["rate"])
        else:
            assert item.array.shape == real.array.shape
            assert item.array.dtype == real.array.dtype
    answers = answer(system, data)
    assert answers[0].shape == system.task.array(data[0].target).shape  # type: ignore[attr-defined,union-attr]
    again = draw(system, [0, 1, None], 3)
    assert repr(again) == repr(made)
    assert repr(draw(system, [0, 1, None], 4)) != repr(made)


@pytest.mark.slow
def test_a_class_is_made_as_that_class() -> None:
    system, _ = trained("row", steps=60, epochs=3, critic_steps=2, batch_size=40, learning_rate=2e-3, critic_rate=2e-3)
    made = draw(system, [0] * 100 + [1] * 100, 0)
    rates = np.array([s.inputs["row"].values["rate"] for s in made]).reshape(2, 100).mean(axis=1)
    assert rates == pytest.approx([70, 130], abs=15)


@pytest.mark.parametrize("kind", KINDS)
def test_the_critic_scores_each_sample_in_any_company(kind: str) -> None:
    system, data = trained(kind)
    assert isinstance(system, Critic)
    system.eval()
    with torch.no_grad():
        together = system.realness(system.collate(data.samples[:6]))
        alone = torch.cat([system.realness(system.collate([s])) for s in data.samples[:6]])
    assert together.shape == (6,)
    assert torch.allclose(together, alone, atol=1e-4)


def test_timegan_learns_states_first_and_makes_recordings_of_them() -> None:
    system, data = trained("signal", timegan=True, lessons=1)
    assert [stage.name for stage in IomtGan.recipe(system.config).stages] == ["embed", "supervise", "fit"]
    batch = system.collate(data.samples[:8])
    system.turns.zero_()
    groups = {s: [o.group for o in system.objectives(batch, s)] for s in ("embed", "supervise", "fit")}
    assert groups == {
        "embed": ["embedder"], "supervise": ["generator"], "fit": ["critic", "generator", "embedder"],
    }  # fmt: skip
    (made,) = draw(system, [1], 0)
    assert made.inputs["signal"].array.shape == (1, 48)
    with pytest.raises(ConfigError, match="timegan=true is for recordings"):
        trained("row", timegan=True)


def test_the_critic_s_loss_is_the_papers() -> None:
    system, data = trained("row", penalty=0.0, critic_steps=5)
    batch = system.collate(data.samples[:12])
    system.turns.zero_()
    torch.manual_seed(4)
    (objective,) = list(system.objectives(batch, "fit"))  # the generator waits for its turn
    torch.manual_seed(4)
    condition = batch.inputs["condition"]
    with torch.no_grad():
        made = system.generator(torch.randn(12, *system.noise), condition)
        real, fake = (
            system.critic(pack(rows, 2), pack(condition, 2)).mean() for rows in (batch.target["points"], made)
        )
    assert float(objective.loss.detach()) == pytest.approx(float(fake - real), abs=1e-5)
    assert objective.group == "critic"


def test_the_generator_moves_after_as_many_critic_steps_as_asked() -> None:
    system, data = trained("row", critic_steps=3)
    batch = system.collate(data.samples[:12])
    system.turns.zero_()
    groups = [[o.group for o in system.objectives(batch, "fit")] for _ in range(6)]
    assert groups == [["critic"], ["critic"], ["critic", "generator"]] * 2


def test_a_class_never_seen_is_refused() -> None:
    system, data = trained("row")
    with pytest.raises(DataError, match="class 5 is none that the generator was trained on; it makes N, V"):
        system.synthesize([5])
    stranger = replace(data[0], inputs={"condition": Row(values={"class": "F"})}, target=None)
    with pytest.raises(DataError, match="'F' is none"):
        system.collate([stranger])


def test_too_few_of_a_class_constant_columns_and_repeated_ids_are_refused() -> None:
    data, _ = asked("row")
    with pytest.raises(DataError, match="class 'N' has 30 training samples; a generator needs at least 50"):
        IomtGan.measure(data, IomtGanConfig())
    flat = [
        replace(s, inputs={**s.inputs, "row": (r := Row(values={"x": 1.0}))}, target={**s.target, "real": r})
        for s in data.samples
    ]
    with pytest.raises(DataError, match="'x' holds one value"):
        IomtGan.measure(ListDataset(flat), IomtGan.tiny)
    with pytest.raises(DataError, match="'s0' appears twice"):
        IomtGan.measure(ListDataset([*data.samples, data[0]]), IomtGan.tiny)
    with pytest.raises(DataError, match="no samples to learn from"):
        IomtGan.measure(ListDataset([]), IomtGan.tiny)


def test_mixed_rates_and_a_missing_lead_are_refused() -> None:
    data, _ = asked("signal")

    def other(**facts: Any) -> ListDataset:
        wave = replace(data[0].target["real"], **facts)
        odd = replace(
            data[0], id="odd", inputs={**data[0].inputs, "signal": wave}, target={"condition": 0, "real": wave}
        )
        return ListDataset([*data.samples, odd])

    with pytest.raises(DataError, match="odd: 125 Hz where the first training recording has 90 Hz"):
        IomtGan.measure(other(rate_hz=125.0), IomtGan.tiny)
    with pytest.raises(ShapeError, match="odd: lead 'MLII' is missing; the recording has V5"):
        IomtGan.measure(other(leads=("V5",)), IomtGan.tiny)
    broken = data[0].target["real"].array.copy()
    broken[0, 3] = np.inf
    with pytest.raises(DataError, match="odd: the recording has gaps or infinite values"):
        IomtGan.measure(other(array=broken), IomtGan.tiny)


def test_a_plain_classification_is_refused_with_the_remedy() -> None:
    data, _ = asked("row")
    plain = ListDataset([replace(s, target=1) for s in data.samples])
    with pytest.raises(DataError, match="`:ask=synthesis`"):
        IomtGan.measure(plain, IomtGan.tiny)


def test_a_table_of_wishes_of_the_user_s_own_is_answered_and_a_bad_one_named(tmp_path: Path) -> None:
    system, _ = trained("signal")
    wishes = tmp_path / "wishes.csv"
    wishes.write_text("bed,class\n1,N\n2,V\n3,F\n", encoding="utf-8")
    given = read_inputs(system, [wishes])
    found = answers(system, ListDataset(given.samples))
    assert given.aside == ["bed"]
    assert [None if value is None else value.shape for value in found.values] == [(1, 48), (1, 48), None]
    assert "class 'F' is none that the generator was trained on; it makes N, V" in found.reasons[2]
    wishes.write_text("bed,kind\n1,N\n2,V\n", encoding="utf-8")
    lacking = answers(system, ListDataset(read_inputs(system, [wishes]).samples))
    assert "give a table with a column 'class'" in lacking.reasons[0]
