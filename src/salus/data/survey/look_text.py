"""What a text holds, and whom it names."""

from collections import Counter
from pathlib import Path

from salus.data.deidentify.text import find_identifiers
from salus.data.open import read_any
from salus.data.survey.facts import Facts, Mark, form_of
from salus.schema.errors import DataError
from salus.schema.sample import Note

_LETTERS = 200_000
# Names, places and dates are found by rules, which also meet eponyms: they are worth a look and prove nothing.
_KINDS = {
    "name": "person", "place": "place", "date": "date", "age": "date", "phone": "phone", "fax": "phone",
    "email": "e-mail", "ssn": "number", "mrn": "number", "plan": "number", "account": "number", "licence": "number",
}  # fmt: skip


def text(path: Path, facts: Facts, deep: bool) -> None:
    """Read a text and look for identifiers.

    Raises:
        DataError: What the reader of its kind raises.
    """
    content = read_any(path)
    notes = [content] if isinstance(content, Note) else content if isinstance(content, list) else []
    words = [note.text or " ".join(note.tokens) for note in notes if isinstance(note, Note)]
    facts.size = f"{sum(map(len, words)):,} letters" if len(words) == 1 else f"{len(words):,} texts"
    if not any(word.strip() for word in words):
        raise DataError(f"{path}: holds no text; remove it")
    if deep:
        joined = "\n".join(words)[:_LETTERS]
        found = [(_KINDS.get(kind, "text"), joined[start:end]) for start, end, kind in find_identifiers(joined)]
        counts = Counter(kind for kind, _ in found)
        for kind, count in counts.items():
            example = form_of(next(value for k, value in found if k == kind))
            facts.marks.append(
                Mark(place="text", kind=kind, form=example if count == 1 else f"{example} ({count:,} times)")
            )
