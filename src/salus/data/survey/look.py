"""Look at one file: can it be read, what does it hold, what is doubtful, and who can be recognised in it."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.open import read_any
from salus.data.survey import look_dicom, look_record, look_table, look_text, look_volume
from salus.data.survey.facts import Facts
from salus.data.survey.kinds import kind_of
from salus.metrics.likeness import shortened, thumbnail
from salus.schema.errors import DataError, SalusError
from salus.schema.sample import Events, Image, Note, Waveform

VERSION = 2
"""Raised when looking finds more or other things, so that what a former version kept is not used."""
WHOLE = 2**28
"""Larger files are hashed by their ends."""
_ENDS = 2**22
_LEADS = 16


def look(item: dict[str, Any]) -> dict[str, Any]:
    """Look at one file; never raises for what the file holds.

    Args:
        item: `root`, `path` (relative to it) and `deep` (False leaves values undecoded), and `salt`, which keeps
            patients' hashes from being looked up.

    Returns:
        `Facts` as JSON values.
    """
    root, path, deep = Path(item["root"]), str(item["path"]), bool(item.get("deep", True))
    place = root / path
    facts = Facts(kind="other")
    try:
        facts.kind = kind_of(place)
        facts.digest = digest_of(place)
        facts.form["ending"] = "".join(place.suffixes[-2:]).lower() if ".gz" in place.suffixes else place.suffix.lower()
        size = place.stat().st_size
        facts.form["file size"] = f"2^{max(size, 1).bit_length() - 1} bytes"
        if size == 0:
            facts.problem, facts.remedy = "an empty file", "copy it again from its source, or remove it"
            return facts.to_dict()
        _KINDS.get(facts.kind, _nothing)(place, facts, deep)
    except SalusError as error:
        facts.problem, facts.remedy = in_two(str(error), root)
    if facts.patient:
        facts.patient = hashlib.blake2b(f"{item.get('salt', '')}{facts.patient}".encode(), digest_size=6).hexdigest()
    return facts.to_dict()


def in_two(message: str, root: Path | None = None) -> tuple[str, str]:
    """Part an error's sentence into what is wrong and the remedy, without the file's own path.

    >>> in_two("/a/b.png: damaged or cut short; copy it again")
    ('damaged or cut short', 'copy it again')
    """
    if root is not None:
        message = message.replace(f"{root}/", "")
    head, sign, tail = message.partition(": ")
    if sign and ("/" in head or "." in head) and " " not in head.strip():
        message = tail
    what, sign, remedy = message.rpartition("; ")
    return (what, remedy) if sign else (message, "correct or remove the file")


def digest_of(path: Path) -> str:
    """Return a hash of a file's content; above `WHOLE` bytes of its size and its ends, marked with `~`.

    Raises:
        DataError: It cannot be read.
    """
    try:
        with path.open("rb") as handle:
            size = path.stat().st_size
            if size <= WHOLE:
                return hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
            found = hashlib.blake2b(str(size).encode(), digest_size=16)
            found.update(handle.read(_ENDS))
            handle.seek(-_ENDS, 2)
            found.update(handle.read(_ENDS))
            return "~" + found.hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its rights and the disk") from error


def describe(content: Any, facts: Facts) -> None:
    """Note size, form, likeness and doubtful values of what a reader returned."""
    if isinstance(content, Image):
        _describe_image(content, facts)
    elif isinstance(content, Waveform):
        look_volume.describe_waveform(content, facts)
        facts.likeness = packed(shortened(content.array[:_LEADS])) if content.array.size else ""
    elif isinstance(content, Note):
        facts.size = f"{len(content.text):,} letters"
    elif isinstance(content, Events):
        facts.size = f"{len(content.codes):,} events"
    elif isinstance(content, list):
        facts.size = f"{len(content):,} {'sentences' if content and isinstance(content[0], Note) else 'rows'}"


def packed(values: NDArray[np.float32]) -> str:
    """Return values as one byte each, spread over their range, in base64; empty where they are all equal."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return ""
    return base64.b64encode(np.rint(255 * (values - low) / (high - low)).astype(np.uint8).tobytes()).decode()


def _describe_image(content: Image, facts: Facts) -> None:
    array = content.array
    facts.size = " x ".join(map(str, array.shape[1:])) + (f", {array.shape[0]} channels" if array.shape[0] > 1 else "")
    facts.form |= {
        "shape": " x ".join(map(str, array.shape)),
        "number type": str(array.dtype),
        "spacing": "" if content.spacing_mm is None else " x ".join(f"{step:.3g}" for step in content.spacing_mm),
    }
    if content.modality and not facts.modality:
        facts.modality = content.modality
    if array.size and (array == array.flat[0]).all():
        facts.doubt("warning", "values", "one value throughout", "an empty picture or volume: remove it")
    elif array.size:
        facts.likeness = packed(thumbnail(array))


def _picture(path: Path, facts: Facts, deep: bool) -> None:
    look_volume.photograph(path, facts)
    if deep:
        describe(read_any(path), facts)


def _volume(path: Path, facts: Facts, deep: bool) -> None:
    look_volume.header(path, facts)
    if deep:
        content = read_any(path)
        describe(content, facts)
        if isinstance(content, Image):
            look_volume.geometry(content, path, facts)


def _signal(path: Path, facts: Facts, deep: bool) -> None:
    look_volume.signal_header(path, facts)
    if deep:
        describe(read_any(path), facts)


def _dicom(path: Path, facts: Facts, deep: bool) -> None:
    if look_dicom.header(path, facts) and deep:
        content = read_any(path)
        describe(content, facts)
        if isinstance(content, Image):
            look_dicom.writing(content, facts)


def _array(path: Path, facts: Facts, deep: bool) -> None:
    if deep:
        describe(read_any(path), facts)


def _nothing(path: Path, facts: Facts, deep: bool) -> None:
    """Leave files of other kinds alone: nothing of them is read by Salus."""


_KINDS: dict[str, Callable[[Path, Facts, bool], None]] = {
    "dicom": _dicom,
    "volume": _volume,
    "picture": _picture,
    "array": _array,
    "signal": _signal,
    "table": look_table.table,
    "text": look_text.text,
    "record": look_record.record,
}
