"""Conditional random field over hand-made features of a word and its neighbours: the classical tagger.

Features are those that named-entity taggers share since CoNLL 2003: the word, its affixes, outline and case, and the
same of its neighbours in a fixed window. Trained by L-BFGS in CRFsuite.

Source:
    Lafferty, McCallum and Pereira 2001, ICML, 282-289; Okazaki 2007, CRFsuite.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.tagging import best_tags, bytes_to_texts, check_training, note_tokens, one_hot_tags, text_batch
from salus.nets.text import normalize_word, word_shape
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import StoreError
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCRFConfig(Config):
    """Settings.

    Attributes:
        window: Neighbours to either side whose features are read.
        l1: Weight of the absolute values, which empties useless features.
        l2: Weight of the squares.
        steps: L-BFGS steps at most.
        least_count: Features that stand less often in training are left out.
    """

    window: int = 2
    l1: float = 0.1
    l2: float = 0.05
    steps: int = 100
    least_count: int = 1


class WindowCRF(System):
    """Random field of tags over sparse features; the trained model travels as its own bytes."""

    card: ClassVar[Card] = Card(
        title="Conditional random field with window features",
        authors="Lafferty et al. 2001",
        family="baseline",
        tasks=("tagging",),
        inputs=(("note", "Note: T tokens"),),
        modalities=("text",),
        review="The classical rival of recurrent taggers: a fixed window of context and a list of features.",
        advantages=("Trains in about a minute on one core; every feature has a weight one can read.",),
        limits=("Sees a fixed window; slow above some dozens of tags.",),
        differentiable=False,
    )
    config_type: ClassVar[type[Config]] = WindowCRFConfig
    small: ClassVar[Config] = WindowCRFConfig()
    tiny: ClassVar[Config] = WindowCRFConfig(window=1, steps=20)
    config: WindowCRFConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.model = b""

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Refuse a training part that cannot teach a tagger."""
        check_training(train)
        return {}

    def settle(self, train: Dataset) -> None:
        """Train the field."""
        import pycrfsuite

        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params(
            {
                "c1": self.config.l1,
                "c2": self.config.l2,
                "max_iterations": self.config.steps,
                "feature.minfreq": self.config.least_count,
                "feature.possible_transitions": True,
            }
        )
        for sample in (train[i] for i in range(len(train))):
            rows = window_features(note_tokens(sample), self.config.window)
            trainer.append(pycrfsuite.ItemSequence(rows), [self.classes[tag] for tag in sample.target])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            self.model = path.read_bytes()

    def get_extra_state(self) -> Tensor:
        """Return CRFsuite's own file as uint8."""
        return torch.frombuffer(bytearray(self.model), dtype=torch.uint8) if self.model else torch.zeros(0).byte()

    def set_extra_state(self, state: Tensor) -> None:
        """Read what `get_extra_state` gave."""
        self.model = state.cpu().contiguous().numpy().tobytes()

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Write the tokens as bytes; features are made in `forward`."""
        return text_batch(samples, len(self.classes))

    def forward(self, batch: Batch) -> Tensor:
        """Return one for the tag on the best path and zero for the others `(B, T, K)`; `PADDING` behind the end.

        Raises:
            StoreError: The model is not trained or its bytes are damaged.
        """
        import pycrfsuite

        if not self.model:
            raise StoreError("window_crf answers only once it is trained; run `salus fit` first")
        index = {name: number for number, name in enumerate(self.classes)}
        tagger = pycrfsuite.Tagger()
        try:
            tagger.open_inmemory(self.model)
        except ValueError as error:
            raise StoreError(
                f"window_crf: CRFsuite cannot read its {len(self.model)} bytes ({error}); train again"
            ) from (error)
        paths = []
        for text in bytes_to_texts(batch.inputs["text"]):
            rows = window_features(text, self.config.window)
            paths.append([index[tag] for tag in tagger.tag(pycrfsuite.ItemSequence(rows))])
        return one_hot_tags(paths, len(self.classes)).to(batch.inputs["text"].device)

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return tags `(B, T)` int64, -1 behind each end."""
        return best_tags(output)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` trains the field."""
        return iter(())


def window_features(tokens: Sequence[str], window: int) -> list[list[str]]:
    """Return each token's features: its own in full, its neighbours' word, outline and ending with their distance."""
    own = [_own(token) for token in tokens]
    seen = [_seen(token) for token in tokens]
    plain = [normalize_word(token) for token in tokens]
    rows: list[list[str]] = []
    for place in range(len(tokens)):
        row = ["bias", *own[place]]
        for step in range(-window, window + 1):
            other = place + step
            if step and 0 <= other < len(tokens):
                row.extend(f"{step}:{feature}" for feature in seen[other])
            elif step:
                row.append(f"{step}:edge")
        if place:
            row.append(f"pair:{plain[place - 1]}|{plain[place]}")
        if place + 1 < len(tokens):
            row.append(f"next:{plain[place]}|{plain[place + 1]}")
        rows.append(row)
    return rows


def _own(token: str) -> list[str]:
    plain = normalize_word(token)
    features = [f"word={plain}", f"exact={token}", f"shape={word_shape(token)}"]
    features.extend(f"head{size}={plain[:size]}" for size in (2, 3, 4) if len(plain) > size)
    features.extend(f"tail{size}={plain[-size:]}" for size in (2, 3, 4) if len(plain) > size)
    features.extend(
        name
        for name, holds in (
            ("upper", token.isupper()),
            ("title", token.istitle()),
            ("digit", any(letter.isdigit() for letter in token)),
            ("hyphen", "-" in token),
        )
        if holds
    )
    return features


def _seen(token: str) -> list[str]:
    plain = normalize_word(token)
    return [f"word={plain}", f"shape={word_shape(token)}", f"tail3={plain[-3:]}"]
