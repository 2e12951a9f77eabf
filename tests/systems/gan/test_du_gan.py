import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.evaluate.predict import answer, score
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems.gan.du_gan import DUGAN, DuGanConfig
from salus.systems.registry import create
from salus.tasks.registry import make
from salus.train.fit import fit

QUESTION = Question(kind="restoration", unit="HU", value_range=(-300.0, 300.0))


def slices(count: int = 4, size: int = 48, unit: str = "HU", modality: str = "CT", sd: float = 40.0) -> ListDataset:
    axis = np.arange(size) - size / 2
    samples = []
    for i in range(count):
        rng = np.random.default_rng(i)
        disc = (axis[:, None] - rng.uniform(-6, 6)) ** 2 + axis**2 < (size / 3) ** 2
        clean = np.where(disc, 50.0, -900.0)[None].astype(np.float32)
        if unit != "HU":
            clean = (clean + 900) / 10
        noisy = clean + rng.normal(0, sd * np.ptp(clean) / 950, clean.shape).astype(np.float32)
        image = Image(array=noisy, spacing_mm=(1.0, 1.0), affine=np.eye(4), unit=unit, modality=modality)
        samples.append(Sample(id=f"s{i}", patient=f"p{i}", inputs={"image": image}, target=clean))
    return ListDataset(samples)


def build(**settings: Any) -> DUGAN:
    torch.manual_seed(0)
    system = create("du_gan", make(QUESTION), slices(), DUGAN.tiny.replace(settings))
    assert isinstance(system, DUGAN)
    return system


def patches(system: DUGAN) -> Any:
    data = slices()
    cut = [system.augment(data[i], np.random.default_rng(i)) for i in range(4)]
    return system.collate(cut)


def test_the_defaults_are_the_paper_s() -> None:
    config = DuGanConfig()
    assert (config.width, config.layers, config.spread) == (32, 11, 0.01)
    assert config.critic_widths == (64, 128, 256, 512, 512, 512, 512)
    assert (config.image_weight, config.gradient_weight, config.error_weight, config.edge_weight) == (
        0.142,
        0.120,
        5.03,
        35.3,
    )
    assert (config.batch_size, config.patch, config.epochs * config.steps_per_epoch) == (64, 64, 100_000)
    assert (config.cutmix, config.consistency, config.window) == (0.76, 5.09, (-300.0, 300.0))
    recipe = DUGAN.recipe(config)
    assert recipe.ema == 0.999
    assert recipe.ema_groups == ("generator",)
    rates = {name: optimizer.learning_rate for name, optimizer in recipe.stages[0].optimizers.items()}
    assert rates == {"generator": 1.8e-4, "critic_image": 7.1e-5, "critic_gradient": 7.1e-5}


def test_each_step_moves_both_critics_then_the_generator() -> None:
    system = build()
    batch = patches(system)
    names = []
    for objective in system.objectives(batch, "fit"):
        names.append(objective.name)
        assert torch.isfinite(objective.loss)
        objective.loss.backward(inputs=system.groups()[objective.group])
        assert all(p.grad is not None for p in system.groups()[objective.group])
    assert names == ["critic_image", "critic_gradient", "generator"]
    assert int(system.steps) == 1


def test_critics_may_rest_between_their_steps() -> None:
    system = build(critic_every=2, judged=2)
    batch = patches(system)
    counts = [len(list(system.objectives(batch, "fit"))) for _ in range(4)]
    assert counts == [3, 1, 3, 1]


@pytest.mark.parametrize(
    "settings", [{"gradient_critic": False}, {"cutmix": 0.0}, {"pixel_head": False}, {"low_dose_negative": False}]
)
def test_every_ablation_trains(settings: dict[str, Any]) -> None:
    system = build(**settings)
    system.steps.fill_(1000)  # CutMix at its full probability where it is on
    groups = {objective.group for objective in system.objectives(patches(system), "fit")}
    assert ("critic_gradient" in groups) == settings.get("gradient_critic", True)
    assert groups == set(system.groups()) == set(type(system).recipe(system.config).stages[0].optimizers)


def test_the_critic_s_loss_by_hand() -> None:
    system = build(cutmix=0.0)

    class Fixed(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x.mean(dim=(2, 3)), x

    real, fake, low = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 1, 4, 4), 2.0), torch.full((2, 1, 4, 4), 3.0)
    loss = system._critic_loss(Fixed(), real, fake, low)  # type: ignore[arg-type]
    assert float(loss) == pytest.approx(2 * (0.25 + 4.0 + 9.0))


def test_training_beats_the_input_and_answers_whole_slices() -> None:
    system = build(width=8, epochs=4, steps_per_epoch=15)
    data = slices()
    before = system.task.score([s.inputs["image"].array for s in data.samples], [s.target for s in data.samples])
    fit(system, data, data, score=score, seed=0)
    after = score(system, data)
    assert after["psnr"] > before["psnr"] + 1.0
    values = answer(system, data)
    assert values[0] is not None
    assert values[0].shape == (1, 48, 48)


def test_the_confidence_map_is_a_share_for_each_pixel() -> None:
    system = build().eval()
    data = slices(2, 50)
    found = system.confidence(system.collate([data[0], data[1]]))
    assert found.shape == (2, 1, 50, 50)
    assert 0 <= float(found.min()) <= float(found.max()) <= 1


def test_magnetic_resonance_is_restored_in_its_own_unit() -> None:
    data = slices(unit="a.u.", modality="MR", sd=0.0)
    question = Question(kind="restoration", unit="a.u.", value_range=(0.0, 95.0))
    torch.manual_seed(0)
    system = create("du_gan", make(question), data, DUGAN.tiny)
    assert system.fingerprint["window"] == pytest.approx([0.0, 95.0])
    values = answer(system, data)
    assert values[0] is not None
    assert np.abs(values[0] - data[0].target).mean() < 5


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"array": np.full((1, 48, 48), 30.0)}, UnitError, "rescale"),
        ({"array": np.zeros((3, 48, 48))}, ShapeError, "colour"),
        ({"spacing_mm": (1.0, 2.0)}, ShapeError, "square"),
        ({"affine": np.diag([1.0, 1.0, 3.0, 1.0])}, DataError, "thick"),
        ({"modality": "MR"}, UnitError, "MR series"),
    ],
)
def test_bad_input_is_refused_by_name(change: dict[str, Any], error: type[Exception], words: str) -> None:
    sample = slices(1)[0]
    image = dataclasses.replace(sample.inputs["image"], **change)
    with pytest.raises(error, match=words) as caught:
        build().collate([dataclasses.replace(sample, inputs={"image": image}, target=None)])
    assert "s0" in str(caught.value)
