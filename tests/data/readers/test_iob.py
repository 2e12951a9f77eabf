"""Tagged text from tiny files."""

import pytest

from salus.data.readers.iob import note_of, read_iob, read_note
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
    assert [note.tokens for note in found.sentences] == [("No", "pain", "at"), ("β-blocker", "use")]
    assert found.tags == (("O", "B-Disease", "I-Disease"), ("B-Drug", "B-Disease"))
    assert found.repaired == 2


def test_a_sentence_starts_anew_behind_an_empty_line(tmp_path):
    found = read_iob(write(tmp_path / "a.tsv", "a\tB-x\n\nb\tI-x"))
    assert found.tags == (("B-x",), ("B-x",))


def test_document_marks_and_a_byte_order_mark_are_no_tokens(tmp_path):
    found = read_iob(write(tmp_path / "a.tsv", "\ufeff-DOCSTART-\tO\n\nfever\tI-Sign\n"))
    assert [note.tokens for note in found.sentences] == [("fever",)]


def test_only_a_line_feed_ends_a_line(tmp_path):
    found = read_iob(write(tmp_path / "a.tsv", "a\u2028b\tO\nc\u0085d\tO\n"))
    assert found.sentences[0].tokens == ("a\u2028b", "c\u0085d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"ok\tO\ncaf\xe9\tO\n", "byte 8 is not UTF-8"),
        ("a\tO\nb\n", "line 2 is 'b'; expected token, tab"),
        ("a\tO\npain B-Sign\n", "line 2 is 'pain B-Sign'"),
        ("a\tO\tO\n", "line 1"),
        ("\tO\n", "line 1"),
        ("a\tDisease\n", "line 1 is .*expected token, tab, and O"),
        ("a\tB-\n", "line 1 is .*expected token, tab, and O"),
        ("\n\n", "no sentence"),
    ],
)
def test_names_the_line_it_cannot_read(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read_iob(write(tmp_path / "a.tsv", text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.tsv: no such file"):
        read_iob(tmp_path / "none.tsv")


def test_offsets_point_into_the_text():
    note = note_of(("Parkinson", "'", "s"))
    assert [note.text[a:b] for a, b in note.offsets] == ["Parkinson", "'", "s"]


def test_an_offset_beyond_the_end_is_refused():
    with pytest.raises(ShapeError, match="beyond the text's 4 letters"):
        Note(text="pain", tokens=("pain",), offsets=((0, 5),))


def test_a_plain_note_has_no_tokens_and_an_empty_one_is_refused(tmp_path):
    assert read_note(write(tmp_path / "a.txt", "No fever.")) == Note(text="No fever.")
    with pytest.raises(DataError, match="empty text"):
        read_note(write(tmp_path / "b.txt", "  \n"))
