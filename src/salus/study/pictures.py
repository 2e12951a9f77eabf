"""The best and worst answers of a cell, kept so that a person can look at them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.contract.task import Task
from salus.schema.files import write_with
from salus.schema.sample import Image, Note, Sample, Waveform

KEPT = 3
PIXELS = 256
POINTS = 1500


def badness(task: Task, marks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how wrong each answer is, `(N,)`, by the task's own marks: higher is worse."""
    columns = list(task.columns)
    if "truth" in columns and any(name.startswith("p_") for name in columns):
        first = next(i for i, name in enumerate(columns) if name.startswith("p_"))
        truth = marks[:, columns.index("truth")].astype(int)
        return 1.0 - np.nan_to_num(marks[np.arange(len(marks)), first + truth], nan=0.0)
    if task.primary in columns:
        return -task.directions[task.primary] * marks[:, columns.index(task.primary)]
    wrong = [i for i, name in enumerate(columns) if name in ("false_positive", "false_negative", "fp", "fn")]
    return marks[:, wrong].sum(1) if wrong else np.zeros(len(marks))


def save_pictures(
    path: Path,
    task: Task,
    test: Dataset,
    values: Sequence[NDArray[Any] | None],
    marks: NDArray[np.float64],
) -> None:
    """Write the three best and three worst samples with their inputs and answers to an NPZ without pickle."""
    bad = badness(task, marks)
    order = np.argsort(bad, kind="stable")
    chosen = list(dict.fromkeys([*order[:KEPT].tolist(), *order[::-1][:KEPT].tolist()]))
    samples = [test[i] for i in chosen]
    arrays: dict[str, Any] = {
        "ids": np.array([s.id for s in samples]),
        "badness": bad[chosen],
        "truth_label": np.array([_label(task, s.target) for s in samples]),
        "answer_label": np.array([_label(task, values[i]) for i in chosen]),
    }
    for number, (index, sample) in enumerate(zip(chosen, samples, strict=True)):
        arrays.update(_arrays(number, sample, values[index]))

    def write(temporary: Path) -> None:
        with temporary.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)

    write_with(path, write)


def _arrays(number: int, sample: Sample, value: NDArray[Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in sample.inputs.items():
        if isinstance(item, Image):
            found[f"input_{number}"] = plane(item.array)
            target = sample.target
            if isinstance(target, np.ndarray) and target.shape == item.array.shape:
                found[f"truth_{number}"] = plane(target)
                if value is not None:
                    found[f"answer_{number}"] = plane(np.asarray(value))
        elif isinstance(item, Waveform):
            step = max(1, item.array.shape[1] // POINTS)
            found[f"trace_{number}"] = item.array[:, ::step].astype(np.float32)
            found[f"trace_rate_{number}"] = np.array([item.rate_hz / step], np.float32)
        elif isinstance(item, Note):
            found[f"tokens_{number}"] = np.array(item.tokens)
            found[f"tags_true_{number}"] = np.asarray(sample.target)
            if value is not None:
                found[f"tags_answer_{number}"] = np.asarray(value)[: len(item.tokens)]
        del name
    return found


def plane(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return one picture `(H, W)` or `(H, W, 3)` of an image or volume: its middle slice, at most 256 pixels wide."""
    while array.ndim > 3:
        array = array[:, array.shape[1] // 2]
    picture = np.moveaxis(array, 0, -1) if array.shape[0] == 3 else array[array.shape[0] // 2]
    step = max(1, -(-max(picture.shape[:2]) // PIXELS))
    return np.ascontiguousarray(picture[::step, ::step], dtype=np.float32)


def _label(task: Task, answer: Any) -> str:
    classes = task.question.classes
    if answer is None:
        return "no answer"
    if isinstance(answer, dict):
        answer = answer.get("label", "")
    if isinstance(answer, int | np.integer) and 0 <= int(answer) < len(classes):
        return classes[int(answer)]
    if isinstance(answer, np.ndarray) and task.kind == "classification" and answer.shape == (len(classes),):
        best = int(answer.argmax())
        return f"{classes[best]} ({float(answer[best]):.2f})"
    return ""
