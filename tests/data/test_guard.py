"""A child that hangs, dies or eats memory costs one item, never the work."""

import sys
from pathlib import Path

import pytest

from salus.data.guard import Guard
from salus.schema.errors import UsageError


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])


def test_every_item_has_one_answer_and_the_bad_ones_are_named() -> None:
    acts = {3: "hang", 7: "die", 11: "raise", 12: "leave", 15: "print"}
    items = [{"n": n, "do": acts.get(n, "fine")} for n in range(40)]
    with Guard("guard_jobs:work", workers=2, seconds=0.5) as guard:
        done = list(guard.run(iter(items)))
    assert sorted(one.item["n"] for one in done) == list(range(40))
    failed = {one.item["n"]: one.failure for one in done if one.failure}
    assert failed == {3: "time", 7: "crash", 11: "error", 12: "crash"}
    assert {one.item["n"]: one.value for one in done if not one.failure} == {n: n for n in range(40) if n not in failed}
    said = {one.item["n"]: one.detail for one in done}
    assert "SIGABRT" in said[7]
    assert said[11] == "ValueError: no"
    assert guard.restarts == 3


def test_memory_is_bounded_as_it_grows_and_at_one_stroke() -> None:
    items = [{"n": 0, "do": "fine"}, {"n": 1, "do": "eat"}, {"n": 2, "do": "fine"}]
    with Guard("guard_jobs:work", seconds=20, memory=2**28) as guard:
        done = {one.item["n"]: one.failure for one in guard.run(items)}
    assert done == {0: "", 1: "memory", 2: ""}
    with Guard("guard_jobs:work", seconds=20, extra=2**28) as guard:
        (one,) = guard.run([{"n": 1, "do": "claim"}])
    assert one.failure == "error"
    assert "MemoryError" in one.detail


def test_a_function_that_does_not_exist_is_one_sentence() -> None:
    with Guard("guard_jobs:absent") as guard, pytest.raises(UsageError, match="absent"):
        list(guard.run([1]))
