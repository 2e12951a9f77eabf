"""Named spans in a sequence of tags: from IOB2 to spans, and how found spans meet true ones.

A span is `(start, stop, type)` in tokens, `stop` exclusive. Spans of one sequence never overlap.
"""

from collections.abc import Sequence

Span = tuple[int, int, str]


def spans(tags: Sequence[str]) -> list[Span]:
    """Read spans from IOB2 tags (`O`, `B-type`, `I-type`) by the rules of CoNLL's scorer.

    A span begins at `B`, at an `I` after `O`, and at an `I` of another type than the tag before.

    Source:
        Tjong Kim Sang and De Meulder 2003 (the shared task's `conlleval`).

    >>> spans(["I-drug", "I-drug", "O", "B-drug", "I-dose"])
    [(0, 2, 'drug'), (3, 4, 'drug'), (4, 5, 'dose')]
    """
    found: list[Span] = []
    start, kind = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, this = tag.partition("-")
        inside = prefix in ("B", "I")
        if kind and (not inside or prefix == "B" or this != kind):
            found.append((start, place, kind))
            kind = ""
        if inside and not kind:
            start, kind = place, this
    return found


def types(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the span types that a list of tags can name, in order of first mention.

    >>> types(["O", "B-drug", "I-drug", "B-dose", "I-dose"])
    ('drug', 'dose')
    """
    return tuple(dict.fromkeys(tag.partition("-")[2] for tag in classes if tag[:2] in ("B-", "I-")))


def strict_matches(found: Sequence[Span], true: Sequence[Span]) -> set[Span]:
    """Return the spans found with right borders and right type."""
    return set(found) & set(true)


def relaxed_matches(found: Sequence[Span], true: Sequence[Span]) -> tuple[int, int]:
    """Return how many found spans overlap a true span of their type, and how many true spans are so overlapped."""
    hit = sum(any(_overlap(one, other) and one[2] == other[2] for other in true) for one in found)
    reached = sum(any(_overlap(one, other) and one[2] == other[2] for other in found) for one in true)
    return hit, reached


def error_classes(found: Sequence[Span], true: Sequence[Span]) -> dict[str, int]:
    """Count what went wrong.

    Returns:
        `missed` true spans that nothing overlaps, `spurious` found spans that overlap nothing, and true spans found
        with `wrong_border` (a span of their type overlaps) or `wrong_type` (only spans of other types overlap).
    """
    right = strict_matches(found, true)
    counts = {"missed": 0, "spurious": 0, "wrong_type": 0, "wrong_border": 0}
    for span in true:
        if span in right:
            continue
        touching = [other for other in found if _overlap(span, other)]
        if not touching:
            counts["missed"] += 1
        elif any(other[2] == span[2] for other in touching):
            counts["wrong_border"] += 1
        else:
            counts["wrong_type"] += 1
    counts["spurious"] = sum(not any(_overlap(span, other) for other in true) for span in found)
    return counts


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
