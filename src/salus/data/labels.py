"""From a column of targets to a question: which classes there are, and what is no class."""

import math
from collections import Counter
from collections.abc import Sequence

from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question

MOST_CLASSES = 50


def question_of_words(words: Sequence[str], source: object, positive: str = "") -> tuple[Question, list[int]]:
    """Return the classification that a column of targets asks, and each target as class index.

    Class names are sorted, as numbers where all are numbers; with two classes the last is the positive one unless
    `positive` names it.

    Args:
        words: One target a row; row numbers in errors count from 2, as a spreadsheet shows them.
        source: Named in errors.
        positive: Name of the class that a binary question is about.

    Raises:
        DataError: A missing target, one class only, numbers that measure rather than name, or texts that name nothing.
    """
    empty = [index for index, word in enumerate(words) if not word]
    if empty:
        raise DataError(
            f"{source}: {len(empty)} rows have no target, the first in line {empty[0] + 2}; remove or label them"
        )
    counts = Counter(words)
    numeric = [_number(word) for word in counts]
    if len(counts) < 2:
        raise DataError(f"{source}: one class only ({next(iter(counts), 'no rows')}); a question needs two or more")
    if all(number is not None for number in numeric) and (
        len(counts) > 20 or any(number is not None and not number.is_integer() for number in numeric)
    ):
        raise DataError(
            f"{source}: the target holds {len(counts)} different numbers, so it is a measurement; "
            "regression is not offered yet, cut it into named classes first"
        )
    if len(counts) > min(MOST_CLASSES, max(2, len(words) // 2)):
        raise DataError(
            f"{source}: {len(counts)} different targets in {len(words)} rows; this is no class column, name another"
        )
    if any(number is None for number in numeric):
        classes = tuple(sorted(counts))
    else:
        classes = tuple(sorted(counts, key=lambda word: (float(word), word)))
    if positive and positive not in classes:
        raise DataError(f"{source}: no class {positive!r} to be positive; the classes are {', '.join(classes)}")
    index_of = {name: index for index, name in enumerate(classes)}
    question = Question(kind="classification", classes=classes, positive=positive)
    return question, [index_of[word] for word in words]


def question_of_some(
    words: Sequence[str], source: object, positive: str = "", unlabelled: str = "refuse"
) -> tuple[Question, Sequence[int | None]]:
    """Return what `question_of_words` does, and None for each empty target where `unlabelled` is `keep`.

    Raises:
        DataError: As `question_of_words`; no target at all.
        UsageError: `unlabelled` is neither `refuse` nor `keep`.
    """
    if unlabelled not in ("refuse", "keep"):
        raise UsageError(f"{source}: unlabelled={unlabelled!r}; rows without target can be `refuse`d or `keep`t")
    if unlabelled == "refuse" or all(words):
        if "" in words:
            empty = words.index("")
            raise DataError(
                f"{source}: {words.count('')} rows have no target, the first in line {empty + 2}; remove or label "
                "them, or write unlabelled=keep and take a system that learns from them (semi_gan)"
            )
        return question_of_words(words, source, positive)
    question, found = question_of_words([word for word in words if word], source, positive)
    given = iter(found)
    return question, [next(given) if word else None for word in words]


def refuse_repeated_ids(ids: Sequence[str], source: object) -> None:
    """Refuse a dataset in which two samples share an id.

    Raises:
        DataError: Names up to five of them.
    """
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        more = "" if len(twice) <= 5 else f" and {len(twice) - 5} more"
        raise DataError(f"{source}: ids used twice: {', '.join(sorted(twice)[:5])}{more}; every sample needs its own")


def is_number(word: str) -> bool:
    """Tell whether a word is a finite number."""
    return _number(word) is not None


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
