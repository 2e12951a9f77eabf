"""Samples of tagged text."""

import numpy as np
import pytest

from salus.data.iob import block_samples, iob_classes, tag_indices
from salus.data.readers.iob import TaggedText, note_of
from salus.schema.errors import DataError


def test_blocks_of_ten_are_the_patients():
    sentences = tuple(note_of([f"w{n}"]) for n in range(23))
    text = TaggedText(sentences, tuple(("O" if n % 2 else "B-x",) for n in range(23)), 0)
    classes = iob_classes(["x"])
    samples = block_samples(text, classes, name="c", split="train")
    assert [len({s.id for s in samples}), len({s.patient for s in samples})] == [23, 3]
    assert samples[9].patient != samples[10].patient
    joined = block_samples(text, classes, name="c", split="train", joined=True)
    assert [len(s.target) for s in joined] == [10, 10, 3]
    np.testing.assert_array_equal(
        np.concatenate([s.target for s in joined]), np.concatenate([s.target for s in samples])
    )
    assert {s.patient for s in joined} == {s.patient for s in samples}
    note = joined[2].inputs["note"]
    assert [note.text[a:b] for a, b in note.offsets] == list(note.tokens) == ["w20", "w21", "w22"]


def test_an_unknown_tag_is_named():
    with pytest.raises(DataError, match=r"here: tag 'B-y' is not among O"):
        tag_indices(["B-y"], {"O": 0}, "here")
