"""A data dictionary: what each column of a table is, what it may hold, and which codes mean that nothing is known.

The dictionary is itself a table with the columns `column`, `type`, and optionally `unit`, `allowed`, `missing`,
`description`:

* `type`: `number`, `integer`, `category`, `text`, `date` (ISO 8601) or `identifier`;
* `unit`: UCUM, or a usual spelling of it;
* `allowed`: `low..high` (either may be left out), or values joined by `|`, each may be followed by `=label`;
* `missing`: codes joined by `|` that stand for an unknown value (`-9|-8`).

A cell that breaks its rule becomes missing and is listed with its line; nothing is corrected silently.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.data.readers.table import Columns, read_columns
from salus.data.records.moment import parse_moment
from salus.data.records.ucum import is_unit
from salus.data.records.ucum_names import spelled
from salus.schema.errors import DataError

TYPES = ("number", "integer", "category", "text", "date", "identifier")
LISTED = 10_000
"""Violations that are kept with their line; beyond them only the counts go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one column may hold.

    Attributes:
        column: Its name.
        kind: One of `TYPES`.
        unit: UCUM, empty where none.
        low: Lowest number allowed.
        high: Highest number allowed.
        labels: From allowed value to what it means (itself where the dictionary gives no label); empty allows all.
        missing: Codes of an unknown value.
        description: In words.
    """

    column: str
    kind: str
    unit: str = ""
    low: float = -np.inf
    high: float = np.inf
    labels: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One cell that breaks its rule.

    Attributes:
        line: Of the table, the line of names is 1.
        column: Its name.
        value: What the cell holds.
        why: Which rule it breaks.
    """

    line: int
    column: str
    value: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column!r}: {self.value[:40]!r} {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A table after its dictionary.

    Attributes:
        table: Labels in place of codes, missing codes and violating cells emptied.
        violations: In order of columns and lines, at most `LISTED`.
        counts: Violations by column and reason, all of them.
        unlisted: Columns of the table that the dictionary does not know; they are left as they are.
    """

    table: Columns
    violations: tuple[Violation, ...]
    counts: Mapping[tuple[str, str], int]
    unlisted: tuple[str, ...]

    def notes(self) -> tuple[str, ...]:
        """Return one sentence for each column and reason, with the first line that breaks it."""
        first = {(v.column, v.why): v for v in reversed(self.violations)}
        found = [
            f"Column {column!r}: {count} cells {why}; taken as missing"
            + (f" (first: line {first[column, why].line}, {first[column, why].value[:40]!r})." if key in first else ".")
            for key, count in sorted(self.counts.items())
            for column, why in (key,)
        ]
        if self.unlisted:
            found.append(f"Not in the dictionary and not checked: {', '.join(self.unlisted)}.")
        return tuple(found)


def read_dictionary(path: Path | str) -> dict[str, Rule]:
    """Read a data dictionary.

    Args:
        path: CSV, TSV or Parquet.

    Raises:
        DataError: A missing column, an unknown type or unit, a range that holds nothing, or a column described twice.
    """
    table = read_columns(path)
    table.need(["column", "type"])
    rules: dict[str, Rule] = {}
    for line in range(len(table)):
        cells = {name: table.words[name][line] if name in table.words else "" for name in _CELLS}
        where = f"{path}: line {line + 2}"
        rule = _rule(cells, where)
        if rule.column in rules:
            raise DataError(f"{where}: column {rule.column!r} is described twice; keep one line")
        rules[rule.column] = rule
    return rules


def apply_dictionary(table: Columns, rules: Mapping[str, Rule]) -> Checked:
    """Check a table against its dictionary.

    Args:
        table: As read.
        rules: From `read_dictionary`.

    Returns:
        The table with labels for codes, and what was wrong, cell by cell.

    Raises:
        DataError: The dictionary describes a column that the table does not have.
    """
    table.need(rules)
    words, numbers = dict(table.words), dict(table.numbers)
    violations: list[Violation] = []
    counts: Counter[tuple[str, str]] = Counter()
    for name, rule in rules.items():
        cells = []
        for line, word in enumerate(table.words[name], start=2):
            value, why = _cell(word, rule)
            cells.append(value)
            if why:
                counts[name, why] += 1
                if len(violations) < LISTED:
                    violations.append(Violation(line=line, column=name, value=word, why=why))
        words[name] = cells
        numbers.pop(name, None)
        if rule.kind in ("number", "integer"):
            numbers[name] = _array(cells)
    return Checked(
        table=Columns(table.path, words, numbers),
        violations=tuple(violations),
        counts=counts,
        unlisted=tuple(name for name in table.words if name not in rules),
    )


_CELLS = ("column", "type", "unit", "allowed", "missing", "description")


def _rule(cells: Mapping[str, str], where: str) -> Rule:
    kind, unit = cells["type"].lower(), spelled(cells["unit"])
    if not cells["column"] or kind not in TYPES:
        raise DataError(f"{where}: column {cells['column']!r} of type {kind!r}; a type is one of {', '.join(TYPES)}")
    if unit and not is_unit(unit):
        raise DataError(f"{where}: unit {unit!r} is not UCUM; write it as in UCUM, such as mg/dL or mm[Hg]")
    low, high, labels = -np.inf, np.inf, dict[str, str]()
    allowed = cells["allowed"]
    if ".." in allowed and "|" not in allowed:
        if kind not in ("number", "integer"):
            raise DataError(f"{where}: range {allowed!r} of a column of type {kind!r}; only numbers have a range")
        first, _, last = allowed.partition("..")
        try:
            low, high = float(first or "-inf"), float(last or "inf")
        except ValueError as error:
            raise DataError(f"{where}: range {allowed!r}; write low..high with numbers") from error
        if not low <= high:
            raise DataError(f"{where}: range {allowed!r} holds no number; write low..high")
    elif allowed:
        pairs = (pair.partition("=") for pair in allowed.split("|"))
        labels = {value.strip(): label.strip() if sign else value.strip() for value, sign, label in pairs}
    return Rule(
        column=cells["column"], kind=kind, unit=unit, low=low, high=high, labels=labels,
        missing=frozenset(word.strip() for word in cells["missing"].split("|") if word.strip()),
        description=cells["description"],
    )  # fmt: skip


def _cell(word: str, rule: Rule) -> tuple[str, str]:
    """Return a cell as it goes on, and why it breaks the rule (empty if it does not)."""
    if not word or word in rule.missing:
        return "", ""
    if rule.kind in ("number", "integer"):
        return _number(word, rule)
    if rule.labels:
        return (rule.labels[word], "") if word in rule.labels else ("", "is not among the allowed values")
    if rule.kind == "date":
        try:
            parse_moment(word)
        except DataError:
            return "", "is no date"
    return word, ""


def _number(word: str, rule: Rule) -> tuple[str, str]:
    try:
        value = float(word) if "_" not in word else np.nan
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        return "", "is no number"
    # a code may be written 7, 7.0 or 07
    if any(_same(value, code) for code in rule.missing):
        return "", ""
    if rule.kind == "integer" and value != int(value):
        return "", "is no whole number"
    if not rule.low <= value <= rule.high:
        return "", f"is outside {rule.low:g}..{rule.high:g}"
    if rule.labels and not any(_same(value, code) for code in rule.labels):
        return "", "is not among the allowed values"
    return word, ""


def _same(value: float, code: str) -> bool:
    try:
        return float(code) == value
    except ValueError:
        return False


def _array(cells: list[str]) -> NDArray[np.float64]:
    return np.array([float(cell) if cell else np.nan for cell in cells])
