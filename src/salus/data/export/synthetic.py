"""Write synthetic samples as a dataset that Salus reads again: pictures, signals or a table, each one marked."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from salus.schema.errors import DataError
from salus.schema.files import write_text, write_with
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Sample, Waveform

MARK = "synthetic"
MARK_COLUMN = "group_origin"
"""Read back into `meta`, so that no sample loses the word on its way, and never an input."""
OWN = ("id", "patient", "target", MARK_COLUMN)
CONDITION = "condition"


def write_samples(folder: Path, samples: Sequence[Sample], question: Question) -> str:
    """Write samples into a folder that exists.

    Rows become `table.csv` with their columns; signals one CSV file each and images one PNG each (NPY where their
    values are no bytes), listed in `manifest.csv`. Every line names its target and says that it is synthetic.

    Args:
        folder: Where to.
        samples: Of one kind.
        question: Names of classes.

    Returns:
        What `salus` is to be given to read the dataset again, relative to the folder.

    Raises:
        DataError: Samples without exactly one row, signal or image, or columns whose names are taken.
    """
    items = [_item(sample) for sample in samples]
    targets = [_target(sample, question) for sample in samples]
    if isinstance(items[0], Row):
        columns = list(items[0].values)
        taken = sorted(set(columns) & set(OWN))
        if taken:
            raise DataError(f"column {taken[0]!r} is a name that the table needs itself; rename it before training")
        lines = [
            {**dict(zip(OWN, (s.id, s.patient, t, MARK), strict=True)), **_cells(item.values)}
            for s, t, item in zip(samples, targets, items, strict=True)
        ]
        write_text(folder / "table.csv", _csv([*OWN, *columns], lines))
        return "table.csv:target=target,patient=patient,id=id"
    lines = []
    for sample, target, item in zip(samples, targets, items, strict=True):
        name = _write(folder, sample.id, item)
        lines.append({"path": name, **dict(zip(OWN, (sample.id, sample.patient, target, MARK), strict=True))})
    write_text(folder / "manifest.csv", _csv(["path", *OWN], lines))
    return "manifest.csv"


def _write(folder: Path, name: str, item: Any) -> str:
    if isinstance(item, Waveform):
        path = folder / "signals" / f"{name}.csv"
        units = (*item.units, *("",) * len(item.leads))
        head = [f"{lead} [{unit}]" if unit else lead for lead, unit in zip(item.leads, units, strict=False)]
        rows = [[f"{value:.7g}" if np.isfinite(value) else "" for value in row] for row in item.array.T.tolist()]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([head, *rows])
        write_text(path, f"# rate_hz: {item.rate_hz:g}\n# origin: {MARK}\n{text.getvalue()}")
    elif isinstance(item, Image):
        path = _write_image(folder / "images" / name, item)
    else:
        raise DataError(f"sample {name}: a {type(item).__name__} where others have a signal or an image")
    return path.relative_to(folder).as_posix()


def _write_image(stem: Path, item: Image) -> Path:
    array = np.asarray(item.array)
    bytes_only = array.ndim == 3 and array.shape[0] in (1, 3) and array.dtype == np.uint8
    if not bytes_only:
        path = stem.with_name(f"{stem.name}.npy")

        def write(temporary: Path) -> None:
            with temporary.open("wb") as handle:
                np.save(handle, array, allow_pickle=False)

        write_with(path, write)
        return path
    from PIL import Image as Pillow
    from PIL.PngImagePlugin import PngInfo

    pixels = np.moveaxis(array, 0, -1) if len(array) == 3 else array[0]
    note = PngInfo()
    note.add_text("Comment", "synthetic: made by a generator, no photograph of a patient")
    path = stem.with_name(f"{stem.name}.png")
    write_with(path, lambda to: Pillow.fromarray(np.ascontiguousarray(pixels)).save(to, format="PNG", pnginfo=note))
    return path


def _item(sample: Sample) -> Any:
    found = [item for name, item in sample.inputs.items() if name != CONDITION]
    if len(found) != 1 or not isinstance(found[0], Row | Waveform | Image):
        raise DataError(f"sample {sample.id}: {len(found)} inputs; a dataset of rows, signals or images takes one each")
    return found[0]


def _target(sample: Sample, question: Question) -> str:
    target = sample.target
    if isinstance(target, Mapping):
        target = target.get("label", target.get("condition", target.get("value")))
    if target is None:
        return ""
    if question.classes and isinstance(target, int | np.integer):
        return question.classes[int(target)]
    return f"{float(target):.9g}"


def _cells(values: Mapping[str, float | str]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else f"{value:.9g}" if np.isfinite(value) else ""
        for name, value in values.items()
    }


def _csv(columns: Sequence[str], lines: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
