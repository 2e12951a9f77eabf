"""How figures are drawn: one colour and one shape per arm, and SVG whose colours follow the page's light or dark mode.

Matplotlib cannot write `var(--ink)`. Figures are drawn with stand-in colours that occur nowhere else, and these are
replaced by the page's variables in the finished SVG.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, RULE, GOOD, BAD = "#010203", "#010204", "#010205", "#010206", "#010207"
_VARIABLES = {INK: "--ink", MUTED: "--muted", RULE: "--rule", GOOD: "--good", BAD: "--bad"}
COLOURS = 8
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_SHAPES = (
    '<circle cx="7" cy="7" r="5"/>',
    '<rect x="2.5" y="2.5" width="9" height="9"/>',
    '<path d="M7 1.5 12.5 12H1.5Z"/>',
    '<path d="M7 1 13 7 7 13 1 7Z"/>',
    '<path d="M7 12.5 12.5 2H1.5Z"/>',
    '<path d="M5 1.5h4V5h3.5v4H9v3.5H5V9H1.5V5H5Z"/>',
    '<path d="M4 1.5 7 4.5 10 1.5 12.5 4 9.5 7 12.5 10 10 12.5 7 9.5 4 12.5 1.5 10 4.5 7 1.5 4Z"/>',
    '<path d="M7 1.2 12.7 5.4 10.5 12.2H3.5L1.3 5.4Z"/>',
)
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))


@dataclass(frozen=True, slots=True)
class Look:
    """How an arm is drawn everywhere in the report."""

    place: int

    @property
    def colour(self) -> str:
        """The stand-in colour for Matplotlib."""
        return f"#0a0b{self.place % COLOURS:02x}"

    @property
    def css(self) -> str:
        """The page's variable."""
        return f"var(--arm-{self.place % COLOURS})"

    @property
    def marker(self) -> str:
        """Matplotlib's marker; shapes shift by one after each round of colours, so that no two arms look alike."""
        return MARKERS[self._shape]

    @property
    def dashes(self) -> Any:
        """Line style; a second cue beside colour."""
        return DASHES[(self.place + self.place // COLOURS) % len(DASHES)]

    @property
    def chip(self) -> Markup:
        """The arm's sign for tables and legends."""
        return Markup(  # noqa: S704 - built from constants
            f'<svg class="chip" viewBox="0 0 14 14" aria-hidden="true" style="fill:{self.css}">'
            f"{_SHAPES[self._shape]}</svg>"
        )

    @property
    def _shape(self) -> int:
        return (self.place + self.place // COLOURS) % len(MARKERS)


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Give every arm of a study its look, by order of first appearance."""
    return {name: Look(place) for place, name in enumerate(dict.fromkeys(names))}


def canvas(width: float, height: float, columns: int = 1, rows: int = 1, **options: Any) -> tuple["Figure", Any]:
    """Return a figure of `width` by `height` inches and its axes `(rows, columns)`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.ravel():
        dress(axis)
    return figure, axes


def dress(axis: "Axes") -> None:
    """Give an axis the report's look: two thin rules, a faint grid, quiet numbers."""
    axis.set_facecolor("none")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(RULE)
    axis.tick_params(colors=MUTED, labelsize=9, length=3, color=RULE)
    axis.grid(color=RULE, linewidth=0.6, alpha=0.6)
    axis.set_axisbelow(True)
    axis.xaxis.label.set_color(INK)
    axis.yaxis.label.set_color(INK)
    axis.xaxis.label.set_fontsize(9.5)
    axis.yaxis.label.set_fontsize(9.5)
    axis.title.set_color(INK)
    axis.title.set_fontsize(10.5)


def svg(figure: "Figure", name: str, label: str) -> Markup:
    """Return the figure as inline SVG.

    Args:
        figure: Drawn with the stand-in colours.
        name: Unique in the page; made part of every id.
        label: What the figure shows, for people who cannot see it.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "path.simplify_threshold": 0.2}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"#0a0b0([0-7])", r"var(--arm-\1)", text)
    key = re.sub(r"[^a-z0-9]+", "-", name.lower())
    text = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', text)
    text = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{key}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", text)
    text = re.sub(r'font: [^;"]*?([\d.]+)px[^;"]*', r"font-size: \1px", text)
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
    return Markup(re.sub(r"<svg[^>]*>", lambda found: _head(found[0], label), text, count=1))  # noqa: S704


def _head(tag: str, label: str) -> str:
    """Replace the opening tag: no namespaces (inline in HTML), a size that shrinks with the page, a spoken label."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', tag)
    assert box  # noqa: S101 - Matplotlib always writes one
    width = float(box[1]) * 4 / 3
    return (
        f'<svg class="figure" role="img" aria-label="{escape(label)}" viewBox="0 0 {box[1]} {box[2]}" '
        f'style="max-width:{width:.0f}px;min-width:{min(width, 480):.0f}px">'
    )
