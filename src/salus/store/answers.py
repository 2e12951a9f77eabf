"""Write predictions in the form people use: a table, tagged text, images."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from salus.contract.system import System
from salus.data.export.volume import write_nifti
from salus.data.writers import write_picture, write_volume
from salus.schema.errors import DataError, UsageError
from salus.schema.files import write_text
from salus.schema.sample import Image, Note, Sample
from salus.store.artifact import write_json
from salus.tasks.compression import total_bytes


def write_answers(
    system: System,
    samples: Sequence[Sample],
    values: Sequence[Any],
    reasons: Sequence[str],
    operating: Mapping[str, Any],
    folder: Path,
) -> list[dict[str, Any]]:
    """Write one line per sample to `answers.csv`, and images or tagged text beside it.

    Returns:
        The lines; an unanswered sample has its reason under `error`.
    """
    kind = system.task.kind
    if kind == "synthesis":
        raise UsageError("a generator answers no file: make samples with `salus synthesize RUN -n N -o FOLDER`")
    rows = []
    for number, (sample, value, reason) in enumerate(zip(samples, values, reasons, strict=True)):
        row: dict[str, Any] = {"sample": sample.id}
        if value is None:
            row["error"] = reason or "no answer"
        elif kind in ("classification", "ordinal"):
            row.update(_class_row(system, value, operating))
        elif kind == "verification":
            row.update(_person_row(system, value, operating))
        elif kind == "multilabel":
            row.update(_finding_row(system, value, operating))
        elif kind == "tagging":
            path = folder / f"{number:05d}_{_plain(sample.id)}.json"
            row.update(spans=_tagged(system, sample, value, path), file=path.name)
        elif kind == "segmentation":
            row.update(_mask(system, sample, np.asarray(value), folder / f"{number:05d}_{_plain(sample.id)}"))
        elif kind in ("regression", "forecasting"):
            numbers = np.asarray(value, dtype=np.float64).ravel()
            row.update(
                {f"value_{place + 1}" if len(numbers) > 1 else "value": n for place, n in enumerate(numbers.tolist())}
            )
        elif kind == "compression":
            row.update(_coded(sample, np.asarray(value), folder / f"{number:05d}_{_plain(sample.id)}"))
        elif kind == "restoration":
            row["file"] = _image(sample, np.asarray(value), folder / f"{number:05d}_{_plain(sample.id)}")
        else:
            raise DataError(f"answers of task {kind!r} cannot be written yet")
        if value is not None:
            row.update(_remark(system, sample))
        rows.append(row)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / "answers.csv", text.getvalue())
    return rows


def _remark(system: System, sample: Sample) -> Mapping[str, Any]:
    """Return what a system has to say beside an answer, such as that the question lies outside its domain."""
    remark: Callable[[Sample], Mapping[str, Any]] | None = getattr(system, "remark", None)
    return remark(sample) if remark is not None else {}


def _class_row(system: System, value: Any, operating: Mapping[str, Any]) -> dict[str, Any]:
    """Judge one answer as the task does, so that temperature and threshold are the ones fixed on validation."""
    task, classes = system.task, system.task.question.classes
    marks = task.judge([np.asarray(value)], [0], operating)[0]
    columns = list(task.columns)
    row: dict[str, Any] = {"answer": classes[int(marks[columns.index("predicted")])]}
    for name in classes:
        row[f"p_{name}"] = round(float(marks[columns.index(f"p_{name}")]), 6)
    return row


def _person_row(system: System, value: Any, operating: Mapping[str, Any]) -> dict[str, Any]:
    """Name the enrolled person most alike if the score reaches the threshold of validation, and give every score."""
    names, scores = system.task.question.classes, np.asarray(value, dtype=np.float64)
    best, threshold = int(scores.argmax()), float(operating.get("threshold", 0.0))
    return {
        "answer": names[best] if scores[best] >= threshold else "not enrolled",
        "threshold": round(threshold, 6),
        **{f"score_{name}": round(float(score), 6) for name, score in zip(names, scores, strict=True)},
    }


def _finding_row(system: System, value: Any, operating: Mapping[str, Any]) -> dict[str, Any]:
    """Name the findings above their thresholds, and give the probability of each."""
    names, chances = system.task.question.classes, np.asarray(value, dtype=np.float64)
    cuts = operating.get("thresholds", {})
    called = [name for name, chance in zip(names, chances, strict=True) if chance >= float(cuts.get(name, 0.5))]
    return {
        "answer": "; ".join(called) or "none",
        **{f"p_{name}": round(float(chance), 6) for name, chance in zip(names, chances, strict=True)},
    }


def _tagged(system: System, sample: Sample, value: Any, path: Path) -> int:
    from salus.metrics.spans import spans

    note = next(item for item in sample.inputs.values() if isinstance(item, Note))
    classes = system.task.question.classes
    tags = [classes[int(tag)] for tag in np.asarray(value)[: len(note.tokens)]]
    found = []
    for start, stop, kind in spans(tags):
        entry: dict[str, Any] = {
            "type": kind,
            "tokens": [int(start), int(stop)],
            "text": " ".join(note.tokens[start:stop]),
        }
        if note.offsets:
            entry["characters"] = [note.offsets[start][0], note.offsets[stop - 1][1]]
        found.append(entry)
    write_json(path, {"sample": sample.id, "spans": found, "tokens": list(note.tokens), "tags": tags})
    return len(found)


def _image(sample: Sample, value: Any, stem: Path) -> str:
    image = next(item for item in sample.inputs.values() if isinstance(item, Image))
    write_picture(stem.with_name(stem.name + ".png"), value)
    path = stem.with_name(stem.name + ".nii.gz")
    write_volume(path, value, image.spacing_mm, image.affine)
    return path.name


def _coded(sample: Sample, value: Any, stem: Path) -> dict[str, Any]:
    """Write a picture that went through bytes; bytes and bits a pixel count everything that travels once sealed."""
    size = total_bytes(value)
    bits = round(8 * size / value[0].size, 4)
    return {"file": _image(sample, value[1:], stem), "bytes_sealed": size, "bits_per_pixel": bits}


def _mask(system: System, sample: Sample, value: Any, stem: Path) -> dict[str, Any]:
    """Write class indices as a label map on the grid of the image, and count the voxels of each structure."""
    image = next(item for item in sample.inputs.values() if isinstance(item, Image))
    array = np.where(value < 0, 0, value).astype(np.uint8 if value.max(initial=0) < 256 else np.uint16)
    array = array.reshape(1, *image.array.shape[-(3 if image.array.ndim > 3 else 2) :])
    path = stem.with_name(stem.name + ".nii.gz")
    write_nifti(path, Image(array=array, spacing_mm=image.spacing_mm, affine=image.affine))
    names = system.task.question.classes
    return {"file": path.name, **{f"voxels_{names[k]}": int((array == k).sum()) for k in range(1, len(names))}}


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:60]
