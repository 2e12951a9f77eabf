"""Tables: CSV, TSV (also gzipped) and Parquet, as named columns or as `Row`s."""

import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, max_text_bytes, max_values, refuse_above
from salus.schema.errors import DataError
from salus.schema.sample import Row

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".xpt")
_COMMENT = re.compile(r"#\s*([A-Za-z][\w /.()-]{0,60}?)\s*[:=]\s*(.{0,500})")
_CELL = 4
_MISSING = frozenset(("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "?"))


@dataclass(frozen=True, slots=True)
class Columns:
    """A table as words and numbers: each column is a list of words, or a float64 array where every cell is a number.

    Attributes:
        path: Where it came from, for errors.
        words: Every column as text, a missing cell is the empty string; N words each.
        numbers: The columns that are numeric throughout, NaN where a cell is missing.
        comments: What lines `# name: value` above the column names say, by lower-case name.
    """

    path: Path
    words: dict[str, list[str]]
    numbers: dict[str, NDArray[np.float64]]
    comments: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return N."""
        return len(next(iter(self.words.values()))) if self.words else 0

    def need(self, names: Iterable[str]) -> None:
        """Check that columns are there.

        Raises:
            DataError: One is not; a near match is named.
        """
        for name in names:
            if name not in self.words:
                near = difflib.get_close_matches(name, self.words, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(self.words)}"
                raise DataError(f"{self.path}: no column {name!r}; {hint}")

    def row(self, index: int, names: Sequence[str]) -> Row:
        """Return line `index` with the columns `names`: numbers where the column is numeric, words elsewhere."""
        return Row(
            values={
                name: float(self.numbers[name][index]) if name in self.numbers else self.words[name][index]
                for name in names
            }
        )


def read_columns(path: Path | str) -> Columns:
    """Read a table; nothing is guessed but which columns are numeric, so that `007` stays a patient's number.

    Args:
        path: `.csv` (comma or semicolon), `.tsv`, either with `.gz`, `.parquet`, or `.xpt` (SAS); text is UTF-8.

    Raises:
        DataError: Not such a table, not UTF-8, empty, repeated column names, ragged lines or too large.
    """
    found = existing(path)
    name = found.name.lower()
    comments: dict[str, str] = {}
    if name.endswith(".xpt"):
        from salus.data.records.xpt import read_xpt

        frame = read_xpt(found)
    elif name.endswith(".parquet"):
        frame = _parquet(found)
    else:
        frame = _delimited(found, "\t" if ".tsv" in name else ",", comments)
    words = {
        str(column): [cell.strip() if type(cell) is str else _word(cell) for cell in cells]
        for column, cells in frame.items()
    }
    if not words or not next(iter(words.values())):
        raise DataError(f"{found}: an empty table; it needs a line of column names and at least one row")
    numbers = {column: array for column, cells in words.items() if (array := _numeric(cells)) is not None}
    return Columns(found, words, numbers, comments)


def read_table(path: Path | str, columns: Sequence[str] = ()) -> list[Row]:
    """Read a table as one `Row` a line.

    Args:
        path: As in `read_columns`.
        columns: Which columns, in order; empty takes all.

    Raises:
        DataError: As `read_columns`, or a column that is not there (with the nearest name).
    """
    table = read_columns(path)
    table.need(columns)
    chosen = tuple(columns) or tuple(table.words)
    return [table.row(index, chosen) for index in range(len(table))]


def read_text_bytes(path: Path) -> bytes:
    """Return a text file's bytes, unpacked where it ends in `.gz`, up to the setting.

    Raises:
        DataError: Larger, or not gzip.
    """
    limit = max_text_bytes()
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as handle:
            data = handle.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); copy it again from its source") from error
    if len(data) > limit:
        raise DataError(f"{path}: more than {limit:,} bytes of text; raise SALUS_MAX_TEXT_BYTES or use Parquet")
    return data


def decode_utf8(data: bytes, path: Path) -> str:
    """Return text without a byte-order mark.

    Raises:
        DataError: Not UTF-8; the offset is named.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 (it may be Latin-1 or UTF-16)"
        ) from error


def _delimited(path: Path, separator: str, comments: dict[str, str]) -> dict[str, list[Any]]:
    text = decode_utf8(read_text_bytes(path), path)
    if "\0" in text[:4096]:
        raise DataError(f"{path}: binary data, not a table of text; check the file")
    start = _pass_comments(text, comments)
    # their line ends stay, so that errors name the right line
    text = "\n" * text.count("\n", 0, start) + text[start:]
    head = text.lstrip("\n").partition("\n")[0]
    if separator == "," and head.count(";") > head.count(","):
        separator = ";"
    # A cell costs some sixty bytes as a word, wherever a value of an array costs four.
    cells, most = text.count(separator) + text.count("\n"), max_values() // _CELL
    if cells > most:
        raise DataError(
            f"{path}: about {cells:,} cells, more than the allowed {most:,}; split it, use Parquet, or raise "
            "SALUS_MAX_VALUES"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not row:
                continue
            if rows and len(row) != len(rows[0]):
                raise DataError(
                    f"{path}: not a regular table, line {reader.line_num} has {len(row)} cells and the first "
                    f"{len(rows[0])}; every line needs the same cells"
                )
            rows.append(row)
    except csv.Error as error:
        raise DataError(f"{path}: not a regular table, line {reader.line_num}: {error}; mend its quotes") from error
    if len(rows) < 2:
        raise DataError(f"{path}: an empty table; it needs a line of column names and at least one row")
    names = [name.strip() for name in rows[0]]
    _refuse_repeated(names, path)
    return {name: list(cells) for name, cells in zip(names, zip(*rows[1:], strict=True), strict=True)}


def _pass_comments(text: str, comments: dict[str, str]) -> int:
    """Note lines `# name: value` at the top and return where the table begins."""
    start = 0
    while text.startswith("#", start) and len(comments) < 1_000:
        end = text.find("\n", start)
        found = _COMMENT.fullmatch(text[start : end if end >= 0 else len(text)].rstrip("\r"))
        if found is None or end < 0:
            break
        comments[found[1].strip().lower()] = found[2].strip()
        start = end + 1
    return start


def _parquet(path: Path) -> dict[str, list[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _refuse_repeated(list(file.schema_arrow.names), path)
            refuse_above(path, file.metadata.num_rows * max(1, file.metadata.num_columns))
            columns: dict[str, list[Any]] = file.read().to_pydict()
            return columns
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({error}); write it again") from error


def _refuse_repeated(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: columns named twice: {', '.join(twice)}; rename them")


def _word(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, bool | np.bool_):
        return str(int(cell))
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    text = str(cell).strip()
    return "" if text in ("NaT", "<NA>") else text


def _numeric(cells: list[str]) -> NDArray[np.float64] | None:
    filled = ["nan" if cell in _MISSING else cell for cell in cells]
    # Python reads 1_000 as a number, tables do not
    if all(cell == "nan" for cell in filled) or any("_" in cell for cell in filled):
        return None
    try:
        return np.array([float(cell) for cell in filled])
    except ValueError:
        return None
