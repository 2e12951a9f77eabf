"""What the eighteen MedMNIST sets share: one NPZ file a size, an official split, and no patient numbers.

A set's own facts (classes, counts, checksums, what it was made of) stand in its catalogue file; `entry` makes the entry
of them. Addresses, checksums, counts and licences are those of the publisher's package, `medmnist` 3.0.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.entry import Entry, Loaded, Remote
from salus.data.npz import read_arrays
from salus.data.rebuild import as_compression
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

FOLDER = "medmnist"
HOMEPAGE = "https://medmnist.com"
RECORD = "https://zenodo.org/records/10519652/files"
CITATION = (
    "Yang J, Shi R, Wei D, Liu Z, Zhao L, Ke B, Pfister H, Ni B. MedMNIST v2: a large-scale lightweight benchmark for "
    "2D and 3D biomedical image classification. Scientific Data 10:41, 2023. doi:10.1038/s41597-022-01721-8"
)
PATIENT = "Each image counts as a patient of its own, because the file holds no patient numbers."
NO_PATIENTS = (
    "Patient numbers are not in the file, so each image counts as a patient: intervals may be too narrow, and one "
    "person may stand on both sides of a split."
)
SAME_IMAGES = "The sizes hold the same images: never train on one and test on the other."
_PARTS = (("train", "train"), ("val", "valid"), ("test", "test"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one set is.

    Attributes:
        name: Of the set and its files.
        title: One line without the size.
        classes: Names of labels 0, 1, ..., or of the findings of a multi-label set.
        modality: DICOM modality code.
        counts: Images of the official training, validation and test part.
        md5: The publisher's checksum of the file of each size (`"28"`, `"64"`, ...); the first size is the default.
        sha256: Measured on a file whose MD5 was the publisher's, by size.
        sizes_bytes: As `sha256`.
        source: Work the images come from, to be cited beside MedMNIST.
        traps: What goes wrong with this set, beside what goes wrong with all.
        split: How the parts were made.
        patient: What a patient is.
        notes: Sentences a report prints.
        kinds: Questions, the default first: `classification`, `ordinal` or `multilabel`.
        positive: Class that a binary question is about; empty for the last one.
        volume: True for three-dimensional sets.
        licence: As the publisher states it.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    modality: str
    counts: tuple[int, int, int]
    md5: Mapping[str, str]
    source: str
    split: str
    traps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("classification",)
    sha256: Mapping[str, str] = field(default_factory=dict)
    sizes_bytes: Mapping[str, int] = field(default_factory=dict)
    patient: str = PATIENT
    positive: str = ""
    volume: bool = False
    licence: str = "CC BY 4.0"


def entry(facts: Facts) -> Entry:
    """Return the catalogue entry of a set.

    Its options: `size`, the edge in pixels or voxels, which also chooses the file that is fetched; `question`, where
    more than one kind fits; for a multi-label set `finding`, to ask about one finding alone.
    """
    sizes = tuple(facts.md5)
    options: dict[str, tuple[str, ...]] = {"size": sizes}
    if "multilabel" in facts.kinds:
        options["finding"] = ("all", *facts.classes)
    elif len(facts.kinds) > 1:
        options["question"] = facts.kinds

    def load(folder: Path, chosen: Mapping[str, str]) -> Loaded:
        path = folder / _file(facts.name, chosen["size"])
        if chosen.get("question") == "compression":
            found = _load(facts, path, {**chosen, "question": facts.kinds[0]})
            return as_compression(found, "uint8", (0.0, 255.0))
        return _load(facts, path, chosen)

    return Entry(
        name=facts.name,
        title=f"{facts.title} ({', '.join(sizes)} {'voxels' if facts.volume else 'pixels'}, MedMNIST)",
        modality="volume" if facts.volume else "image",
        tasks=facts.kinds,
        licence=facts.licence,
        citation=f"{CITATION}; {facts.source}",
        homepage=HOMEPAGE,
        patient=facts.patient,
        split=f"Official: {_counted(facts.counts)}. {facts.split}",
        traps=("Patient numbers are not in the file.", *facts.traps, SAME_IMAGES),
        options=options,
        files=tuple(_remote(facts, size) for size in sizes),
        folder=FOLDER,
        load=load,
    )


def _remote(facts: Facts, size: str) -> Remote:
    file = _file(facts.name, size)
    return Remote(
        url=f"{RECORD}/{file}?download=1",
        path=file,
        md5=facts.md5[size],
        sha256=facts.sha256.get(size, ""),
        size=facts.sizes_bytes.get(size, 0),
        when={"size": size},
    )


def _file(name: str, size: str) -> str:
    return f"{name}.npz" if size == "28" else f"{name}_{size}.npz"


def _counted(counts: tuple[int, ...]) -> str:
    return " / ".join(f"{count:,}" for count in counts)


def _load(facts: Facts, path: Path, chosen: Mapping[str, str]) -> Loaded:
    finding = chosen.get("finding", "")
    kind = chosen.get("question", facts.kinds[0]) if finding in ("", "all") else "classification"
    column = facts.classes.index(finding) if finding not in ("", "all") else None
    classes = facts.classes if column is None else ("no " + finding, finding)
    edge = int(chosen["size"])
    values = sum(facts.counts) * edge ** (3 if facts.volume else 2) * 3
    found = read_thumbnails(
        path, classes, facts.modality, facts.notes, kind=kind, column=column, limit=values, positive=facts.positive
    )
    assert isinstance(found.dataset, Thumbnails)  # noqa: S101 - made one line above
    here = tuple(len(labels) for _, _, labels in found.dataset.parts)
    if here == facts.counts:
        return found
    other = f"This file holds {_counted(here)} images, the official one {_counted(facts.counts)}: it is another set."
    return replace(found, notes=(*found.notes, other))


class Thumbnails:
    """Images kept as one uint8 array a part; a sample is a view, made when it is asked for."""

    def __init__(self, parts: list[tuple[str, NDArray[np.uint8], NDArray[np.int64]]], modality: str) -> None:
        self.modality = modality
        self.parts = parts
        self._starts = np.cumsum([0, *(len(labels) for _, _, labels in parts)])

    def __len__(self) -> int:
        """Return the number of images of all parts."""
        return int(self._starts[-1])

    def __getitem__(self, index: int, /) -> Sample:
        """Return image `index`: `(C, H, W)` or `(1, D, H, W)` uint8, target the class index or findings `(K,)`."""
        name, row, images = self._place(index)
        picture = images[row]
        array = picture.transpose(2, 0, 1) if picture.shape[-1] == 3 else picture[None]
        if isinstance(images, np.memmap):
            array = np.array(array)  # tensors made of a read-only map could not be written to
        return self._sample(index, name, row, {"image": Image(array=array, unit="uint8", modality=self.modality)})

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` without its image."""
        name, row, _ = self._place(index)
        return self._sample(index, name, row, {})

    def _place(self, index: int) -> tuple[str, int, NDArray[np.uint8]]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        name, images, _ = self.parts[part]
        return name, index - int(self._starts[part]), images

    def _sample(self, index: int, name: str, row: int, inputs: Mapping[str, Any]) -> Sample:
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        label = self.parts[part][2][row]
        key = f"{name}_{row:05d}"
        target = int(label) if label.ndim == 0 else label.astype(np.float64)
        return Sample(id=key, patient=key, inputs=inputs, target=target, meta={"split": name})


def read_thumbnails(
    path: Path,
    classes: tuple[str, ...],
    modality: str,
    notes: tuple[str, ...] = (),
    *,
    kind: str = "classification",
    column: int | None = None,
    limit: int | None = None,
    positive: str = "",
) -> Loaded:
    """Read a MedMNIST file.

    Args:
        path: The NPZ file.
        classes: Names of its labels 0, 1, ..., of its findings where `kind` is `multilabel`.
        modality: DICOM modality code of the images.
        notes: Sentences for the report beside the one on patients.
        kind: What is asked.
        column: Which finding of a multi-label file is asked about; None for the labels as they are.
        limit: Most values of one array; None takes the setting.
        positive: Class that a binary question is about; empty for the last one.

    Raises:
        DataError: Missing or damaged file, other arrays than documented, or a label without a class.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; fetch it with `salus data get {path.stem}`")
    names = [f"{short}_{what}" for short, _ in _PARTS for what in ("images", "labels")]
    try:
        stored = read_arrays(path, names, limit)
    except DataError as error:
        raise DataError(f"not a MedMNIST file: {error}") from error
    parts = []
    for short, name in _PARTS:
        images, labels = stored[f"{short}_images"], np.atleast_2d(stored[f"{short}_labels"].T).T.astype(np.int64)
        labels = labels[:, column] if column is not None and column < labels.shape[1] else labels
        labels = labels if kind == "multilabel" else labels.reshape(-1)
        _check(path, name, images, labels, len(classes), kind)
        parts.append((name, images, labels))
    question = Question(kind=kind, classes=classes, positive=positive)
    return Loaded(dataset=Thumbnails(parts, modality), question=question, notes=(NO_PATIENTS, *notes), unit="image")


def _check(path: Path, name: str, images: NDArray[Any], labels: NDArray[np.int64], classes: int, kind: str) -> None:
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or len(images) != len(labels) or not len(images):
        raise DataError(
            f"{path}: part {name!r} has {len(images)} images of {images.dtype} and {len(labels)} labels; "
            "expected one label an image of uint8"
        )
    if kind == "multilabel" and labels.shape[1] != classes:
        raise DataError(f"{path}: part {name!r} has {labels.shape[1]} findings an image; expected {classes}")
    highest = 2 if kind == "multilabel" else classes
    if labels.min() < 0 or labels.max() >= highest:
        raise DataError(f"{path}: part {name!r} has label {labels.max()}; expected 0 to {highest - 1}")
