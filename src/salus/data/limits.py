"""How much an outside file may claim before it is read: files come from anywhere and are not trusted."""

import os
from pathlib import Path

from salus.schema.errors import ConfigError, DataError

MAX_VALUES = 2**28
MAX_TEXT_BYTES = 2**30


def max_values() -> int:
    """Return how many values (pixels x channels x frames, samples x leads) one file may decode to.

    `$SALUS_MAX_VALUES` sets it; 268 million (1,024 CT slices) without it.

    Raises:
        ConfigError: The variable is not a positive whole number.
    """
    return _setting("SALUS_MAX_VALUES", MAX_VALUES)


def max_text_bytes() -> int:
    """Return how many bytes one table or text may have after unpacking; `$SALUS_MAX_TEXT_BYTES`, else 1 GiB.

    Raises:
        ConfigError: The variable is not a positive whole number.
    """
    return _setting("SALUS_MAX_TEXT_BYTES", MAX_TEXT_BYTES)


def refuse_above(path: Path, values: int, limit: int | None = None) -> None:
    """Refuse a file by what its header claims, before anything is decoded.

    Args:
        path: Named in the error.
        values: Claimed number of values.
        limit: Most values allowed; None takes `max_values()`.

    Raises:
        DataError: More than the limit.
    """
    allowed = max_values() if limit is None else limit
    if values > allowed:
        raise DataError(
            f"{path}: declares {values:,} values, more than the allowed {allowed:,}; "
            "if the file is meant to be that large, set SALUS_MAX_VALUES"
        )


def existing(path: Path | str) -> Path:
    """Return `path` if it is a file.

    Raises:
        DataError: Nothing there, or not a plain file (a folder, a device, a pipe).
    """
    found = Path(path)
    try:
        there = found.exists()
    except OSError as error:  # a name that no disk can hold
        raise DataError(f"{found}: cannot be looked for ({error.strerror}); correct the path") from error
    if not there:
        raise DataError(f"{found}: no such file; check the path")
    if not found.is_file():
        raise DataError(f"{found}: not a plain file; give a file")
    return found


def inside(folder: Path, name: str | Path) -> Path:
    """Return `folder / name` resolved, where `name` may not lead out of `folder`, not even through a link.

    Raises:
        DataError: It does.
    """
    home = folder.resolve()
    if "\0" in str(name):
        raise DataError(f"path {name!r} holds a NUL byte; correct it")
    try:
        target = (home / name).resolve()
    except (OSError, RuntimeError) as error:
        raise DataError(f"path {str(name)!r} cannot be followed ({error}); correct it") from error
    if target != home and home not in target.parents:
        raise DataError(
            f"path {str(name)!r} leads out of {folder}; keep the files below that folder and write paths relative to it"
        )
    return target


def _setting(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"{name}={text!r}: expected a positive whole number")
    return int(text)
