"""What exactly a dataset held: one SHA-256 over ids, patients, inputs and targets."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from salus.contract.dataset import Dataset
from salus.schema.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A dataset in figures.

    Attributes:
        sha256: Over every sample, in order; equal on every machine.
        samples: How many.
        patients: How many different.
        strata: Samples of each stratum.
        sites: Samples of each site, empty where unknown.
        shapes: Shape of each input (name and shape, written out) and how many samples have it.
    """

    sha256: str
    samples: int
    patients: int
    strata: dict[str, int] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return dataclasses.asdict(self)


def fingerprint(dataset: Dataset, stratum: Callable[[Any], str] = lambda target: "all") -> Fingerprint:
    """Read a dataset once and describe it; memory holds one sample at a time.

    Args:
        dataset: The samples.
        stratum: Target to its class (`Task.stratum`).

    Raises:
        DataError: An input of a type that has no bytes to hash.
    """
    digest = hashlib.sha256()
    patients: set[str] = set()
    strata: Counter[str] = Counter()
    sites: Counter[str] = Counter()
    shapes: Counter[str] = Counter()
    for index in range(len(dataset)):
        sample = dataset[index]
        digest.update(sample_hash(sample.id, sample.patient, sample.inputs, sample.target))
        patients.add(sample.patient)
        strata[stratum(sample.target)] += 1
        sites[str(sample.meta.get("site", ""))] += 1
        shapes["; ".join(f"{name} {_shape(value)}" for name, value in sorted(sample.inputs.items()))] += 1
    return Fingerprint(
        sha256=digest.hexdigest(),
        samples=len(dataset),
        patients=len(patients),
        strata=dict(sorted(strata.items())),
        sites={} if set(sites) <= {""} else dict(sorted(sites.items())),
        shapes=dict(shapes.most_common()),
    )


def sample_hash(*parts: Any) -> bytes:
    """Return 32 bytes that differ where any part differs in value, type, shape or order of nesting."""
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part)
    return digest.digest()


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Write a value with its type and length in front, so that no two values share their bytes."""
    if value is None or isinstance(value, bool | int | str | bytes | np.bool_ | np.integer):
        plain = value.item() if isinstance(value, np.generic) else value
        data = plain if isinstance(plain, bytes) else str(plain).encode()
        _tag(digest, type(plain).__name__, len(data))
        digest.update(data)
    elif isinstance(value, float | np.floating):
        _tag(digest, "float", 8)
        number = float(value)
        digest.update(np.float64(np.nan if np.isnan(number) else number).astype("<f8").tobytes())
    elif isinstance(value, np.ndarray) and value.dtype.kind in "buif":
        array = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False))
        _tag(digest, f"array {array.dtype.str} {array.shape}", array.nbytes)
        digest.update(array.data if array.size else b"")
    elif isinstance(value, np.ndarray):
        _feed(digest, value.tolist())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        _feed(digest, {f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    elif isinstance(value, Mapping):
        _tag(digest, "mapping", len(value))
        for key in sorted(value, key=str):
            _feed(digest, str(key))
            _feed(digest, value[key])
    elif isinstance(value, Sequence | Set):
        items = sorted(value, key=str) if isinstance(value, Set) else value
        _tag(digest, "sequence", len(items))
        for item in items:
            _feed(digest, item)
    else:
        raise DataError(f"a value of type {type(value).__name__} cannot be fingerprinted; use arrays, numbers or words")


def _tag(digest: Any, kind: str, size: int) -> None:
    digest.update(f"{kind}:{size}:".encode())


def _shape(value: Any) -> str:
    array = getattr(value, "array", None)
    if array is not None:
        return str(tuple(array.shape))
    tokens = getattr(value, "tokens", None)
    if tokens is not None:
        return "text"
    return (
        f"{len(value.values)} columns" if isinstance(getattr(value, "values", None), Mapping) else type(value).__name__
    )
