"""The honesty card as one self-contained page, with or without the real people nearest to synthetic samples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from salus.evaluate.honesty.card import HonestyCard
from salus.evaluate.honesty.examine import Pair
from salus.evaluate.honesty.space import Item, item_of
from salus.schema.files import write_text
from salus.schema.sample import Image, Row, Waveform
from salus.study.pictures import plane
from salus.study.report import pictures
from salus.study.report.specimen import cell, thin, window

GROUPS = (
    ("privacy", "Does it give its training part away?"),
    ("coverage", "Does it make all that there is?"),
    ("likeness", "How alike are synthetic and real samples?"),
    ("use", "What are the samples good for?"),
    ("rules", "Would one learn the same rules from them?"),
)
COLUMNS = 14


def write_honesty(path: Path, card: HonestyCard, pairs: Sequence[Pair] = ()) -> Path:
    """Write the page.

    Args:
        path: Where to.
        card: What was measured.
        pairs: Synthetic samples with their nearest real ones. They show real people: leave them out of a page that is
            given away.

    Raises:
        StoreError: The place cannot be written.
    """
    write_text(path, render(card, pairs))
    return path


def render(card: HonestyCard, pairs: Sequence[Pair] = ()) -> str:
    """Return the page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("salus.study.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    held = {figure.group for figure in card.figures}
    return environment.get_template("honesty.html").render(
        card=card,
        groups=[(name, title) for name, title in GROUPS if name in held],
        histogram=histogram(card),
        pairs=[_pair(pair) for pair in pairs],
    )


def histogram(card: HonestyCard) -> Markup:
    """Return how far synthetic samples are from seen and unseen people, as SVG; empty where it was not counted."""
    edges, seen, unseen = (card.distances.get(key, ()) for key in ("edges", "seen", "unseen"))
    if len(edges) < 2:
        return Markup("")
    width, height = 640.0, 150.0
    step, top = width / len(seen), max(*seen, *unseen, 1.0)
    bars = "".join(
        f'<rect class="{kind}" x="{step * place + 0.5:.1f}" y="{height * (1 - count / top):.1f}" '
        f'width="{step - 1:.1f}" height="{height * count / top:.1f}"/>'
        for kind, counts in (("unseen", unseen), ("seen", seen))
        for place, count in enumerate(counts)
    )
    top_edge = edges[-1] / 4
    ticks = "".join(
        f'<text x="{width * place / 4:.0f}" y="{height + 14:.0f}" text-anchor="{side}">{top_edge * place:.3g}</text>'
        for place, side in enumerate(("start", "middle", "middle", "middle", "end"))
    )
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="near" viewBox="0 0 {width:.0f} {height + 18:.0f}" role="img" '
        f'aria-label="Distances of synthetic samples to the nearest seen and unseen person">{bars}{ticks}</svg>'
    )


def _pair(pair: Pair) -> dict[str, Any]:
    (_, made), (_, real) = item_of(pair.made), item_of(pair.real)
    facts: dict[str, Any] = {"distance": pair.distance, "copy": pair.copy, "rows": [], "made": "", "real": ""}
    if isinstance(made, Row) and isinstance(real, Row):
        names = list(real.values)[:COLUMNS]
        facts["rows"] = [(name, cell(made.values[name]), cell(real.values[name])) for name in names]
    else:
        limits = window(real.array) if isinstance(real, Image) else None
        facts["made"], facts["real"] = (_drawn(item, limits) for item in (made, real))
    return facts


def _drawn(item: Item, limits: tuple[float, float] | None) -> Markup:
    if isinstance(item, Image):
        return pictures.image(plane(item.array), "sample", limits)
    assert isinstance(item, Waveform)  # noqa: S101
    return pictures.trace(thin(item.array), "signal")
