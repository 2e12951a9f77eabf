"""A few samples of a dataset, small, so that a reader sees what the figures are about."""

from pathlib import Path
from typing import Any

import numpy as np

from salus.data.entry import Loaded
from salus.schema.files import write_with
from salus.schema.sample import Image, Note, Row, Sample, Waveform
from salus.study.pictures import plane
from salus.tasks.registry import make

COUNT = 12
POINTS = 400


def save_thumbnails(path: Path, loaded: Loaded) -> None:
    """Write up to twelve samples, spread over the classes, to an NPZ without pickle.

    Keys: `labels`, and by kind of input `image_<n>` (H, W[, 3]) float32, `trace_<n>` (L, T) float32 or `text_<n>`.
    """
    if path.is_file():
        return
    task = make(loaded.question)
    chosen = _spread(loaded, task.stratum)
    arrays: dict[str, Any] = {
        "ids": np.array([s.id for s in chosen]),
        "labels": np.array([task.stratum(s.target) for s in chosen]),
    }
    for number, sample in enumerate(chosen):
        for item in sample.inputs.values():
            if isinstance(item, Image):
                arrays[f"image_{number}"] = plane(item.array)
            elif isinstance(item, Waveform):
                arrays[f"trace_{number}"] = item.array[:, :: max(1, item.array.shape[1] // POINTS)].astype(np.float32)
            elif isinstance(item, Note):
                arrays[f"text_{number}"] = np.array(item.text[:400] or " ".join(item.tokens)[:400])
            elif isinstance(item, Row):
                pairs = list(item.values.items())[:6]
                shown = (f"{k} {v:.4g}" if isinstance(v, float | int) else f"{k} {v}" for k, v in pairs)
                arrays[f"text_{number}"] = np.array(", ".join(shown) + (", ..." if len(item.values) > 6 else ""))

    def write(temporary: Path) -> None:
        with temporary.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)

    write_with(path, write)


def _spread(loaded: Loaded, stratum: Any) -> list[Sample]:
    """Walk the dataset in even steps and keep as many of each class as fit."""
    total = len(loaded.dataset)
    order = np.linspace(0, total - 1, min(total, 40 * COUNT)).astype(int)
    by_class: dict[str, list[Sample]] = {}
    for index in dict.fromkeys(order.tolist()):
        sample = loaded.dataset[index]
        by_class.setdefault(stratum(sample.target), []).append(sample)
    share = max(1, COUNT // len(by_class))
    kept = [
        group[int(i)] for group in by_class.values() for i in np.linspace(0, len(group) - 1, min(share, len(group)))
    ]
    return kept[:COUNT]
