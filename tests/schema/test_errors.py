"""Messages stay short and harmless, whatever a file put into them."""

from salus.schema.errors import LONGEST, DataError, printable


def test_long_messages_are_cut_in_the_middle() -> None:
    said = str(DataError("scan.dcm: " + "x" * 100_000 + "; export it again"))
    assert len(said) <= LONGEST
    assert said.startswith("scan.dcm: xx")
    assert said.endswith("; export it again")


def test_signs_that_steer_a_terminal_are_written_out() -> None:
    said = str(DataError("lead '\x1b[2J\x07\u202e' of a.edf: flat\nleave it out"))
    assert "\x1b" not in said
    assert "\\x1b[2J\\x07\\u202e" in said
    assert "\n" in said
    assert printable("Größe 5 µm, 中") == "Größe 5 µm, 中"


def test_names_that_are_no_text_can_be_printed() -> None:
    assert str(DataError(b"\xff.png".decode(errors="surrogateescape"))).encode() == b"\\udcff.png"
