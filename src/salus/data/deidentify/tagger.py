"""A trained tagger of identifiers in free text, beside the rules: what one of them misses, the other may find.

A linear-chain conditional random field over words, with the labels name, place, date, age, telephone, number and none.
It was trained on invented notes alone (`tagger_fit`); its file lies beside this module and is read only where its
SHA-256 is the one that was written with it.

Source:
    Lafferty et al. 2001 (conditional random fields); Okazaki 2007, CRFsuite, through python-crfsuite.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from salus.data.deidentify.tagger_features import Token, features, known, line_cases, tokens
from salus.data.deidentify.tagger_guard import RARE, stays, threshold
from salus.data.deidentify.text_rules import Span
from salus.schema.errors import DataError

NONE: Final = "O"
MODEL: Final = "tagger.crfsuite"
MAX_BYTES: Final = 4_000_000
ROW: Final = 600
"""Words read at once; a row ends at a line end where there is one."""
LEAST: Final = 0.2
"""Probability of any label but none at which a word is taken."""


_COMMON: Final = frozenset("wtehasm")
"""Lists whose words are masked where they are found, and not wherever the text repeats them."""


def find_tagged(text: str, least: float = LEAST, model: Any = None) -> list[Span]:
    """Return what the tagger takes for identifiers, as `(start, end, kind)`; numbers of any sort are `other`.

    Args:
        text: The text, with plain quotes, hyphens and spaces.
        least: Probability from which a word is taken.
        model: An opened `pycrfsuite.Tagger`; the one of this package by default.
    """
    tagger = model or load_tagger()
    found: list[Span] = []
    for row in rows(tokens(text)):
        if len(row) > 1:
            taken = _spans(row, _labels(tagger, row, least))
            found += [span for span in taken if not stays(text, *span)]
    return found


def find_again(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return every other place, in any case, of the words of names and places that no list of plain words holds.

    Args:
        text: The text.
        spans: What was found so far.
    """
    kinds: dict[str, str] = {}
    for start, end, kind in spans:
        if kind in ("name", "place"):
            for token in tokens(text[start:end]):
                low = token.text.lower().removesuffix("'s")
                if len(low) >= 3 and low.replace("-", "").replace("'", "").isalpha() and not _COMMON & set(known(low)):
                    kinds.setdefault(low, kind)
    found = []
    for token in tokens(text) if kinds else ():
        low = token.text.lower().removesuffix("'s")
        if kind := kinds.get(low, ""):
            found.append((token.start, token.start + len(low), kind))
    return found


def widen_names(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return names with the initials, particles and other capitalised words beside them that no list of words holds."""
    row = tokens(text)
    starts, ends = {token.start: at for at, token in enumerate(row)}, {token.end: at for at, token in enumerate(row)}
    found = []
    for start, end, kind in spans:
        first, last = starts.get(start), ends.get(end)
        if kind != "name" or first is None or last is None:
            continue
        for _ in range(3):
            at = first - 2 if first > 1 and row[first - 1].text == "." and len(row[first - 2].text) == 1 else first - 1
            dotted = at == first - 2 and row[at].text.isupper()
            if at < 0 or text[row[first - 1].end : row[first].start] != " " or not (dotted or _joins(row[at].text)):
                break
            first = at
        for _ in range(3):
            if (
                last + 1 >= len(row)
                or text[row[last].end : row[last + 1].start] != " "
                or not _joins(row[last + 1].text)
            ):
                break
            last += 1
        found.append((row[first].start, row[last].end, kind))
    return found


def _joins(word: str) -> bool:
    """Tell whether a capitalised word beside a name is a part of it."""
    if not word[0].isupper() or not word.replace("-", "").replace("'", "").replace(".", "").isalpha():
        return False
    return (len(word) <= 2 and word not in ("I", "A")) or (
        not word.isupper() and not _COMMON & set(known(word.lower()))
    )


def rows(all_tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Cut a text into rows of at most `ROW` words, at line ends where possible."""
    start = 0
    while start < len(all_tokens):
        end = min(start + ROW, len(all_tokens))
        if end < len(all_tokens):
            breaks = [at for at in range(end - ROW // 2, end) if all_tokens[at].text == "\n"]
            end = breaks[-1] + 1 if breaks else end
        yield all_tokens[start:end]
        start = end


def load_tagger() -> Any:
    """Open the trained model of this package; one tagger is for one thread.

    Raises:
        DataError: The file is missing, too large, or not the one that was shipped.
    """
    import pycrfsuite

    tagger = pycrfsuite.Tagger()
    # The tagger reads in this memory for as long as it lives, so the cache has to hold it.
    tagger.open_inmemory(_content())
    return tagger


@cache
def _content() -> bytes:
    folder = files("salus.data.deidentify").joinpath("models")
    try:
        content = folder.joinpath(MODEL).read_bytes()
        expected = folder.joinpath(f"{MODEL}.sha256").read_text(encoding="ascii").split()[0]
    except (OSError, IndexError) as error:
        raise DataError("the model of the text tagger is missing; install the package again") from error
    if len(content) > MAX_BYTES or hashlib.sha256(content).hexdigest() != expected:
        raise DataError("the model of the text tagger is damaged: its SHA-256 is another; install the package again")
    return content


def _labels(tagger: Any, row: Sequence[Token], least: float) -> list[str]:
    import pycrfsuite

    tagger.set(pycrfsuite.ItemSequence(features(row)))
    labels = [label for label in tagger.labels() if label != NONE]
    cases = line_cases(row)
    found = []
    for at, token in enumerate(row):
        share, label = 1 - tagger.marginal(NONE, at), NONE
        if share >= min(least, RARE):
            best = max(labels, key=lambda each, at=at: tagger.marginal(each, at))  # type: ignore[misc]
            label = best if share >= threshold(token, best, cases[at], least) else NONE
        found.append(label)
    return found


def _spans(row: Sequence[Token], labels: Sequence[str]) -> Iterator[Span]:
    """Join neighbours of one label over spaces; marks at either end are cut off."""
    at = 0
    while at < len(row):
        label = labels[at]
        if label == NONE or row[at].text == "\n":
            at += 1
            continue
        last = at
        while last + 1 < len(row) and labels[last + 1] == label and row[last + 1].text != "\n":
            last += 1
        first, end = at, last
        while first <= end and not any(c.isalnum() for c in row[first].text):
            first += 1
        while end >= first and not any(c.isalnum() for c in row[end].text):
            end -= 1
        if first <= end:
            yield row[first].start, row[end].end, label
        at = last + 1
