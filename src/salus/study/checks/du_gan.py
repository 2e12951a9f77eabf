"""What DU-GAN owes beside its scores: other doses, a confidence map with a meaning, lesions left as they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset, ListDataset
from salus.contract.system import System
from salus.data.library import load
from salus.evaluate.predict import answer
from salus.metrics.observer import kept_and_invented, observer_area, regions
from salus.schema.sample import Sample
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.systems.gan.du_gan import DUGAN

PART, ARMS = "dose_25", ("du_gan", "red_cnn")
GAINS = {"10": 3.0, "40": 2.0}
REGION, CHANNEL_WIDTH = 17, 14.0
SLICES = "40"
BODY_HU = -900.0
Planes = Sequence[NDArray[Any] | None]


def doses(context: CheckContext) -> list[CheckRow]:
    """Score what was trained at 25 % on the same test slices at doses it never saw."""
    rows = []
    for dose, goal in GAINS.items():
        for arm in ARMS:
            gains, levels = [], []
            for cell in context.systems(PART, arm):
                other = _at_dose(context, cell, dose)
                before = _psnr(cell.system, other, [s.inputs["image"].array for s in other.samples])
                levels.append(_psnr(cell.system, other, answer(cell.system, other)))
                gains.append(levels[-1] - before)
            must = arm == ARMS[0]
            rows.append(
                CheckRow(
                    kind="M" if must else "R",
                    text=f"{arm} trained at 25 %, answering at {dose} %: PSNR over the input"
                    + (f" by at least {goal:g} dB" if must else ""),
                    figure=_spread(gains, "dB") + (f", to {np.mean(levels):.2f} dB" if levels else ""),
                    met=(bool(gains) and float(np.mean(gains)) >= goal) if must else None,
                )
            )
    return rows


def confidence(context: CheckContext) -> list[CheckRow]:
    """Relate the confidence map to the error inside the body, and draw one test slice."""
    from scipy.stats import spearmanr

    found: list[float] = []
    for cell in context.systems(PART, ARMS[0]):
        assert isinstance(cell.system, DUGAN)  # noqa: S101
        samples = _samples(cell.test)
        sure = cell.system.confidence(cell.system.collate(samples)).numpy()
        answers = answer(cell.system, cell.test)
        body = np.stack([sample.target for sample in samples]) > BODY_HU
        error = np.abs(np.stack([np.asarray(a) for a in answers]) - np.stack([s.target for s in samples]))
        found.append(float(spearmanr(sure[body], error[body]).statistic))
        if len(found) == 1:
            rival = next((answer(other.system, cell.test) for other in context.systems(PART, ARMS[1])), None)
            _draw(context.folder / "slice.png", samples[0], answers, rival, sure[0, 0])
    return [
        CheckRow(
            kind="R",
            text="Spearman of the confidence map with |error|, pixels of the body (expected at most -0.3)",
            figure=_spread(found, ""),
        )
    ]


def lesions(context: CheckContext) -> list[CheckRow]:
    """Look for planted lesions of the phantom before and after restoration (all trained on the patient's slices)."""
    samples = _samples(load("ct_phantom", {"dose": "25", "slices": SLICES}).dataset)
    phantom = ListDataset(samples)
    count = sum(len(sample.meta["lesions"]) for sample in samples)
    shown: dict[str, list[Planes]] = {
        "low dose": [[sample.inputs["image"].array for sample in samples]],
        "normal dose": [[sample.target for sample in samples]],
    }
    for arm in ARMS:
        shown[arm] = [answer(cell.system, phantom) for cell in context.systems(PART, arm)]
    areas = {name: [_area(samples, planes) for planes in found] for name, found in shown.items()}
    rows = [
        CheckRow(
            kind="R",
            text=f"channelized Hotelling observer on ct_phantom (simulated), area for {name}",
            figure=_spread(values, ""),
        )
        for name, values in areas.items()
    ]
    change = [area - areas["low dose"][0] for area in areas[ARMS[0]]]
    rows.append(
        CheckRow(
            kind="M",
            text="observer's area for du_gan no worse than for the input - 0.03",
            figure=_spread(change, ""),
            met=bool(change) and float(np.mean(change)) >= -0.03,
        )
    )
    for name, found in shown.items():
        kept, made = np.mean([_counts(samples, planes) for planes in found], axis=0) if found else (np.nan, np.nan)
        rows.append(
            CheckRow(
                kind="R",
                text=f"lesions kept and lesions invented, {name} (half of the planted contrast counts)",
                figure=f"{kept:.1f} of {count} kept, {made:.1f} invented in {count} healthy places",
            )
        )
    return rows


def _at_dose(context: CheckContext, cell: TrainedCell, dose: str) -> ListDataset:
    part = context.part(PART)
    wanted = {sample.id for sample in _samples(cell.test)}
    loaded = load(part.data, {**part.options, "dose": dose})
    return ListDataset([sample for sample in _samples(loaded.dataset) if sample.id in wanted])


def _psnr(system: System, data: ListDataset, values: Planes) -> float:
    return system.task.score(values, [sample.target for sample in data.samples])["psnr"]


def _samples(data: Dataset) -> list[Sample]:
    return [data[i] for i in range(len(data))]


def _area(samples: Sequence[Sample], planes: Planes) -> float:
    groups = {kind: [s.patient for s in samples for _ in s.meta[kind]] for kind in ("lesions", "healthy")}
    cut = {
        kind: np.concatenate(
            [regions(np.asarray(p)[0], s.meta[kind], REGION) for s, p in zip(samples, planes, strict=True)]
        )
        for kind in groups
    }
    return observer_area(cut["lesions"], cut["healthy"], groups["lesions"], groups["healthy"], CHANNEL_WIDTH)


def _counts(samples: Sequence[Sample], planes: Planes) -> tuple[int, int]:
    pairs = [
        kept_and_invented(np.asarray(plane)[0], sample.meta["lesions"], sample.meta["healthy"])
        for sample, plane in zip(samples, planes, strict=True)
    ]
    return sum(kept for kept, _ in pairs), sum(made for _, made in pairs)


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "no training"
    words = f"{np.mean(values):.3f} {unit}".strip()
    return words if len(values) == 1 else f"{words} (seeds {', '.join(f'{value:.3f}' for value in values)})"


def _draw(path: Path, sample: Sample, answers: Planes, rival: Planes | None, sure: NDArray[Any]) -> None:
    from matplotlib.figure import Figure

    panels = {"low dose": sample.inputs["image"].array[0], "DU-GAN": np.asarray(answers[0])[0]}
    if rival is not None:
        panels["RED-CNN"] = np.asarray(rival[0])[0]
    panels["normal dose"] = sample.target[0]
    figure = Figure(figsize=(3.2 * (len(panels) + 1), 3.4), layout="constrained")
    axes = figure.subplots(1, len(panels) + 1)
    for axis, (name, plane) in zip(axes, panels.items(), strict=False):
        axis.imshow(plane, cmap="gray", vmin=-300, vmax=300)
        axis.set_title(name, fontsize=9)
        axis.set_axis_off()
    axes[-1].imshow(sure, cmap="viridis", vmin=0, vmax=1)
    axes[-1].set_title("confidence of the image critic", fontsize=9)
    axes[-1].set_axis_off()
    figure.savefig(path, dpi=90)
