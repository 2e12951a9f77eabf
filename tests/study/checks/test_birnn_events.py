"""The second implementation of conlleval's rules, by hand, and its agreement with the task's scorer."""

import pytest

from salus.study.checks.birnn_events import conlleval, scorer


@pytest.mark.parametrize(
    ("found", "true", "counts"),
    [
        ("O B-a I-a O", "O B-a I-a O", (1, 1, 1)),
        ("O B-a I-a I-a", "O B-a I-a O", (0, 1, 1)),
        ("O I-a I-a O", "O B-a I-a O", (1, 1, 1)),
        ("B-a B-a", "B-a I-a", (0, 2, 1)),
        ("B-a I-b", "B-a B-b", (2, 2, 2)),
        ("B-a", "B-b", (0, 1, 1)),
        ("O O", "B-a I-b", (0, 0, 2)),
        ("B-a I-a B-b", "B-a I-a B-a", (1, 2, 2)),
    ],
)
def test_conlleval_by_hand(found, true, counts):
    assert conlleval(found.split(), true.split()) == counts


def test_scorer_agrees():
    row = scorer(None)[0]
    assert row.met
    assert row.figure.startswith("1000 of 1000 equal")
