"""Arrays that were costly to make, kept as memory-mapped files under the hash of what made them."""

import contextlib
import hashlib
import json
import os
import shutil
import uuid
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ConfigError, DataError

MAX_BYTES = 20 * 2**30
_PIECE = 2**22


def cache_folder() -> Path:
    """Return `$SALUS_CACHE`, or the user's cache folder for Salus."""
    chosen = os.environ.get("SALUS_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "salus"


def cache_key(content: str, settings: Mapping[str, Any]) -> str:
    """Return the name of an entry: a hash of what went in (its content hash) and how it was read (JSON values)."""
    text = json.dumps([content, settings], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def cached(
    key: str,
    make: Callable[[], Mapping[str, NDArray[Any]]],
    folder: Path | None = None,
    max_bytes: int | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the arrays of an entry, memory-mapped and read-only; `make` computes them where there are none.

    An entry is written beside its place and renamed, so another process sees all of it or nothing. Size and CRC-32
    are checked on opening; a damaged entry is made again. Least recently used entries go when the bound is passed.

    Args:
        key: From `cache_key`.
        make: Called once; its arrays are plain numbers.
        folder: Where entries live; None takes `cache_folder()`.
        max_bytes: Bound of the folder; None takes `$SALUS_CACHE_BYTES` or 20 GiB. Arrays above it are not kept.

    Raises:
        DataError: `make` returned an array of objects.
        ConfigError: `$SALUS_CACHE_BYTES` is not a whole number.
    """
    if not key or not key.isalnum():
        raise DataError(f"cache key {key!r}: expected letters and digits; use cache_key")
    home = cache_folder() if folder is None else folder
    bound = _bound() if max_bytes is None else max_bytes
    place = home / key
    found = _open(place)
    if found is not None:
        return found
    arrays = {name: np.ascontiguousarray(array) for name, array in make().items()}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise DataError(f"cache entry {name!r} is an array of {array.dtype}; only plain numbers are kept")
    size = sum(array.nbytes for array in arrays.values())
    if size > bound:
        return arrays
    try:
        _write(place, arrays)
        _shrink(home, bound, keep=place)
    except OSError:
        # A full or read-only disk costs the cache, not the work.
        return arrays
    return _open(place) or arrays


def clear(folder: Path | None = None) -> int:
    """Remove every entry and return how many bytes they had."""
    home = cache_folder() if folder is None else folder
    freed = 0
    for place in _entries(home):
        freed += _size(place)
        shutil.rmtree(place, ignore_errors=True)
    return freed


def _write(place: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    part = place.with_name(f".{place.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    part.mkdir(parents=True)
    try:
        table = []
        for number, (name, array) in enumerate(arrays.items()):
            file = part / f"{number}.npy"
            np.save(file, array, allow_pickle=False)
            size = file.stat().st_size
            table.append({"name": name, "file": file.name, "values": array.size, "bytes": size, "crc32": _crc32(file)})
        (part / "index.json").write_text(json.dumps(table), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process may have put the same entry there first
            part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _open(place: Path) -> dict[str, NDArray[Any]] | None:
    try:
        table = json.loads((place / "index.json").read_text(encoding="utf-8"))
        arrays: dict[str, NDArray[Any]] = {}
        for row in table:
            file = place / Path(str(row["file"])).name
            if file.stat().st_size != row["bytes"] or _crc32(file) != row["crc32"]:
                return None
            # an empty array cannot be mapped
            arrays[str(row["name"])] = np.load(file, mmap_mode="r" if row["values"] else None, allow_pickle=False)
        os.utime(place)
        return arrays
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _crc32(path: Path) -> int:
    value = 0
    with path.open("rb") as handle:
        while piece := handle.read(_PIECE):
            value = zlib.crc32(piece, value)
    return value


def _shrink(home: Path, bound: int, keep: Path) -> None:
    entries = sorted(_entries(home), key=lambda place: place.stat().st_mtime)
    total = sum(_size(place) for place in entries)
    for place in entries:
        if total <= bound:
            return
        if place != keep:
            total -= _size(place)
            shutil.rmtree(place, ignore_errors=True)


def _entries(home: Path) -> list[Path]:
    if not home.is_dir():
        return []
    return [place for place in home.iterdir() if not place.name.startswith(".") and (place / "index.json").is_file()]


def _size(place: Path) -> int:
    return sum(file.stat().st_size for file in place.iterdir())


def _bound() -> int:
    text = os.environ.get("SALUS_CACHE_BYTES", "")
    if text and not text.isdigit():
        raise ConfigError(f"SALUS_CACHE_BYTES={text!r}: expected a whole number of bytes")
    return int(text) if text else MAX_BYTES
