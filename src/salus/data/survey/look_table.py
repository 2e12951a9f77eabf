"""What a table holds, and which of its columns name people."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from salus.data.open import read_any
from salus.data.readers.table import SUFFIXES, Columns, read_columns
from salus.data.readers.waveform import looks_like_waveform
from salus.data.survey.facts import Facts
from salus.data.survey.spelling import variants
from salus.data.survey.words import identifiers_in, kind_of_column

_LARGEST = 2**28
_ROWS = 2_000
_FEW = 60


def table(path: Path, facts: Facts, deep: bool) -> None:
    """Read a table: rows, columns, repeated rows, empty columns, odd spellings, and identifiers by name and content.

    Raises:
        DataError: What the table reader raises.
    """
    if not path.name.lower().endswith(SUFFIXES):
        content = read_any(path)
        facts.size = f"{len(content):,} rows" if isinstance(content, list) else type(content).__name__
        return
    if path.stat().st_size > _LARGEST and not path.name.lower().endswith(".parquet"):
        facts.doubt("note", "table", "too large to be read here", "give it by name: salus data check TABLE:target=...")
        return
    columns = read_columns(path)
    names = list(columns.words)
    if looks_like_waveform(columns):
        from salus.data.survey.look import describe

        facts.kind = "signal"
        describe(read_any(path), facts)
        return
    facts.size = f"{len(columns):,} rows, {len(names)} columns"
    facts.form["columns"] = f"{len(names)} columns"
    _people(columns, facts)
    if deep:
        _cells(columns, names, facts)


def _people(columns: Columns, facts: Facts) -> None:
    for name, cells in columns.words.items():
        kind = kind_of_column(name)
        filled = [cell for cell in cells[:_ROWS] if cell]
        if kind and filled:
            facts.mark(f"column {name!r}", kind, filled[0])
            continue
        found = Counter(kind for cell in filled for kind, _ in identifiers_in(cell))
        for what, count in found.items():
            example = next(value for cell in filled for k, value in identifiers_in(cell) if k == what)
            if count >= max(1, len(filled) // 100):
                facts.mark(f"column {name!r}", what, example)


def _cells(columns: Columns, names: Sequence[str], facts: Facts) -> None:
    rows = Counter(zip(*columns.words.values(), strict=True))
    again = sum(count - 1 for count in rows.values() if count > 1)
    if again and len(names) > 2:
        facts.doubt(
            "warning", "table", f"{again:,} rows repeat another one", "keep one of each, unless strangers may agree"
        )
    empty = [name for name, cells in columns.words.items() if not any(cells)]
    if empty:
        facts.doubt("warning", "table", f"empty columns: {', '.join(empty[:6])}", "drop them")
    flat = [name for name, cells in columns.words.items() if len(set(cells)) == 1 and cells[0] and len(cells) > 1]
    if flat:
        facts.doubt("note", "table", f"columns with one value: {', '.join(flat[:6])}", "drop them")
    for name, cells in columns.words.items():
        counts = Counter(cell for cell in cells if cell)
        if name in columns.numbers or len(counts) > _FEW:
            continue
        for group in variants(counts):
            spelled = " / ".join(repr(word) for word in group)
            facts.doubt(
                "warning", "table", f"column {name!r} spells one value in several ways: {spelled}", "keep one spelling"
            )
