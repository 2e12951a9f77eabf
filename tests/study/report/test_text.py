"""Sentences say what the figures say, and no more."""

import dataclasses

import pytest

from salus.study.report.text import compared, summary
from salus.study.result import ArmResult, Bar, Comparison, Estimate, PartResult, StudyResult


def arm(name, value, role="system", **extra):
    found = {"auroc": Estimate(value=value, low=value - 0.03, high=value + 0.02, seeds=(value, value))}
    return ArmResult(name=name, label=name.upper(), system=name, role=role, metrics=found, **extra)


def pair(a, b, difference, verdict, p=0.01):
    return Comparison(
        a=a, b=b, metric="auroc", difference=difference, low=difference - 0.02, high=difference + 0.02,
        p=p, p_holm=p, test="t", verdict=verdict,
    )  # fmt: skip


def study(arms, comparisons, bars=(), direction=1, **changes):
    part = PartResult(
        name="p",
        title="A question",
        question={"kind": "classification"},
        primary="auroc",
        directions={"auroc": direction},
        data={},
        split={"parts": [{"fold": 0, "test": 90, "test_patients": 45}, {"fold": 1, "test": 90, "test_patients": 45}]},
        firewall=[],
        arms=arms,
        comparisons=comparisons,
    )
    part = dataclasses.replace(part, **changes)
    return StudyResult(
        name="s", title="t", asked="a", parts=[part], bars=list(bars), environment={}, command="salus study s"
    )


def test_a_clear_winner_is_named_with_its_margin():
    lines = summary(study([arm("net", 0.9), arm("tree", 0.85, "baseline")], [pair("net", "tree", 0.05, "a", 0.0004)]))
    assert lines[0] == (
        "A question: NET reached the highest AUROC, 0.900 (95 % interval 0.870 to 0.920; 90 test patients, 2 seeds)."
    ).removeprefix("A question: ")
    assert lines[1] == (
        "It is better than the next best arm, TREE (0.850): difference +0.050, "
        "95 % interval +0.030 to +0.070, p < 0.001 after correction."
    )
    assert len(lines) == 2


def test_a_tie_is_called_a_tie():
    lines = summary(study([arm("net", 0.9), arm("tree", 0.89, "baseline")], [pair("net", "tree", 0.01, "tie", 0.3)]))
    assert "this is a tie" in lines[1]
    assert "better" not in " ".join(lines)


def test_a_baseline_that_wins_is_said_to_win():
    lines = summary(study([arm("net", 0.8), arm("tree", 0.9, "baseline")], [pair("net", "tree", -0.1, "b")]))
    assert lines[0].startswith("TREE reached the highest")
    assert lines[1].startswith("It is better than the next best arm, NET (0.800): difference +0.100")


def test_ablation_between_system_and_baseline_does_not_hide_the_baseline():
    arms = [arm("net", 0.9), arm("plain", 0.89, "ablation"), arm("tree", 0.85, "baseline")]
    lines = summary(study(arms, [pair("net", "plain", 0.01, "tie"), pair("net", "tree", 0.05, "a")]))
    assert any(line.startswith("NET beats the strongest baseline, TREE: difference +0.050") for line in lines)


def test_lower_is_better_where_it_is():
    lines = summary(study([arm("a", 0.2), arm("b", 0.1, "baseline")], [], direction=-1))
    assert lines[0].startswith("B reached the lowest")
    assert lines[1] == "The next best arm was A with 0.200."


def test_cautions_are_said():
    findings = [{"rule": "patient", "passed": False, "overridden": True}]
    result = study(
        [arm("net", 0.9, missing=3)],
        [],
        data={"simulated": True},
        firewall=findings,
        split={"parts": [{"test": 6, "test_patients": 6}]},
    )
    text = " ".join(summary(result))
    assert "simulated" in text
    assert "firewall overridden: patient" in text
    assert "With 6 test patients the intervals mean little" in text
    assert "NET (3)" in text
    assert "No baseline stands beside it" in text


@pytest.mark.parametrize(
    ("met", "words"),
    [
        ((True,), "The one required condition is met."),
        ((True, True), "All 2 required conditions are met."),
        ((True, False), "1 of 2 required conditions met; not met: bar 1 (0.1)."),
    ],
)
def test_bars_are_counted(met, words):
    bars = [Bar(kind="M", text=f"bar {k}", figure="0.1", met=one) for k, one in enumerate(met)]
    bars.append(Bar(kind="R", text="printed", figure="1"))
    assert summary(study([arm("net", 0.9)], [], bars))[-1] == words


def test_failed_arms_are_not_best():
    lines = summary(study([arm("net", float("nan")), arm("tree", 0.6, "baseline")], []))
    assert lines[0].startswith("TREE")
    assert summary(study([], []))[0] == "A question: no arm gave a score."


def test_a_comparison_can_be_turned_round():
    part = study([arm("a", 0.9), arm("b", 0.8)], [pair("a", "b", 0.1, "a")]).parts[0]
    turned = compared(part, "b", "a")
    assert turned.difference == -0.1
    assert (turned.low, turned.high) == pytest.approx((-0.12, -0.08))
    assert turned.verdict == "b"


@pytest.mark.parametrize(("kind", "leaks"), [("verification", False), ("classification", True)])
def test_people_who_are_recognised_stand_on_both_sides_without_a_leak(kind, leaks):
    wall = [{"rule": "patient", "passed": False, "overridden": True, "reason": "enrolled from other walks"}]
    lines = summary(study([arm("net", 0.9)], [], question={"kind": kind}, firewall=wall))
    text = " ".join(lines)
    assert "enrolled from other walks" in text
    assert ("leaks" in text) is leaks
    assert ("nothing about strangers" in text) is not leaks


def test_a_tie_that_only_correction_made_is_named_so():
    arms = [arm("other", 0.95, "ablation"), arm("net", 0.9), arm("tree", 0.85, "baseline")]
    rows = [pair("net", "tree", 0.03, "tie", 0.06)]
    assert "(a tie after correction)" in " ".join(summary(study(arms, rows)))


def test_pictures_of_unequal_bytes_are_not_called_better():
    def codec(name, value, bits, role="system"):
        made, spent = arm(name, value, role), Estimate(value=bits, low=bits, high=bits, seeds=(bits,))
        return dataclasses.replace(made, metrics={**made.metrics, "bits_per_pixel": spent})

    rows = [pair("net", "jpeg", 0.05, "a")]
    apart = " ".join(summary(study([codec("net", 0.9, 1.1), codec("jpeg", 0.85, 0.3, "baseline")], rows)))
    assert "better than" not in apart
    assert "at 1.10 bits a pixel" in apart
    assert "at equal bytes" in apart
    equal = " ".join(summary(study([codec("net", 0.9, 0.31), codec("jpeg", 0.85, 0.3, "baseline")], rows)))
    assert "It is better than" in equal
