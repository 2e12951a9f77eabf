"""What a dataset asks, as plain data: enough to rebuild the task without the dataset."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A task by name, with what its judge must know.

    Attributes:
        kind: Name of a task in `salus.tasks` (`classification`, `tagging`, `restoration`, ...).
        classes: Class or tag names, in the order of the target's integers.
        positive: Name of the class that a binary question is about; empty for the last one.
        unit: Unit of a continuous answer.
        value_range: Lowest and highest meaningful answer; judges clip to it (a CT window in HU, say).
        columns: For answers that are rows of a table: each column's name and the words it may hold, none for numbers.
    """

    kind: str
    classes: tuple[str, ...] = ()
    positive: str = ""
    unit: str = ""
    value_range: tuple[float, float] | None = None
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values that `from_dict` reads back; `columns` only where there are any."""
        return {key: value for key, value in asdict(self).items() if key != "columns" or value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Question":
        """Rebuild a question from `to_dict`'s values."""
        span = data.get("value_range")
        return cls(
            kind=str(data["kind"]),
            classes=tuple(data.get("classes", ())),
            positive=str(data.get("positive", "")),
            unit=str(data.get("unit", "")),
            value_range=None if span is None else (float(span[0]), float(span[1])),
            columns=tuple((str(name), tuple(map(str, words))) for name, words in data.get("columns", ())),
        )
