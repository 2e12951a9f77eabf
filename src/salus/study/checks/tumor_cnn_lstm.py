"""What the CNN-LSTM cascade owes beside its scores: it looks at the tumour, padding is nothing, order is everything."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.metrics.ranking import auroc
from salus.schema.sample import Sample
from salus.study.context import CheckContext, CheckRow

CHUNK = 32
SHUFFLES = 10
BOX = "attribution mass inside the tumour box at least twice the box's share of the image"
POINT = "pointing game: the strongest point lies in the tumour box"


def box(context: CheckContext) -> list[CheckRow]:
    """Compare the attribution inside the tumour box with the box's share of the image, on test slices."""
    shares, areas, hits = [], [], []
    drawn = False
    for cell in context.systems("slices", "tumor_cnn_lstm"):
        for batch, samples in _batches(cell.system, cell.test):
            maps = evidence(cell.system, batch)
            inside = torch.stack([box_mask(sample.meta["box"], maps.shape[1]) for sample in samples])
            shares += ((maps * inside).sum(dim=(1, 2)) / maps.sum(dim=(1, 2)).clamp(min=1e-12)).tolist()
            areas += inside.float().mean(dim=(1, 2)).tolist()
            top = maps.flatten(1).argmax(dim=1, keepdim=True)
            hits += inside.flatten(1).gather(1, top).float()[:, 0].tolist()
            if not drawn:
                _draw(context.folder / "evidence.png", batch, maps, samples)
                drawn = True
    if not areas:
        return [
            CheckRow(kind="M", text=BOX, figure="no trained system", met=False),
            CheckRow(kind="R", text=POINT, figure=""),
        ]
    ratio = float(np.mean(shares) / np.mean(areas))
    return [
        CheckRow(
            kind="M",
            text=BOX,
            figure=f"{ratio:.2f} times ({np.mean(shares):.3f} of the mass on {np.mean(areas):.3f} of the image)",
            met=ratio >= 2.0,
        ),
        CheckRow(
            kind="R",
            text=POINT,
            figure=f"{np.mean(hits):.3f} of test slices (chance {np.mean(areas):.3f})",
        ),
    ]


def padding(context: CheckContext) -> list[CheckRow]:
    """Append padding to every test series and compare the probabilities."""
    largest, count = 0.0, 0
    for cell in context.systems("series", "tumor_cnn_lstm"):
        for batch, _ in _batches(cell.system, cell.test):
            images = batch.inputs["image"]
            extra = torch.full((len(images), 5, *images.shape[2:]), 3.0)
            longer = Batch(batch.ids, {**batch.inputs, "image": torch.cat((images, extra), dim=1)})
            with torch.inference_mode():
                change = cell.system(longer).softmax(dim=1) - cell.system(batch).softmax(dim=1)
            largest, count = max(largest, float(change.abs().max())), count + len(images)
    return [
        CheckRow(
            kind="M",
            text="padding a series changes no probability",
            figure=f"largest change {largest:.1e} over {count} answers",
            met=count > 0 and largest <= 1e-5,
        )
    ]


def order(context: CheckContext) -> list[CheckRow]:
    """Shuffle the slices of the phantom's test volumes before systems that were trained on ordered ones."""
    scores = []
    for cell in context.systems("order", "tumor_cnn_lstm"):
        rng = np.random.default_rng(cell.seed)
        truth = [int(cell.test[i].target) for i in range(len(cell.test))]
        for _ in range(SHUFFLES):
            found: list[float] = []
            for batch, _ in _batches(cell.system, cell.test):
                images = batch.inputs["image"].clone()
                for row, length in zip(images, batch.inputs["length"].tolist(), strict=True):
                    row[:length] = row[torch.from_numpy(rng.permutation(length))]
                with torch.inference_mode():
                    logits = cell.system(Batch(batch.ids, {**batch.inputs, "image": images}))
                found += (logits[:, 1] - logits[:, 0]).tolist()
            scores.append(float(auroc(np.array(found), np.array(truth))))
    mean = float(np.mean(scores)) if scores else float("nan")
    return [
        CheckRow(
            kind="M",
            text="slice_order: with shuffled slices a trained system is left with guessing (0.5 within 0.05)",
            figure=f"AUROC {mean:.3f} over {len(scores)} shuffled test parts",
            met=abs(mean - 0.5) <= 0.05,
        )
    ]


def evidence(system: System, batch: Batch) -> Tensor:
    """Return where the predicted class's logit comes from, `(B, H, W)`, non-negative, of single slices.

    Source:
        Selvaraju et al. 2017, Grad-CAM, with the elementwise product of map and gradient (their HiResCAM form, Draelos
        and Carin 2020, arXiv 2011.08891, equation 4), enlarged to the input.
    """
    kept: dict[str, Tensor] = {}
    layer = system.get_submodule(system.card.explain_layer)
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.update(maps=output))
    try:
        logits = system(batch)
    finally:
        handle.remove()
    best = logits.gather(1, logits.argmax(dim=1, keepdim=True)).sum()
    (slope,) = torch.autograd.grad(best, kept["maps"])
    heat = torch.relu((slope * kept["maps"]).sum(dim=1, keepdim=True)).detach()
    size = batch.inputs["image"].shape[2:]
    return nn.functional.interpolate(heat, size, mode="bilinear")[:, 0]


def box_mask(place: Sequence[float], pixels: int) -> Tensor:
    """Return a bool mask `(pixels, pixels)` of a box (centre x, centre y, width, height; shares of the image)."""
    x, y, width, height = place
    mask = torch.zeros(pixels, pixels, dtype=torch.bool)
    rows = slice(max(0, int((y - height / 2) * pixels)), int(np.ceil((y + height / 2) * pixels)))
    columns = slice(max(0, int((x - width / 2) * pixels)), int(np.ceil((x + width / 2) * pixels)))
    mask[rows, columns] = True
    return mask


def _batches(system: System, dataset: Dataset) -> Iterator[tuple[Batch, list[Sample]]]:
    system.eval()
    for start in range(0, len(dataset), CHUNK):
        samples = [dataset[i] for i in range(start, min(start + CHUNK, len(dataset)))]
        yield system.collate(samples), samples


def _draw(path: Path, batch: Batch, maps: Tensor, samples: Sequence[Sample], count: int = 6) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(2 * count, 2.3))
    FigureCanvasAgg(figure)
    axes: NDArray[Any] = np.atleast_1d(figure.subplots(1, min(count, len(samples))))
    # Every seventh slice, so that neighbours of one person do not fill the picture.
    for axis, index in zip(axes, range(0, len(samples), max(1, len(samples) // len(axes))), strict=False):
        size = maps.shape[1]
        x, y, width, height = (value * size for value in samples[index].meta["box"])
        axis.imshow(batch.inputs["image"][index, 0].numpy(), cmap="gray")
        axis.imshow(maps[index].numpy(), cmap="inferno", alpha=0.5)
        axis.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, fill=False, edgecolor="cyan"))
        axis.set_axis_off()
    figure.savefig(path, dpi=110, bbox_inches="tight")
