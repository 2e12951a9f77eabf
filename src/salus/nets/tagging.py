"""What taggers share: reading notes, refusing what cannot be tagged, placing spans `(first, stop, type)` in text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.schema.errors import DataError
from salus.schema.sample import Note, Sample

PADDING = -1e5
"""Every score of a step behind a text's end; not NaN, because an answer that is not finite counts as none."""


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
    tags: set[int] = set()
    for sample in samples:
        if sample.id in seen:
            raise DataError(f"sample {sample.id} stands twice in the training part; give every sample its own id")
        seen.add(sample.id)
        if sample.target is None:
            raise DataError(f"sample {sample.id}: no tags to learn from; give one per token")
        tags.update(_truth(sample, len(note_tokens(sample)), None).tolist())
    if len(tags) < 2:
        raise DataError(f"{len(samples)} training samples and one tag in all of them: there is nothing to learn")
    return samples


def texts_to_bytes(texts: Sequence[Sequence[str]]) -> Tensor:
    """Write tokenized texts as UTF-8 rows `(B, L)` uint8, a line break behind each token and zeros behind the end."""
    lines = [("\n".join(text) + "\n").encode("utf-8") for text in texts]
    table = np.zeros((len(lines), max(map(len, lines))), np.uint8)
    for row, line in enumerate(lines):
        table[row, : len(line)] = np.frombuffer(line, np.uint8)
    return torch.from_numpy(table)


def bytes_to_texts(table: Tensor) -> list[list[str]]:
    """Read what `texts_to_bytes` wrote."""
    rows = table.cpu().numpy()
    return [row.tobytes().rstrip(b"\0").decode("utf-8").split("\n")[:-1] for row in rows]


def text_batch(samples: Sequence[Sample], tags: int) -> Batch:
    """Return the tokens as bytes, `text (B, L)` uint8, and `tags (B, T)` where every sample has a target.

    Raises:
        DataError: As `note_tokens` and `tag_matrix`.
    """
    inputs = {"text": texts_to_bytes([note_tokens(sample) for sample in samples])}
    truth = tag_matrix(samples, tags)
    return Batch(tuple(sample.id for sample in samples), inputs, {} if truth is None else {"tags": truth})


def one_hot_tags(paths: Sequence[Sequence[int]], tags: int) -> Tensor:
    """Return scores `(B, T, K)` that are one at the given tag and zero at the others; `PADDING` behind each end."""
    scores = torch.full((len(paths), max(map(len, paths)), tags), PADDING)
    for row, path in enumerate(paths):
        scores[row, : len(path)] = torch.nn.functional.one_hot(torch.tensor(path), tags).float()
    return scores


def real_steps(scores: Tensor) -> Tensor:
    """Return which steps of `(B, T, K)` scores are not padding, `(B, T)` bool."""
    return scores.amax(dim=2) > PADDING / 2


def best_tags(scores: Tensor) -> NDArray[np.int64]:
    """Return each step's best tag `(B, T)`, -1 behind each end."""
    return scores.argmax(dim=2).masked_fill(~real_steps(scores), -1).cpu().numpy()


def span_masks(found: Sequence[tuple[int, int, str]], classes: Sequence[str], steps: int) -> Tensor:
    """Return which tags make each of N spans a mention exactly as it stands, `(N, T, K)` bool.

    The first token may only begin the type, those within only continue it, and the one behind may not continue it.
    """
    masks = torch.ones(len(found), steps, len(classes), dtype=torch.bool)
    index = {name: number for number, name in enumerate(classes)}
    for row, (first, stop, kind) in enumerate(found):
        masks[row, first:stop] = False
        masks[row, first, index[f"B-{kind}"]] = True
        masks[row, first + 1 : stop, index[f"I-{kind}"]] = True
        if stop < steps:
            masks[row, stop, index[f"I-{kind}"]] = False
    return masks


def locate(note: Note, found: Sequence[tuple[int, int, str]], chances: Sequence[float]) -> list[Mention]:
    """Give spans their place in the note's text and their probability."""
    answers: list[Mention] = []
    for (first, stop, kind), chance in zip(found, chances, strict=True):
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
