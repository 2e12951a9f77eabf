"""Signals of PhysioNet: WFDB records and annotations."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.limits import existing, refuse_above
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """Marks that a reader set on a record.

    Attributes:
        positions: `(N,)` int64, sample numbers at `rate_hz`.
        symbols: WFDB annotation symbols, N of them.
        notes: Auxiliary text of each, empty where none.
        rate_hz: Rate the positions count in; NaN where the file does not say.
    """

    positions: NDArray[np.int64]
    symbols: tuple[str, ...]
    notes: tuple[str, ...]
    rate_hz: float


def read_wfdb(path: Path | str, limit: int | None = None) -> Waveform:
    """Read a WFDB record in physical units.

    Args:
        path: The record's `.hea` file, its `.dat` file, or its path without ending.
        limit: Most samples x leads; None takes the setting.

    Returns:
        `(L, T)` float32 with lead names and units; NaN where the record marks a sample as invalid.

    Raises:
        DataError: Unreadable, cut short, or a header that names files outside the record's folder.
        UnitError: No sampling rate.
    """
    stem = _stem(path)
    header = _header(stem)
    refuse_above(stem, int(header.sig_len or 0) * int(header.n_sig or 0), limit)
    try:
        with library() as wfdb:
            record: Any = wfdb.rdrecord(str(stem), warn_empty=True)
    except Exception as error:  # wfdb raises bare Exception for some faults of the file
        raise DataError(f"{stem}: signal files cannot be read ({error}); fetch the record again") from error
    if record.p_signal is None:
        raise DataError(f"{stem}: the record holds no signals; give one with a .dat file")
    if not record.fs or record.fs <= 0:
        raise UnitError(f"{stem}: sampling rate {record.fs} Hz; correct the first line of the .hea file")
    return Waveform(
        array=np.ascontiguousarray(record.p_signal.T, dtype=np.float32),
        rate_hz=float(record.fs),
        leads=tuple(str(name) for name in record.sig_name),
        units=tuple(str(unit) for unit in record.units),
    )


def read_annotations(path: Path | str, extension: str = "atr") -> Annotations:
    """Read a record's annotation file.

    Args:
        path: As in `read_wfdb`.
        extension: Ending of the annotation file.

    Raises:
        DataError: No such file, or not an annotation file.
    """
    stem = _stem(path)
    found = existing(stem.with_name(f"{stem.name}.{extension}"))
    try:
        with library() as wfdb:
            marks: Any = wfdb.rdann(str(stem), extension)
    except Exception as error:  # as above
        raise DataError(f"{found}: not a WFDB annotation file ({error}); fetch it again") from error
    return Annotations(
        positions=np.asarray(marks.sample, dtype=np.int64),
        symbols=tuple(marks.symbol),
        notes=tuple(str(note).strip("\0 ") for note in marks.aux_note),
        rate_hz=float(marks.fs) if marks.fs else float("nan"),
    )


def record_comments(path: Path | str) -> tuple[str, ...]:
    """Return the comment lines of a record's header (age, sex, diagnosis, ...).

    Raises:
        DataError: Unreadable header.
    """
    return tuple(str(line).strip() for line in _header(_stem(path)).comments or ())


@contextmanager
def library() -> Iterator[Any]:
    """Yield the wfdb library with the notices of deprecation silenced that it draws from pandas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import wfdb

        yield wfdb


def _stem(path: Path | str) -> Path:
    given = Path(path)
    stem = given.with_suffix("") if given.suffix.lower() in (".hea", ".dat", ".atr") else given
    existing(stem.with_name(stem.name + ".hea"))
    return stem.resolve()


def _header(stem: Path) -> Any:
    try:
        with library() as wfdb:
            header: Any = wfdb.rdheader(str(stem))
    except Exception as error:  # as above
        raise DataError(f"{stem}.hea: not a WFDB header ({error}); fetch the record again") from error
    # A header may name any file as its signal; only neighbours are read.
    named = [*(getattr(header, "file_name", None) or ()), *(getattr(header, "seg_name", None) or ())]
    for name in named:
        if name and (PurePath(name).name != name or ":" in name or "\\" in name):
            raise DataError(f"{stem}.hea: names the file {name!r} outside its folder; refused")
    return header
