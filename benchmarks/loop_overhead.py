"""The loop of Salus against a hand-written PyTorch loop: same network, data, batches, optimizer; ratio of the times.

Rounds alternate (A B B A ...) so that a machine that slows down slows both; the figure is the median of the pairs'
ratios. Validation and checkpoints are switched off on both sides: the hand-written loop has none.
"""

import copy
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.question import Question
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Image, Sample
from salus.tasks.registry import make
from salus.train.fit import fit

SAMPLES, BATCH, EPOCHS, ROUNDS = 2048, 64, 4, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConfig(Config):
    """Settings of the measured network."""

    epochs: int = EPOCHS


def network() -> nn.Sequential:
    """Return a small CNN on 28 x 28 pictures."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(32, 2),
    )  # fmt: skip


class Net(System):
    """The network as a system."""

    card = Card(title="Bench", family="cnn", tasks=("classification",), inputs=(("image", "Image"),), modalities=())
    config_type = NetConfig

    def __init__(self, task: object, config: Config, fingerprint: object) -> None:
        super().__init__(task, config, fingerprint)  # type: ignore[arg-type]
        self.net = network()

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return Adam at the rate of the hand-written loop."""
        return Recipe(stages=(Stage(epochs=EPOCHS, batch_size=BATCH, optimizers={"main": Optimizer()}),))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Stack pictures."""
        images = torch.stack([torch.from_numpy(s.inputs["image"].array) for s in samples])
        return Batch(tuple(s.id for s in samples), {"image": images}, {"y": torch.tensor([s.target for s in samples])})

    def forward(self, batch: Batch) -> Tensor:
        """Return logits."""
        return self.net(batch.inputs["image"])

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield cross-entropy."""
        yield Objective("loss", nn.functional.cross_entropy(self(batch), batch.target["y"]))


def by_hand(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Train as one would in a notebook."""
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    net.train()
    for epoch in range(EPOCHS):
        order = torch.from_numpy(np.random.default_rng((0, 0, epoch)).permutation(SAMPLES))
        for start in range(0, SAMPLES, BATCH):
            index = order[start : start + BATCH]
            loss = nn.functional.cross_entropy(net(images[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def main() -> None:
    """Print the ratio."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(SAMPLES, 1, 28, 28)).astype(np.float32)
    labels = rng.integers(0, 2, SAMPLES)
    data = ListDataset(
        [
            Sample(id=str(i), patient=str(i), inputs={"image": Image(array=pictures[i])}, target=int(labels[i]))
            for i in range(SAMPLES)
        ]
    )
    task = make(Question(kind="classification", classes=("a", "b")))
    torch.manual_seed(0)
    first = Net(task, NetConfig(), {})
    images, truth = torch.from_numpy(pictures), torch.from_numpy(labels)
    ratios = []
    for number in range(ROUNDS + 1):
        ours, theirs = copy.deepcopy(first), copy.deepcopy(first)
        seconds = {}
        for side in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
            start = time.process_time()
            if side == "ours":
                fit(ours, data, None, score=lambda s, d: {}, seed=0)
            else:
                by_hand(theirs.net, images, truth)
            seconds[side] = time.process_time() - start
        if number:  # the first round warms caches
            ratios.append(seconds["ours"] / seconds["theirs"])
        same = all(torch.allclose(a, b, atol=1e-5) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
        if not same:
            raise SystemExit("the two loops ended with different weights: the comparison means nothing")
    ratios.sort()
    print(
        f"loop overhead, processor time ratio over {ROUNDS} pairs: median {statistics.median(ratios):.3f} "
        f"(min {ratios[0]:.3f}, max {ratios[-1]:.3f}); equal weights on both sides"
    )


if __name__ == "__main__":
    main()
