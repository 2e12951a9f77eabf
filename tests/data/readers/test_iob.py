"""Tagged text from tiny files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.data.readers.iob import from_iob2, note_of, read_iob, read_note, read_plain, sections, to_iob2
from salus.schema.errors import DataError, ShapeError, UsageError
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


@given(
    st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), max_size=12),
    st.sampled_from(["IOB1", "IOBES", "BILOU"]),
)
def test_schemes_come_back_as_they_went(tags, scheme):
    clean, _ = to_iob2(tags, "IOB2")
    told = from_iob2(clean, scheme)
    back, damaged = to_iob2(told, "IOB2" if scheme == "IOB1" else scheme)
    assert back == clean
    assert damaged == 0 or scheme == "IOB1"  # which begins entities with I, as a repair would


@pytest.mark.parametrize(
    ("tags", "expected", "damaged"),
    [
        ("S-a O B-b E-b", "B-a O B-b I-b", 0),
        ("U-a O B-b I-b L-b", "B-a O B-b I-b I-b", 0),
        ("B-a M-a E-a", "B-a I-a I-a", 0),
        ("B-a I-a O S-a", "B-a I-a O B-a", 1),
        ("E-a O", "B-a O", 1),
        ("B-a E-b", "B-a B-b", 2),
        ("S-a I-a", "B-a B-a", 2),
    ],
)
def test_damaged_sequences_are_counted(tags, expected, damaged):
    assert to_iob2(tags.split()) == (tuple(expected.split()), damaged)


def test_a_file_in_another_scheme_is_told(tmp_path):
    found = read_iob(write(tmp_path / "a.tsv", "no\tO\nbig\tB-S\npain\tL-S\n\nfever\tU-S\n"))
    assert found.scheme == "BILOU"
    assert found.tags == (("O", "B-S", "I-S"), ("B-S",))
    assert found.repaired == 0
    with pytest.raises(UsageError, match="expected IOB1"):
        from_iob2(["O"], "BIO3")


def test_encodings_of_plain_texts(tmp_path):
    text = "Céphalées, 38,5 °C"
    for encoding, name in (("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("latin-1", "latin-1")):
        path = write(tmp_path / "a.txt", text.encode(encoding))
        found = read_plain(path)
        assert (found.note.text, found.encoding) == (text, name)
        assert bool(found.notes) == (name == "latin-1")
    with pytest.raises(DataError, match="byte 1 is not UTF-8"):
        read_note(tmp_path / "a.txt")
    assert read_note(write(tmp_path / "b.txt", text.encode("utf-16"))).text == text
    with pytest.raises(DataError, match="marked as UTF-16"):
        read_note(write(tmp_path / "c.txt", b"\xff\xfea"))
    with pytest.raises(DataError, match="binary data"):
        read_plain(write(tmp_path / "d.txt", b"a\0b"))


@given(st.text(max_size=200))
def test_sections_cover_the_text(text):
    found = sections(text)
    assert "".join(text[start:end] for _, start, end in found) == text


def test_headings_of_a_clinical_note():
    text = "Seen today.\nHISTORY OF ILLNESS: Fell at 10:30.\nPast history:\nnone: really\n## Plan\nRest.\nMEDICATION\n"
    assert [name for name, _, _ in sections(text)] == ["", "HISTORY OF ILLNESS", "Past history", "Plan"]
