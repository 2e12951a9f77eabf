"""Generator and critic for what the data are: rows of a table, recordings of one length, or pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from salus.contract.dataset import ListDataset
from salus.nets.adversarial_losses import AdversarialLoss
from salus.nets.image_gan import ImageCritic, ImageGenerator
from salus.nets.item_space import ImageSpace, SeriesSpace, measure_images, measure_series
from salus.nets.row_modes import ModeSpace, measure_modes
from salus.nets.series_gan import SeriesCritic, SeriesGenerator
from salus.nets.tabular_gan import RowCritic, RowGenerator, moment_gap
from salus.nets.timegan import TimeGan
from salus.schema.errors import ConfigError
from salus.schema.sample import Row, Sample, Waveform

ROWS, SERIES, IMAGES = "rows", "series", "images"


class Sizes(Protocol):
    """Which settings decide how large the networks are; see `IomtGanConfig`."""

    @property
    def widths(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def critic_widths(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def packing(self) -> int: ...  # noqa: D102
    @property
    def recurrent(self) -> int: ...  # noqa: D102
    @property
    def rate_hz(self) -> float: ...  # noqa: D102
    @property
    def frame(self) -> int: ...  # noqa: D102
    @property
    def timegan(self) -> bool: ...  # noqa: D102
    @property
    def noise(self) -> int: ...  # noqa: D102
    @property
    def channels(self) -> int: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Pair:
    """Two networks that train against each other, and the space that they write and read.

    Attributes:
        space: Turns samples into points and points into items.
        generator: Maps noise of the shape `generator.noise` and conditions to points.
        critic: Maps packed points and conditions to scores.
        packing: Samples that the critic sees at once.
        loss: Wasserstein for rows and recordings, hinge for pictures, whose critic is bounded in every layer.
    """

    space: ModeSpace | SeriesSpace | ImageSpace
    generator: nn.Module
    critic: nn.Module
    packing: int
    loss: AdversarialLoss


def measure_items(samples: Sequence[Sample], name: str, modes: int) -> dict[str, Any]:
    """Return `kind` and `item`, what the space of the samples' item `name` learns.

    Raises:
        DataError: As `measure_modes`, `measure_series` and `measure_images`.
    """
    first = samples[0].inputs[name]
    if isinstance(first, Row):
        return {"kind": ROWS, "item": measure_modes(ListDataset(samples), name, most=modes)}
    if isinstance(first, Waveform):
        return {"kind": SERIES, "item": measure_series(samples, name)}
    return {"kind": IMAGES, "item": measure_images(samples, name)}


def build_pair(learned: Mapping[str, Any], asked: int, sizes: Sizes) -> Pair:
    """Build space and networks, untrained.

    Args:
        learned: From `measure_items`.
        asked: Width of a condition.
        sizes: Settings.

    Raises:
        ConfigError: `timegan` for anything but recordings.
    """
    item = learned["item"]
    if sizes.timegan and learned["kind"] != SERIES:
        raise ConfigError(f"timegan=true is for recordings; the training part holds {learned['kind']}")
    if learned["kind"] == ROWS:
        rows = ModeSpace(item)
        row_critic = RowCritic(rows.features, asked, sizes.packing, sizes.critic_widths)
        return Pair(rows, RowGenerator(rows, asked, sizes.widths), row_critic, sizes.packing, "wasserstein")
    if learned["kind"] == SERIES:
        series = SeriesSpace(item, sizes.rate_hz, sizes.frame)
        leads, width, frame = series.leads, sizes.recurrent, sizes.frame
        if sizes.timegan:  # the critic sees states, not values
            states = TimeGan(leads, series.steps, asked, width, sizes.noise, frame)
            judge = SeriesCritic(width, series.steps // frame, asked, width)
            return Pair(series, states, judge, 1, "wasserstein")
        writer = SeriesGenerator(leads, series.steps, asked, width, sizes.noise, frame)
        return Pair(series, writer, SeriesCritic(leads, series.steps, asked, width, frame), 1, "wasserstein")
    images = ImageSpace(item, sizes.size)
    painter = ImageGenerator(images.channels, sizes.size, asked, sizes.channels, sizes.noise)
    return Pair(images, painter, ImageCritic(images.channels, sizes.size, asked, sizes.channels), 1, "hinge")


def seen(generator: nn.Module, points: Tensor) -> Tensor:
    """Return points as the critic sees them: a generator of states has them embedded."""
    return generator.embed(points) if isinstance(generator, TimeGan) else points


def guidance(
    generator: nn.Module,
    space: ModeSpace | SeriesSpace | ImageSpace,
    moments: float,
    made: Tensor,
    points: Tensor,
    asked: Tensor,
) -> Tensor:
    """Return what a generator's loss has beside the critic's taste, a scalar.

    Args:
        generator: Of states (`TimeGan.guidance`) or of points.
        space: Of the points; rows have `moments` times `moment_gap`.
        moments: Its weight.
        made: What was made, as the critic sees it.
        points: Real points.
        asked: Conditions of both.
    """
    if isinstance(generator, TimeGan):
        return generator.guidance(made, points)
    if isinstance(space, ModeSpace) and moments:
        return moments * moment_gap(space, points, made, asked)
    return made.new_zeros(())


def packed_scores(critic: nn.Module, made: Tensor, points: Tensor, asked: Tensor) -> Tensor:
    """Return a packing critic's score of each point `(B,)`, seen in one pack with made points of its class.

    Args:
        critic: Of packs of P.
        made: `(B * P, F)`, made points, P for each row; the first of each P gives way to the point.
        points: `(B, F)`.
        asked: `(B * P, K)`, the made points' conditions.
    """
    rows = made.reshape(len(points), -1, points.shape[1]).clone()
    rows[:, 0] = points
    scores: Tensor = critic(rows.flatten(1), asked.reshape(len(points), -1))
    return scores
