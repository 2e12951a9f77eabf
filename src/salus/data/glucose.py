"""Continuous glucose monitoring: series on their grid of five minutes, and forecasting windows cut from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform

STEP_S = 300.0
HISTORY = 24
"""Readings that a forecast sees: two hours."""

QUESTION = Question(kind="forecasting", unit="mg/dL", value_range=(40.0, 400.0))
"""The range that these sensors report."""

TEST_SHARE, VALID_SHARE = 0.2, 0.15


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one person.

    Attributes:
        id: The person.
        seconds: `(N,)`, rising, from the person's first reading.
        values: `(N,)`, mg/dL, NaN where a reading is missing.
    """

    id: str
    seconds: NDArray[np.float64]
    values: NDArray[np.float64]


def read_series(path: Path) -> list[Series]:
    """Read a table of `id`, `time`, `gl`, one series a person in the order of the file.

    Raises:
        DataError: Not such a table, or times of a person that do not rise.
    """
    import pandas as pd

    if not path.is_file():
        raise DataError(f"{path} is not there; get the set again and keep its file names")
    try:
        table = pd.read_csv(path, dtype={"id": str})
        times = pd.to_datetime(table["time"])
        values = pd.to_numeric(table["gl"])
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise DataError(f"{path}: not a table of id, time and gl ({error}); get the set again") from error
    found = []
    for name in dict.fromkeys(table["id"]):
        mine = (table["id"] == name).to_numpy()
        own = times[mine]
        seconds = (own - own.iloc[0]).dt.total_seconds().to_numpy(dtype=np.float64)
        if (np.diff(seconds) <= 0).any():
            raise DataError(f"{path}: times of {name} do not rise; sort the table by id and time")
        found.append(Series(str(name), seconds, values[mine].to_numpy(dtype=np.float64)))
    return found


def stretches(series: Series) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Yield start (seconds) and readings of each stretch without a gap; a step of 2.5 to 7.5 minutes is no gap.

    Sensors write every five minutes give or take seconds, so the place in a stretch counts, not the stamp.
    """
    breaks = np.flatnonzero(np.abs(np.diff(series.seconds) - STEP_S) > STEP_S / 2) + 1
    for part in np.split(np.arange(len(series.seconds)), breaks):
        yield float(series.seconds[part[0]]), series.values[part]


def forecasts(series: Series, horizon: int, stride: int, split: str, **meta: str) -> Iterator[Sample]:
    """Yield forecasting samples of one person: two hours of readings, and `horizon` readings that follow.

    Windows lie in one stretch each; one with a missing reading in its history, or with no future reading, is left out.

    Args:
        series: Readings.
        horizon: Future readings.
        stride: Readings from one window's start to the next.
        split: `train`, `valid` or `test`.
        **meta: More of the sample's meta.
    """
    for begin, values in stretches(series):
        for start in range(0, len(values) - HISTORY - horizon + 1, stride):
            past, future = values[start : start + HISTORY], values[start + HISTORY : start + HISTORY + horizon]
            if np.isnan(past).any() or np.isnan(future).all():
                continue
            first = begin + start * STEP_S
            wave = Waveform(
                array=past[None].astype(np.float32), rate_hz=1.0 / STEP_S, leads=("glucose",), units=("mg/dL",)
            )
            yield Sample(
                id=f"{series.id}-{round(first):09d}",
                patient=series.id,
                inputs={"signal": wave},
                target={"values": future, "last": float(past[-1])},
                meta={
                    "split": split,
                    "recording": series.id,
                    "start_s": first,
                    "stop_s": first + (HISTORY + horizon) * STEP_S,
                    **meta,
                },
            )


def parts(ids: list[str], seed: int = 0) -> dict[str, str]:
    """Return the part of each person: a fifth for testing, 15 % for validation, drawn by a fixed seed."""
    order = np.random.default_rng(seed).permutation(len(ids))
    test, valid = round(TEST_SHARE * len(ids)), round(VALID_SHARE * len(ids))
    names = ["test"] * test + ["valid"] * valid + ["train"] * (len(ids) - test - valid)
    return {ids[place]: name for place, name in zip(order.tolist(), names, strict=True)}
