"""SAS transport files (XPT, version 5), in which NHANES and the drug authorities publish tables.

Source:
    SAS Institute, TS-140: The record layout of a data set in SAS transport (XPORT) format.
"""

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from salus.data.limits import existing, max_text_bytes, refuse_above
from salus.schema.errors import DataError

SUFFIXES = (".xpt",)
_MARK = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"
_MARK_8 = b"HEADER RECORD*******LIBV8"
_TINY = 1e-70
"""pandas reads the zero of these files as 5.4e-79, the smallest number of IBM's format."""
_FAULTS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    OSError,
    EOFError,
)


def read_xpt(path: Path | str) -> dict[str, list[Any]]:
    """Read the first table of a transport file as columns.

    Args:
        path: The file.

    Returns:
        Column name to N cells: float (NaN where missing, whatever the letter of SAS's missing value), or text.

    Raises:
        DataError: Not such a file, version 8, cut short, or too large.
    """
    found = existing(path)
    with found.open("rb") as handle:
        head = handle.read(240)
    if head.startswith(_MARK_8):
        raise DataError(f"{found}: a SAS transport file of version 8; save it as version 5 or as CSV")
    if not head.startswith(_MARK):
        raise DataError(f"{found}: no SAS transport file (XPT); check the file")
    size = found.stat().st_size
    if size > max_text_bytes():
        raise DataError(
            f"{found}: {size:,} bytes, more than the allowed {max_text_bytes():,}; raise SALUS_MAX_TEXT_BYTES"
        )
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pd.read_sas(found, format="xport", encoding="latin-1", iterator=True) as reader:
                about: Any = reader
                refuse_above(found, int(about.nobs) * max(1, len(about.columns)))
                if int(about.nobs) < 1:
                    raise DataError(f"{found}: no rows; fetch it again")
                table = about.read()
    except DataError:
        raise
    except _FAULTS as error:  # pandas raises any of them for a damaged header
        raise DataError(f"{found}: cannot be read as XPT ({str(error)[:120]}); fetch it again") from error
    if not len(table) or not len(table.columns) or table.columns.duplicated().any():
        raise DataError(f"{found}: an empty table, or a column named twice; fetch it again")
    return {str(name): _cells(table[name].to_numpy()) for name in table.columns}


def _cells(column: Any) -> list[Any]:
    if column.dtype.kind == "f":
        cells: list[Any] = np.where(np.abs(column) < _TINY, 0.0, column).tolist()
        return cells
    return ["" if cell is None or cell != cell else str(cell).strip() for cell in column.tolist()]  # noqa: PLR0124
