"""The training log: a CSV that is always whole, and TensorBoard events where that library is installed."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salus.schema.files import write_text


def write_history(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one line per epoch; columns are the union of all epochs' figures, empty where one has none."""
    columns = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in history:
        writer.writerow({k: f"{v:.8g}" if isinstance(v, float) else v for k, v in row.items()})
    write_text(path, text.getvalue())


class Board:
    """TensorBoard scalars below `<folder>/tensorboard`; does nothing where TensorBoard is not installed."""

    def __init__(self, folder: Path | None, first_step: int) -> None:
        self.writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        # Events after `first_step` come from an epoch that a killed run did not finish: the viewer drops them.
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=first_step)

    def add(self, row: Mapping[str, Any], epoch: int) -> None:
        """Record every number of one epoch."""
        if self.writer is not None:
            for name, value in row.items():
                if isinstance(value, int | float) and name != "epoch":
                    self.writer.add_scalar(name.replace("_", "/", 1), value, epoch)

    def close(self) -> None:
        """Flush and close."""
        if self.writer is not None:
            self.writer.close()
