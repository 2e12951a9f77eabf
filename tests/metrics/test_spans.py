import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.metrics import spans

TAGS = ["O", "B-a", "I-a", "B-b", "I-b"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], []),
        (["O", "O"], []),
        (["B-a", "I-a", "O", "B-b"], [(0, 2, "a"), (3, 4, "b")]),
        (["I-a", "I-a"], [(0, 2, "a")]),
        (["O", "I-a", "B-a", "I-a"], [(1, 2, "a"), (2, 4, "a")]),
        (["B-a", "I-b", "I-b", "I-a"], [(0, 1, "a"), (1, 3, "b"), (3, 4, "a")]),
        (["B-a", "B-a"], [(0, 1, "a"), (1, 2, "a")]),
    ],
)
def test_spans_by_the_rules_of_conll(tags, expected):
    assert spans.spans(tags) == expected


def conlleval(tags):
    """`startOfChunk` and `endOfChunk` of the shared task's script, for the prefixes B, I and O, rule by rule."""
    found, start = [], None
    before, before_type = "O", ""
    for place, tag in enumerate([*tags, "O"]):
        now, now_type = ("O", "") if tag == "O" else tag.split("-")
        ends = (before, now) in {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O")}
        ends |= before != "O" and before_type != now_type
        starts = (before, now) in {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I")}
        starts |= now != "O" and before_type != now_type
        if ends and start is not None:
            found.append((start, place, before_type))
            start = None
        if starts:
            start = place
        before, before_type = now, now_type
    return found


@given(st.lists(st.sampled_from(TAGS), max_size=12))
def test_spans_agree_with_the_shared_tasks_script(tags):
    assert spans.spans(tags) == conlleval(tags)


def test_matches_and_errors_by_hand():
    true = [(0, 2, "a"), (3, 5, "b"), (6, 7, "a"), (9, 11, "b")]
    found = [(0, 2, "a"), (3, 4, "b"), (6, 7, "b"), (12, 13, "a")]
    assert spans.strict_matches(found, true) == {(0, 2, "a")}
    assert spans.relaxed_matches(found, true) == (2, 2)
    assert spans.error_classes(found, true) == {"missed": 1, "spurious": 1, "wrong_type": 1, "wrong_border": 1}


@given(st.lists(st.sampled_from(TAGS), max_size=10), st.lists(st.sampled_from(TAGS), max_size=10))
def test_every_true_span_is_right_or_one_kind_of_wrong(first, second):
    found, true = spans.spans(first), spans.spans(second)
    errors = spans.error_classes(found, true)
    right = len(spans.strict_matches(found, true))
    assert right + errors["missed"] + errors["wrong_type"] + errors["wrong_border"] == len(true)
    hit, reached = spans.relaxed_matches(found, true)
    assert right <= min(hit, reached)
    assert errors["spurious"] <= len(found) - hit


def test_types_in_order():
    assert spans.types(["B-x", "O", "I-y", "I-x"]) == ("x", "y")
