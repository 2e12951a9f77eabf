"""Tables on narrow and wide terminals."""

import pytest

from own_files import Salus
from salus.cli.show import emit_json, facts, table


@pytest.mark.parametrize("columns", [60, 80, 140])
@pytest.mark.parametrize("words", [["systems"], ["data", "ls"], ["systems", "birnn_events"], ["doctor"]], ids=" ".join)
def test_no_line_is_wider_than_the_terminal_and_no_name_is_cut(
    salus: Salus, monkeypatch: pytest.MonkeyPatch, words: list[str], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("SALUS_DATA", "/nowhere")
    said = salus(*words)
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= columns
    for name in {"systems": ["thumbnail_logistic", "total_variation"], "data": ["brain_tumor_mri_cheng"]}.get(
        words[0] if len(words) < 2 or words[0] == "data" else "", []
    ):
        assert name in said.out
    if words[0] == "doctor":
        assert len(said.out.splitlines()) < 25


def test_columns_go_in_the_order_given_and_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table(("name", "first", "second"), [("a" * 15, "b" * 15, "c" * 15)], drop=("second", "first"))
    out = capsys.readouterr().out
    assert "a" * 15 in out
    assert "b" * 15 in out
    assert "c" * 15 not in out
    assert "second" in out


def test_a_word_longer_than_the_table_is_cut_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table(("name", "path"), [("x", "/" + "p" * 90)])
    assert capsys.readouterr().out.count("p") == 90 + len("path") - 3


def test_brackets_in_a_name_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    facts([("[bold]", "[/red] [link]")])
    assert "[bold]" in capsys.readouterr().out


def test_json_has_no_number_that_readers_refuse(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"a": float("nan"), "b": [float("inf"), 1.5]})
    assert "NaN" not in (out := capsys.readouterr().out)
    assert "null" in out
    assert "Infinity" not in out
