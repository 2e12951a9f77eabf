"""Cut a plain text into tokens, as the corpora at hand cut theirs: runs of letters, runs of digits, single signs."""

import re

from salus.schema.sample import Note

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def tokenized(note: Note) -> Note:
    """Return a note with its tokens and where each stands in the text; one that has tokens stays as it is.

    >>> tokenized(Note(text="Aspirin 5mg.")).offsets
    ((0, 7), (8, 9), (9, 11), (11, 12))
    """
    if note.tokens:
        return note
    found = list(_TOKEN.finditer(note.text))
    return Note(
        text=note.text, tokens=tuple(match[0] for match in found), offsets=tuple(match.span() for match in found)
    )
