"""What a sealed codec owes beside its scores: one byte curve for all, and sealing that holds."""

import dataclasses
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from salus.contract.codec import SEAL_BYTES
from salus.contract.dataset import Dataset, ListDataset
from salus.contract.system import System
from salus.data.library import load
from salus.evaluate.predict import answer, score
from salus.metrics.ciphertext import byte_entropy, npcr, shared_run, uaci
from salus.metrics.observer import kept_and_invented
from salus.metrics.rate_distortion import at_rate
from salus.schema.errors import SalusError
from salus.schema.sample import Image, Sample
from salus.security.envelope import OVERHEAD, Opener, Sealer, Seen
from salus.security.keys import Keyring, make_identity
from salus.store.sealed import codec_of, open_picture, seal_picture
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.systems import registry
from salus.tasks.compression import total_bytes
from salus.transforms.bitstream import HEAD

CURVED = ("ct", "cxr")
OWN = {"sampling": ("sampling_10", "sampling_25"), "total variation": ("tv_10", "tv_25"), "mode 2": ("mode_2",)}
RATES = (0.2, 0.3, 0.5, 0.8, 1.3, 2.0)
CODECS = ("jpeg", "jpeg2000", "jpeg_ls", "jpeg_xl")
MOST_PICTURES = 8
Curve = list[tuple[float, float]]


def curve(context: CheckContext) -> list[CheckRow]:
    """Put every codec on one curve of PSNR against everything that travels, on test pictures of the first seed."""
    rows = []
    for part in CURVED:
        cell = next(context.systems(part, "jpeg_low"), None)
        if cell is None:
            continue
        some = _some(cell.test)
        curves = {name: _codec_curve(cell.system, some, name) for name in CODECS}
        for name, arms in OWN.items():
            found = [next(context.systems(part, arm), None) for arm in arms]
            curves[name] = [_point(cell.system, some) for cell in found if cell is not None]
        _draw(context.folder / f"rate_distortion_{part}.svg", curves, context.part(part).title)
        for name, points in curves.items():
            figure = ", ".join(f"{psnr:.1f} dB at {rate:.2f}" for rate, psnr in points)
            rates, values = [rate for rate, _ in curves["jpeg"]], [psnr for _, psnr in curves["jpeg"]]
            gaps = [psnr - at_rate(rates, values, rate) for rate, psnr in points]
            known = [f"{gap:+.1f}" for gap in gaps if np.isfinite(gap)]
            beside = f"; {', '.join(known)} dB beside JPEG" if name not in CODECS and known else ""
            text = f"{part}: PSNR at bits a pixel, all that travels counted, {len(some)} test pictures: {name}"
            rows.append(CheckRow(kind="R", text=text, figure=figure + beside))
    return rows


def sealing(context: CheckContext) -> list[CheckRow]:
    """Seal test pictures with a trained codec and try to get at them."""
    cell = next(context.systems("ct", "sampling_10"), None)
    if cell is None:
        return [CheckRow(kind="M", text="sealing", figure="no training", met=False)]
    sample, ring = cell.test[0], Keyring()
    sender, reader, stranger = (make_identity(name) for name in ("sender", "reader", "stranger"))
    for identity in (sender, reader, stranger):
        ring.add(identity.public)
    sealer = Sealer(sender, ring)
    first, second = (seal_picture(cell.system, sample, sealer, reader.public.id) for _ in range(2))
    whole = Opener([reader], ring, Seen())
    same = np.array_equal(open_picture(cell.system, first, whole).array, _plain(cell.system, sample))
    refused = _flipped(first, Opener([reader], ring, Seen()))
    bits = 8 * len(first)
    hidden = [message[OVERHEAD - 80 + 16 + HEAD : -80] for message in (first, second)]
    guarded = {
        "replay": _is_refused(whole, first),
        "wrong recipient": _is_refused(Opener([stranger], ring, Seen()), second),
        "nonce reuse": _reuse_is_refused(sender, reader.public.id, ring),
    }
    ring.revoke(sender.public.id, "check")
    guarded["revoked sender"] = _is_refused(Opener([reader], ring, Seen()), second)
    repeated = shared_run(hidden[0], hidden[1])
    total = total_bytes(np.asarray(answer(cell.system, ListDataset([sample]))[0]))
    entropy, changed, size = byte_entropy(hidden[0]), npcr(hidden[0], hidden[1]), uaci(hidden[0], hidden[1])
    return [
        _must("a sealed picture is rebuilt as the unsealed one", f"equal: {same}", same),
        _must("every flipped bit of a sealed picture is refused", f"{refused} of {bits} bits refused", refused == bits),
        _must(
            "replay, nonce reuse, wrong recipient and revoked sender fail closed",
            _words(guarded),
            all(guarded.values()),
        ),
        _must("two sealings of one picture share no run of 16 bytes", f"shared: {repeated}", not repeated),
        _must(
            "the bytes that scores count are those of the sealed file",
            f"{total} counted, {len(first)} in the file, {SEAL_BYTES} of them for sealing",
            total == len(first),
        ),
        CheckRow(
            kind="R",
            text="sanity figures of two ciphertexts of one picture, not proof: entropy of bytes, NPCR, UACI",
            figure=f"{entropy:.4f} bits of {len(hidden[0])} bytes, {100 * changed:.2f} %, {100 * size:.2f} %",
        ),
    ]


def classifier(context: CheckContext) -> list[CheckRow]:
    """Ask a classifier that was trained on originals about rebuilt test pictures."""
    losses, before = [], []
    for codec, judge in zip(
        context.systems("pneumonia", "sampling_25"), context.systems("pneumonia_class", "small_cnn"), strict=False
    ):
        rebuilt = answer(codec.system, codec.test)
        known = {codec.test[i].id: np.asarray(rebuilt[i]) for i in range(len(codec.test)) if rebuilt[i] is not None}
        test = [judge.test[i] for i in range(len(judge.test))]
        swapped = ListDataset([_swapped(sample, known[sample.id]) for sample in test])
        before.append(score(judge.system, judge.test, judge.operating)["auroc"])
        losses.append(before[-1] - score(judge.system, swapped, judge.operating)["auroc"])
    text = "PneumoniaMNIST classifier loses at most 0.01 AUROC on pictures rebuilt at 25 %"
    if not losses:
        return [_must(text, "no training", met=False)]
    figure = f"{np.mean(losses):+.4f} lost of {np.mean(before):.4f} (seeds {', '.join(f'{x:+.4f}' for x in losses)})"
    return [_must(text, figure, float(np.mean(losses)) <= 0.01)]


def lesions(context: CheckContext) -> list[CheckRow]:
    """Count planted low-contrast lesions of the phantom after rebuilding (all trained on the patient's slices)."""
    found = load("ct_phantom", {"dose": "25", "slices": "10"}).dataset
    scans = [found[i] for i in range(len(found))]
    clean = ListDataset([_swapped(scan, np.concatenate([scan.target, scan.target])) for scan in scans])
    count = sum(len(scan.meta["lesions"]) for scan in scans)
    rows = []
    for arm in ("sampling_25", "sampling_10", "mode_2", "jpeg_low"):
        counts = [_kept(cell, clean, scans) for cell in context.systems("ct", arm)]
        if counts:
            kept, made = np.mean(counts, axis=0)
            text = f"ct_phantom (simulated), never trained on: lesions kept and invented after {arm}"
            figure = f"{kept:.1f} of {count} kept, {made:.1f} invented in as many healthy places"
            rows.append(CheckRow(kind="R", text=text, figure=figure))
    return rows


def patients(context: CheckContext) -> list[CheckRow]:
    """Print the PSNR of each test patient of the radiographs."""
    cell = next(context.systems("cxr", "sampling_25"), None)
    if cell is None:
        return []
    found: dict[str, list[float]] = {}
    values = answer(cell.system, cell.test)
    for index, value in enumerate(values):
        sample = cell.test[index]
        found.setdefault(sample.patient, []).append(cell.system.task.score([value], [sample.target])["psnr"])
    figure = ", ".join(f"{name} {np.mean(rows):.1f} ({len(rows)})" for name, rows in sorted(found.items()))
    return [
        CheckRow(kind="R", text="cxr at 25 %, first seed: mean PSNR of each test patient (pictures)", figure=figure)
    ]


def _codec_curve(like: System, data: Dataset, name: str) -> Curve:
    kind = registry.find("still_codec")
    points = []
    for rate in RATES:
        config = kind.small.replace({"codec": name, "bits_per_pixel": rate})
        points.append(_point(kind(like.task, config, like.fingerprint), data))
    # A codec that cannot be as coarse as asked gives the same point again.
    return sorted({(round(rate, 6), round(psnr, 6)) for rate, psnr in points})


def _point(system: System, data: Dataset) -> tuple[float, float]:
    found = score(system, data)
    return found["bits_per_pixel"], found["psnr"]


def _some(data: Dataset) -> ListDataset:
    step = max(1, len(data) // MOST_PICTURES)
    return ListDataset([data[i] for i in range(0, len(data), step)][:MOST_PICTURES])


def _plain(system: System, sample: Sample) -> Any:
    codec = codec_of(system)
    return codec.decode(codec.encode(sample))


def _flipped(message: bytes, opener: Opener) -> int:
    refused, changed = 0, bytearray(message)
    for place in range(8 * len(message)):
        changed[place // 8] ^= 1 << (place % 8)
        refused += _is_refused(opener, bytes(changed))
        changed[place // 8] ^= 1 << (place % 8)
    return refused


def _is_refused(opener: Opener, message: bytes) -> bool:
    try:
        opener.open(message)
    except SalusError:
        return True
    return False


def _reuse_is_refused(sender: Any, to: bytes, ring: Keyring) -> bool:
    drawn = {size: secrets.token_bytes(size) for size in (12, 32)}
    calls = 0

    def stuck(size: int) -> bytes:
        nonlocal calls
        calls += 1
        return bytes([calls % 3]) + drawn[size][1:]

    sealer = Sealer(sender, ring, stuck)
    sealer.seal(b"first", b"", to)
    try:
        sealer.seal(b"second", b"", to)
    except SalusError:
        return True
    return False


def _swapped(sample: Sample, value: Any) -> Sample:
    """Return a sample whose picture is the second plane of an answer `(2, H, W)`, in the picture's dtype."""
    image: Image = sample.inputs["image"]
    whole = np.rint(value[1:]) if image.array.dtype.kind in "iu" else value[1:]
    return dataclasses.replace(
        sample, inputs={**sample.inputs, "image": dataclasses.replace(image, array=whole.astype(image.array.dtype))}
    )


def _kept(cell: TrainedCell, clean: ListDataset, scans: Sequence[Sample]) -> tuple[int, int]:
    pairs = [
        kept_and_invented(np.asarray(value)[1], scan.meta["lesions"], scan.meta["healthy"])
        for value, scan in zip(answer(cell.system, clean), scans, strict=True)
        if value is not None
    ]
    return sum(kept for kept, _ in pairs), sum(made for _, made in pairs)


def _must(text: str, figure: str, met: bool) -> CheckRow:
    return CheckRow(kind="M", text=text, figure=figure, met=bool(met))


def _words(guarded: dict[str, bool]) -> str:
    return ", ".join(f"{name} {'refused' if held else 'ACCEPTED'}" for name, held in guarded.items())


def _draw(path: Path, curves: dict[str, Curve], title: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axis = figure.subplots()
    for name, points in curves.items():
        if points:
            rates, values = zip(*sorted(points), strict=True)
            own = name not in CODECS
            axis.plot(rates, values, marker="s" if own else ".", lw=1.6 if own else 1.0, label=name)
    axis.set_xscale("log")
    ticks = (0.1, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("bits a pixel, sealing included")
    axis.set_ylabel("PSNR (dB)")
    axis.set_title(title, fontsize=9)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(path)
