"""Arrays of an NPZ file, without pickle: small ones in memory, large ones unpacked once into the cache and mapped."""

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from salus.data.cache import cache_folder, cache_key, cached
from salus.data.limits import existing, refuse_above
from salus.schema.errors import DataError

IN_MEMORY = 2**29
"""Bytes of an array up to which it is held in memory; above, it is unpacked into the cache in pieces."""
_PIECE = 2**22


def read_arrays(
    path: Path, names: Sequence[str], limit: int | None = None, in_memory: int = IN_MEMORY
) -> dict[str, NDArray[Any]]:
    """Read some arrays of an NPZ file; memory stays near `in_memory` bytes an array however large the file is.

    Args:
        path: The file.
        names: Which arrays.
        limit: Most values of one array; None takes the setting.
        in_memory: Bytes above which an array is memory-mapped and read-only.

    Raises:
        DataError: Not an NPZ file, an array missing, cut short, of objects, or larger than the limit.
    """
    found = existing(path)
    try:
        with zipfile.ZipFile(found) as archive:
            members = {name: archive.getinfo(f"{name}.npy") for name in names}
            forms = {name: _form(archive, found, name, limit) for name in names}
            large = [name for name in names if forms[name][2] > in_memory]
            arrays = {name: _read(archive, found, name, forms[name]) for name in names if name not in large}
            if large:
                # the archive's own checksums say what the members hold, without reading gigabytes for a hash
                content = "; ".join(f"{name} {members[name].CRC:08x} {members[name].file_size}" for name in large)
                make = _maker(archive, found, {name: forms[name] for name in large})
                arrays.update(cached(cache_key(content, {"reader": "npz 1"}), make))
    except KeyError as error:
        raise DataError(f"{found}: {error.args[0]}; this is another file than expected, fetch it again") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{found}: not a readable NPZ file ({error}); fetch it again") from error
    return {name: arrays[name] for name in names}


Form = tuple[tuple[int, ...], np.dtype[Any], int]
"""Shape, type and bytes of an array, as its header declares them."""


def _header(handle: IO[bytes], path: Path, name: str) -> Form:
    version = np.lib.format.read_magic(handle)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(handle)
    if dtype.kind not in "buif" or dtype.hasobject or fortran:
        raise DataError(f"{path}: array {name!r} is of {dtype}; only plain numbers in row order are read, no objects")
    return shape, dtype, int(np.prod(shape, dtype=object)) * dtype.itemsize if shape else dtype.itemsize


def _form(archive: zipfile.ZipFile, path: Path, name: str, limit: int | None) -> Form:
    with archive.open(f"{name}.npy") as handle:
        shape, dtype, size = _header(handle, path, name)
    declared = archive.getinfo(f"{name}.npy").file_size
    if size > declared or size < 0:
        raise DataError(f"{path}: array {name!r} declares {size:,} bytes and holds {declared:,}; fetch it again")
    refuse_above(path, size // dtype.itemsize, limit)
    return shape, dtype, size


def _read(archive: zipfile.ZipFile, path: Path, name: str, form: Form) -> NDArray[Any]:
    shape, dtype, size = form
    array = np.empty(shape, dtype)
    _fill(archive, path, name, array.reshape(-1).view(np.uint8).data if size else memoryview(b""))
    return array


def _maker(archive: zipfile.ZipFile, path: Path, forms: Mapping[str, Form]) -> Callable[[], Mapping[str, NDArray[Any]]]:
    def make() -> Mapping[str, NDArray[Any]]:
        home = cache_folder()
        home.mkdir(parents=True, exist_ok=True)
        arrays = {}
        for name, (shape, dtype, _) in forms.items():
            with tempfile.TemporaryFile(dir=home, prefix=".unpacking-") as scratch:
                array: NDArray[Any] = np.memmap(scratch, dtype=dtype, mode="w+", shape=shape)
            _fill(archive, path, name, array.reshape(-1).view(np.uint8).data)
            arrays[name] = array
        return arrays

    return make


def _fill(archive: zipfile.ZipFile, path: Path, name: str, target: memoryview) -> None:
    with archive.open(f"{name}.npy") as handle:
        _header(handle, path, name)
        done = 0
        while done < len(target) and (piece := handle.read(min(_PIECE, len(target) - done))):
            target[done : done + len(piece)] = piece
            done += len(piece)
        if done < len(target) or handle.read(1):
            raise DataError(f"{path}: array {name!r} holds another number of bytes than it declares; fetch it again")
