"""How the command line prints: tables for people, JSON for programs."""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from salus.schema.errors import printable

GAP = 3
"""Blanks between two columns."""
WIDEST = 160
"""Columns of a table that goes to a file or another program, where there is no terminal to ask."""
LONGEST_WORD = 36
"""A longer word (a path, a checksum) is cut to lines, so that it alone does not push every other column out."""


def emit_json(data: Any) -> None:
    """Print JSON; a number that is not finite becomes null, which every reader accepts."""
    typer.echo(json.dumps(_finite(data), indent=1, default=list, ensure_ascii=False))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    title: str = "",
    drop: Sequence[str] = (),
    least: Mapping[str, int] | None = None,
) -> None:
    """Print a table on the terminal's width; words stay whole and numbers stay on one line.

    Args:
        columns: Headings; all empty prints none.
        rows: Cells; each is shown as `str` gives it.
        title: Above the table.
        drop: Columns that may go when the width is short, the first one first; a line says which went.
        least: Width below which a column of text is no longer readable.
    """
    # names of files may hold signs that steer a terminal
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    kept = list(range(len(columns)))
    gone: list[str] = []
    waiting = [name for name in drop if name in columns]
    while True:
        full = [_natural(columns[i], [row[i] for row in cells]) for i in kept]
        short = [
            min(most, max(_longest_word(columns[i], [row[i] for row in cells]), (least or {}).get(columns[i], 0)))
            for i, most in zip(kept, full, strict=True)
        ]
        room = width() - GAP * (len(kept) - 1)
        if sum(short) <= room or not waiting:
            break
        gone.append(waiting.pop(0))
        kept.remove(list(columns).index(gone[-1]))
    _print(
        [columns[i] for i in kept], [[row[i] for i in kept] for row in cells], _widths(full, short, room), title=title
    )
    if gone:
        typer.secho(f"(a wider terminal also shows {', '.join(reversed(gone))})", dim=True)


def facts(rows: Sequence[tuple[str, Any]], *, title: str = "") -> None:
    """Print names and what they are: lists one entry a line, dictionaries as `key: value`, yes and no for booleans."""
    table(("", ""), [(name, _words(value)) for name, value in rows], title=title)


def width() -> int:
    """Return how many characters a line may have: `COLUMNS`, else the terminal's width, else `WIDEST`."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return max(40, int(given))
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError, AttributeError):
        return WIDEST


def _natural(name: str, cells: Sequence[str]) -> int:
    return max(len(line) for text in (name, *cells) for line in text.split("\n"))


def _longest_word(name: str, cells: Sequence[str]) -> int:
    words = [word for text in (name, *cells) for word in text.split()]
    return min(LONGEST_WORD, max(map(len, words), default=1))


def _widths(full: Sequence[int], short: Sequence[int], room: int) -> list[int]:
    """Take from the widest column that can still give, one character at a time, until the table fits."""
    found = list(full)
    while sum(found) > room:
        givers = [i for i, (now, least) in enumerate(zip(found, short, strict=True)) if now > least]
        if not givers:  # not even the longest words fit: the widest is cut
            givers = [i for i, now in enumerate(found) if now > 4]
            if not givers:
                break
        found[max(givers, key=found.__getitem__)] -= 1
    return found


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]], sizes: Sequence[int], *, title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    headed = any(columns)
    view = Table(
        title=Text(title) if title else None,
        box=box.SIMPLE_HEAD if headed else None,
        show_header=headed,
        show_edge=False,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1) if headed else (0, GAP, 0, 0),
    )
    for name, size in zip(columns, sizes, strict=True):
        view.add_column(Text(name), width=size, overflow="fold")
    for row in rows:
        view.add_row(*[Text(cell) for cell in row])  # Text, because a user's name may hold brackets
    Console(highlight=False, width=max(width(), sum(sizes) + GAP * len(sizes))).print(view)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {_inline(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(str(item) for item in value)
    return str(value)


def _inline(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data
