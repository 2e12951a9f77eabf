"""Names of electrocardiographic leads: one spelling for each, and leads that follow exactly from others.

The same lead is `II` in one file, `ECG Lead II`, `DII`, `MDC_ECG_LEAD_II`, `5.6.3-9-2` (SCP-ECG) or `2:2`
(ISO/IEEE 11073) in another. Names that are no lead of an electrocardiogram stay as they are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform

LEADS_12 = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The standard twelve, in the usual order."""

NUMBERS = {
    **{1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 65: "-aVR"},
    **{number: f"V{number - 2}" for number in range(3, 10)},
    **{66: "V8", 67: "V9", 10: "V2R", 11: "V3R", 12: "V4R", 13: "V5R", 14: "V6R", 15: "V7R"},
    **{16: "X", 17: "Y", 18: "Z", 19: "CC5", 20: "CM5"},
}
"""Lead numbers of SCP-ECG, which ISO/IEEE 11073 and DICOM share.

Source: EN 1064 (SCP-ECG), section 3; DICOM PS3.16, CID 3001.
"""

_SPELLINGS = {
    **{"d1": "I", "d2": "II", "d3": "III", "di": "I", "dii": "II", "diii": "III"},
    **{"vx": "X", "vy": "Y", "vz": "Z", "frankx": "X", "franky": "Y", "frankz": "Z"},
    **{"ml1": "MLI", "ml2": "MLII", "ml3": "MLIII", "modii": "MLII", "modifiedii": "MLII", "minusavr": "-aVR"},
}
# after a word such as ECG or Lead only: C3 and C4 are electrodes of an EEG, and a bare 1 is a number
_WITH_WORD = {
    **{f"c{n}": f"V{n}" for n in range(1, 7)},
    **{"1": "I", "2": "II", "3": "III"},
    **{k: k.upper() for k in "xyz"},
}
_CANONICAL = {
    name.casefold(): name
    for name in (*NUMBERS.values(), "MLI", "MLII", "MLIII", "MCL1", "MCL6", "V1R")
    if name not in ("X", "Y", "Z")
}
_PREFIX_WORD = re.compile(r"^(?:mdc_ecg_lead_|mdc_ecg_|(?:ecg|ekg|lead)(?![a-z0-9])[\s_:.-]*)+", re.I)
_SUFFIX_WORD = re.compile(r"\s*[\[(][^\])]*[\])]\s*$|,.*$|[\s_-]+(?:lead|ref|raw|filtered)$", re.I)
_CODE = re.compile(r"(?:5\.6\.3-9-|2:|131328\+)(\d{1,3})")

# Each limb lead in terms of I and II: Einthoven's law and Goldberger's augmented leads.
_LIMB = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "-aVR": (0.5, 0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Leads as they were asked for.

    Attributes:
        waveform: In the order asked for.
        derived: How each lead that was not recorded was computed, by its name (`III` to `II - I`).
    """

    waveform: Waveform
    derived: dict[str, str]


def harmonise(name: str) -> str:
    """Return the one spelling of a lead's name, or the name without blanks at its ends where it is no lead.

    >>> harmonise("ECG Lead II"), harmonise("avr"), harmonise("MDC_ECG_LEAD_V1"), harmonise("EEG Fp1-Ref")
    ('II', 'aVR', 'V1', 'EEG Fp1-Ref')
    """
    plain = name.strip().replace("\N{MINUS SIGN}", "-")
    code = _CODE.fullmatch(plain)
    if code:
        return NUMBERS.get(int(code[1]), plain)
    start = _PREFIX_WORD.match(plain)
    bare = _SUFFIX_WORD.sub("", plain[start.end() if start else 0 :]).strip(" _.:")
    key = re.sub(r"[\s_.]", "", bare).casefold()
    return _CANONICAL.get(key) or _SPELLINGS.get(key) or (_WITH_WORD.get(key) if start else None) or plain


def harmonised(waveform: Waveform) -> Waveform:
    """Return the waveform with every lead's name in its one spelling; a name that would appear twice stays as it is."""
    names = [harmonise(name) for name in waveform.leads]
    told = tuple(new if names.count(new) == 1 else old for new, old in zip(names, waveform.leads, strict=True))
    return Waveform(array=waveform.array, rate_hz=waveform.rate_hz, leads=told, units=waveform.units)


def choose_leads(waveform: Waveform, names: Sequence[str]) -> Chosen:
    """Return leads by name, in the order asked for; limb leads that are missing are computed where that is exact.

    Two limb leads fix the other four (III = II - I, aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2). Nothing
    else is derived: chest leads and Frank's X, Y, Z could only be estimated, and MLII is not II.

    Args:
        waveform: Leads in any spelling and order.
        names: Wanted leads, in any spelling.

    Returns:
        Float array `(len(names), T)`, and which leads were computed and how; NaN where one of the sources is.

    Raises:
        DataError: A lead that is neither there nor follows exactly, or that is there twice.
        UnitError: Limb leads in different units, from which nothing can be computed.

    Source:
        Einthoven 1912; Goldberger 1942; AHA/ACCF/HRS recommendations part I, doi:10.1161/CIRCULATIONAHA.106.180200.
    """
    given = [harmonise(name) for name in waveform.leads]
    units = waveform.units or ("",) * len(given)
    rows, chosen, derived = [], [], {}
    for wanted in map(harmonise, names):
        if given.count(wanted) > 1:
            raise DataError(f"lead {wanted!r} is there {given.count(wanted)} times; keep one of them")
        if wanted in given:
            rows.append(waveform.array[given.index(wanted)])
            chosen.append(units[given.index(wanted)])
            continue
        first, second, weights = _sources(wanted, given)
        if units[first] != units[second]:
            raise UnitError(
                f"lead {wanted!r} cannot be computed from {given[first]} in {units[first]!r} and {given[second]} in "
                f"{units[second]!r}; bring them to one unit"
            )
        rows.append(weights[0] * waveform.array[first] + weights[1] * waveform.array[second])
        chosen.append(units[first])
        derived[wanted] = _formula(weights, (given[first], given[second]))
    array = np.stack(rows) if rows else np.zeros((0, waveform.array.shape[1]), dtype=waveform.array.dtype)
    told = Waveform(
        array=array.astype(waveform.array.dtype, copy=False),
        rate_hz=waveform.rate_hz,
        leads=tuple(map(harmonise, names)),
        units=tuple(chosen) if waveform.units else (),
    )
    return Chosen(waveform=told, derived=derived)


def _sources(wanted: str, given: Sequence[str]) -> tuple[int, int, tuple[float, float]]:
    """Return two leads that fix the wanted one, and their weights; recorded I and II go before the others."""
    if wanted in _LIMB:
        there = [name for name in _LIMB if given.count(name) == 1]
        for place, one in enumerate(there):
            for other in there[place + 1 :]:
                basis = np.array([_LIMB[one], _LIMB[other]]).T
                if abs(np.linalg.det(basis)) > 1e-9:
                    weights = np.linalg.solve(basis, np.array(_LIMB[wanted]))
                    return given.index(one), given.index(other), (float(weights[0]), float(weights[1]))
        if "-aVR" in given and wanted == "aVR":
            place = given.index("-aVR")
            return place, place, (-1.0, 0.0)
    near = {"II": "MLII", "X": "V6", "I": "MLI"}.get(wanted, "")
    hint = (
        f"{near} resembles it but is another lead; ask for {near} by name" if near in given else "ask for one of these"
    )
    raise DataError(f"no lead {wanted!r}, and it does not follow from {', '.join(given) or 'nothing'}; {hint}")


def _formula(weights: tuple[float, float], names: tuple[str, str]) -> str:
    words = ""
    for weight, name in zip(weights, names, strict=True):
        if abs(weight) < 1e-9:
            continue
        sign = "-" if weight < 0 else "+" if words else ""
        size = "" if abs(abs(weight) - 1) < 1e-9 else f"{abs(weight):.4g} "
        words += f" {sign} {size}{name}" if words else f"{sign}{size}{name}"
    return words
