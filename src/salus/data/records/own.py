"""A user's own records: told by what is in the folder, and asked what the user wants to know.

`FOLDER:ask=death`, `FOLDER:ask=readmission,within_days=30`, `FOLDER:ask=snomed|44054006,within_days=365,at=end`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from salus.data.entry import Loaded
from salus.data.records.fhir import read_fhir
from salus.data.records.fhir_read import SUFFIXES, looks_like_fhir
from salus.data.records.questions import Rule, TimelineDataset, Truth, at_each, hours_in, returned
from salus.data.records.stream import find_table
from salus.data.records.summary import Summary
from salus.data.records.timeline import Encounter, Future, Timeline, Timelines
from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question

OPTIONS = ("ask", "at", "within_days", "kind", "values")
_LOOKED_AT, _WALKED = 20, 2000


def record_form(place: Path) -> str:
    """Return what a file or folder of records is, empty where it is none.

    One of `fhir`, `omop`, `mimic_iv`, `mimic_iii`, `synthea`.
    """
    if place.is_file():
        return "fhir" if looks_like_fhir(place) else ""
    if not place.is_dir():
        return ""
    for form, tables in (
        ("omop", ("person", "visit_occurrence")), ("synthea", ("patients", "encounters")),
        ("mimic_iii", ("patients", "admissions")),
    ):  # fmt: skip
        if all(find_table(place, name) for name in tables):
            return form
    if find_table(place / "hosp", "admissions"):
        return "mimic_iv"
    # a folder of a hundred thousand pictures is not walked to its end
    files = (path for path in islice(place.rglob("*"), _WALKED) if path.name.lower().endswith(SUFFIXES))
    return "fhir" if any(looks_like_fhir(path) for path in islice(files, _LOOKED_AT)) else ""


def read_records(place: Path) -> Timelines:
    """Read a FHIR file or folder, or a folder of OMOP, MIMIC or Synthea tables.

    Raises:
        DataError: None of these, or what its reader raises.
    """
    form = record_form(place)
    if form == "fhir":
        return read_fhir(place)
    if form == "omop":
        from salus.data.records.omop import read_omop

        return read_omop(place)
    if form == "synthea":
        from salus.data.records.synthea import read_synthea

        return read_synthea(place)
    if form == "mimic_iv":
        from salus.data.records.mimic_iv import read_mimic_iv

        return read_mimic_iv(place)
    if form == "mimic_iii":
        from salus.data.records.mimic_iii import read_mimic_iii

        return read_mimic_iii(place)
    raise DataError(f"{place}: no records; Salus reads FHIR R4, and folders of OMOP, MIMIC and Synthea tables")


def open_records(place: Path, options: Mapping[str, str]) -> Loaded:
    """Make a dataset of records.

    Args:
        place: See `read_records`.
        options: `ask`: `death` in the stay, `readmission`, or a code (`system|code`) that may follow. `at`: hours
            after the start of an encounter, or `end`. `within_days`: for a readmission or a code. `kind`: encounters
            of this kind only. `values`: codes joined by `+`, whose last, lowest and highest value make a table;
            without it the input is the events.

    Raises:
        DataError: Nobody is to be asked, or all answers are equal.
        UsageError: An unknown option, or nothing asked.
    """
    for key in options:
        if key not in OPTIONS:
            raise UsageError(f"{place}: no option {key!r}; records take {', '.join(OPTIONS)}")
    ask = options.get("ask", "")
    if not ask:
        raise UsageError(f"{place}: what is asked? Write {place}:ask=death, ask=readmission or ask=SYSTEM|CODE")
    timelines = read_records(place)
    days = _number(options, "within_days", 30.0 if ask == "readmission" else 365.0)
    asked = at_each(timelines, _rule(ask, options), _truth(ask, timelines, days))
    if len({one.target for one in asked}) < 2:
        kinds = sorted({stay.kind for line in timelines.values() for stay in line.encounters})
        raise DataError(
            f"{place}: {len(asked)} times asked for {ask!r}, and never two different answers; choose another ask, at, "
            f"within_days or kind ({', '.join(kinds[:8])})"
        )
    codes = [code for code in options.get("values", "").split("+") if code]
    form = Summary(values={code: code for code in codes}, words={"person|sex": "sex"}) if codes else None
    name = {"death": "died", "readmission": "came back"}.get(ask, timelines.displays.get(ask, ask))
    left_out = [f"{why}: {count}" for why, count in sorted(timelines.findings.items())]
    return Loaded(
        dataset=TimelineDataset(timelines, asked, form=form, name="row" if codes else "events"),
        question=Question(kind="classification", classes=(f"not: {name}", name), positive=name),
        notes=(f"Left out or bent: {'; '.join(left_out)}.",) if left_out else (),
    )


def _rule(ask: str, options: Mapping[str, str]) -> Rule:
    at, kind = options.get("at", "24" if ask == "death" else "end"), options.get("kind", "")
    inside = None if at == "end" else hours_in(_number({"at": at}, "at", 0.0))

    def rule(timeline: Timeline, encounter: Encounter) -> datetime | None:
        if kind and encounter.kind != kind:
            return None
        return encounter.stop if inside is None else inside(timeline, encounter)

    return rule


def _truth(ask: str, timelines: Timelines, days: float) -> Truth:
    # without a whole follow-up "no" would only mean that the record ends
    last = max((stay.start for line in timelines.values() for stay in line.encounters), default=None)
    again = returned(timelines, days)

    def truth(future: Future, encounter: Encounter, at: datetime) -> int | None:
        if ask == "death":
            known = encounter.outcome.get("died", "")
            stay_h = None if encounter.stop is None else (encounter.stop - at).total_seconds() / 3600
            # a death may be written an hour after the bed is given free
            return int(known) if known in ("0", "1") else int(future.has("person|death", (stay_h or 0.0) + 1.0))
        found = again(future, encounter, at) if ask == "readmission" else int(future.has(ask, days * 24))
        whole = last is not None and at + timedelta(days=days) <= last
        return found if whole else None

    return truth


def _number(options: Mapping[str, str], key: str, default: float) -> float:
    try:
        found = float(options.get(key, default))
    except ValueError as error:
        raise UsageError(f"{key}={options[key]!r}: expected a number") from error
    if not 0 <= found <= 1e5:
        raise UsageError(f"{key}={options[key]!r}: expected a number from 0 to 100,000")
    return found
