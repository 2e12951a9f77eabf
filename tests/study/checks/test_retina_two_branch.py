"""Figures of the two-branch network's studies that are no training."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from salus.contract.dataset import Subset
from salus.data.library import load
from salus.study.checks.retina_parameters import effects, read_grid
from salus.study.checks.retina_two_branch import camera, evidence, ledger, near_lesions, pointing
from salus.study.plan import Arm, Part, read_plan
from salus.systems.registry import create, find
from salus.tasks.registry import make

STUDIES = Path(__file__).parents[3] / "studies"
OPTIONS = {"images": "40"}


def context(folder, system=None):
    """Stand for a study of one trained system on forty simulated eyes."""
    loaded = load("fundus", OPTIONS)
    test = Subset(loaded.dataset, range(20, 30))
    cells = [] if system is None else [SimpleNamespace(system=system, seed=0, test=test, operating={})]
    return SimpleNamespace(
        folder=folder,
        part=lambda _: SimpleNamespace(options=OPTIONS),
        dataset=lambda _: loaded,
        systems=lambda *_: iter(cells),
    )


@pytest.fixture(scope="module")
def tiny():
    loaded = load("fundus", OPTIONS)
    torch.manual_seed(0)
    kind = find("retina_two_branch")
    config = kind.tiny.replace({"pixels": 32, "stem": "strided"})
    return create("retina_two_branch", make(loaded.question), Subset(loaded.dataset, range(20)), config).eval()


@pytest.mark.slow
def test_the_ledger_finds_every_change_and_outlives_an_erased_picture(tmp_path):
    rows = ledger(context(tmp_path))
    assert [row.met for row in rows if "5 s" not in row.text] == [True, True, True]
    assert "1,000 found" in rows[0].figure


def test_camera_and_pointing_are_measured_and_an_untrained_network_does_not_pass(tiny, tmp_path):
    (row,) = camera(context(tmp_path, tiny))
    assert row.figure.count("[") == 1
    must, other = pointing(context(tmp_path, tiny))
    assert must.met is False
    assert "a random point" in other.figure
    assert (tmp_path / "lesions.png").stat().st_size > 1000


def test_without_a_training_nothing_is_met(tmp_path):
    assert [row.met for row in (*camera(context(tmp_path)), *pointing(context(tmp_path)))] == [False, False]


def test_evidence_points_at_what_the_network_looks_at(tiny):
    class Spot(torch.nn.Module):
        task = tiny.task

        def forward(self, batch):
            strength = batch.inputs["image"][:, 0, 20, 11]
            return torch.stack([-strength, *[strength * 0] * 3, strength], dim=1)

    image = torch.rand(2, 4, 32, 32) + 0.5
    batch = SimpleNamespace(ids=("a", "b"), inputs={"image": image})
    top = evidence(Spot(), batch).flatten(1).argmax(dim=1)
    assert top.tolist() == [20 * 32 + 11] * 2
    mask = np.zeros((1, 32, 32), bool)
    mask[0, 10, 10] = True
    assert near_lesions(mask)[0, 10, 12]
    assert not near_lesions(mask)[0, 10, 13]


def grid_context(tmp_path, rule):
    """Write the histories of a small grid in which `rule` says the kappa of each training."""
    arms = tuple(
        Arm(
            name=f"{optimizer}_{rate:g}_{batch}",
            system="retina_two_branch",
            set={"optimizer": optimizer, "learning_rate": rate, "batch_size": batch, "epochs": 6},
        )
        for optimizer in ("adam", "sgd")
        for rate in (1e-3, 1e-2, 1e-1)
        for batch in (8, 32)
    )
    part = Part(name="grid", title="grid", data="fundus", seeds=3, arms=arms)
    rng = np.random.default_rng(0)
    for arm in arms:
        for seed in range(3):
            place = tmp_path / "cells" / "grid" / arm.name / f"s{seed}_f0"
            place.mkdir(parents=True)
            kappa = [rule(arm.set, epoch) + rng.normal(0, 0.01) for epoch in range(1, 7)]
            lines = ["epoch,valid_kappa_quadratic", *(f"{e},{k}" for e, k in enumerate(kappa, start=1))]
            (place / "history.csv").write_text("\n".join(lines), encoding="utf-8")
            (place / "cell.json").write_text(json.dumps({"score": {"kappa_quadratic": 0.5}}), encoding="utf-8")
    (tmp_path / "checks").mkdir()
    return SimpleNamespace(study=tmp_path, folder=tmp_path / "checks", part=lambda _: part)


def test_the_settings_that_matter_are_named(tmp_path):
    made = grid_context(
        tmp_path,
        lambda s, epoch: (
            0.3 - 0.2 * abs(np.log10(s["learning_rate"]) + 2) + 0.1 * (s["optimizer"] == "adam") + 0.001 * epoch
        ),
    )
    rows = effects(made)
    assert rows[0].met
    assert rows[0].figure.index("learning rate") < rows[0].figure.index("optimizer")
    assert any(row.text == "effect of optimizer with learning rate" for row in rows)
    assert "adam, learning rate 0.01" in rows[-1].figure
    assert (tmp_path / "checks" / "parameters.png").stat().st_size > 5000


def test_a_training_without_a_figure_counts_as_guessing(tmp_path):
    made = grid_context(tmp_path, lambda s, epoch: 0.5)
    (tmp_path / "cells" / "grid" / "adam_0.01_8" / "s1_f0" / "history.csv").unlink()
    grid = read_grid(made)
    assert grid.values.shape == (2, 3, 2, 3, 3)
    assert grid.failed == 1
    assert (grid.values[0, 1, 0, :, 1] == 0).all()


def test_both_study_files_ask_what_they_should():
    study, grid = read_plan(STUDIES / "retina_two_branch.toml"), read_plan(STUDIES / "retina_parameters.toml")
    asked = {"pneumonia", "retina", "simulated", "vessels", "vessels_half", "retinopathy"}
    assert {part.name for part in study.parts} == asked
    assert sum(bar.kind == "M" for bar in study.bars) == 10
    assert study.parts[0].drop_duplicates
    (part,) = grid.parts
    found = {(a.set["optimizer"], a.set["learning_rate"], a.set["batch_size"]) for a in part.arms}
    assert len(found) == len(part.arms) == 4 * 4 * 3
    assert len({json.dumps({k: v for k, v in a.set.items() if k not in ("optimizer", "learning_rate", "batch_size")})
                for a in part.arms}) == 1  # fmt: skip
