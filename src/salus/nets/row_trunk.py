"""Networks on points of a `RowSpace`: an encoder with code embeddings and gated fusion, a generator, a critic."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from salus.nets.row_space import EDGE, RowSpace, code_families

_NEVER = 1e4
WIDE = 24
"""Word columns of more states are codes and get an embedding."""


class RowReader(nn.Module):
    """Makes points dense: numbers, marks and short words as they are, codes through one embedding a family.

    A code is read by a matrix product, so that a generator's soft states pass their gradient through it.

    Args:
        space: Whose points are read.
        size: Numbers of a code's embedding.

    Attributes:
        plain: Width of what is passed on as it is.
        coded: Width of all embeddings together.
    """

    def __init__(self, space: RowSpace, size: int) -> None:
        super().__init__()
        families = code_families(space, WIDE)
        coded = [name for names in families for name in names]
        spans = dict(zip(space.words, space.spans, strict=True))
        taken = {place for name in coded for place in range(*spans[name])}
        rest = [place for place in range(len(space.features)) if place not in taken]
        self.register_buffer("rest", torch.tensor(rest, dtype=torch.int64), persistent=False)
        self.books = nn.ParameterList()
        self._uses: list[tuple[int, int, int, Tensor]] = []
        for number, names in enumerate(families):
            states = sorted({state for name in names for state in space.states[name]})
            self.books.append(nn.Parameter(0.1 * torch.randn(len(states), size)))
            for name in names:
                # Columns of one family may know different words; each state finds its row of the shared book.
                places = torch.tensor([states.index(state) for state in space.states[name]])
                self._uses.append((number, *spans[name], places))
        self.plain, self.coded = len(rest), size * len(coded)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Map points `(B, F)` to `(B, plain)` and `(B, coded)`."""
        parts = [
            points[:, first:last] @ self.books[number][places.to(points.device)]
            for number, first, last, places in self._uses
        ]
        return points[:, self.get_buffer("rest")], torch.cat(parts, dim=1) if parts else points[:, :0]


class RowEncoderNet(nn.Module):
    """Reads a row into one vector: a network for numbers and words, one for codes, and a gate between the two.

    Args:
        space: Whose points are read.
        size: Numbers of a code's embedding.
        width: Numbers of the vector.
        dropout: Share of the vector's numbers silenced in training.
    """

    def __init__(self, space: RowSpace, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.reader = RowReader(space, size)
        self.from_plain = nn.Sequential(nn.Linear(self.reader.plain, width), nn.ReLU(), nn.Linear(width, width))
        self.from_codes = nn.Linear(self.reader.coded, width) if self.reader.coded else None
        self.gate = nn.Linear(2 * width, width) if self.reader.coded else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, points: Tensor) -> Tensor:
        """Map points `(B, F)` to `(B, width)`.

        Source:
            Arevalo et al. 2017, Gated Multimodal Units, equation 1, with rectifiers.
        """
        plain, coded = self.reader(points)
        first = functional.relu(self.from_plain(plain))
        if self.from_codes is None or self.gate is None:
            return self.dropout(first)
        second = functional.relu(self.from_codes(coded))
        share = torch.sigmoid(self.gate(torch.cat([first, second], dim=1)))
        return self.dropout(share * first + (1 - share) * second)


class RowGenerator(nn.Module):
    """Noise and a condition to a point; hidden layers are joined to their input, as in CTGAN.

    Args:
        space: Whose points are written.
        noise: Numbers of noise.
        condition: Numbers of the condition.
        widths: Units of each hidden layer.
        temperature: Of the Gumbel-softmax that draws words and gaps.

    Source:
        Xu et al. 2019, Modeling Tabular Data using Conditional GAN, section 4.4; scores stand for its mode-specific
        normalisation.
    """

    def __init__(
        self, space: RowSpace, noise: int, condition: int, widths: Sequence[int], temperature: float = 0.2
    ) -> None:
        super().__init__()
        self.noise, self.temperature = noise, temperature
        self.numbers, self.spans = len(space.numbers), space.spans
        self.layers = nn.ModuleList()
        size = noise + condition
        for width in widths:
            self.layers.append(nn.Sequential(nn.Linear(size, width), nn.LayerNorm(width), nn.ReLU()))
            size += width
        self.out = nn.Linear(size, len(space.features))
        self.register_buffer("never", torch.from_numpy(~space.possible), persistent=False)

    def forward(self, condition: Tensor, *, hard: bool = False) -> Tensor:
        """Return points `(B, F)` for conditions `(B, C)`; noise and states come from torch's random state.

        Args:
            condition: What is wanted.
            hard: Draw one state of each word and whole gaps; gradients pass as if they were soft.
        """
        hidden = torch.cat([torch.randn(len(condition), self.noise, device=condition.device), condition], dim=1)
        for layer in self.layers:
            hidden = torch.cat([layer(hidden), hidden], dim=1)
        raw = self.out(hidden).masked_fill(self.get_buffer("never"), -_NEVER)
        count = self.numbers
        logits = raw[:, count : 2 * count]
        two = torch.stack([logits, torch.zeros_like(logits)], dim=-1)
        gaps = functional.gumbel_softmax(two, self.temperature, hard=hard)[..., 0]
        scores = EDGE * torch.tanh(raw[:, :count] / EDGE) * (1 - gaps)
        words = [functional.gumbel_softmax(raw[:, a:b], self.temperature, hard=hard) for a, b in self.spans]
        return torch.cat([scores, gaps, *words], dim=1)


class RowCritic(nn.Module):
    """Scores packs of points with their conditions.

    Args:
        space: Whose points are read.
        size: Numbers of a code's embedding.
        condition: Numbers of the condition.
        widths: Units of each hidden layer.
        pack: Rows in a pack.
    """

    def __init__(self, space: RowSpace, size: int, condition: int, widths: Sequence[int], pack: int) -> None:
        super().__init__()
        self.reader, self.pack, self.condition = RowReader(space, size), pack, condition
        layers: list[nn.Module] = []
        width = pack * (self.reader.plain + self.reader.coded + condition)
        for units in widths:
            layers += [nn.Linear(width, units), nn.LeakyReLU(0.2)]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, packed: Tensor) -> Tensor:
        """Map packs `(B, pack * (F + C))`, each row's point followed by its condition, to scores `(B, 1)`."""
        rows = packed.reshape(len(packed) * self.pack, -1)
        features = rows.shape[1] - self.condition
        plain, coded = self.reader(rows[:, :features])
        joined = torch.cat([plain, coded, rows[:, features:]], dim=1)
        score: Tensor = self.layers(joined.reshape(len(packed), -1))
        return score
