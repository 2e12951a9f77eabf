"""Brain tumour slices of Cheng (T1 with contrast): single slices, short series, or crops around the tumour.

Patient numbers are not in this copy. What stands for a patient is a window of the original index: in the full set
3,064 slices belong to 233 people, 13.2 slices each, stored one person after another. A window is closed only when it
spans at least 14 indices *and* the next slice does not look like the last one, so a run of similar slices is never
cut. It is a proxy: a person may still stand on both sides of a window's end, and intervals are that much too narrow.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample

CLASSES = ("meningioma", "glioma", "pituitary")
PIXELS = 128
THUMBNAIL = 32
ALIKE = 0.8
SPAN = 14
LONGEST = 6
PIXEL_MM = 0.49
SLICE_MM = 7.0
MARGIN = 1.3


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the slices.

    Args:
        folder: Holds `labels.csv` and `images/`.
        options: `view`: `slice`, `series` (consecutive slices that look alike, at most 6) or `crop` (the tumour box
            with a margin, cut at full resolution: it tells the network where the tumour is).

    Raises:
        DataError: The table or an image is missing or not as documented.
    """
    rows = _table(folder / "labels.csv")
    view = options.get("view", "slice")
    pictures, thumbnails = [], []
    for row in rows:
        full = _grey(folder / row["file"])
        pictures.append(_crop(full, row) if view == "crop" else _reduce(full, PIXELS))
        thumbnails.append(_reduce(full, THUMBNAIL).astype(np.float64).ravel())
    runs, windows = group([(row["block"], int(row["original_index"])) for row in rows], np.array(thumbnails))
    patients = [f"{rows[i]['block']}_{windows[i]:03d}" for i in range(len(rows))]
    if view == "series":
        samples = _series(rows, pictures, runs, patients)
    else:
        samples = [_sample(row, [i], pictures[i][None], patients[i], f"run{runs[i]:03d}") for i, row in enumerate(rows)]
    notes = [
        "Patient numbers are not in this copy. Blocks of the original index stand for the patient split, and windows "
        "of at least 14 indices (a person of the full set has 13 slices on average) for a patient in intervals: a "
        "proxy, so intervals may be too narrow.",
        "The three classes differ in slice plane and field of view, so part of any score is not the tumour.",
    ]
    if view == "crop":
        notes.append("The input is cut around the tumour box that a person drew: the place is given, not found.")
    return Loaded(
        unit="index window",
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=CLASSES),
        notes=tuple(notes),
    )


def group(places: Sequence[tuple[str, int]], thumbnails: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Number the runs of slices that look alike, and the windows that stand for patients.

    Args:
        places: Block name and original index of each slice, in order within a block.
        thumbnails: `(N, F)`, one small picture each.

    Returns:
        Run number and window number of each slice. A run holds neighbours whose correlation exceeds 0.8; a window
        spans at least 14 indices unless its block ends, and never cuts a run. Neither crosses a block.
    """
    centred = thumbnails - thumbnails.mean(axis=1, keepdims=True)
    scale = np.maximum(np.sqrt((centred**2).sum(axis=1)), 1e-12)
    runs, windows = [0], [0]
    opened = places[0][1]
    for i in range(1, len(places)):
        same_block = places[i][0] == places[i - 1][0]
        alike = same_block and float(centred[i] @ centred[i - 1] / (scale[i] * scale[i - 1])) > ALIKE
        near = same_block and (alike or places[i][1] - opened < SPAN)
        runs.append(runs[-1] + (not alike))
        windows.append(windows[-1] + (not near))
        opened = opened if near else places[i][1]
    return runs, windows


def _table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise DataError(f"{path} is missing; the folder must hold labels.csv and images/")
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    needed = {"file", "original_index", "class_name", "block", "suggested_split", "box_cx", "box_cy", "box_w", "box_h"}
    missing = needed - set(rows[0] if rows else {})
    if missing:
        raise DataError(f"{path} lacks {', '.join(sorted(missing))}; take the table that belongs to the images")
    for row in rows:
        if row["class_name"] not in CLASSES:
            raise DataError(f"{path}: class {row['class_name']!r} of {row['file']}; expected {', '.join(CLASSES)}")
    order = {block: place for place, block in enumerate(dict.fromkeys(row["block"] for row in rows))}
    return sorted(rows, key=lambda row: (order[row["block"]], int(row["original_index"])))


def _grey(path: Path) -> NDArray[np.uint8]:
    from PIL import Image as Picture
    from PIL import UnidentifiedImageError

    try:
        with Picture.open(path) as picture:
            return np.asarray(picture.convert("L"))
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{path} cannot be read ({error}); fetch the set again") from error


def _reduce(picture: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    from PIL import Image as Picture

    return np.asarray(Picture.fromarray(picture).resize((pixels, pixels), Picture.Resampling.BOX))


def _crop(full: NDArray[np.uint8], row: Mapping[str, str]) -> NDArray[np.uint8]:
    rows, columns = full.shape
    cx, cy = float(row["box_cx"]) * columns, float(row["box_cy"]) * rows
    side = max(float(row["box_w"]) * columns, float(row["box_h"]) * rows, 16.0) * MARGIN
    half = int(np.ceil(side / 2))
    padded = np.pad(full, half)
    top, left = round(cy), round(cx)
    return _reduce(np.ascontiguousarray(padded[top : top + 2 * half, left : left + 2 * half]), PIXELS)


def _sample(
    row: Mapping[str, str], members: Sequence[int], array: NDArray[np.uint8], patient: str, recording: str
) -> Sample:
    name = Path(row["file"]).stem
    scale = PIXEL_MM * 512 / PIXELS
    stack = array.ndim == 4
    box = tuple(float(row[key]) for key in ("box_cx", "box_cy", "box_w", "box_h"))
    return Sample(
        id=f"{name}_x{len(members)}" if stack else name,
        patient=patient,
        inputs={
            "image": Image(
                array=array,
                spacing_mm=(SLICE_MM, scale, scale) if stack else (scale, scale),
                unit="uint8",
                modality="MR",
            )
        },
        target=CLASSES.index(row["class_name"]),
        meta={
            "split": {"val": "valid"}.get(row["suggested_split"], row["suggested_split"]),
            "recording": recording,
            "box": box,
            "path": row["file"],
        },
    )


def _series(
    rows: Sequence[Mapping[str, str]], pictures: Sequence[NDArray[np.uint8]], runs: Sequence[int], patients: list[str]
) -> list[Sample]:
    chunks: list[list[int]] = []
    for i in range(len(rows)):
        if chunks and runs[chunks[-1][-1]] == runs[i] and len(chunks[-1]) < LONGEST:
            chunks[-1].append(i)
        else:
            chunks.append([i])
    return [
        _sample(rows[c[0]], c, np.stack([pictures[i] for i in c])[None], patients[c[0]], f"run{runs[c[0]]:03d}")
        for c in chunks
    ]


_FIELDS: dict[str, Any] = {
    "traps": (
        "neighbouring indices are mostly slices of one person: a random split scores about 0.12 AUROC too high",
        "the classes differ in slice plane and field of view",
        "8-bit copies, each with its own window: intensities of two slices cannot be compared",
        "the box is drawn by a person: as an input it gives the place away",
    ),
    "options": {"view": ("slice", "series", "crop")},
}

ENTRY = Entry(
    name="brain_tumor_mri_cheng",
    title="Brain tumour slices: meningioma, glioma, pituitary (T1 with contrast)",
    modality="image",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation="Cheng et al. 2015, PLoS ONE, doi 10.1371/journal.pone.0140381; data doi 10.6084/m9.figshare.1512427",
    homepage="https://doi.org/10.6084/m9.figshare.1512427",
    patient="a window of at least 14 original indices within one block: a proxy, patient numbers are absent",
    split="official: index blocks with at least 25 unused indices between them (390 / 90 / 165)",
    load=load,
    **_FIELDS,
)
