"""What taggers share: reading notes, refusing what cannot be tagged, spans out of tags."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.dataset import Dataset
from salus.schema.errors import DataError
from salus.schema.sample import Note, Sample


@dataclass(frozen=True, slots=True)
class Mention:
    """A span that a tagger names.

    Attributes:
        kind: Entity type.
        first: Its first token.
        stop: The token behind its last one.
        start_letter: Offset in the note's text, -1 where the note has no offsets.
        stop_letter: Offset behind its last letter.
        probability: That exactly these tokens are one mention of this type; NaN where the tagger gives none.
    """

    kind: str
    first: int
    stop: int
    start_letter: int = -1
    stop_letter: int = -1
    probability: float = float("nan")


def note_tokens(sample: Sample) -> tuple[str, ...]:
    """Return the tokens of the sample's note.

    Raises:
        DataError: No note, no token, or an empty token.
    """
    note = sample.inputs.get("note")
    if not isinstance(note, Note):
        raise DataError(
            f"sample {sample.id}: no input 'note'; it has {', '.join(sample.inputs) or 'none'}. Give a tokenized Note"
        )
    if not note.tokens:
        raise DataError(f"sample {sample.id}: a note without tokens; split its text into tokens or leave it out")
    for place, token in enumerate(note.tokens):
        if not token.strip() or "\n" in token:
            raise DataError(f"sample {sample.id}: token {place} is {token!r}; a token has letters and no line break")
    return note.tokens


def tag_matrix(samples: Sequence[Sample], tags: int) -> Tensor | None:
    """Return the true tags `(B, T)` int64, zero padded; None where a sample has no target.

    Raises:
        DataError: Not one tag a token, or a tag outside 0 .. tags - 1.
    """
    if any(sample.target is None for sample in samples):
        return None
    lengths = [len(note_tokens(sample)) for sample in samples]
    table = np.zeros((len(samples), max(lengths)), np.int64)
    for row, (sample, length) in enumerate(zip(samples, lengths, strict=True)):
        table[row, :length] = _truth(sample, length, tags)
    return torch.from_numpy(table)


def check_training(train: Dataset) -> list[Sample]:
    """Return the training samples, once they can teach a tagger.

    Raises:
        DataError: No sample, a repeated id, a sample without tags, or no mention in any of them.
    """
    samples = [train[i] for i in range(len(train))]
    if not samples:
        raise DataError("a training part without samples; check the split")
    seen: set[str] = set()
    tagged = False
    for sample in samples:
        if sample.id in seen:
            raise DataError(f"sample {sample.id} stands twice in the training part; give every sample its own id")
        seen.add(sample.id)
        if sample.target is None:
            raise DataError(f"sample {sample.id}: no tags to learn from; give one per token")
        tagged = tagged or bool(_truth(sample, len(note_tokens(sample)), None).any())
    if not tagged:
        raise DataError(f"{len(samples)} training samples and not one mention in them: there is nothing to learn")
    return samples


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return `(type, first, stop)` of each mention; an I-tag that continues nothing begins one, as in conlleval.

    >>> spans(["B-x", "I-x", "I-y", "O", "B-y", "B-y"])
    [('x', 0, 2), ('y', 2, 3), ('y', 4, 5), ('y', 5, 6)]
    """
    found: list[tuple[str, int, int]] = []
    for place, tag in enumerate(tags):
        if tag == "O":
            continue
        mark, kind = tag[:1], tag[2:]
        if mark == "I" and found and found[-1][0] == kind and found[-1][2] == place:
            found[-1] = (kind, found[-1][1], place + 1)
        else:
            found.append((kind, place, place + 1))
    return found


def span_masks(found: Sequence[tuple[str, int, int]], classes: Sequence[str], steps: int) -> Tensor:
    """Return which tags make each of N spans a mention exactly as it stands, `(N, T, K)` bool.

    The first token may only begin the type, those within only continue it, and the one behind may not continue it.
    """
    masks = torch.ones(len(found), steps, len(classes), dtype=torch.bool)
    index = {name: number for number, name in enumerate(classes)}
    for row, (kind, first, stop) in enumerate(found):
        masks[row, first:stop] = False
        masks[row, first, index[f"B-{kind}"]] = True
        masks[row, first + 1 : stop, index[f"I-{kind}"]] = True
        if stop < steps:
            masks[row, stop, index[f"I-{kind}"]] = False
    return masks


def locate(note: Note, found: Sequence[tuple[str, int, int]], chances: Sequence[float]) -> list[Mention]:
    """Give spans their place in the note's text and their probability."""
    answers: list[Mention] = []
    for (kind, first, stop), chance in zip(found, chances, strict=True):
        start = note.offsets[first][0] if note.offsets else -1
        end = note.offsets[stop - 1][1] if note.offsets else -1
        answers.append(Mention(kind, first, stop, start, end, float(chance)))
    return answers


def _truth(sample: Sample, length: int, tags: int | None) -> NDArray[np.int64]:
    truth = np.asarray(sample.target)
    if truth.shape != (length,):
        raise DataError(f"sample {sample.id}: tags of shape {truth.shape} for {length} tokens; give one per token")
    if not np.issubdtype(truth.dtype, np.integer):
        raise DataError(f"sample {sample.id}: tags of type {truth.dtype}; give class numbers")
    wrong = truth[(truth < 0) | (truth >= (tags or np.iinfo(np.int64).max))]
    if len(wrong):
        known = "" if tags is None else f"; this tagger knows 0 to {tags - 1}"
        raise DataError(f"sample {sample.id}: tag {wrong[0]} is unknown{known}")
    return truth.astype(np.int64)
