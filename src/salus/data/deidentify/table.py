"""Tables without identities: a plan per column by name and content, then one streamed pass that writes the result.

Columns that name a person are dropped or replaced by keyed pseudonyms, dates are shifted, ZIP codes cut to what the
rule allows, ages above 89 become 90, and free text is masked. What remains is counted for how few people share it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from salus.data.deidentify.table_files import copy_rows, rows_of
from salus.data.deidentify.table_plan import ACTIONS, Profile
from salus.data.deidentify.text import mask_text
from salus.data.deidentify.text_places import RESTRICTED_ZIP
from salus.schema.errors import ConfigError, DataError

Replace = Callable[[str, str], str]
MOST_GROUPS: Final = 1_000_000
SMALL: Final = 5


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What happened to one column.

    Attributes:
        column: Its name.
        action: One of `ACTIONS`.
        reason: Why, in words; no value is ever quoted.
        changed: Cells that were replaced, shifted, cut or emptied.
    """

    column: str
    action: str
    reason: str
    changed: int


@dataclass(frozen=True, slots=True)
class TableReport:
    """What was done with a table.

    Attributes:
        rows: Number of data rows.
        columns: One report a column.
        quasi: Columns whose combination may single a person out.
        smallest: Rows in the smallest group that shares their values; 0 where there are no such columns.
        unique: Rows that are alone in their group.
        small: Rows in groups below five.
        written: Whether a file was written; False for a dry run.
        notes: Sentences for a report.
    """

    rows: int
    columns: tuple[ColumnReport, ...]
    quasi: tuple[str, ...]
    smallest: int
    unique: int
    small: int
    written: bool
    notes: tuple[str, ...] = field(default=())


def deidentify_table(
    source: Path | str,
    target: Path | str,
    *,
    replace: Replace,
    dictionary: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> TableReport:
    """Write a table without identifiers.

    Args:
        source: `.csv`, `.tsv` (either with `.gz`) or `.parquet`; read twice, a block of rows at a time.
        target: Where the result goes, same kind of file; replaced whole or not at all.
        replace: Called with a kind (`name`, `mrn`, `date`, ...) and a value; the same value must give the same answer,
            so that pseudonyms agree across tables. For `date` it returns the shifted date in the same form.
        dictionary: Column to action, where the guess from name and content is wrong; see `ACTIONS`.
        dry_run: Only plan and count; nothing is written.

    Raises:
        ConfigError: The dictionary names an unknown column or action, or source and target are one file.
        DataError: An unreadable table.
    """
    source, target = Path(source), Path(target)
    chosen = dict(dictionary or {})
    if source.resolve() == target.resolve():
        raise ConfigError(f"{target}: source and target are the same file; choose another target")
    profile = Profile()
    for block in rows_of(source):
        profile.add(block)
    if not profile.names:
        raise DataError(f"{source}: an empty table; it needs a line of column names")
    _check(chosen, profile.names, source)
    plan = {name: (chosen[name], "chosen by you") if name in chosen else profile.plan(name) for name in profile.names}
    worker = _Worker(plan, replace)
    if dry_run:
        for block in rows_of(source):
            worker.rows(block)
    else:
        copy_rows(source, target, worker.kept, worker.rows)
    return worker.report(not dry_run)


def _check(dictionary: Mapping[str, str], names: tuple[str, ...], source: Path) -> None:
    for column, action in dictionary.items():
        if column not in names:
            raise ConfigError(f"{source}: no column {column!r}; it has {', '.join(names[:20])}")
        if action not in ACTIONS:
            raise ConfigError(f"column {column!r}: no action {action!r}; choose one of {', '.join(ACTIONS)}")


class _Worker:
    """Applies a plan to rows and counts."""

    def __init__(self, plan: Mapping[str, tuple[str, str]], replace: Replace) -> None:
        self._plan, self._replace = plan, replace
        self.kept = tuple(name for name, (action, _) in plan.items() if action != "drop")
        self._changed = dict.fromkeys(plan, 0)
        self._quasi = tuple(name for name, (action, _) in plan.items() if action in ("quasi", "zip", "age", "sex"))
        self._groups: dict[tuple[str, ...], int] = {}
        self._rows, self._full = 0, False

    def rows(self, block: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Return the kept columns of a block of rows after their actions."""
        count = len(next(iter(block.values()), []))
        self._rows += count
        done = {name: self._column(name, block[name]) for name in self.kept}
        for name in set(self._plan) - set(self.kept):
            self._changed[name] += sum(bool(cell) for cell in block[name])
        if self._quasi:
            for values in zip(*(done[name] for name in self._quasi), strict=True):
                if values in self._groups or len(self._groups) < MOST_GROUPS:
                    self._groups[values] = self._groups.get(values, 0) + 1
                else:
                    self._full = True
        return done

    def _column(self, name: str, cells: list[str]) -> list[str]:
        action, _ = self._plan[name]
        if action in ("keep", "quasi", "sex"):
            return cells
        done = [self._cell(action, cell) if cell.strip() else cell for cell in cells]
        self._changed[name] += sum(before != after for before, after in zip(cells, done, strict=True))
        return done

    def _cell(self, action: str, cell: str) -> str:
        if action == "text":
            return mask_text(cell, replace=self._replace).text
        if action == "zip":
            digits = "".join(letter for letter in cell if letter.isdigit())
            # A number column loses leading zeros: 2138 is 02138.
            digits = digits.zfill(5) if len(digits) in (3, 4) else digits
            return "000" if digits[:3] in RESTRICTED_ZIP else digits[:3]
        if action == "age":
            return _top_coded(cell)
        if action == "year":
            from salus.data.deidentify.text_dates import year_of

            return year_of(cell)
        return self._replace(action.removeprefix("pseudonym:"), cell.strip())

    def report(self, written: bool) -> TableReport:
        columns = tuple(
            ColumnReport(name, action, reason, self._changed[name]) for name, (action, reason) in self._plan.items()
        )
        sizes = list(self._groups.values())
        notes = []
        if sizes and min(sizes) < SMALL:
            notes.append(
                f"{sum(n for n in sizes if n < SMALL)} of {self._rows} rows share {', '.join(self._quasi)} with "
                f"fewer than {SMALL - 1} others; coarsen or drop one of these columns before the table is given away."
            )
        if self._full:
            notes.append(f"More than {MOST_GROUPS:,} groups: those beyond are not counted.")
        return TableReport(
            rows=self._rows, columns=columns, quasi=self._quasi, smallest=min(sizes, default=0),
            unique=sum(n == 1 for n in sizes), small=sum(n for n in sizes if n < SMALL), written=written,
            notes=tuple(notes),
        )  # fmt: skip


def _top_coded(cell: str) -> str:
    try:
        return "90" if float(cell.strip().rstrip("yY+ ")) > 89 else cell
    except ValueError:
        return (
            cell if not any(letter.isdigit() for letter in cell) else mask_text(f"age {cell}").text.removeprefix("age ")
        )
