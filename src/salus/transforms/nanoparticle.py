"""Rows about particles: what is impossible in the unit it claims is refused, and doses go by their logarithm."""

import math
from collections.abc import Mapping

from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Row
from salus.transforms.vitals import name_words

SMALLEST_NM, LARGEST_NM = 0.5, 2000.0
_DOSE = {"dose", "dosage", "concentration"}
_LOG = {"log", "log10", "ln"}
_SIZE = {"coresize", "hydrosize"}
_OF_SIZE = {"core", "hydro", "hydrodynamic", "particle", "primary"}
_OUTCOME = {"viability", "survival", "mortality"}


def is_dose(column: str) -> bool:
    """Tell whether a column's name says that it holds doses as measured, not their logarithm.

    >>> is_dose("dose_ug_ml"), is_dose("log10_dosage")
    (True, False)
    """
    words = name_words(column)
    return bool(words & _DOSE) and not words & _LOG


def is_size(column: str) -> bool:
    """Tell whether a column's name says that it holds the size of a particle in nm.

    >>> is_size("coresize"), is_size("hydrodynamic_size_nm"), is_size("size_of_family")
    (True, True, False)
    """
    words = name_words(column)
    return bool(words & _SIZE) or ("size" in words and bool(words & _OF_SIZE)) or {"diameter", "nm"} <= words


def refuse_outcomes(columns: Mapping[str, object] | tuple[str, ...]) -> None:
    """Refuse a column that the answer was cut from.

    Raises:
        DataError: A viability among the inputs.
    """
    guilty = [column for column in columns if name_words(column) & _OUTCOME]
    if guilty:
        raise DataError(f"{', '.join(guilty)} is what toxicity is told by and must not be an input; drop the column")


def checked_particle(row: Row, where: str) -> Row:
    """Return a row whose doses are base-10 logarithms; other columns stay as they are.

    Args:
        row: Numbers and words; NaN where missing.
        where: Names the row in errors.

    Raises:
        UnitError: A dose of zero or less, or a size that no particle has in nm.
    """
    changed: dict[str, float | str] = {}
    for column, cell in row.values.items():
        if isinstance(cell, str) or cell is None or math.isnan(cell):
            continue
        if is_size(column) and not SMALLEST_NM <= cell <= LARGEST_NM:
            hint = "was it given in metres?" if 0 < cell < 1e-3 else "was it given in another unit?"
            raise UnitError(
                f"{where}, column {column!r}: a particle of {cell:g} nm; expected {SMALLEST_NM:g} to {LARGEST_NM:g} "
                f"nm: {hint}"
            )
        if is_dose(column):
            if cell <= 0:
                raise UnitError(
                    f"{where}, column {column!r}: a dose of {cell:g}; give a dose above zero, and leave controls out"
                )
            changed[column] = math.log10(cell) if math.isfinite(cell) else cell
    return Row(values={**row.values, **changed}) if changed else row
