"""A user's own files, listed in a table: path, patient, target, and optionally site, split, id and group_* columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.decoded import read_decoded
from salus.data.entry import Loaded
from salus.data.labels import is_number, question_of_some, refuse_repeated_ids
from salus.data.limits import inside
from salus.data.masks import mask_target, question_of_structures
from salus.data.open import read_any
from salus.data.readers.image import ARRAYS, PICTURES
from salus.data.readers.metaimage import SUFFIXES as METAIMAGE
from salus.data.readers.nifti import SUFFIXES as NIFTI
from salus.data.readers.nrrd import SUFFIXES as NRRD
from salus.data.readers.table import Columns, read_columns
from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Image, Note, Sample, Waveform

SPLITS = ("train", "valid", "test")
_NAMES: tuple[tuple[type, str], ...] = ((Image, "image"), (Waveform, "waveform"), (Note, "note"))
_SPELLED = {"val": "valid", "validation": "valid", "training": "train", "testing": "test"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of a manifest.

    Attributes:
        id: Of the sample.
        patient: Whose it is.
        path: What to read.
        target: Class index, the path of a clean image, or None.
        meta: `site`, `split`, `group_*`, `path`.
    """

    id: str
    patient: str
    path: Path
    target: int | Path | None
    meta: Mapping[str, Any]


class FileDataset:
    """Samples whose file is read each time they are asked for."""

    def __init__(
        self, listed: Sequence[Listed], rate_hz: float | None = None, structures: tuple[str, ...] = ()
    ) -> None:
        self.listed = list(listed)
        self.rate_hz = rate_hz
        self.structures = structures

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.listed)

    def __getitem__(self, index: int, /) -> Sample:
        """Read sample `index`."""
        line = self.listed[index]
        content = read_decoded(line.path, self.rate_hz)
        name = next((name for kind, name in _NAMES if isinstance(content, kind)), None)
        if name is None:
            raise DataError(f"{line.path}: a table of many rows as one sample; give it as `table.csv:target=COLUMN`")
        target = line.target
        if isinstance(target, Path) and self.structures:
            mask = read_decoded(target)
            if not isinstance(mask, Image) or not isinstance(content, Image):
                raise DataError(f"sample {line.id}: a mask and what it belongs to must be images")
            return _sample(line, {name: content}, mask_target(mask, content, self.structures, line.id))
        if isinstance(target, Path):
            return _sample(line, {name: content}, _clean(target, content, line))
        return _sample(line, {name: content}, target)

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` without reading its file: no inputs, and no target where that is a file."""
        line = self.listed[index]
        return _sample(line, {}, None if isinstance(line.target, Path) else line.target)


def read_manifest(path: Path | str, options: Mapping[str, str] | None = None) -> Loaded:
    """Read a manifest.

    Args:
        path: CSV or Parquet; `path` cells are relative to its folder and may not leave it.
        options: Other column names (`path`, `patient`, `target`, `site`, `split`, `id`), `positive` (a class name),
            `weight` (the column of sample weights), `rate_hz` (for tables that are waveforms),
            `unlabelled=keep` (empty targets are None), `structures` (names of the values 1, 2, ... of masks, joined
            by `+`).

    Returns:
        Lazy samples. Targets that are image files ask for restoration, or for segmentation where `structures` are
        named; all others ask for classification.

    Raises:
        DataError: A missing column or file (with its line), repeated ids, a path that leaves the folder, an unknown
            split word, or targets that make no question.
        UsageError: An unknown option.
    """
    place = Path(path)
    chosen = dict(options or {})
    rate = _rate(chosen.pop("rate_hz", ""), place)
    positive, structures = chosen.pop("positive", ""), chosen.pop("structures", "")
    unlabelled = chosen.pop("unlabelled", "refuse")
    table, column = _columns(place, chosen)
    count, folder = len(table), place.parent
    files = [_file(folder, name, line, place, "path") for line, name in enumerate(table.words[column["path"]])]
    ids = table.words.get(column["id"]) or table.words[column["path"]]
    refuse_repeated_ids(ids, place)
    patients = table.words[column["patient"]]
    for line, patient in enumerate(patients):
        if not patient:
            raise DataError(f"{place}: line {line + 2} names no patient; a split is by patient, so fill it in")
    words = table.words[column["target"]]
    targets: Sequence[int | Path | None]
    if all(_is_image(word) for word in words):
        targets = clean = [_file(folder, word, line, place, "target") for line, word in enumerate(words)]
        if structures:
            question = question_of_structures(structures, place)
        else:
            question = Question(kind="restoration", value_range=_value_range(clean))
    elif structures:
        raise UsageError(f"{place}: structures={structures!r} name the values of masks, but targets are no image files")
    else:
        question, targets = question_of_some(list(words), place, positive, unlabelled)
    metas = metas_of(table, column)
    listed = [
        Listed(
            id=ids[i], patient=patients[i], path=files[i], target=targets[i], meta={**metas[i], "path": str(files[i])}
        )
        for i in range(count)
    ]
    return Loaded(dataset=FileDataset(listed, rate, question.classes if structures else ()), question=question)


def metas_of(table: Columns, column: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each row's `site`, `split` and `group_*` where the table has them, and its `weight` where one is named.

    A column that happens to be called `weight` is a body weight as often as not: it is used only if it is named.

    Raises:
        DataError: A split word that is none of train, valid, test; a weight that is no number of 0 or more.
    """
    metas: list[dict[str, Any]] = [{} for _ in range(len(table))]
    for key in ("site", *(name for name in table.words if name.startswith("group_"))):
        for meta, word in zip(metas, table.words.get(column.get(key, key), ()), strict=False):
            meta[key] = word
    for line, word in enumerate(table.words.get(column.get("split", "split"), ())):
        part = _SPELLED.get(word.lower(), word.lower())
        if part not in SPLITS:
            raise DataError(f"{table.path}: line {line + 2} has split {word!r}; expected one of {', '.join(SPLITS)}")
        metas[line]["split"] = part
    if "weight" in column:
        for line, word in enumerate(table.words[column["weight"]]):
            if not is_number(word) or not 0 <= float(word) < float("inf"):
                raise DataError(f"{table.path}: line {line + 2} has weight {word!r}; give a number of 0 or more")
            metas[line]["weight"] = float(word)
    return metas


def _columns(place: Path, options: dict[str, str]) -> tuple[Columns, dict[str, str]]:
    column = {name: name for name in ("path", "patient", "target", "site", "split", "id")}
    for key, value in options.items():
        if key not in column and key != "weight":
            raise UsageError(
                f"{place}: no option {key!r}; a manifest takes {', '.join(column)}, weight, positive, structures, "
                "rate_hz"
            )
        column[key] = value
    table = read_columns(place)
    table.need([column["path"], column["patient"], column["target"], *options.values()])
    return table, column


def _file(folder: Path, name: str, line: int, place: Path, what: str) -> Path:
    if not name:
        raise DataError(f"{place}: line {line + 2} has no {what}; fill it in")
    try:
        found = inside(folder, name)
    except DataError as error:
        raise DataError(f"{place}: line {line + 2}: {error}") from error
    if not found.exists() and not found.with_name(found.name + ".hea").exists():
        raise DataError(f"{place}: line {line + 2}: no file {name!r} in {folder}; correct the path")
    return found


def _is_image(word: str) -> bool:
    return word.lower().endswith((*PICTURES, *ARRAYS, *NIFTI, *NRRD, *METAIMAGE, ".dcm"))


def _clean(path: Path, noisy: Any, line: Listed) -> NDArray[np.float32]:
    content = read_decoded(path)
    if not isinstance(content, Image) or not isinstance(noisy, Image) or content.array.shape != noisy.array.shape:
        shapes = [getattr(getattr(part, "array", None), "shape", None) for part in (noisy, content)]
        raise DataError(f"sample {line.id}: input {shapes[0]} and target {shapes[1]} must be images of one shape")
    return content.array.astype(np.float32)


def _value_range(files: Sequence[Path]) -> tuple[float, float]:
    """Return 0..255 for eight-bit targets, else the span of at most 64 of them, spread over the list."""
    low, high = np.inf, -np.inf
    for index in np.unique(np.linspace(0, len(files) - 1, 64).astype(int)):
        content = read_any(files[index])
        if not isinstance(content, Image):
            raise DataError(f"{files[index]}: a target of restoration must be an image")
        if content.array.dtype == np.uint8:
            return 0.0, 255.0
        low, high = min(low, float(content.array.min())), max(high, float(content.array.max()))
    if not high > low:
        raise DataError(f"{files[0]}: the targets hold the one value {low}; there is nothing to restore")
    return low, high


def _rate(text: str, place: Path) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{place}: rate_hz={text!r}; expected a number of samples a second") from error


def _sample(line: Listed, inputs: Mapping[str, Any], target: Any) -> Sample:
    return Sample(id=line.id, patient=line.patient, inputs=inputs, target=target, meta=line.meta)
