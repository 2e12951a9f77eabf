"""Checks of stay_gan on marks made by hand."""

from pathlib import Path

import numpy as np
import pytest

from salus.study.checks import stay_gan
from salus.study.context import CheckContext
from salus.study.plan import build_plan

COLUMNS = ("answered", "count", "absolute", "covered")


def context(folder: Path, seeds: int = 1) -> CheckContext:
    arms = [{"name": "stay_gan", "system": "stay_gan"}, {"name": "boosting", "system": "quantile_boosting"}]
    part = {"name": "stay", "data": "nhamcs_ed_2010", "split": "kfold", "folds": 2, "seeds": seeds, "arm": arms}
    return CheckContext(plan=build_plan({"name": "x", "part": [part]}), study=folder, folder=folder)


def write_marks(folder: Path, arm: str, fold: int, covered: dict[str, float], count: int = 300) -> None:
    place = folder / "cells" / "stay" / arm / f"s0_f{fold}"
    place.mkdir(parents=True)
    names = np.repeat(list(covered), count)
    held = np.concatenate([np.arange(count) < share * count for share in covered.values()]).astype(float)
    marks = np.stack([np.ones(len(names)), np.ones(len(names)), np.full(len(names), 100.0), held], axis=1)
    ids = np.array([f"v{fold}_{k}" for k in range(len(names))])
    with (place / "marks.npz").open("wb") as handle:
        np.savez(handle, ids=ids, group_acuity=names, marks=marks, columns=np.array(COLUMNS))


def both_folds(folder: Path, covered: dict[str, float]) -> None:
    for fold in (0, 1):
        write_marks(folder, "stay_gan", fold, covered)


def test_every_large_level_must_be_covered(tmp_path: Path) -> None:
    both_folds(tmp_path, {"urgent": 0.8, "emergent": 0.75})
    mine, other = stay_gan.acuity(context(tmp_path))
    assert mine.met is True
    assert "urgent 0.800 of 600" in mine.figure
    assert (other.kind, other.met, other.figure) == ("R", None, "no answers")


def test_one_level_off_is_not_met(tmp_path: Path) -> None:
    both_folds(tmp_path, {"urgent": 0.8, "immediate": 0.9})
    assert stay_gan.acuity(context(tmp_path))[0].met is False


def test_small_levels_are_not_judged(tmp_path: Path) -> None:
    for fold in (0, 1):
        write_marks(tmp_path, "stay_gan", fold, {"urgent": 0.8, "immediate": 0.2}, count=240)
    row = stay_gan.acuity(context(tmp_path))[0]
    assert "immediate" not in row.figure
    assert row.met is False  # nothing was large enough to vouch for


def test_a_seed_without_all_its_folds_is_left_out(tmp_path: Path) -> None:
    write_marks(tmp_path, "stay_gan", 0, {"urgent": 0.8}, count=600)
    assert stay_gan.acuity(context(tmp_path))[0].figure == "no answers"


@pytest.mark.realdata
def test_national_figures_of_the_survey(data_root: Path, tmp_path: Path) -> None:
    rows = stay_gan.national(context_with_weighted(tmp_path))
    assert rows[0].figure.startswith("86.6 million visits: mean 205.0")
    assert "unweighted mean 215.2, median 154" in rows[0].figure


def context_with_weighted(folder: Path) -> CheckContext:
    arms = [{"name": name, "system": "stay_gan"} for name in ("stay_gan", "boosting", "median")]
    parts = [
        {
            "name": name,
            "data": "nhamcs_ed_2010",
            "options": {"target": "stay_interval"},
            "folds": 2,
            "seeds": 1,
            "arm": arms,
        }
        for name in ("stay", "weighted")
    ]
    return CheckContext(plan=build_plan({"name": "x", "part": parts}), study=folder, folder=folder)
