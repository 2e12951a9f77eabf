"""Interval graphics share one scale, and an arm far outside does not squeeze the others."""

import re

from salus.study.report.ink import looks
from salus.study.report.scores import difference_cells, interval_cells, score_span
from salus.study.result import ArmResult, Comparison, Estimate, PartResult


def part(values):
    arms = [
        ArmResult(
            name=f"a{k}",
            label=f"A{k}",
            system="x",
            role="system",
            metrics={"auroc": Estimate(value=v, low=v - 0.01, high=v + 0.01, seeds=(v, v))},
        )
        for k, v in enumerate(values)
    ]
    return PartResult(
        name="p",
        title="t",
        question={},
        primary="auroc",
        directions={"auroc": 1},
        data={},
        split={},
        firewall=[],
        arms=arms,
        comparisons=[],
    )


def centre(cell):
    return float(re.findall(r'r="5.5"', cell) and re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="5.5"', cell)[0])


def test_better_arms_stand_further_right_on_one_scale():
    found = part([0.9, 0.8, 0.85])
    cells = interval_cells(found, looks(["a0", "a1", "a2"]))
    places = [centre(cells[name]) for name in ("a0", "a1", "a2")]
    assert places[1] < places[2] < places[0]
    assert abs((places[0] + places[1]) / 2 - places[2]) < 0.2
    assert "0.900, 0.890 to 0.910" in cells["a0"]


def test_an_arm_far_outside_becomes_an_arrow():
    found = part([0.99, 0.985, 0.98, 0.5])
    low, high = score_span(found)
    assert low > 0.9 > 0.5
    assert high < 1.05
    cells = interval_cells(found, looks(["a0", "a1", "a2", "a3"]))
    assert 'r="5.5"' not in cells["a3"]
    assert "<path" in cells["a3"]


def test_two_arms_and_missing_scores_are_drawn_or_left_out():
    assert score_span(part([0.9, 0.5]))[0] < 0.5
    assert score_span(part([float("nan")])) is None
    assert interval_cells(part([float("nan")]), looks(["a0"])) == {}


def test_differences_show_zero_and_the_verdict_colour():
    rows = [
        Comparison(a="x", b="y", metric="auroc", difference=d, low=d - 0.02, high=d + 0.02, p=1, p_holm=1, test="t",
                   verdict=v)
        for d, v in ((0.1, "a"), (0.0, "tie"), (-0.1, "b"))
    ]  # fmt: skip
    cells = difference_cells(rows)
    assert all('class="zero"' in cell for cell in cells)
    for cell, colour in zip(cells, ("--good", "--muted", "--bad"), strict=True):
        assert colour in cell


def test_no_two_arms_of_a_large_study_look_alike():
    found = looks([f"arm{k}" for k in range(24)])
    assert len({(look.css, look.marker) for look in found.values()}) == 24
