"""What a person sees while a study runs."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from salus.study.cell import Cell


class StudyView:
    """A bar over all trainings with time left, and the ones under way; writes to the error stream.

    Args:
        title: Of the study.
        total: Number of trainings.
        done: Those an earlier run finished.
        shown: False for silence.
    """

    def __init__(self, title: str, total: int, done: int, *, shown: bool = True) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.done, self.total = done, total
        # No refresh thread: the engine forks, and a lock held by a thread would be held for ever in the child.
        self.view = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            TextColumn("[dim]{task.fields[now]}"),
            console=Console(stderr=True),
            auto_refresh=False,
            disable=not shown,
            speed_estimate_period=600,
        )
        self.task = self.view.add_task(title, total=total, completed=done, now="")

    def __enter__(self) -> Self:
        self.view.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.view.refresh()
        self.view.stop()

    def __call__(self, finished: int, running: Sequence[Cell]) -> None:
        """Show that `finished` trainings of this run are done and which are under way."""
        now = ", ".join(f"{c.part.name}/{c.arm.name} seed {c.seed} fold {c.fold}" for c in running[:3])
        self.view.update(self.task, completed=self.done + finished, now=now)
        self.view.refresh()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.view.console.print(text, highlight=False)
