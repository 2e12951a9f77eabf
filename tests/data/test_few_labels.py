from pathlib import Path

import numpy as np
import pytest

from salus.contract.dataset import ListDataset, Subset
from salus.data.bring import open_path
from salus.data.cohort import cohort_of, peek
from salus.data.few_labels import NO_LABEL, Hidden, capped, shown_labels, taught, unbalanced
from salus.data.split import Split, kfold
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Row, Sample
from salus.tasks.registry import make


def rows(positive: int = 40, negative: int = 160) -> ListDataset:
    labels = [1] * positive + [0] * negative
    return ListDataset(
        [
            Sample(id=f"s{i}", patient=f"p{i}", inputs={"row": Row(values={"a": float(i)})}, target=label)
            for i, label in enumerate(labels)
        ]
    )


COHORT = cohort_of(rows(), str)
SPLIT = kfold(COHORT, 5, seed=0)[0]


def labels_of(numbers: np.ndarray) -> list[int]:
    return [int(COHORT.labels[i]) for i in numbers]


def test_hidden_samples_lose_their_target_and_nothing_else() -> None:
    data = Hidden(rows(), [0, 3])
    assert len(data) == 200
    assert [data[i].target for i in range(5)] == [1, None, None, 1, None]
    assert data[1].inputs == rows()[1].inputs
    assert peek(Subset(data, [3, 4]), 0).target == 1
    assert peek(Subset(data, [3, 4]), 1).target is None


def test_shares_of_labels_are_stratified_nested_and_differ_by_seed() -> None:
    small, large = shown_labels(SPLIT, COHORT, 0.1, 0), shown_labels(SPLIT, COHORT, 0.3, 0)
    assert set(small) < set(large) < set(SPLIT.train)
    found = labels_of(large)
    assert sum(found) / len(found) == pytest.approx(sum(labels_of(SPLIT.train)) / len(SPLIT.train), abs=0.03)
    assert set(small) != set(shown_labels(SPLIT, COHORT, 0.1, 1))
    assert set(shown_labels(SPLIT, COHORT, 1.0, 0)) == set(SPLIT.train)


def test_a_share_that_leaves_one_row_of_a_class_is_refused_with_the_smallest_that_works() -> None:
    with pytest.raises(
        DataError, match=r"leaves 1 labelled of 2\d training samples of class '1'.*so use 0\.\d+"
    ) as told:
        shown_labels(SPLIT, COHORT, 0.03, 0)
    assert len(shown_labels(SPLIT, COHORT, float(str(told.value).split("so use ")[1].split()[0]), 0))
    with pytest.raises(UsageError, match="share"):
        shown_labels(SPLIT, COHORT, 0.0, 0)


def test_validation_is_cut_to_the_number_of_labels_with_both_classes() -> None:
    cut = capped(SPLIT, COHORT, 12, 0)
    assert 11 <= len(cut.valid) <= 13
    assert set(cut.valid) < set(SPLIT.valid)
    assert set(labels_of(cut.valid)) == {0, 1}
    assert np.array_equal(cut.train, SPLIT.train)
    assert capped(SPLIT, COHORT, 1000, 0) is SPLIT


def test_the_rare_class_is_thinned_in_training_and_validation_only() -> None:
    thin = unbalanced(SPLIT, COHORT, 10.0, 0)
    found = labels_of(thin.train)
    assert found.count(0) == labels_of(SPLIT.train).count(0)
    assert found.count(0) / found.count(1) == pytest.approx(10.0, rel=0.1)
    assert labels_of(thin.valid).count(1) < labels_of(SPLIT.valid).count(1)
    assert np.array_equal(thin.test, SPLIT.test)
    assert unbalanced(SPLIT, COHORT, 2.0, 0).train.tolist() == SPLIT.train.tolist()
    with pytest.raises(UsageError, match="imbalance=1"):
        unbalanced(SPLIT, COHORT, 1.0, 0)
    with pytest.raises(DataError, match="imbalance=100"):
        unbalanced(SPLIT, COHORT, 100.0, 0)


def test_parts_stay_apart() -> None:
    split: Split = capped(unbalanced(SPLIT, COHORT, 8.0, 3), COHORT, 10, 3)
    assert not set(split.train) & set(split.valid)
    assert not (set(split.train) | set(split.valid)) & set(split.test)


def test_a_table_whose_rows_have_no_target_is_refused_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    lines = [f"p{i},{i},{('no', 'yes')[i % 2] if i < 24 else ''}" for i in range(60)]
    path.write_text("patient,age,ill\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"36 rows have no target, the first in line 26.*unlabelled=keep"):
        open_path(path, {"target": "ill"})
    with pytest.raises(UsageError, match="unlabelled='maybe'"):
        open_path(path, {"target": "ill", "unlabelled": "maybe"})
    loaded = open_path(path, {"target": "ill", "patient": "patient", "unlabelled": "keep"})
    assert loaded.question.classes == ("no", "yes")
    assert [loaded.dataset[i].target for i in (0, 1, 24, 59)] == [0, 1, None, None]
    cohort = cohort_of(loaded.dataset, make(loaded.question).stratum)
    assert set(cohort.labels) == {"no", "yes", NO_LABEL}
    split = taught(kfold(cohort, 4, seed=0)[0], cohort)
    assert all(loaded.dataset[int(i)].target is not None for i in (*split.valid, *split.test))
    assert sorted([*split.train, *split.valid, *split.test]) == list(range(60))
    shown = shown_labels(split, cohort, 0.5, 0)
    assert all(loaded.dataset[int(i)].target is not None for i in shown)


def test_a_patient_who_is_judged_does_not_teach_by_a_sample_without_label() -> None:
    samples = [
        Sample(id=f"s{i}", patient=f"p{i // 2}", inputs={}, target=None if i % 2 else i // 2 % 2) for i in range(40)
    ]
    cohort = cohort_of(ListDataset(samples), lambda target: NO_LABEL if target is None else str(target))
    split = taught(kfold(cohort, 4, seed=0)[0], cohort)
    judged = {cohort.patients[i] for i in (*split.valid, *split.test)}
    assert judged
    assert not judged & {cohort.patients[i] for i in split.train}
