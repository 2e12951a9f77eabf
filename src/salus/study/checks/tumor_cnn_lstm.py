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


def box(context: CheckContext) -> list[CheckRow]:
    """Compare the attribution inside the tumour box with the box's share of the image, on test slices.

    The tumour lies in the head and is bright, so the same is measured within the head alone and for the network
    before training: what is left over those is what was learnt.
    """
    found: dict[str, list[tuple[float, float]]] = {"trained": [], "untrained": [], "grad_cam": [], "head": []}
    hits: list[float] = []
    for cell in context.systems("slices", "tumor_cnn_lstm"):
        blank = _untrained(cell.system, cell.seed)
        for batch, samples in _batches(cell.system, cell.test):
            maps = evidence(cell.system, batch)
            inside = torch.stack([box_mask(sample.meta["box"], maps.shape[1]) for sample in samples])
            head = _head(batch.inputs["image"][:, 0])
            found["trained"] += _shares(maps, inside)
            found["untrained"] += _shares(evidence(blank, batch), inside)
            found["grad_cam"] += _shares(grad_cam(cell.system, batch), inside)
            found["head"] += _shares(maps * head, inside & head, head)
            top = maps.flatten(1).argmax(dim=1, keepdim=True)
            hits += inside.flatten(1).gather(1, top).float()[:, 0].tolist()
            if not (context.folder / "evidence.png").exists():
                _draw(context.folder / "evidence.png", batch, maps, samples)
    if not hits:
        return [CheckRow(kind="M", text=BOX, figure="no trained system", met=False)]
    mass, area = np.mean(found["trained"], axis=0)
    ratios = {name: float(np.divide(*np.mean(rows, axis=0))) for name, rows in found.items()}
    return [
        CheckRow(
            kind="M",
            text=BOX,
            figure=f"{ratios['trained']:.2f} times ({mass:.3f} of the mass on {area:.3f} of the image)",
            met=ratios["trained"] >= 2.0,
        ),
        CheckRow(kind="R", text="the same for the network before training", figure=f"{ratios['untrained']:.2f} times"),
        CheckRow(kind="R", text="the same within the head alone", figure=f"{ratios['head']:.2f} times"),
        CheckRow(kind="R", text="the same for Grad-CAM (8 x 8 map)", figure=f"{ratios['grad_cam']:.2f} times"),
        CheckRow(
            kind="R",
            text="pointing game: the strongest point lies in the tumour box",
            figure=f"{np.mean(hits):.3f} of test slices (a random point: {area:.3f})",
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
            scores.append(float(auroc(np.array(found), np.array(truth))[0]))
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
    """Return |gradient x input| of the predicted class's logit, `(B, H, W)`, for single slices.

    Source:
        Shrikumar et al. 2016, arXiv 1605.01713, section 2.
    """
    image = batch.inputs["image"].clone().requires_grad_(True)
    logits = system(Batch(batch.ids, {**batch.inputs, "image": image}))
    (slope,) = torch.autograd.grad(_best(logits), image)
    return (slope * image).detach().abs()[:, 0]


def grad_cam(system: System, batch: Batch) -> Tensor:
    """Return Grad-CAM of the predicted class at the card's layer, enlarged to `(B, H, W)`, for single slices.

    Source:
        Selvaraju et al. 2017, doi 10.1109/ICCV.2017.74, equations 1 and 2.
    """
    kept: dict[str, Tensor] = {}
    layer = system.get_submodule(system.card.explain_layer)
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.update(maps=output))
    try:
        logits = system(batch)
    finally:
        handle.remove()
    (slope,) = torch.autograd.grad(_best(logits), kept["maps"])
    heat = torch.relu((slope.mean(dim=(2, 3), keepdim=True) * kept["maps"]).sum(dim=1, keepdim=True)).detach()
    return nn.functional.interpolate(heat, batch.inputs["image"].shape[2:], mode="bilinear")[:, 0]


def _best(logits: Tensor) -> Tensor:
    return logits.gather(1, logits.argmax(dim=1, keepdim=True)).sum()


def _untrained(system: System, seed: int) -> System:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return type(system)(system.task, system.config, system.fingerprint).eval()


def _head(images: Tensor) -> Tensor:
    """Return where the head is: everything the air around it cannot reach, `(B, H, W)`."""
    from scipy.ndimage import binary_fill_holes

    # Images are z-scored; air is the darkest value, and a tenth of the range above it is noise.
    low, high = images.amin(dim=(1, 2), keepdim=True), images.amax(dim=(1, 2), keepdim=True)
    bright = (images > low + 0.1 * (high - low)).numpy()
    return torch.from_numpy(np.stack([binary_fill_holes(picture) for picture in bright]))


def _shares(maps: Tensor, inside: Tensor, whole: Tensor | None = None) -> list[tuple[float, float]]:
    """Return of each map how much of its mass, and of the (whole) image how much of its area, is inside."""
    mass = (maps * inside).sum(dim=(1, 2)) / maps.sum(dim=(1, 2)).clamp(min=1e-12)
    area = inside.float().mean(dim=(1, 2)) if whole is None else inside.sum(dim=(1, 2)) / whole.sum(dim=(1, 2))
    return list(zip(mass.tolist(), area.tolist(), strict=True))


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
