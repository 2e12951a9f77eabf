"""How the command line prints: tables for people, JSON for programs."""

import json
import math
from collections.abc import Sequence
from typing import Any

import typer


def emit_json(data: Any) -> None:
    """Print JSON; a number that is not finite becomes null, which every reader accepts."""
    typer.echo(json.dumps(_finite(data), indent=1, default=list, ensure_ascii=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """Print a table on the terminal's width."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    view = Table(title=title or None, box=box.SIMPLE, title_justify="left", pad_edge=False)
    for column in columns:
        view.add_column(column, overflow="fold")
    for row in rows:
        view.add_row(*[str(cell) for cell in row])
    Console(highlight=False, soft_wrap=False).print(view)


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data
