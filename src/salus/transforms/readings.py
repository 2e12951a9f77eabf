"""Rows of an intensive-care stay: readings in another unit, rows without any reading, columns that are no input."""

import math
from collections.abc import Iterable
from functools import cache

from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Row, Sample
from salus.transforms.vitals import SPREADS, name_words

BOUNDS = {
    "temp": (20.0, 45.0, "degrees Celsius ((°F - 32) / 1.8)"),
    "temperature": (20.0, 45.0, "degrees Celsius ((°F - 32) / 1.8)"),
    "fio2": (0.15, 1.0, "the share of oxygen, 0.21 to 1, not per cent"),
    "sao2": (1.0, 100.0, "per cent"),
    "spo2": (1.0, 100.0, "per cent"),
    "ph": (6.0, 8.5, "pH with its point"),
    "gcs": (3.0, 15.0, "the Glasgow coma score, 3 to 15"),
}
"""Lowest and highest value that a reading can have, and what to give; wide enough for everybody who lives."""
DESCRIPTORS = frozenset({"age", "sex", "gender", "height", "count"})
"""Words of columns that are there without any measurement."""
SCORES = frozenset({"saps", "sofa", "apache", "oasis", "survival", "los", "died", "death", "mortality"})
"""Words of columns that sum up or follow the whole stay."""


def checked_readings(sample: Sample, name: str = "row") -> Sample:
    """Return the sample if its row can be the summary of a stay.

    Raises:
        DataError: No reading at all, although the row has columns for readings.
        UnitError: A value that is impossible in the unit of its column's name.
    """
    row = sample.inputs.get(name)
    if not isinstance(row, Row):
        return sample
    columns = found = 0
    for column, value in row.values.items():
        kind = _kind(column)
        if kind is None or isinstance(value, str) or value is None:
            continue
        columns += 1
        if math.isnan(value):
            continue
        found += 1
        if kind:
            low, high, wanted = BOUNDS[kind]
            if not low <= value <= high:
                raise UnitError(f"sample {sample.id!r}, column {column!r}: {value:g} is impossible; give {wanted}")
    if columns and not found:
        raise DataError(f"sample {sample.id!r}: none of {columns} readings was measured; leave this stay out")
    return sample


@cache
def _kind(column: str) -> str | None:
    """Return the word by which a column's readings are bounded, empty for none; None for what is no reading."""
    words = name_words(column)
    if words & DESCRIPTORS or words & SPREADS:
        return None
    return next((word for word in BOUNDS if word in words), "")


def refuse_scores(columns: Iterable[str]) -> None:
    """Refuse columns that are known only when the stay is over, or that a clinician computed from all of it.

    Raises:
        DataError: Such a column, named.
    """
    bad = [name for name in columns if name_words(name) & SCORES or "length_of_stay" in name.lower()]
    if bad:
        raise DataError(
            f"column{'s' if len(bad) > 1 else ''} {', '.join(bad)}: an outcome or a score of the whole stay is no "
            "input; drop it"
        )
