"""Volumes that are slow to decode, decoded once: compressed volumes and DICOM series go through the cache."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.cache import cache_key, cached
from salus.data.fingerprint import file_sha256
from salus.data.open import Content, read_any
from salus.schema.errors import DataError
from salus.schema.sample import Image

READER = 3
"""Raised when a reader changes what it returns, so that entries of the former one are not used."""


def read_decoded(path: Path, rate_hz: float | None = None, limit: int | None = None) -> Content:
    """Read as `read_any` does; what is slow to decode comes from the cache from the second time on.

    The entry is named by the content of the files, so a changed file is decoded anew.

    Raises:
        DataError: As `read_any`.
    """
    if not (path.is_dir() or path.name.lower().endswith((".nii.gz", ".nrrd", ".mha"))):
        return read_any(path, rate_hz, limit)

    def make() -> Mapping[str, NDArray[Any]]:
        image = read_any(path, rate_hz, limit)
        if not isinstance(image, Image):
            raise DataError(f"{path}: not an image; name the files one by one")
        about = {"spacing_mm": image.spacing_mm, "unit": image.unit, "modality": image.modality}
        arrays = {"array": image.array, "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)}
        return arrays if image.affine is None else {**arrays, "affine": image.affine}

    stored = cached(cache_key(_content(path), {"reader": READER, "limit": limit}), make)
    about = json.loads(stored["about"].tobytes())
    spacing = about["spacing_mm"]
    return Image(
        # a copy in memory: tensors made of a read-only map could not be written to
        array=np.array(stored["array"]),
        spacing_mm=None if spacing is None else tuple(spacing),
        affine=np.array(stored["affine"]) if "affine" in stored else None,
        unit=about["unit"],
        modality=about["modality"],
    )


def _content(path: Path) -> str:
    if path.is_file():
        return file_sha256(path)
    digest = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()}\n{file_sha256(file)}\n".encode())
    return digest.hexdigest()
