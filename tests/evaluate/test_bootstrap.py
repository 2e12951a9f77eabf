import numpy as np
import pytest

from salus.evaluate import bootstrap
from salus.evaluate.bootstrap import Cell
from salus.schema.errors import DataError, ShapeError
from salus.schema.question import Question
from salus.tasks.registry import make

TASK = make(Question(kind="classification", classes=("no", "yes")))


def cell(seed, patients, rows=2, effect=1.0):
    rng = np.random.default_rng(seed)
    names = np.repeat([f"p{i:03d}" for i in range(patients)], rows)
    truth = np.repeat(np.arange(patients) % 3 == 0, rows).astype(int)
    logit = rng.normal(size=len(names)) + effect * truth + np.repeat(rng.normal(size=patients), rows)
    yes = 1 / (1 + np.exp(-logit))
    return Cell(patients=names, marks=TASK.judge(list(np.column_stack([1 - yes, yes])), list(truth)))


def test_rows_of_one_patient_go_together_and_order_does_not_matter():
    patients = ["b", "a", "b", "c"]
    weights = bootstrap.patient_weights(patients, 50, np.random.default_rng(0))
    assert weights.shape == (50, 4)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    turned = bootstrap.patient_weights(["c", "a", "b"], 50, np.random.default_rng(0))
    assert np.array_equal(turned, weights[:, [3, 1, 0]])


def test_resamples_depend_on_names_and_seed_alone():
    draw = lambda names, seed: bootstrap.generator(names, seed).integers(1 << 30)  # noqa: E731
    assert draw(["a", "b"], 1) == draw(["b", "a", "b"], 1)
    assert len({draw(["a", "b"], 1), draw(["a", "b"], 2), draw(["ab"], 1), draw(["a", "c"], 1)}) == 4


def test_estimate_averages_seeds_inside_each_resample():
    cells = [cell(1, 30), cell(2, 30)]
    found = bootstrap.estimate(TASK, cells, resamples=200, seed=3)
    assert set(found) == set(TASK.directions)
    area = found["auroc"]
    alone = [float(TASK.summarize(one.marks)["auroc"][0]) for one in cells]
    assert area.seeds == tuple(alone)
    assert area.value == pytest.approx(np.mean(alone))
    assert area.low < area.value < area.high
    assert area.folds == area.seeds
    weights = bootstrap.patient_weights(cells[0].patients, 200, bootstrap.generator(cells[0].patients, 3))
    by_hand = np.mean([TASK.summarize(one.marks, weights)["auroc"] for one in cells], axis=0)
    assert (area.low, area.high) == pytest.approx(tuple(np.quantile(by_hand, [0.025, 0.975])))


def test_folds_are_reported_each_alone():
    one = cell(1, 30)
    folds = np.arange(60) // 30
    found = bootstrap.estimate(TASK, [Cell(patients=one.patients, marks=one.marks, folds=folds)], resamples=20)
    expected = [float(TASK.summarize(one.marks[folds == f])["auroc"][0]) for f in (0, 1)]
    assert found["auroc"].folds == pytest.approx(tuple(expected))
    assert len(found["auroc"].seeds) == 1


def test_a_resample_with_one_class_is_dropped_and_counted():
    marks = TASK.judge([np.array([0.2, 0.8]), *[np.array([0.7, 0.3])] * 5], [1, 0, 0, 0, 0, 0])
    found = bootstrap.estimate(TASK, [Cell(patients=list("abcdef"), marks=marks)], resamples=400)["auroc"]
    assert 0.2 < found.dropped / 400 < 0.5  # (5 / 6) ** 6 = 0.33
    assert (found.value, found.low, found.high) == (1, 1, 1)
    assert bootstrap.interval(np.array([np.nan, np.nan, 1.0])) == pytest.approx((np.nan, np.nan), nan_ok=True)


def test_memory_is_bounded_by_chunks_that_change_nothing(monkeypatch):
    whole = bootstrap.estimate(TASK, [cell(1, 30)], resamples=40)
    monkeypatch.setattr(bootstrap, "_CHUNK", 7 * 60)
    assert bootstrap.estimate(TASK, [cell(1, 30)], resamples=40) == whole


def test_clusters_widen_the_interval():
    many, once = cell(5, 40, rows=8), cell(5, 40, rows=8)
    as_rows = Cell(patients=[str(i) for i in range(len(once.marks))], marks=once.marks)
    grouped = bootstrap.estimate(TASK, [many], resamples=300)["auroc"]
    pretended = bootstrap.estimate(TASK, [as_rows], resamples=300)["auroc"]
    assert grouped.high - grouped.low > 1.2 * (pretended.high - pretended.low)


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    truth = TASK.summarize(cell(99, 6000).marks)["auroc"][0]
    covered = 0
    for seed in range(150):
        area = bootstrap.estimate(TASK, [cell(1000 + seed, 60)], resamples=200)["auroc"]
        covered += area.low <= truth <= area.high
    assert 0.88 <= covered / 150 <= 0.99


def test_impossible_cells_are_refused():
    with pytest.raises(ShapeError, match="one per row"):
        Cell(patients=["a"], marks=np.zeros((2, 5)))
    with pytest.raises(ShapeError, match="folds"):
        Cell(patients=["a"], marks=np.zeros((1, 5)), folds=[0, 1])
    with pytest.raises(DataError, match="finished cell"):
        bootstrap.replicate(TASK, [])
    with pytest.raises(DataError, match="no patient"):
        bootstrap.replicate(TASK, [Cell(patients=[], marks=np.zeros((0, 5)))])
