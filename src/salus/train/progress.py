"""What a person sees while training runs."""

import time
from typing import Protocol


class Progress(Protocol):
    """Listens to a training; every method returns at once."""

    def begin(self, name: str, steps: int, done: int = 0) -> None:
        """Start watching `steps` steps, `done` of which an earlier run made."""
        ...

    def step(self, steps: int, note: str = "") -> None:
        """Report that `steps` steps are done in all; `note` is one short line."""
        ...

    def end(self, note: str = "") -> None:
        """Stop watching."""
        ...


class Quiet:
    """Shows nothing."""

    def begin(self, name: str, steps: int, done: int = 0) -> None:
        """Ignore the start."""

    def step(self, steps: int, note: str = "") -> None:
        """Ignore the step."""

    def end(self, note: str = "") -> None:
        """Ignore the end."""


class Bar:
    """A bar with loss, validation metric and time left, on the terminal's error stream."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        # In a narrow terminal the note gives way first, never the time left.
        kept, yields = Column(no_wrap=True), Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self.view = RichProgress(
            TextColumn("[bold]{task.description}", table_column=kept),
            BarColumn(bar_width=16, table_column=kept),
            MofNCompleteColumn(table_column=kept),
            TimeElapsedColumn(table_column=kept),
            TextColumn("left", table_column=kept),
            TimeRemainingColumn(table_column=kept),
            TextColumn("{task.fields[note]}", table_column=yields),
            expand=True,
            console=Console(stderr=True),
            transient=False,
        )
        self.task = self.view.add_task("", total=None, note="", visible=False)
        self._last = 0.0

    def begin(self, name: str, steps: int, done: int = 0) -> None:
        """Show the bar."""
        self.view.start()
        self.view.reset(self.task, total=steps, completed=done, description=name, note="", visible=True)

    def step(self, steps: int, note: str = "") -> None:
        """Move the bar, at most ten times a second."""
        now = time.monotonic()
        if now - self._last > 0.1 or note:
            self._last = now
            fields = {"note": note} if note else {}
            self.view.update(self.task, completed=steps, **fields)  # type: ignore[arg-type]

    def end(self, note: str = "") -> None:
        """Leave the finished bar on the screen."""
        self.view.update(self.task, note=note)
        self.view.stop()
