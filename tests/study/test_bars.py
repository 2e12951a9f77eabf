"""Conditions of a study: when a difference holds, and that a rival which failed is nobody to compare with."""

import numpy as np
import pytest

from salus.evaluate.bootstrap import Replicates
from salus.study.bars import check_bar
from salus.study.collect import ArmMarks
from salus.study.plan import BarPlan
from salus.study.result import PartResult

PART = PartResult(
    name="one", title="", question={}, primary="psnr", directions={"psnr": 1}, data={}, split={}, firewall=[], arms=[],
    comparisons=[],
)  # fmt: skip


def arm(value: float, missing: int = 0, noise: float = 0.1) -> ArmMarks:
    spread = value + noise * np.random.default_rng(0).normal(size=200)
    figures = Replicates(
        values={"psnr": value}, seeds={"psnr": (value,)}, folds={"psnr": (value,)}, resampled={"psnr": spread},
        patients=("a", "b"), seed=0,
    )  # fmt: skip
    ids = np.array([f"s{i}" for i in range(100)])
    return ArmMarks(replicates=figures, facts=[{"missing": missing}], judged=[(ids, ids, None)], unit="patient")


def judged(mine: ArmMarks, other: ArmMarks, margin: float = 0.5, kind: str = "M") -> tuple[bool | None, str]:
    plan = BarPlan(kind=kind, text="better", arm="net", versus="tv", metric="psnr", parts=("one",), margin=margin)
    bar = check_bar(plan, [PART], {"one": {"net": mine, "tv": other}})
    return bar.met, bar.figure


@pytest.mark.parametrize(("lead", "met"), [(0.6, True), (0.4, False), (-1.0, False)])
def test_a_difference_must_reach_its_margin(lead: float, met: bool) -> None:
    assert judged(arm(30 + lead), arm(30))[0] is met


@pytest.mark.parametrize("missing", [2, 100])
def test_a_rival_that_failed_proves_nothing(missing: int) -> None:
    met, figure = judged(arm(30), arm(0, missing))
    assert met is False
    assert f"tv left out {missing} % of its answers" in figure
    assert judged(arm(30), arm(0, missing), kind="R") == (None, figure)


def test_one_missing_answer_in_a_hundred_does_not_void_a_comparison() -> None:
    assert judged(arm(30), arm(29, 1))[0] is True
