"""Tagged text from tiny files."""

import numpy as np
import pytest

from salus.data.iob import TaggedText, block_samples, iob_classes, note_of, read_iob, tag_indices
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Note


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_reads_sentences_and_repairs_what_continues_nothing(tmp_path):
    path = write(
        tmp_path / "a.tsv", "No\tO\r\npain\tI-Disease\r\nat\tI-Disease\r\n\r\nβ-blocker\tB-Drug\nuse\tI-Disease\n\n\n"
    )
    found = read_iob(path)
    assert found.sentences[0] == (("No", "pain", "at"), ("O", "B-Disease", "I-Disease"))
    assert found.sentences[1] == (("β-blocker", "use"), ("B-Drug", "B-Disease"))
    assert found.repaired == 2


def test_a_sentence_starts_anew_behind_an_empty_line(tmp_path):
    found = read_iob(write(tmp_path / "a.tsv", "a\tB-x\n\nb\tI-x\n"))
    assert found.sentences[1] == (("b",), ("B-x",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"ok\tO\ncaf\xe9\tO\n", "line 2: byte 0xe9 is not UTF-8"),
        ("a\tO\nb\n", "line 2: 'b' is not one token"),
        ("a\tO\tO\n", "line 1"),
        ("\tO\n", "line 1"),
        ("a\tDisease\n", "'Disease' is not 'O'"),
        ("a\tB-\n", "'B-' is not 'O'"),
        ("\n\n", "no sentence"),
    ],
)
def test_names_the_line_it_cannot_read(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read_iob(write(tmp_path / "a.tsv", text))


def test_offsets_point_into_the_text():
    note = note_of(("Parkinson", "'", "s"))
    assert [note.text[a:b] for a, b in note.offsets] == ["Parkinson", "'", "s"]


def test_an_offset_beyond_the_end_is_refused():
    with pytest.raises(ShapeError, match="beyond the text's 4 letters"):
        Note(text="pain", tokens=("pain",), offsets=((0, 5),))


def test_blocks_of_ten_are_the_patients():
    sentences = tuple(((f"w{n}",), ("O" if n % 2 else "B-x",)) for n in range(23))
    classes = iob_classes(["x"])
    samples = block_samples(TaggedText(sentences, 0), classes, name="c", split="train")
    assert [len({s.id for s in samples}), len({s.patient for s in samples})] == [23, 3]
    assert samples[9].patient != samples[10].patient
    joined = block_samples(TaggedText(sentences, 0), classes, name="c", split="train", joined=True)
    assert [len(s.target) for s in joined] == [10, 10, 3]
    np.testing.assert_array_equal(
        np.concatenate([s.target for s in joined]), np.concatenate([s.target for s in samples])
    )
    assert {s.patient for s in joined} == {s.patient for s in samples}


def test_an_unknown_tag_is_named():
    with pytest.raises(DataError, match=r"here: tag 'B-y' is not among O"):
        tag_indices(["B-y"], {"O": 0}, "here")
