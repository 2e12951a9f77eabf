"""One sample as a reader sees it: a picture with its mask, a signal, a marked text, a record, a row of cells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from salus.data.frame import orientation_of, reorient, spacing_of
from salus.schema.question import Question
from salus.schema.sample import Events, Image, Note, Row, Sample, Waveform
from salus.study.pictures import plane
from salus.study.report import pictures

POINTS = 1_000
LETTERS = 600
EVENTS = 10
CELLS = 8
_COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))


def specimens(sample: Sample, label: str, question: Question) -> list[tuple[str, str, Markup]]:
    """Return `(kind, caption, body)` of each input of a sample; kind is `image`, `trace` or `text`."""
    found = []
    target = sample.target.get("label") if isinstance(sample.target, Mapping) else sample.target
    for name, value in sample.inputs.items():
        what = f"{name} of {sample.id}" + (f", {label}" if label else "")
        if isinstance(value, Image):
            found += _pictures(value, target, question, what)
        elif isinstance(value, Waveform):
            found.append(("trace", _of_signal(value), pictures.trace(thin(value.array), what)))
        elif isinstance(value, Note):
            tags = target if isinstance(target, np.ndarray) and question.kind == "tagging" else None
            found.append(("text", "", marked(value, tags, question.classes)))
        elif isinstance(value, Events):
            found.append(("text", f"{len(value.codes):,} events", _events(value)))
    return found


def first_rows(samples: Sequence[Sample]) -> tuple[list[str], list[list[str]]]:
    """Return the columns (at most eight) and cells of samples that hold a `Row`; empty where none does."""
    rows = [value for sample in samples for value in sample.inputs.values() if isinstance(value, Row)]
    columns = list(rows[0].values)[:CELLS] if rows else []
    return columns, [[cell(row.values.get(name, "")) for name in columns] for row in rows]


def cell(value: float | str) -> str:
    """Write a cell: four figures, a dash where it is missing."""
    if isinstance(value, str):
        return value if value else "\N{EN DASH}"
    return f"{value:.4g}" if np.isfinite(value) else "\N{EN DASH}"


def thin(array: NDArray[Any]) -> NDArray[Any]:
    """Return a signal `(L, T)` of at most a thousand points a lead."""
    return array[:, :: max(1, array.shape[1] // POINTS)]


def window(array: NDArray[Any]) -> tuple[float, float]:
    """Return what is drawn black and white: 0 and 255 for bytes, else the range without the outermost half percent."""
    if array.dtype == np.uint8:
        return 0.0, 255.0
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    if not finite.size:
        return 0.0, 1.0
    low, high = np.quantile(finite.reshape(-1)[:: max(1, finite.size // 100_000)], [0.005, 0.995]).tolist()
    return (low, high) if high > low else (float(finite.min()), float(finite.max()))


def overlaid(picture: NDArray[Any], mask: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.float64]:
    """Return a picture `(H, W)` or `(H, W, 3)` with each value of a mask above zero `(H, W)` in a colour of its own."""
    low, high = limits
    grey = np.nan_to_num(255 * (picture.astype(np.float64) - low) / ((high - low) or 1.0)).clip(0, 255)
    coloured = grey if grey.ndim == 3 else np.repeat(grey[..., None], 3, axis=-1)
    for value in np.unique(mask):
        if value > 0:
            tint = np.array(_COLOURS[(int(value) - 1) % len(_COLOURS)], dtype=np.float64)
            inside = mask == value
            coloured[inside] = 0.45 * coloured[inside] + 0.55 * tint
    return coloured


def marked(note: Note, tags: NDArray[Any] | None, classes: Sequence[str]) -> Markup:
    """Return a text with its mentions marked; only its beginning where it is long."""
    if tags is None or not note.tokens:
        text = note.text or " ".join(note.tokens)
        return Markup('<p class="sentence">{}</p>').format(text[:LETTERS] + ("…" if len(text) > LETTERS else ""))
    pieces: list[Markup] = []
    for start, stop, kind in mentions(tags, classes, len(note.tokens)):
        words = escape(" ".join(note.tokens[start:stop]))
        pieces.append(Markup('<mark class="hit">{}<small>{}</small></mark>').format(words, kind) if kind else words)
    return Markup('<p class="sentence">{}</p>').format(Markup(" ").join(pieces))


def mentions(tags: NDArray[Any], classes: Sequence[str], count: int) -> list[tuple[int, int, str]]:
    """Cut a text of `count` tokens into `(start, stop, type)`; the type is empty between mentions."""
    found: list[tuple[int, int, str]] = []
    for place in range(count):
        index = int(tags[place]) if place < len(tags) else -1
        mark, _, kind = (classes[index] if 0 <= index < len(classes) else "O").partition("-")
        if mark == "I" and found and found[-1][2] == kind:
            found[-1] = (found[-1][0], place + 1, kind)
        elif mark in ("B", "I") and kind:
            found.append((place, place + 1, kind))
        elif found and not found[-1][2]:
            found[-1] = (found[-1][0], place + 1, "")
        else:
            found.append((place, place + 1, ""))
    return found


def upright(image: Image, mask: NDArray[Any] | None = None) -> tuple[Image, NDArray[Any] | None]:
    """Turn a volume that knows where it lies the way a radiologist looks at it, and its mask with it.

    Axial slices with the front up and the patient's left on the right; where slices are much thicker along another
    axis, coronal or sagittal ones with the head up, so that what is seen is what was acquired.
    """
    if image.affine is None or image.array.ndim != 4:
        return image, mask
    coarse = dict(zip(orientation_of(image.affine), reversed(spacing_of(image.affine)), strict=True))
    steps = {axis: next(step for letter, step in coarse.items() if letter in axis) for axis in ("SI", "AP", "RL")}
    widest = max(steps, key=lambda axis: steps[axis])
    plane_of = {"SI": "LPS", "AP": "LIP", "RL": "PIR"}
    turn = plane_of[widest if steps[widest] > 1.5 * min(steps.values()) else "SI"]
    turned = reorient(image, turn)
    if mask is None:
        return turned, None
    flat = Image(array=mask.reshape(1, *mask.shape[-3:]), spacing_mm=image.spacing_mm, affine=image.affine)
    return turned, reorient(flat, turn).array[0]


def legend(question: Question) -> list[tuple[str, str]]:
    """Return the structures of a mask and their colours as CSS."""
    if question.kind != "segmentation":
        return []
    names = enumerate(question.classes[1:])
    return [(name, f"rgb{_COLOURS[place % len(_COLOURS)]}") for place, name in names]


def middle_plane(image: Image, mask: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the slice `(H, W[, 3])` of a volume where its mask is largest, and the mask there."""
    volume, flat = image.array, mask
    while flat.ndim > volume.ndim - 1:
        flat = flat[0]
    while flat.ndim > 2:
        area = (flat > 0).reshape(len(flat), -1).sum(axis=1)
        best = int(area.argmax()) if area.any() else len(flat) // 2
        volume, flat = volume[:, best], flat[best]
    picture = np.moveaxis(volume, 0, -1) if volume.shape[0] == 3 else volume[volume.shape[0] // 2]
    step = max(1, -(-max(flat.shape) // 256))
    return picture[::step, ::step], flat[::step, ::step]


def is_mask(image: Image, target: Any, question: Question) -> bool:
    """Tell whether a target is a mask that lies on an image."""
    return (
        question.kind == "segmentation"
        and isinstance(target, np.ndarray)
        and target.shape[-2:] == image.array.shape[-2:]
        and image.array.ndim - 1 <= target.ndim <= image.array.ndim
    )


def _pictures(image: Image, target: Any, question: Question, what: str) -> list[tuple[str, str, Markup]]:
    if image.array.ndim == 5:  # a series in time: its first and last moment, the mask on the last
        shown = []
        for word, place in (("first", 0), ("last", -1)):
            moment = replace(image, array=image.array[:, place])
            items = _pictures(moment, target, question, f"{what}, {word}")
            kept = items if word == "last" else items[:1]
            shown += [(kind, f"{word}, {caption}".rstrip(", "), body) for kind, caption, body in kept]
        return shown
    if is_mask(image, target, question):
        turned, flat = upright(image, target)
        picture, mask = middle_plane(turned, target if flat is None else flat)
        limits = window(image.array)
        return [
            ("image", "", pictures.image(picture.astype(np.float64), what, limits)),
            (
                "image",
                "with its mask",
                pictures.image(overlaid(picture, mask, limits), f"mask of {what}", (0.0, 255.0)),
            ),
        ]
    limits = question.value_range or window(image.array)
    shown = [("image", "", pictures.image(plane(upright(image)[0].array), what, limits))]
    if isinstance(target, np.ndarray) and target.shape == image.array.shape:
        clean = upright(replace(image, array=target))[0]
        shown.append(("image", "its truth", pictures.image(plane(clean.array), f"truth of {what}", limits)))
    return shown


def _of_signal(wave: Waveform) -> str:
    seconds = wave.array.shape[1] / wave.rate_hz if wave.rate_hz > 0 else float("nan")
    shown = ", ".join(wave.leads[: pictures.SMALL]) + (", ..." if len(wave.leads) > pictures.SMALL else "")
    return f"{shown}; {seconds:,.4g} s at {wave.rate_hz:g} Hz"


def _events(events: Events) -> Markup:
    lines = []
    units = (*events.units, *("",) * len(events.codes))
    for hour, code, value, unit in zip(events.times_h[:EVENTS], events.codes, events.values, units, strict=False):
        figure = f"{value:.4g} {unit}".strip() if np.isfinite(value) else ""
        lines.append(Markup("<tr><td>{} h</td><td>{}</td><td>{}</td></tr>").format(f"{hour:.1f}", code, figure))
    return Markup('<table class="events"><tbody>{}</tbody></table>').format(Markup("").join(lines))
