"""Splits that leave one patient (or site, cell line, oxide) out at a time."""

import numpy as np
import pytest

from salus.data.cohort import Cohort
from salus.data.split import left_out
from salus.schema.errors import ConfigError, DataError, UsageError
from salus.study.plan import build_plan
from salus.study.prepare import prepare


def cohort(patients: str, labels: str) -> Cohort:
    return Cohort(ids=tuple(map(str, range(len(patients)))), patients=tuple(patients), labels=tuple(labels))


def test_each_is_the_test_part_once_and_nobody_is_divided() -> None:
    who = cohort("aabbccddee", "nynynnnnny")
    splits = left_out(who, seed=1, valid_share=0.25)
    assert [{who.patients[i] for i in split.test} for split in splits] == [{p} for p in "abcde"]
    for split in splits:
        parts = [{who.patients[i] for i in part} for part in (split.train, split.valid, split.test)]
        assert sum(map(len, parts)) == 5
        assert {who.labels[i] for i in split.train} == {"n", "y"}
    again = left_out(who, seed=1, valid_share=0.25)
    assert all(np.array_equal(a.valid, b.valid) for a, b in zip(splits, again, strict=True))


def test_what_cannot_be_learned_without_one_is_refused() -> None:
    with pytest.raises(DataError, match="three or more"):
        left_out(cohort("aabb", "nyny"), seed=0)
    with pytest.raises(DataError, match="class 'y' has one patient"):
        left_out(cohort("aabbcc", "nynnnn"), seed=0)


def test_a_study_says_how_many_there_are() -> None:
    def plan(folds: int) -> dict:
        part = {"name": "p", "data": "wdbc", "split": "left_out", "folds": folds, "arm": [{"system": "majority"}]}
        return {"name": "s", "part": [part]}

    with pytest.raises(UsageError, match="write folds = 569"):
        prepare(build_plan(plan(4)).parts[0])
    with pytest.raises(ConfigError, match="left_out"):
        build_plan({**plan(4), "part": [{**plan(4)["part"][0], "split": "leftout"}]})
