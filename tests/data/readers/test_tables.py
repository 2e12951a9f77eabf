"""Tables, waveforms in tables, and texts."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salus.data.readers.table import read_columns, read_table
from salus.schema.errors import DataError


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_text(content, encoding=encoding)
    return path


def test_numbers_words_and_missing_cells(tmp_path: Path) -> None:
    rows = read_table(text(tmp_path / "a.csv", "id,age,sex,bp\n007,50,f,\n008,,,120\n"), ["age", "sex", "bp"])
    assert rows[0].values["age"] == 50.0
    assert np.isnan(rows[0].values["bp"])  # type: ignore[arg-type]
    assert rows[1].values["sex"] == ""
    assert read_columns(tmp_path / "a.csv").words["id"] == ["007", "008"]


def test_semicolons_gzip_bom_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress('\ufeffname;value\n"Ä; B";3\n'.encode()))
    row = read_table(tmp_path / "a.csv.gz")[0]
    assert row.values == {"name": "Ä; B", "value": 3.0}


def test_parquet_agrees_with_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1.5, None, 3.0], "w": ["a", None, "c"], "i": [1, 2, 3], "b": [True, False, True]})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.astype({"b": int}).to_csv(tmp_path / "a.csv", index=False)
    one, two = read_columns(tmp_path / "a.parquet"), read_columns(tmp_path / "a.csv")
    assert set(one.numbers) == set(two.numbers) == {"n", "i", "b"}
    for name in one.numbers:
        assert one.numbers[name] == pytest.approx(two.numbers[name], nan_ok=True)
    assert one.words["w"] == ["a", "", "c"] == two.words["w"]


def test_a_missing_column_is_named_with_its_neighbour(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "glucose,age\n1,2\n")
    with pytest.raises(DataError, match="no column 'glucos'; did you mean 'glucose'"):
        read_table(path, ["glucos"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3,4,5\n", "not a regular table"),
        ("a,b\n3,4,5\n", "not a regular table"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells and the first 2"),
        ("a,a\n1,2\n", "columns named twice: a"),
        ("a,b\n", "an empty table"),
        ("", "an empty table"),
        ('a,b\n1,"2\n', "mend its quotes"),
        ("a\0b,c\n1,2\n", "binary data"),
    ],
)
def test_irregular_tables_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_columns(text(tmp_path / "a.csv", content))


def test_other_encodings_and_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="byte 2 is not UTF-8"):
        read_columns(text(tmp_path / "a.csv", "a\nä\n", "latin-1"))
    monkeypatch.setenv("SALUS_MAX_TEXT_BYTES", "1000")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a\n" + b"1\n" * 100_000))
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        read_columns(tmp_path / "b.csv.gz")
    (tmp_path / "c.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(DataError, match="cannot be read"):
        read_columns(tmp_path / "c.csv.gz")
    (tmp_path / "d.parquet").write_bytes(b"PAR1nothing")
    with pytest.raises(DataError, match="not a readable Parquet"):
        read_columns(tmp_path / "d.parquet")
