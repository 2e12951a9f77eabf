"""Labels that mean the same and are spelled differently."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping

_SHORT = 5
_RARE = 0.2


def variants(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return groups of words that differ in case, blanks and dashes only, or by a slip in a rare one; commonest first.

    Args:
        counts: Word to how often it occurs.

    >>> variants({"benign": 90, "Benign": 3, "bengin": 1, "malignant": 50, "grade 1": 9, "grade 2": 8})
    [('benign', 'Benign', 'bengin')]
    """
    plain: dict[str, list[str]] = defaultdict(list)
    for word in sorted(counts, key=lambda word: (-counts[word], word)):
        plain[_plain(word)].append(word)
    heads = sorted(plain, key=lambda key: -sum(counts[word] for word in plain[key]))
    total = {key: sum(counts[word] for word in plain[key]) for key in heads}
    gone: set[str] = set()
    groups = []
    for place, key in enumerate(heads):
        if key in gone:
            continue
        near = [
            other
            for other in heads[place + 1 :]
            if other not in gone and total[other] <= _RARE * total[key] and _slip(key, other)
        ]
        gone.update(near)
        words = tuple(word for member in (key, *near) for word in plain[member])
        if len(words) > 1:
            groups.append(words)
    return groups


def _plain(word: str) -> str:
    text = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"[\s_.-]+", "", text) or text.strip()


def _slip(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter added, lost, changed or swapped; digits and signs never slip."""
    if not (one + other).isalnum() or min(len(one), len(other)) < _SHORT or abs(len(one) - len(other)) > 1:
        return False
    if re.sub(r"\D", "", one) != re.sub(r"\D", "", other):
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    changed = a[1:] == b[1:] or a[1:] == b or a == b[1:]
    return changed or (len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:])
