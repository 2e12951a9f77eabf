"""What the two-branch network owes beside its scores: a new camera, planted lesions, a ledger of what was stored."""

import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset, Subset
from salus.contract.system import System
from salus.data.library import load
from salus.evaluate.predict import answers
from salus.schema.errors import StoreError
from salus.security.chain import verify
from salus.security.envelope import Sealer
from salus.security.keys import Keyring, make_identity
from salus.security.ledger import Ledger
from salus.study.context import CheckContext, CheckRow
from salus.systems.cnn.retina_two_branch import RetinaTwoBranch

PART, ARM = "simulated", "parallel"
RESAMPLES, STEPS, CHUNK = 1000, 16, 32
TOLERANCE = 2
"""Pixels beside a lesion that still count: the game's 15 of about 450, at 64 pixels."""
CHANGES, APPENDS, ENTRIES, TRIES = 1000, 1000, 24, 3
Floats = NDArray[np.float64]


def camera(context: CheckContext) -> list[CheckRow]:
    """Photograph the test eyes with a camera that training did not have, and compare kappa eye by eye."""
    options = context.part(PART).options
    other = load("fundus", {**options, "camera": "new"})
    text = "a camera of other colours than those of training costs at most 0.05 kappa"
    marks: list[tuple[Floats, Floats]] = []
    for cell in context.systems(PART, ARM):
        task, test = cell.system.task, cell.test
        assert isinstance(test, Subset)  # noqa: S101 - so the context makes it
        same = Subset(other.dataset, test.indices)
        pair = [answers(cell.system, data) for data in (test, same)]
        seen, new = (task.judge(found.values, found.truth, cell.operating) for found in pair)
        marks.append((seen, new))
    if not marks:
        return [CheckRow(kind="M", text=text, figure="no training", met=False)]
    count = len(marks[0][0])
    draws = np.random.default_rng(37).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    weights = np.vstack([np.ones(count, dtype=np.int64), draws])
    kappas = [
        np.mean([task.summarize(pair[side], weights)["kappa_quadratic"] for pair in marks], axis=0) for side in (0, 1)
    ]
    lost = kappas[0] - kappas[1]
    low, high = np.percentile(lost[1:], [2.5, 97.5])
    figure = f"{kappas[0][0]:.3f} to {kappas[1][0]:.3f}: {lost[0]:+.3f} lost [{low:+.3f}, {high:+.3f}]"
    return [CheckRow(kind="M", text=text, figure=figure, met=bool(lost[0] <= 0.05))]


def pointing(context: CheckContext) -> list[CheckRow]:
    """Ask whether the strongest point of what raises the grade lies on a planted lesion."""
    masks = load("fundus", {**context.part(PART).options, "question": "lesions"})
    hits: dict[str, list[float]] = {"trained": [], "untrained": [], "chance": []}
    shown = context.folder / "lesions.png"
    for cell in context.systems(PART, ARM):
        system = cell.system
        assert isinstance(system, RetinaTwoBranch)  # noqa: S101 - so the study file says
        assert isinstance(cell.test, Subset)  # noqa: S101 - so the context makes it
        blank = untrained(system, cell.seed)
        ill = [place for place in cell.test.indices if (masks.dataset[place].target > 0).any()]
        for batch, truth in prepared_masks(system, Subset(masks.dataset, ill)):
            wide = near_lesions(truth)
            for name, network in (("trained", system), ("untrained", blank)):
                top = evidence(network, batch).flatten(1).argmax(dim=1)
                hits[name] += wide.reshape(len(wide), -1)[np.arange(len(wide)), top.numpy()].tolist()
            field = (batch.inputs["image"] != 0).any(dim=1).numpy()
            hits["chance"] += ((wide & field).sum(axis=(1, 2)) / field.sum(axis=(1, 2))).tolist()
            if not shown.exists():
                _draw(shown, batch, evidence(system, batch), truth)
    text = f"pointing game: the strongest point lies on a planted lesion or within {TOLERANCE} pixels, at least 0.7"
    if not hits["trained"]:
        return [CheckRow(kind="M", text=text, figure="no training", met=False)]
    rates = {name: float(np.mean(found)) for name, found in hits.items()}
    figure = f"{rates['trained']:.3f} of {len(hits['trained'])} pictures with lesions"
    others = f"untrained network {rates['untrained']:.3f}, a random point of the field of view {rates['chance']:.3f}"
    return [
        CheckRow(kind="M", text=text, figure=figure, met=rates["trained"] >= 0.7),
        CheckRow(kind="R", text="pointing game of others", figure=others),
    ]


def evidence(system: System, batch: Batch) -> torch.Tensor:
    """Return what speaks for a higher grade, `(B, H, W)`: integrated gradients of the expected grade, smoothed.

    Source:
        Sundararajan et al. 2017, arXiv 1703.01365, equation 1, from an even picture; pointing game: Zhang et al. 2018,
        doi 10.1007/s11263-017-1059-x, section 4.3.
    """
    from scipy.ndimage import gaussian_filter

    image = batch.inputs["image"]
    total = torch.zeros_like(image)
    grades = torch.arange(len(system.task.question.classes), dtype=torch.float32)
    for step in range(STEPS):
        part = ((step + 0.5) / STEPS * image).requires_grad_(True)
        expected = system(Batch(batch.ids, {**batch.inputs, "image": part})).float().softmax(dim=1) @ grades
        total += torch.autograd.grad(expected.sum(), part)[0]
    speaking = (total * image / STEPS).sum(dim=1).clamp(min=0.0).numpy()
    return torch.from_numpy(np.stack([gaussian_filter(one, 1.0) for one in speaking]))


def prepared_masks(system: RetinaTwoBranch, dataset: Dataset) -> Iterator[tuple[Batch, NDArray[np.bool_]]]:
    """Yield batches with the masks of lesions cut and resized like the pictures, `(B, H, W)`."""
    for start in range(0, len(dataset), CHUNK):
        samples = [dataset[i] for i in range(start, min(start + CHUNK, len(dataset)))]
        masks = [system.prepared(sample)[1] for sample in samples]
        truth = np.stack([mask for mask in masks if mask is not None]) > 0
        yield system.collate([replace(sample, target=None) for sample in samples]), truth


def near_lesions(truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Widen masks `(B, H, W)` by the tolerance."""
    from scipy.ndimage import binary_dilation

    return np.stack([binary_dilation(mask, iterations=TOLERANCE) for mask in truth])


def untrained(system: System, seed: int) -> System:
    """Return the same network before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return type(system)(system.task, system.config, system.fingerprint).eval()


def ledger(context: CheckContext) -> list[CheckRow]:
    """Store sealed photographs off a chain of signed entries; change, repeat and move entries; erase a photograph."""
    with tempfile.TemporaryDirectory() as name:
        folder, key = Path(name), Ed25519PrivateKey.generate()
        authorities = {"eye_clinic": key.public_key()}
        chain = Ledger(folder / "images.jsonl", authorities, name="eye_clinic", key=key)
        stored = _store(chain, folder, context.dataset(PART).dataset)
        whole, end = chain.path.read_bytes(), chain.head
        lines = whole.splitlines(keepends=True)
        rng = np.random.default_rng(37)

        def refused(content: bytes) -> bool:
            chain.path.write_bytes(content)
            try:
                verify(chain.path, authorities, end)
            except StoreError:
                return True
            return False

        bits = [divmod(int(bit), 8) for bit in rng.choice(8 * len(whole), CHANGES, replace=False)]
        found = sum(refused(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :]) for at, bit in bits)
        again = [
            b"".join([*lines[:to], lines[of], *lines[to:]]) for of in range(ENTRIES) for to in (0, of + 1, ENTRIES)
        ]
        pairs = [(i, j) for i in range(ENTRIES) for j in range(i + 1, ENTRIES)]
        moved = [b"".join(_swapped(lines, *pair)) for pair in pairs]
        gaps = [b"".join(lines[:i] + lines[i + 1 :]) for i in range(ENTRIES)]
        counts = [(sum(map(refused, kind)), len(kind)) for kind in (again, moved, gaps)]
        stored[3].unlink()
        valid = not refused(whole)
        spent = min(_appending(folder / f"try_{number}", key) for number in range(TRIES))
    (twice, all_twice), (swapped, all_swapped), (missing, all_missing) = counts
    return [
        _must(f"ledger: all of {CHANGES:,} random single-bit changes are found", f"{found:,} found", found == CHANGES),
        _must(
            "ledger: every entry repeated, every pair of entries swapped and every entry left out is found",
            f"{twice} of {all_twice} repeated, {swapped} of {all_swapped} swapped, {missing} of {all_missing} left out",
            twice == all_twice and swapped == all_swapped and missing == all_missing,
        ),
        _must(
            f"ledger: {APPENDS:,} entries written through to the disk in 5 s",
            f"{spent:.2f} s, the quickest of {TRIES} tries (other programs share the disk)",
            spent <= 5.0,
        ),
        _must("ledger: valid after a sealed photograph was erased", "valid" if valid else "broken", valid),
    ]


def _store(chain: Ledger, folder: Path, dataset: Dataset) -> list[Path]:
    """Seal photographs, keep them beside the chain, and log the digest of each with device and time."""
    ring, clinic, archive = Keyring(), make_identity("eye clinic"), make_identity("archive")
    for identity in (clinic, archive):
        ring.add(identity.public)
    sealer, places = Sealer(clinic, ring), []
    for number in range(ENTRIES):
        picture = dataset[number].inputs["image"].array
        sealed = sealer.seal(picture.tobytes(), f"image {number}".encode(), archive.public.id, time_s=number)
        places.append(folder / f"image_{number}.sealed")
        places[-1].write_bytes(sealed)
        event = {"sealed_sha256": hashlib.sha256(sealed).hexdigest(), "device": "fundus camera 1"}
        chain.append(event, float(number))
    return places


def _appending(folder: Path, key: Ed25519PrivateKey) -> float:
    chain = Ledger(folder / "speed.jsonl", {"eye_clinic": key.public_key()}, name="eye_clinic", key=key)
    start = time.perf_counter()
    for number in range(APPENDS):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        chain.append({"sealed_sha256": digest, "device": "fundus camera 1"}, float(number))
    return time.perf_counter() - start


def _swapped(lines: list[bytes], one: int, other: int) -> list[bytes]:
    found = list(lines)
    found[one], found[other] = found[other], found[one]
    return found


def _must(text: str, figure: str, met: bool) -> CheckRow:
    return CheckRow(kind="M", text=text, figure=figure, met=met)


def _draw(path: Path, batch: Batch, maps: torch.Tensor, truth: NDArray[np.bool_], count: int = 6) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * count, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes: NDArray[Any] = figure.subplots(2, count)
    for column in range(min(count, len(maps))):
        colour = batch.inputs["image"][column, :3].permute(1, 2, 0).numpy()
        axes[0, column].imshow(np.clip(colour / 6 + 0.5, 0, 1))
        axes[1, column].imshow(maps[column].numpy(), cmap="inferno")
        axes[1, column].contour(truth[column], [0.5], colors="cyan", linewidths=0.6)
        for axis in axes[:, column]:
            axis.set_axis_off()
    figure.savefig(path, dpi=100)
