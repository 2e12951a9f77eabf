"""Samples and answers that a reader can look at: pictures, signals and texts."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from salus.study.report.cells import Arrays, places, read_arrays
from salus.study.result import PartResult

SMALL = 6
"""Traces of more leads than this are cut, so that each stays readable."""


def thumbnails(folder: Path, part: PartResult) -> list[dict[str, Any]]:
    """Return the part's example samples as `{label, body, kind}`."""
    arrays = read_arrays(folder / "thumbnails" / f"{part.name}.npz")
    labels = [str(label) for label in arrays.get("labels", ())]
    shown = []
    for number, label in enumerate(labels):
        what = f"Example, {label}" if label != "all" else "Example"
        for kind, body in _bodies(arrays, number, what):
            shown.append({"label": "" if label == "all" else label, "kind": kind, "body": body})
    # Pictures are seen at a glance; of texts and table rows every second one will do.
    return shown[::2] if len(shown) > 6 and all(row["kind"] == "text" for row in shown) else shown


def _bodies(arrays: Arrays, number: int, what: str) -> list[tuple[str, Markup]]:
    found = []
    if f"image_{number}" in arrays:
        found.append(("image", image(arrays[f"image_{number}"], what)))
    if f"trace_{number}" in arrays:
        found.append(("trace", trace(arrays[f"trace_{number}"], what)))
    if f"text_{number}" in arrays:
        found.append(("text", Markup(f"<p>{escape(str(arrays[f'text_{number}']))}</p>")))  # noqa: S704 - escaped
    return found


def cases(folder: Path, part: PartResult, arm: str) -> list[dict[str, Any]]:
    """Return the best and worst answers of an arm's first cell, worst first.

    Each is `{id, worst, truth, answer, items}`; `items` are `(caption, body)` pairs.
    """
    arrays = next((read_arrays(place / "pictures.npz") for _, _, place in places(folder, part.name, arm)), {})
    if "ids" not in arrays:
        return []
    total = len(arrays["ids"])
    bad = arrays["badness"].astype(float) if "badness" in arrays else np.arange(total, dtype=float)
    order = np.argsort(-bad, kind="stable").tolist()
    shown = []
    for rank, number in enumerate(order):
        items = _case_items(arrays, number, part)
        if items:
            shown.append(
                {
                    "id": str(arrays["ids"][number]),
                    "worst": rank < total / 2,
                    "truth": str(arrays["truth_label"][number]) if "truth_label" in arrays else "",
                    "answer": str(arrays["answer_label"][number]) if "answer_label" in arrays else "",
                    "items": items,
                }
            )
    return shown


def _case_items(arrays: Arrays, number: int, part: PartResult) -> list[tuple[str, Markup]]:
    items: list[tuple[str, Markup]] = []
    name = str(arrays["ids"][number])
    if f"truth_{number}" in arrays:
        return _restored(arrays, number, part.question.get("value_range"))
    if f"input_{number}" in arrays:
        items.append(("", image(arrays[f"input_{number}"], f"Input of {name}")))
    if f"trace_{number}" in arrays:
        rate = float(arrays[f"trace_rate_{number}"][0]) if f"trace_rate_{number}" in arrays else 0.0
        seconds = arrays[f"trace_{number}"].shape[-1] / rate if rate > 0 else 0.0
        items.append((f"{seconds:.3g} s" if seconds else "", trace(arrays[f"trace_{number}"], f"Signal of {name}")))
    if f"tokens_{number}" in arrays:
        tokens = [str(token) for token in arrays[f"tokens_{number}"]]
        tagging = part.question.get("kind") == "tagging"
        classes = [str(tag) for tag in part.question.get("classes", ())] if tagging else []
        truth = arrays.get(f"tags_true_{number}", np.zeros(0)) if tagging else np.zeros(0)
        items.append(("", tagged(tokens, truth, arrays.get(f"tags_answer_{number}") if tagging else None, classes)))
    return items


def _restored(arrays: Arrays, number: int, value_range: Sequence[float] | None) -> list[tuple[str, Markup]]:
    truth = arrays[f"truth_{number}"].astype(float)
    low, high = value_range or np.nanquantile(truth, [0.005, 0.995]).tolist()
    items = []
    for key, caption in (("input", "Input"), ("answer", "Answer"), ("truth", "Truth")):
        if f"{key}_{number}" in arrays:
            items.append((caption, image(arrays[f"{key}_{number}"], caption, (low, high))))
    if f"answer_{number}" in arrays and arrays[f"answer_{number}"].shape == truth.shape:
        error = np.clip(arrays[f"answer_{number}"].astype(float), low, high) - np.clip(truth, low, high)
        items.append(("Difference", image(_signed(error, 0.2 * (high - low)), "Answer minus truth", (0, 255))))
    return items


def image(array: NDArray[Any], label: str, window: tuple[float, float] | None = None) -> Markup:
    """Return an image `(H, W)`, `(H, W, 3)`, `(1, H, W)` or `(3, H, W)` as an embedded PNG."""
    from PIL import Image as Picture

    picture = np.squeeze(np.asarray(array, dtype=np.float64))
    if picture.ndim == 3 and picture.shape[0] == 3 and picture.shape[2] != 3:
        picture = np.moveaxis(picture, 0, -1)
    if picture.ndim == 3 and picture.shape[2] != 3:
        picture = picture[picture.shape[0] // 2]
    if picture.ndim < 2:
        picture = np.atleast_2d(picture)
    low, high = window or _window(picture)
    pixels = np.nan_to_num(255 * (picture - low) / (high - low or 1.0), posinf=255, neginf=0).clip(0, 255)
    buffer = io.BytesIO()
    Picture.fromarray(pixels.round().astype(np.uint8)).save(buffer, "PNG", optimize=True)
    height, width = pixels.shape[:2]
    crisp = " crisp" if max(height, width) < 100 else ""
    return Markup(  # noqa: S704 - numbers and base64, the label is escaped
        f'<img class="picture{crisp}" width="{width}" height="{height}" alt="{escape(label)}" '
        f'src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
    )


def trace(array: NDArray[Any], label: str) -> Markup:
    """Return a signal `(T,)` or `(L, T)` as one line per lead, each on its own scale."""
    rows = np.atleast_2d(np.asarray(array, dtype=np.float64))[:SMALL]
    width, height = 320.0, 46.0
    body = ""
    for place, row in enumerate(rows):
        row = row[:: max(1, len(row) // 640)]  # noqa: PLW2901 - more points than pixels show nothing
        known = np.isfinite(row)
        if known.sum() < 2:
            continue
        low, high = np.quantile(row[known], [0.002, 0.998])
        x = np.linspace(2, width - 2, len(row))
        y = height * place + 4 + (height - 8) * (1 - np.clip((row - low) / ((high - low) or 1), -0.05, 1.05))
        starts = np.append(True, ~known[:-1])
        points = [
            f"{'M' if first else 'L'}{a:.1f} {b:.1f}" for a, b, k, first in zip(x, y, known, starts, strict=True) if k
        ]
        body += f'<path d="{"".join(points)}"/>'
    box = f"0 0 {width:.0f} {height * len(rows):.0f}"
    return Markup(  # noqa: S704 - numbers, the label is escaped
        f'<svg class="trace" viewBox="{box}" role="img" aria-label="{escape(label)}">{body}</svg>'
    )


def tagged(tokens: Sequence[str], truth: NDArray[Any], given: NDArray[Any] | None, classes: Sequence[str]) -> Markup:
    """Return a sentence with the words that were found, missed or wrongly marked."""
    pieces = []
    for place, token in enumerate(tokens):
        true = _kind(truth, place, classes)
        answer = _kind(given, place, classes) if given is not None else ""
        word = escape(token)
        if true and true == answer:
            pieces.append(Markup('<mark class="hit" title="found: {}">{}</mark>').format(true, word))
        elif true:
            title = f"{true}, answered {answer}" if answer else f"{true}, missed"
            pieces.append(Markup('<mark class="miss" title="{}">{}</mark>').format(title, word))
        elif answer:
            pieces.append(Markup('<mark class="false" title="{}, but it is none">{}</mark>').format(answer, word))
        else:
            pieces.append(word)
    return Markup('<p class="sentence">{}</p>').format(Markup(" ").join(pieces))


def attached(folder: Path) -> list[tuple[str, Markup]]:
    """Return the pictures that checks left, `(caption, body)`, embedded as images so that nothing in them can run."""
    base = folder / "checks"
    shown = []
    for path in sorted(base.rglob("*")) if base.is_dir() else ():
        kind = {".png": "png", ".svg": "svg+xml"}.get(path.suffix.lower())
        if kind and path.is_file():
            caption = path.stem.replace("_", " ")
            data = base64.b64encode(path.read_bytes()).decode()
            body = Markup('<img class="check" alt="{}" src="data:image/{};base64,{}">').format(caption, kind, data)
            shown.append((caption, body))
    return shown


def _kind(tags: NDArray[Any], place: int, classes: Sequence[str]) -> str:
    index = int(tags[place]) if place < len(tags) else -1
    tag = classes[index] if 0 <= index < len(classes) else "O"
    return "" if tag == "O" else tag.partition("-")[2] or tag


def _window(picture: NDArray[np.float64]) -> tuple[float, float]:
    finite = picture[np.isfinite(picture)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (0.0, 255.0) if low >= 0 and high <= 255 and high > 1.5 and low == round(low) else (low, high)


def _signed(error: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Colour an error `(H, W)`: blue too low, red too high, white where it agrees."""
    flat = np.squeeze(error)
    flat = flat.mean(axis=-1) if flat.ndim == 3 else flat
    share = np.clip(flat / (limit or 1.0), -1, 1)[..., None]
    white, red, blue = (np.array(rgb, dtype=float) for rgb in ((250, 250, 250), (178, 24, 43), (33, 102, 172)))
    return white + np.abs(share) * (np.where(share > 0, red, blue) - white)
