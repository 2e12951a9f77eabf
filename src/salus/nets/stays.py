"""Lengths of stay: what may be asked of a row at triage, and what a length must be."""

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.nets.tabular import row_of
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Sample

LATER = frozenset((
    "waittime", "waiting_minutes", "lov", "boarded", "boarding_minutes", "los", "obsstay", "length_of_visit",
    "length_of_stay", "stay_days", "diag1", "diag2", "diag3", "diagnosis", "diagnosis_1", "diagnosis_2",
    "diagnosis_3", "hddiag", "hdstat", "totdiag", "tests", "totproc", "procedures", "nummed", "numgiv",
    "numdis", "drugs", "drugs_given", "medications", "num_medications", "lab_procedures", "num_lab_procedures",
    "num_procedures", "anyimage", "imaging", "xray", "catscan", "ct", "mri", "ultrasnd", "ultrasound", "cbc",
    "blood_count", "ekg", "urine", "ivfluids", "iv_fluids", "consult", "consulting_physician", "admithos",
    "obshos", "obsdis", "adisp", "admitted", "observed_admitted", "observed_discharged", "tranoth", "tranpsyc",
    "transferred", "transferred_psychiatric", "leftbtri", "leftatri", "leftama", "left_before_triage",
    "left_after_triage", "left_against_advice", "dieded", "died", "doa", "disposition", "discharge_disposition",
    "readmitted",
))  # fmt: skip
"""Columns, in lower case, that nobody knows at triage or admission; raw names of the sources and our own."""
WEIGHTS = frozenset(("patwt", "edwt", "survey_weight", "design_weight"))
"""Columns that say how many visits a sampled one stands for: they say nothing of the patient."""
FAHRENHEIT = "temperature_f"
COLDEST, HOTTEST = 75.0, 115.0


def checked_triage(samples: Sequence[Sample], name: str, *, show: bool) -> None:
    """Refuse rows that know what comes later, or whose temperature is in another unit.

    Args:
        samples: Each with a `Row`.
        name: Which input holds it.
        show: Let later columns pass, to show what a leak is worth.

    Raises:
        DataError: A column that is not known at triage, or a survey weight.
        UnitError: A temperature that cannot be degrees Fahrenheit.
    """
    forbidden = WEIGHTS if show else WEIGHTS | LATER
    fine: set[tuple[str, ...]] = set()  # rows of one table have equal columns, which are looked at once
    for sample in samples:
        values = row_of(sample, name).values
        columns = tuple(values)
        wrong = [] if columns in fine else [column for column in columns if column.lower() in forbidden]
        fine.add(columns)
        if wrong:
            raise DataError(
                f"sample {sample.id!r}: {', '.join(wrong)} is not known at triage and must not be an input; drop the "
                "column, or set later=show to print what the leak is worth"
            )
        degrees = values.get(FAHRENHEIT)
        if isinstance(degrees, int | float) and (degrees < COLDEST or degrees > HOTTEST):
            raise UnitError(
                f"sample {sample.id!r}: {FAHRENHEIT} is {degrees:g}; expected {COLDEST:g} to {HOTTEST:g} °F: "
                "stored tenths (986) are divided by ten, 37 °C is 98.6 °F"
            )


def checked_stays(samples: Sequence[Sample], *, ordinal: bool = False) -> NDArray[np.float64]:
    """Return lengths `(N,)`; a target is a number or holds one as `value`.

    Args:
        samples: Each with a target.
        ordinal: Targets are places of ordered classes (0, 1, ...), not lengths; one is added.

    Raises:
        DataError: None, no number, or not above 0.
    """
    found = np.empty(len(samples))
    for place, sample in enumerate(samples):
        target = sample.target
        value = target.get("value") if isinstance(target, Mapping) else target
        if ordinal and isinstance(value, int | np.integer):
            value = value + 1
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value > 0:
            raise DataError(
                f"sample {sample.id!r}: length of stay {value!r}; expected a number above 0 (a band also needs its "
                "`value`): leave visits without a known length out"
            )
        found[place] = value
    if not np.isfinite(found).all():
        raise DataError(f"sample {samples[int(np.isinf(found).argmax())].id!r}: an endless stay; correct the length")
    return found


def band_log_shares(drawn: Tensor, blur: Tensor, limits: Tensor) -> Tensor:
    """Return the log-probability of each band, given draws of a number that are each blurred by a logistic curve.

    Args:
        drawn: `(B, M)` draws.
        blur: `(B, 1)`, scale of the logistic curve, above 0.
        limits: `(K - 1,)`, rising.

    Returns:
        `(B, K)`; rows sum to one once exponentiated, up to a floor of 1e-6 a band.
    """
    below = torch.sigmoid((limits - drawn[:, :, None]) / blur[:, :, None]).mean(dim=1)
    ends = torch.cat([torch.zeros_like(below[:, :1]), below, torch.ones_like(below[:, :1])], dim=1)
    return ends.diff(dim=1).clamp(min=1e-6).log()


def set_apart(patients: Sequence[str], share: float) -> list[str]:
    """Return a share of the patients (or hospitals), drawn of the names: other folds set others apart, repeatably."""
    names = sorted(set(patients))
    order = np.random.default_rng(zlib.crc32("\n".join(names).encode())).permutation(len(names))
    return sorted(names[i] for i in order[: min(round(share * len(names)), len(names) - 1)])
