"""Splits by patient: the properties that a study relies on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.contract.dataset import ListDataset, Subset
from salus.data.cohort import Cohort, cohort_of
from salus.data.split import Split, kfold, official, random_split, train_share
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Row, Sample


def cohort(patients: list[str], labels: list[str], splits: tuple[str, ...] = ()) -> Cohort:
    ids = tuple(f"s{i}" for i in range(len(patients)))
    return Cohort(ids=ids, patients=tuple(patients), labels=tuple(labels), splits=splits)


@st.composite
def cohorts(draw: st.DrawFn, least: int = 6) -> Cohort:
    """Patients of one class each with one to four samples, rows shuffled."""
    per_class = [draw(st.integers(least, 14)) for _ in range(draw(st.integers(2, 4)))]
    rows = []
    for label, many in enumerate(per_class):
        for number in range(many):
            rows += [(f"p{label}_{number}", f"c{label}")] * draw(st.integers(1, 4))
    rows = draw(st.permutations(rows))
    return cohort([p for p, _ in rows], [c for _, c in rows])


@settings(max_examples=40, deadline=None)
@given(cohorts(), st.integers(2, 5), st.integers(0, 1000), st.sampled_from([0.0, 0.1, 0.2, 0.5]))
def test_every_patient_is_tested_once_and_no_part_shares_one(who: Cohort, folds: int, seed: int, share: float) -> None:
    tested: list[int] = []
    for split in kfold(who, folds, seed, share):
        parts = [split.train, split.valid, split.test]
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(who)))
        people = [{who.patients[i] for i in part} for part in parts]
        assert sum(map(len, people)) == len(set(who.patients))
        for part in (split.train, split.test, *([split.valid] if share else [])):
            assert {who.labels[i] for i in part} == set(who.labels)
        tested += split.test.tolist()
    assert sorted(tested) == list(range(len(who)))


@settings(max_examples=15, deadline=None)
@given(cohorts(), st.integers(0, 1000))
def test_the_same_seed_gives_the_same_folds(who: Cohort, seed: int) -> None:
    for one, two in zip(kfold(who, 3, seed), kfold(who, 3, seed), strict=True):
        assert (one.train == two.train).all()
        assert (one.test == two.test).all()


@settings(max_examples=15, deadline=None)
@given(cohorts(), st.integers(0, 1000), st.floats(0.05, 1.0))
def test_a_share_keeps_whole_patients_of_every_class(who: Cohort, seed: int, share: float) -> None:
    split = kfold(who, 3, seed)[0]
    less = train_share(split, who, share, seed)
    assert set(less.train) <= set(split.train)
    kept = {who.patients[i] for i in less.train}
    assert {i for i in split.train if who.patients[i] in kept} == set(less.train.tolist())
    assert {who.labels[i] for i in less.train} == set(who.labels)
    assert set(train_share(split, who, share / 2, seed).train) <= set(less.train)
    assert (less.test == split.test).all()


def test_folds_are_stratified_and_seeds_differ() -> None:
    who = cohort([f"p{i}" for i in range(200)], ["ill" if i % 10 == 0 else "well" for i in range(200)])
    splits = kfold(who, 5, 7)
    for split in splits:
        assert len(split.test) == 40
        assert sum(who.labels[i] == "ill" for i in split.test) == 4
        assert len(split.valid) == 32
        assert sum(who.labels[i] == "ill" for i in split.valid) in (3, 4)
    assert any((a.test != b.test).any() for a, b in zip(splits, kfold(who, 5, 8), strict=True))


def test_balance_matches_the_grouped_splitter_of_scikit_learn() -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(3)
    owner = rng.integers(0, 60, 600)
    label = (rng.random(600) < 0.1 + 0.5 * (owner % 3 == 0)).astype(int)
    who = cohort([f"p{i}" for i in owner], [f"c{i}" for i in label])

    def spread(tests: list[np.ndarray]) -> float:
        return float(np.std([label[test].mean() for test in tests]))

    ours = spread([split.test for split in kfold(who, 5, 0)])
    theirs = spread(
        [test for _, test in StratifiedGroupKFold(5, shuffle=True, random_state=0).split(owner, label, owner)]
    )
    assert ours <= theirs + 0.02


def test_a_class_with_too_few_patients_is_named() -> None:
    who = cohort(["a", "a", "a", "b", "c", "d", "e", "f"], ["x"] * 3 + ["y"] * 5)
    with pytest.raises(DataError, match="class 'x' has 1 patients, 3 folds need 3; use fewer folds"):
        kfold(who, 3, 0)
    with pytest.raises(UsageError, match="folds=1"):
        kfold(who, 1, 0)
    with pytest.raises(UsageError, match="valid_share"):
        kfold(who, 2, 0, valid_share=1.0)


def test_the_random_split_divides_patients() -> None:
    who = cohort([f"p{i // 10}" for i in range(100)], ["ill" if i // 10 < 5 else "well" for i in range(100)])
    split = random_split(who, 5, 0)[0]
    assert {who.patients[i] for i in split.train} & {who.patients[i] for i in split.test}
    assert sorted(np.concatenate([s.test for s in random_split(who, 5, 0)]).tolist()) == list(range(100))


def test_the_official_split_is_taken_and_validation_cut_by_patient() -> None:
    patients = [f"p{i // 2}" for i in range(40)]
    labels = ["a" if (i // 2) % 2 else "b" for i in range(40)]
    marks = ("train",) * 30 + ("test",) * 10
    split = official(cohort(patients, labels, marks), 0.2, 0)
    assert split.test.tolist() == list(range(30, 40))
    assert {patients[i] for i in split.train}.isdisjoint(patients[i] for i in split.valid)
    assert len(split.train) + len(split.valid) == 30
    assert {labels[i] for i in split.valid} == {"a", "b"}
    given_valid = official(cohort(patients, labels, ("train",) * 20 + ("valid",) * 10 + ("test",) * 10))
    assert given_valid.valid.tolist() == list(range(20, 30))
    with pytest.raises(DataError, match="no official split"):
        official(cohort(patients, labels))
    with pytest.raises(DataError, match="no test part"):
        official(cohort(patients, labels, ("train",) * 40))


def test_a_cohort_refuses_what_cannot_be_split() -> None:
    def dataset(rows: list[tuple[str, str, int]]) -> ListDataset:
        return ListDataset([Sample(id=i, patient=p, inputs={"row": Row(values={})}, target=t) for i, p, t in rows])

    with pytest.raises(DataError, match="ids used twice: a"):
        cohort_of(dataset([("a", "p", 0), ("a", "q", 1)]), str)
    with pytest.raises(DataError, match="class '2' has no sample"):
        cohort_of(dataset([("a", "p", 0), ("b", "q", 1)]), str, ("0", "1", "2"))
    with pytest.raises(DataError, match="two or more"):
        cohort_of(dataset([("a", "p", 0), ("b", "p", 1)]), str)
    with pytest.raises(DataError, match="sample b: no patient"):
        cohort_of(dataset([("a", "p", 0), ("b", "", 1)]), str)


def test_a_cohort_does_not_read_files_that_need_not_be_read() -> None:
    class Lazy:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int, /) -> Sample:
            raise AssertionError("read")

        def peek(self, index: int) -> Sample:
            meta = {"site": "north", "group_sex": "f"}
            return Sample(id=str(index), patient=f"p{index}", inputs={}, target=index % 2, meta=meta)

    who = cohort_of(Subset(Lazy(), [2, 0]), str)
    assert who.ids == ("2", "0")
    assert who.sites == ("north", "north")
    assert who.groups == {"sex": ("f", "f")}
    assert who.take(np.array([1, 0])).ids == ("0", "2")


def test_samples_can_be_left_out_of_every_part() -> None:
    whole = Split(np.array([0, 1, 2]), np.array([3]), np.array([4, 5]))
    rest = whole.without({1, 4})
    assert [part.tolist() for part in (rest.train, rest.valid, rest.test)] == [[0, 2], [3], [5]]
    assert whole.without(()).train.tolist() == [0, 1, 2]
