"""Bring the values of chosen codes to one unit; nothing is converted that nobody asked for."""

from collections.abc import Mapping

from salus.data.records.timeline import Timelines
from salus.data.records.ucum import conversion
from salus.schema.errors import UnitError


def mixed_units(timelines: Timelines) -> dict[str, dict[str, int]]:
    """Return the codes that are measured in more than one unit, with how often each is used."""
    return {code: units for code, units in timelines.units_of().items() if len(units) > 1}


def in_units(
    timelines: Timelines, wanted: Mapping[str, str], molar_masses: Mapping[str, float] | None = None
) -> Timelines:
    """Return the timelines with the values of some codes in one unit each.

    Which unit is wanted is given by the caller and never taken from the data: the unit that most events have would
    depend on events that are yet to come.

    Args:
        timelines: Of a cohort.
        wanted: From code to UCUM unit.
        molar_masses: From code to grams per mole, where mass and amount of substance are both in use.

    Raises:
        UnitError: A code has values in a unit that cannot become the wanted one; code and unit are named.
    """
    masses = molar_masses or {}

    def change(code: str, unit: str) -> tuple[float, float, str] | None:
        target = wanted.get(code)
        if target is None or not unit or unit == target:
            return None
        try:
            factor, offset = conversion(unit, target, masses.get(code))
        except UnitError as error:
            raise UnitError(f"{code}: {error}") from error
        return factor, offset, target

    return timelines.converted(change)
