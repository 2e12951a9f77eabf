"""The loop: equal seeds give equal weights, a kill changes nothing, bad losses and damaged checkpoints are named."""

import functools
from pathlib import Path
from typing import Any

import pytest
import torch

from salus.schema.errors import StoreError, TrainingError
from salus.train.checkpoint import load_checkpoint
from salus.train.fit import fit
from toy import Augmented, Toy, ToyConfig, ToyTask, toy_data, toy_score


class Killed(BaseException):
    """Stands for SIGKILL at a step."""


class KillAt:
    def __init__(self, step: int) -> None:
        self.left = step

    def begin(self, name: str, steps: int, done: int = 0) -> None: ...

    def step(self, steps: int, note: str = "") -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def end(self, note: str = "") -> None: ...


def run(kind: type[Toy] = Toy, config: ToyConfig | None = None, **options: Any) -> Toy:
    torch.manual_seed(7)
    system = kind(ToyTask(), config or ToyConfig(), {})
    fit(system, toy_data(), toy_data(12, 1), score=toy_score, **options)
    return system


def same(a: Toy, b: Toy) -> bool:
    other = b.state_dict()
    return all(torch.equal(t, other[n]) for n, t in a.state_dict().items())


def test_training_learns_and_equal_seeds_give_equal_weights() -> None:
    first, second, other = run(), run(), run(seed=1)
    assert same(first, second)
    assert not same(first, other)
    assert toy_score(first, toy_data(30, 2))["error"] < 1.6


@pytest.mark.parametrize("kind", [Toy, Augmented])
@pytest.mark.parametrize("config", [ToyConfig(), ToyConfig(accumulate=3, ema=None), ToyConfig(precision="bf16")])
def test_a_run_killed_at_any_step_resumes_to_the_same_weights(
    tmp_path: Path, kind: type[Toy], config: ToyConfig
) -> None:
    undisturbed = run(kind, config)
    for step in (0, 3, 5, 7, 10):
        folder = tmp_path / str(step)
        folder.mkdir()
        with pytest.raises(Killed):
            run(kind, config, folder=folder, progress=KillAt(step))
        resumed = run(kind, config, folder=folder, resume=True)
        assert same(resumed, undisturbed), step


def test_a_resumed_half_precision_run_keeps_its_loss_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # fp16 is for CUDA devices; the scale that guards its gradients works alike on a processor.
    monkeypatch.setattr("salus.train.run.resolve_precision", lambda precision, device: "fp16")
    quick = functools.partial(torch.amp.GradScaler, growth_interval=2)
    monkeypatch.setattr("salus.train.step.torch.amp.GradScaler", quick)
    undisturbed = run()
    for step in (5, 9, 14):
        folder = tmp_path / str(step)
        folder.mkdir()
        with pytest.raises(Killed):
            run(folder=folder, progress=KillAt(step))
        assert same(run(folder=folder, resume=True), undisturbed), step
    with pytest.raises(Killed):
        run(folder=tmp_path, progress=KillAt(14))
    _, facts = load_checkpoint(tmp_path / "checkpoint.safetensors")
    assert facts["scaler"]["scale"] != 65536.0


def test_workers_do_not_change_the_weights() -> None:
    assert same(run(Augmented), run(Augmented, workers=1))


def test_a_loss_that_is_not_a_number_is_named() -> None:
    with pytest.raises(TrainingError, match=r"stage 'warm': loss 'fit' is nan on samples s.*learning rate"):
        run(config=ToyConfig(poison=True))


def test_a_truncated_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    run(folder=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(StoreError, match="not a complete checkpoint"):
        run(folder=tmp_path, resume=True)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    run(folder=tmp_path)
    with pytest.raises(StoreError, match="another training"):
        run(folder=tmp_path, resume=True, config=ToyConfig(epochs=5))


def test_an_objective_moves_only_its_group() -> None:
    torch.manual_seed(0)
    system = Toy(ToyTask(), ToyConfig(epochs=0, ema=None), {})
    before = [p.detach().clone() for p in system.one.parameters()]
    fit(system, toy_data(), None, score=toy_score)
    assert all(torch.equal(a, b) for a, b in zip(before, system.one.parameters(), strict=True))
