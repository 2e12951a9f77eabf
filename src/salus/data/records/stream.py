"""Read large tables piece by piece: CSV, gzipped CSV and Parquet, as columns of words."""

import gzip
import io
import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from salus.data.limits import existing
from salus.schema.errors import DataError

BLOCK = 2**23
"""Bytes of text that are parsed at once, 8 MiB; a piece of a table takes about ten times as much memory."""
MAX_LINE = 2**25
"""No line of a table is longer than 32 MiB."""
MAX_RATIO = 100
"""Tables shrink five to twenty times; what unpacks to more than a hundred times its size is a bomb."""
_ROWS = 65_536

Piece = dict[str, list[str]]


def find_table(folder: Path, name: str) -> Path | None:
    """Return the file of a table below a folder, whatever its case and ending, or None.

    Looks for `name.csv`, `.csv.gz` and `.parquet`.
    """
    if not folder.is_dir():
        return None
    wanted = {f"{name}{ending}".lower() for ending in (".csv", ".csv.gz", ".parquet")}
    found = sorted(path for path in folder.iterdir() if path.name.lower() in wanted and path.is_file())
    return found[0] if found else None


def read_pieces(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Piece]:
    """Yield a table piece by piece; in all never more than one piece is in memory.

    Args:
        path: `.csv`, `.csv.gz` (comma, UTF-8, a line of names) or `.parquet`.
        columns: Names that must be there; compared without case, yielded as given here.
        optional: Names that may be missing; their cells are then empty.

    Yields:
        Every column as words; a missing cell is the empty string.

    Raises:
        DataError: Unreadable, ragged, a line above 32 MiB, a column that is not there, or a file that unpacks to more
            than a hundred times its size.
    """
    found = existing(path)
    pieces = _parquet(found) if found.name.lower().endswith(".parquet") else _delimited(found)
    for piece in pieces:
        lower = {name.strip().lower(): cells for name, cells in piece.items()}
        lacking = [name for name in columns if name.lower() not in lower]
        if lacking:
            raise DataError(f"{found}: no column {', '.join(lacking)}; it has {', '.join(piece)}")
        count = len(next(iter(piece.values()))) if piece else 0
        yield {name: lower.get(name.lower(), [""] * count) for name in (*columns, *optional)}


def numbers(words: Sequence[str]) -> Any:
    """Return words as float64 `(N,)`, NaN where a word is no number or not finite.

    >>> numbers(["1.5", "", "___", "nan"])
    array([1.5, nan, nan, nan])
    """
    import numpy as np

    def number(word: str) -> float:
        try:
            found = float(word) if word and "_" not in word else np.nan
        except ValueError:
            return np.nan
        return found if np.isfinite(found) else np.nan

    return np.fromiter((number(word) for word in words), np.float64, len(words))


def _delimited(path: Path) -> Iterator[Piece]:
    import pyarrow as pa
    from pyarrow import csv

    names: list[str] = []
    for block in _blocks(path):
        try:
            text = block if names else block.removeprefix(b"\xef\xbb\xbf")
            if not names:
                head, _, text = text.partition(b"\n")
                names = _names(head, path)
            if not text.strip():
                continue
            table = csv.read_csv(
                io.BytesIO(text),
                read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=len(text) + 1),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowException as error:
            raise DataError(f"{path}: not a regular table ({str(error)[:200]}); mend it") from error
        yield {name: table.column(name).to_pylist() for name in names}
    if not names:
        raise DataError(f"{path}: an empty table; it needs a line of column names")


def _names(head: bytes, path: Path) -> list[str]:
    import csv as plain

    try:
        names = [name.strip() for name in next(plain.reader([head.decode("utf-8").strip("\r")]), [])]
    except (UnicodeDecodeError, plain.Error) as error:
        raise DataError(f"{path}: its first line is no line of column names ({error}); check the file") from error
    if not names or len(set(names)) != len(names):
        raise DataError(f"{path}: its first line names no columns, or one twice; correct it")
    return names


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the text in blocks that end where a line ends and no quote is open."""
    packed = path.name.lower().endswith(".gz")
    bound = MAX_RATIO * path.stat().st_size + 2**24
    rest, total = b"", 0
    try:
        with gzip.open(path) if packed else path.open("rb") as handle:
            while piece := handle.read(BLOCK):
                total += len(piece)
                if packed and total > bound:
                    raise DataError(f"{path}: unpacks to more than {MAX_RATIO} times its size; refused as a bomb")
                rest += piece
                cut = _cut(rest)
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
                elif len(rest) > MAX_LINE:
                    raise DataError(f"{path}: a line longer than {MAX_LINE:,} bytes; this is no table")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); copy it again from its source") from error
    if rest:
        yield rest


def _cut(text: bytes) -> int:
    """Return where the last whole line ends; a line break inside quotes does not end one."""
    place = text.rfind(b"\n")
    for _ in range(64):
        if place < 0:
            return 0
        if text.count(b'"', 0, place) % 2 == 0:
            return place + 1
        place = text.rfind(b"\n", 0, place)
    return 0


def _parquet(path: Path) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if len(set(file.schema_arrow.names)) != len(file.schema_arrow.names):
                raise DataError(f"{path}: a column is named twice; rename it")
            for batch in file.iter_batches(batch_size=_ROWS):
                yield {
                    name: [_word(cell) for cell in batch.column(place).to_pylist()]
                    for place, name in enumerate(batch.schema.names)
                }
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({error}); write it again") from error


def _word(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return "" if math.isnan(cell) else str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    return str(cell).strip()
