"""Files of the user's own as samples of the kind a system takes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salus.schema.errors import DataError
from salus.schema.sample import Note, Row, Sample

if TYPE_CHECKING:
    from salus.contract.system import System


@dataclass(slots=True, kw_only=True)
class Given:
    """What was read.

    Attributes:
        samples: One for each picture, recording, text or line of a table, in the order of the files.
        broken: Why a file could not be read, by the position of its stand-in among `samples`.
        aside: Columns of tables that the system was not trained on; they were left out.
    """

    samples: list[Sample] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    aside: list[str] = field(default_factory=list)


def read_inputs(system: "System", paths: Sequence[Path], rate_hz: float | None = None) -> Given:
    """Read files for a system; of several files the unreadable ones are named and the others are read.

    Raises:
        DataError: No file can be read, or it holds another kind of data than the system takes.
    """
    given = Given()
    repeated = {name for name, count in Counter(path.name for path in paths).items() if count > 1}
    failures: list[DataError] = []
    for path in paths:
        label = str(path) if path.name in repeated else path.name
        try:
            given.samples += _read(system, path, label, rate_hz, given)
        except DataError as error:
            failures.append(error)
            given.broken[len(given.samples)] = str(error)
            given.samples.append(Sample(id=label, patient=label, inputs={}))
    if failures and len(failures) == len(paths):
        more = f" (and {len(failures) - 1} more files)" if len(failures) > 1 else ""
        raise DataError(f"{failures[0]}{more}") from failures[0]
    return given


def _read(system: "System", path: Path, label: str, rate_hz: float | None, given: Given) -> list[Sample]:
    from salus.data.open import read_any
    from salus.data.suit import kind_of
    from salus.data.tokens import tokenized

    content = read_any(path, rate_hz=rate_hz)
    items = content if isinstance(content, list) else [content]
    wishes = type(system).card.inputs
    anything = next((name for name, words in wishes if words == "not read"), None)
    samples = []
    for number, item in enumerate(items):
        value: Any
        kind = type(item).__name__
        name = next((name for name, words in wishes if kind_of(words) == kind), anything)
        if name is None:
            wanted = "; ".join(f"{name}: {words}" for name, words in wishes)
            raise DataError(f"{path} holds {kind} data; {type(system).__name__} takes {wanted}")
        if isinstance(item, Row):
            value, left = _known_columns(system, item)
            given.aside += [column for column in left if column not in given.aside]
        else:
            value = tokenized(item) if isinstance(item, Note) else item
        one = label if len(items) == 1 else f"{label}#{number}"
        samples.append(Sample(id=one, patient=one, inputs={name: value}, meta={"path": str(path)}))
    return samples


def _known_columns(system: "System", row: Row) -> tuple[Row, list[str]]:
    """Leave out columns that training did not have, such as the patient's number, if all the others are there."""
    known = getattr(getattr(system, "encoder", None), "columns", None)
    if not known or not set(known) <= set(row.values):
        return row, []
    return Row(values={name: row.values[name] for name in known}), [name for name in row.values if name not in known]
