"""The simplest tagger: a list of the training part's mentions, longest match first.

A phrase enters the list under its most frequent type if at least `least_share` of the times it stands in the training
texts, other than inside a longer mention, it is such a mention; "depression" of a score is then no disease.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.metrics.spans import Span, spans
from salus.nets.tagging import best_tags, bytes_to_texts, check_training, note_tokens, one_hot_tags, text_batch
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LexiconConfig(Config):
    """Settings.

    Attributes:
        least_share: Share of a phrase's occurrences that must be mentions.
        longest: Tokens of the longest phrase kept.
    """

    least_share: float = 0.5
    longest: int = 8


class LexiconTagger(System):
    """Looks phrases up in the training part's own list of mentions; case is ignored."""

    card: ClassVar[Card] = Card(
        title="Dictionary of training mentions, longest match",
        family="baseline",
        tasks=("tagging",),
        inputs=(("note", "Note: T tokens"),),
        modalities=("text",),
        review="What a tagger must beat: phrases that training has already marked.",
        advantages=("Nothing to tune; every answer can be traced to a training mention.",),
        limits=("Never finds a phrase that training did not mark.",),
        differentiable=False,
    )
    config_type: ClassVar[type[Config]] = LexiconConfig
    small: ClassVar[Config] = LexiconConfig()
    tiny: ClassVar[Config] = LexiconConfig()

    config: LexiconConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.phrases: dict[tuple[str, ...], str] = {}

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Refuse a training part that cannot teach a tagger; the list itself is made in `settle`."""
        check_training(train)
        return {}

    def settle(self, train: Dataset) -> None:
        """List the phrases that training marks, each under its most frequent type."""
        texts: list[tuple[tuple[str, ...], list[Span]]] = []
        marked: dict[tuple[str, ...], Counter[str]] = {}
        for sample in (train[i] for i in range(len(train))):
            words = tuple(token.casefold() for token in note_tokens(sample))
            found = spans([self.classes[tag] for tag in sample.target])
            texts.append((words, found))
            for start, stop, kind in found:
                if stop - start <= self.config.longest:
                    marked.setdefault(words[start:stop], Counter())[kind] += 1
        stands = Counter(p for words, found in texts for p in _phrases(words, found, self.config.longest, marked))
        self.phrases = {
            phrase: kind
            for phrase, kinds in sorted(marked.items())
            for kind, count in kinds.most_common(1)
            if count >= self.config.least_share * stands[phrase]
        }

    def get_extra_state(self) -> Tensor:
        """Return the list as UTF-8 JSON, uint8."""
        data = json.dumps([[kind, *phrase] for phrase, kind in self.phrases.items()], ensure_ascii=False)
        return torch.tensor(list(data.encode("utf-8")), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Read what `get_extra_state` gave."""
        rows = json.loads(bytes(state.tolist()).decode("utf-8"))
        self.phrases = {tuple(phrase): kind for kind, *phrase in rows}

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Write the tokens as bytes; the list is looked up in `forward`."""
        return text_batch(samples, len(self.classes))

    def forward(self, batch: Batch) -> Tensor:
        """Return one for the tag that is given and zero for the others `(B, T, K)`; `PADDING` behind the end."""
        index = {name: number for number, name in enumerate(self.classes)}
        longest = max(map(len, self.phrases), default=0)
        paths = [
            [index[tag] for tag in self._look_up([token.casefold() for token in text], longest)]
            for text in bytes_to_texts(batch.inputs["text"])
        ]
        return one_hot_tags(paths, len(self.classes)).to(batch.inputs["text"].device)

    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return tags `(B, T)` int64, -1 behind each end."""
        return best_tags(output)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield nothing: `settle` makes the list."""
        return iter(())

    def _look_up(self, words: list[str], longest: int) -> list[str]:
        tags = ["O"] * len(words)
        place = 0
        while place < len(words):
            for size in range(min(longest, len(words) - place), 0, -1):
                kind = self.phrases.get(tuple(words[place : place + size]))
                if kind is not None:
                    tags[place : place + size] = [f"B-{kind}", *([f"I-{kind}"] * (size - 1))]
                    place += size
                    break
            else:
                place += 1
        return tags


def _phrases(
    words: tuple[str, ...], marked: Sequence[Span], longest: int, wanted: Mapping[tuple[str, ...], Any]
) -> Iterator[tuple[str, ...]]:
    """Yield each wanted phrase as often as it stands; inside a longer mention it says nothing for or against it."""
    for size in range(1, min(longest, len(words)) + 1):
        for start in range(len(words) - size + 1):
            stop, phrase = start + size, words[start : start + size]
            within = any(a <= start and stop <= b and b - a > size for a, b, _ in marked)
            if phrase in wanted and not within:
                yield phrase
