"""Tables read and written a block of rows at a time, every cell as text: CSV, TSV (gzip or not) and Parquet."""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from salus.data.limits import existing
from salus.schema.errors import DataError
from salus.schema.files import replacing

BLOCK: Final = 5_000
_LONGEST_LINE: Final = 16 * 2**20
_MOST_COLUMNS: Final = 20_000
Block = Mapping[str, list[str]]


def rows_of(path: Path) -> Iterator[dict[str, list[str]]]:
    """Yield blocks of rows as columns of text; a table without rows yields one block of empty columns.

    Raises:
        DataError: Unreadable, ragged, repeated column names, or not UTF-8.
    """
    found = existing(path)
    yield from _parquet(found) if found.suffix.lower() == ".parquet" else _delimited(found)


def copy_rows(source: Path, target: Path, names: tuple[str, ...], change: Callable[[Block], Block]) -> None:
    """Write the named columns of every block after `change`, as CSV, TSV or Parquet by the target's ending.

    Raises:
        DataError: As `rows_of`, or another ending.
    """
    name = target.name.lower()
    if name.endswith(".parquet"):
        with replacing(target) as temporary:
            _write_parquet(temporary, names, (change(block) for block in rows_of(source)))
        return
    plain = name.removesuffix(".gz")
    if not plain.endswith((".csv", ".tsv", ".txt")):
        raise DataError(f"{target}: expected .csv, .tsv (either with .gz) or .parquet")
    separator = "\t" if plain.endswith(".tsv") else ","
    with replacing(target) as temporary:
        # No time or name goes into the gzip header: it would tell when and what the source was.
        raw = temporary.open("wb")
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if name.endswith(".gz") else raw
        with raw, packed, io.TextIOWrapper(packed, encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, delimiter=separator, lineterminator="\n")
            writer.writerow(names)
            for block in rows_of(source):
                done = change(block)
                writer.writerows(zip(*(done[column] for column in names), strict=True))


def _delimited(path: Path) -> Iterator[dict[str, list[str]]]:
    lower = path.name.lower()
    with (
        gzip.open(path, "rb") if lower.endswith(".gz") else path.open("rb") as opened,
        io.TextIOWrapper(opened, encoding="utf-8-sig", newline="") as handle,
    ):
        try:
            head = handle.readline(_LONGEST_LINE)
            separator = "\t" if "\t" in head else ";" if head.count(";") > head.count(",") else ","
            names = [name.strip() for name in next(csv.reader([head], delimiter=separator), [])]
            _check_names(names, path)
            yield from _blocks(csv.reader(_bounded(handle, path), delimiter=separator, strict=True), names, path)
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
        except csv.Error as error:
            raise DataError(f"{path}: not a regular table ({error}); mend its quotes") from error
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: cannot be read ({error}); copy it again from its source") from error


def _bounded(handle: io.TextIOWrapper, path: Path) -> Iterator[str]:
    while line := handle.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            raise DataError(f"{path}: a line of more than {_LONGEST_LINE:,} letters; it is no table")
        yield line


def _blocks(reader: Any, names: list[str], path: Path) -> Iterator[dict[str, list[str]]]:
    rows: list[list[str]] = []
    first = True
    for row in reader:
        if not row:
            continue
        if len(row) != len(names):
            raise DataError(
                f"{path}: line {reader.line_num + 1} has {len(row)} cells and the first {len(names)}; "
                "every line needs the same cells"
            )
        rows.append(row)
        if len(rows) >= BLOCK:
            yield {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}
            rows, first = [], False
    if rows:
        yield {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}
    elif first:
        yield {name: [] for name in names}


def _parquet(path: Path) -> Iterator[dict[str, list[str]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            _check_names(names, path)
            empty = True
            for batch in file.iter_batches(batch_size=BLOCK):
                empty = False
                yield {
                    name: ["" if cell is None else str(cell) for cell in batch.column(index).to_pylist()]
                    for index, name in enumerate(names)
                }
            if empty:
                yield {name: [] for name in names}
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({error}); write it again") from error


def _write_parquet(path: Path, names: tuple[str, ...], blocks: Iterator[Block]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for block in blocks:
            writer.write_table(pa.table({name: list(block[name]) for name in names}, schema=schema))


def _check_names(names: list[str], path: Path) -> None:
    if not names or not any(names):
        raise DataError(f"{path}: an empty table; it needs a line of column names")
    if len(names) > _MOST_COLUMNS:
        raise DataError(f"{path}: {len(names):,} columns; at most {_MOST_COLUMNS:,} are read")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: columns named twice: {', '.join(twice)}; rename them")
