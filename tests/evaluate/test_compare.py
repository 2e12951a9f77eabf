import numpy as np
import pytest
from scipy import stats

from salus.evaluate import compare
from salus.evaluate.bootstrap import Cell, Replicates, replicate
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.tasks.registry import make

TASK = make(Question(kind="classification", classes=("no", "yes")))


def arm(rng, truth, base, effect=0.0, seed=0, resamples=300, rows=1):
    """An arm whose scores share `base` with every other arm; rows of one patient hang together."""
    logit = base + rng.normal(size=len(truth)) + effect * (truth - 0.5)
    yes = 1 / (1 + np.exp(-logit))
    patients = [str(i // rows) for i in range(len(truth))]
    marks = TASK.judge(list(np.column_stack([1 - yes, yes])), list(truth))
    return replicate(TASK, [Cell(patients=patients, marks=marks)], resamples, seed)


def drawn(seed, patients=60, rows=1):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(patients) % 2, rows)
    return rng, truth, truth + np.repeat(rng.normal(size=patients), rows)


def test_a_real_difference_is_found_and_signed():
    rng, truth, base = drawn(0, 200)
    good, bad = arm(rng, truth, base, 2.0), arm(rng, truth, base)
    (row,) = compare.compare({"good": good, "bad": bad}, "auroc", 1)
    assert (row.a, row.b, row.verdict) == ("good", "bad", "a")
    assert row.difference == pytest.approx(good.values["auroc"] - bad.values["auroc"])
    assert 0 < row.low < row.difference < row.high
    assert row.p == row.p_holm == pytest.approx(2 / 301)
    (turned,) = compare.compare({"bad": bad, "good": good}, "brier", -1)
    assert turned.verdict == "b"
    assert turned.difference < 0


def test_an_arm_ties_with_itself():
    rng, truth, base = drawn(1)
    one = arm(rng, truth, base)
    (row,) = compare.compare({"one": one, "same": one}, "auroc", 1)
    assert (row.difference, row.low, row.high, row.p, row.verdict) == (0, 0, 0, 1, "tie")


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 3])
def test_equal_arms_are_told_apart_in_one_case_of_twenty(rows):
    rejected = 0
    for seed in range(200):
        rng, truth, base = drawn(seed, 60, rows)
        a, b = (arm(rng, truth, base, resamples=150, rows=rows) for _ in range(2))
        (row,) = compare.compare({"a": a, "b": b}, "auroc", 1)
        rejected += row.p < 0.05
    assert 0.015 <= rejected / 200 <= 0.095


def test_delong_tells_equal_scores_apart_in_one_case_of_twenty():
    rejected = 0
    for seed in range(400):
        rng, truth, base = drawn(seed, 100)
        scores = [base + rng.normal(size=100) for _ in range(2)]
        rejected += compare.delong_test(*scores, truth == 1)[1] < 0.05
    assert 0.025 <= rejected / 400 <= 0.085


def test_delong_by_hand():
    difference, p = compare.delong_test([1, 2, 3, 4], [1, 2, 3, 4], [False, False, True, True])
    assert (difference, p) == (0, 1)
    _, truth, base = drawn(3, 400)
    difference, p = compare.delong_test(base + 2 * truth, base, truth == 1)
    assert difference > 0.1
    assert p < 1e-6


def test_corrected_resampled_t():
    values = [0.1, 0.2, 0.15, 0.05, 0.1]
    t, p = compare.corrected_resampled_t(values, train_size=80, test_size=20)
    plain, _ = stats.ttest_1samp(values, 0)
    # the variance grows from 1/5 to 1/5 + 1/4
    assert t == pytest.approx(plain * np.sqrt(0.2 / 0.45))
    assert p == pytest.approx(2 * stats.t.sf(t, 4))
    assert compare.corrected_resampled_t([0.0, 0.0], 1, 1) == (0, 1)
    with pytest.raises(DataError, match="two differences"):
        compare.corrected_resampled_t([0.1], 1, 1)


def test_bootstrap_p_counts_both_sides():
    assert compare.bootstrap_p([1.0] * 99) == pytest.approx(2 / 100)
    assert compare.bootstrap_p([-1.0] * 4 + [1.0] * 95) == pytest.approx(2 * 5 / 100)
    assert compare.bootstrap_p([0.0, np.nan]) == compare.bootstrap_p([np.nan]) == 1.0


def test_holm_by_hand():
    assert compare.holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert compare.holm([0.5, 0.9]).tolist() == [1, 1]
    assert compare.holm([]).tolist() == []


def test_correction_can_turn_a_win_into_a_tie():
    assert compare.verdict(0.01, 0.2, 0.04) == "a"
    assert compare.verdict(-0.2, -0.01, 0.04) == "b"
    assert compare.verdict(0.01, 0.2, 0.06) == compare.verdict(0.0, 0.2, 0.01) == "tie"
    assert compare.verdict(np.nan, np.nan, 0.01) == "tie"


def test_ranks_count_who_is_better():
    rng, truth, base = drawn(4, 300)
    arms = {
        "worst": arm(rng, truth, base * 0),
        "first": arm(rng, truth, base, 3.0),
        "also_first": arm(rng, truth, base, 3.0),
    }
    found = compare.compare(arms, "auroc", 1)
    assert compare.ranks(list(arms), found) == {"worst": 3, "first": 1, "also_first": 1}
    chosen = compare.compare(arms, "auroc", 1, pairs=[("first", "worst")])
    assert [row.verdict for row in chosen] == ["a"]


def test_arms_that_met_other_patients_are_not_paired():
    rng, truth, base = drawn(5, 20)
    a, b = arm(rng, truth, base), arm(rng, truth[:10], base[:10])
    with pytest.raises(DataError, match="10, 11, 12"):
        compare.compare({"a": a, "b": b}, "auroc", 1)
    other = arm(rng, truth, base, seed=1)
    assert isinstance(other, Replicates)
    with pytest.raises(DataError, match="paired"):
        compare.compare({"a": a, "b": other}, "auroc", 1)
