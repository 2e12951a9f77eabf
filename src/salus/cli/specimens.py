"""Samples drawn with characters: pictures in half blocks, signals as bars, texts with their mentions marked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from salus.schema.sample import Events, Image, Note, Row, Waveform

if TYPE_CHECKING:
    from salus.data.datasheet import Datasheet

BARS = "▁▂▃▄▅▆▇█"
CELLS = 22
"""Columns of characters that a picture takes."""
GAP = 2
_STYLES = ("black on yellow", "black on cyan", "black on green", "black on magenta", "white on blue", "white on red")


def lines_of(sheet: "Datasheet", width: int, rows: int = 4, *, colours: bool = True) -> Iterator[Text]:
    """Return the lines that show a datasheet's examples.

    Args:
        sheet: With its examples.
        width: Characters a line may have.
        rows: How many signals, texts or records.
        colours: False leaves pictures out, which are nothing without colours.
    """
    pairs = list(zip(sheet.examples, sheet.example_labels, strict=True))
    shown = [
        (sample, "" if label == "all" else label, value) for sample, label in pairs for value in sample.inputs.values()
    ]
    pictures = [(label, value) for _, label, value in shown if isinstance(value, Image)]
    if pictures and colours:
        yield Text()
        yield from side_by_side(_picked(pictures, max(1, width // (CELLS + GAP))), width)
    others = [(sample, label, value) for sample, label, value in shown if isinstance(value, Waveform | Note | Events)]
    for sample, label, value in _picked(others, rows):
        yield Text()
        yield Text(f"{sample.id}" + (f"  {label}" if label else ""), style="bold")
        if isinstance(value, Waveform):
            yield from _signal(value, width)
        elif isinstance(value, Note):
            yield _text(value, sample.target, sheet)
        else:
            yield from _record(value)
    cells = [(label, value) for _, label, value in shown if isinstance(value, Row)]
    if cells:
        yield Text()
        yield from _rows(_picked(cells, 2 * rows), width)


def half_blocks(picture: NDArray[Any], cells: int = CELLS) -> list[Text]:
    """Return a picture `(H, W)` or `(H, W, 3)` with values 0 to 255 as lines of half blocks, two pixels a character."""
    from PIL import Image as Pillow

    pixels = np.clip(np.nan_to_num(picture), 0, 255).round().astype(np.uint8)
    height, width = pixels.shape[:2]
    tall = max(2, 2 * round(cells * min(height / width, 2.0) / 2))
    small = np.asarray(Pillow.fromarray(pixels).convert("RGB").resize((cells, tall), Pillow.Resampling.BOX))
    lines = []
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        line = Text()
        for (r, g, b), (s, h, c) in zip(upper.tolist(), lower.tolist(), strict=True):
            line.append("▀", style=f"rgb({r},{g},{b}) on rgb({s},{h},{c})")
        lines.append(line)
    return lines


def sparkline(values: NDArray[Any], width: int) -> str:
    """Return a signal `(T,)` as one line of bars; a blank where nothing was measured.

    >>> sparkline(np.array([0.0, 1.0, 2.0, 3.0, np.nan, 7.0]), 6)
    '▁▂▃▄ █'
    """
    flat = np.asarray(values, dtype=np.float64)
    if not flat.size or not np.isfinite(flat).any():
        return ""
    pieces = np.array_split(flat, min(width, flat.size))
    # The value farthest from the middle stands for a piece, so that a short spike is not averaged away.
    middle = float(np.nanmedian(flat))
    points = np.array([_farthest(piece, middle) for piece in pieces])
    low, high = float(np.nanmin(points)), float(np.nanmax(points))
    steps = np.nan_to_num((points - low) / ((high - low) or 1.0) * (len(BARS) - 1)).round().astype(int)
    return "".join(" " if np.isnan(point) else BARS[step] for point, step in zip(points, steps, strict=True))


def side_by_side(pictures: list[tuple[str, Image]], width: int) -> Iterator[Text]:
    """Return pictures beside one another, their class below."""
    from salus.study.pictures import plane
    from salus.study.report.specimen import upright, window

    count = max(1, min(len(pictures), width // (CELLS + GAP)))
    columns = []
    for label, image in pictures[:count]:
        low, high = window(image.array)
        columns.append((label, half_blocks(255.0 * (plane(upright(image)[0].array) - low) / ((high - low) or 1.0))))
    for place in range(max(len(lines) for _, lines in columns)):
        row = Text()
        for _, lines in columns:
            row.append_text(lines[place] if place < len(lines) else Text(" " * CELLS)).append(" " * GAP)
        yield row
    if any(label for label, _ in columns):
        yield Text("".join(_cut(label, CELLS).ljust(CELLS + GAP) for label, _ in columns).rstrip(), style="dim")


def _signal(wave: Waveform, width: int, most: int = 6) -> Iterator[Text]:
    names = max((len(lead) for lead in wave.leads[:most]), default=0)
    for lead, row in zip(wave.leads[:most], wave.array, strict=False):
        yield Text.assemble((f"{lead:<{names}} ", "dim"), (sparkline(row, min(width - names - 1, 100)), "cyan"))
    seconds = wave.array.shape[1] / wave.rate_hz if wave.rate_hz > 0 else float("nan")
    more = f", {len(wave.leads) - most} more leads" if len(wave.leads) > most else ""
    yield Text(f"{seconds:,.4g} s at {wave.rate_hz:g} Hz{more}", style="dim")


def _text(note: Note, target: Any, sheet: "Datasheet", letters: int = 400) -> Text:
    from salus.study.report.specimen import mentions

    if sheet.question.kind != "tagging" or not note.tokens or not isinstance(target, np.ndarray):
        text = note.text or " ".join(note.tokens)
        return Text(_cut(text, letters))
    kinds = sorted({name.partition("-")[2] for name in sheet.question.classes} - {""})
    line = Text()
    for start, stop, kind in mentions(target, sheet.question.classes, len(note.tokens)):
        words = " ".join(note.tokens[start:stop])
        if kind:
            line.append(f"{words} [{kind}]", style=_STYLES[kinds.index(kind) % len(_STYLES)]).append(" ")
        else:
            line.append(words + " ")
        if len(line) > letters:
            return line.append("…")
    return line


def _record(events: Events, most: int = 6) -> Iterator[Text]:
    units = (*events.units, *("",) * len(events.codes))
    for hour, code, value, unit in zip(events.times_h[:most], events.codes, events.values, units, strict=False):
        figure = f"  {value:.4g} {unit}".rstrip() if np.isfinite(value) else ""
        yield Text.assemble((f"{hour:9.1f} h  ", "dim"), code, figure)
    if len(events.codes) > most:
        yield Text(f"and {len(events.codes) - most:,} more events", style="dim")


def _rows(cells: list[tuple[str, Row]], width: int) -> Iterator[Text]:
    """Return the head of the rows: as many columns as fit."""
    from salus.study.report.specimen import cell

    labelled = any(label for label, _ in cells)
    grid = [["class", *cells[0][1].values] if labelled else list(cells[0][1].values)]
    for label, row in cells:
        texts = [cell(row.values.get(name, "")) for name in cells[0][1].values]
        grid.append([label, *texts] if labelled else texts)
    sizes, used = [], 0
    for column in zip(*grid, strict=True):
        size = min(20, max(map(len, column)))
        if used + size + GAP > width:
            break
        sizes.append(size)
        used += size + GAP
    for place, line in enumerate(grid):
        yield Text(
            (" " * GAP).join(_cut(t, s).ljust(s) for t, s in zip(line, sizes, strict=False)).rstrip(),
            "dim" * (not place),
        )
    if len(sizes) < len(grid[0]):
        yield Text(f"and {len(grid[0]) - len(sizes)} more columns", style="dim")


def _picked(items: list[Any], count: int) -> list[Any]:
    """Return `count` items, evenly over the list."""
    if not items:
        return []
    steps = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int))
    return [items[int(step)] for step in steps]


def _farthest(piece: NDArray[np.float64], middle: float) -> float:
    known = piece[np.isfinite(piece)]
    return float(known[np.abs(known - middle).argmax()]) if known.size else float("nan")


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
