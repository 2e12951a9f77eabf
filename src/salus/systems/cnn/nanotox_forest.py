"""Singh et al. 2020, machine learning from biomedical material design to toxicity, Adv. Intell. Syst. 2:2000084.

The paper is a review without a model of its own. The forest follows Gernand and Casman 2014, doi 10.1111/risa.12109
(trees take missing and correlated inputs, and never answer beyond what they have seen) and Breiman 2001, doi
10.1023/A:1010933404324. It answers whether a material is toxic, how many percent of the cells live, or which of several
assays a compound sets off; beside each answer stands whether the query is like the training part.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset, ListDataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.compounds import compound_bits, formula_kind, is_compound
from salus.nets.domain import Domain
from salus.nets.gated_mlp import GatedMLP
from salus.nets.grown import Grown
from salus.nets.tabular import RowEncoder, measure_rows, row_of
from salus.nets.targets import check_targets, target_tensors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample
from salus.transforms.nanoparticle import checked_particle, refuse_outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class NanotoxForestConfig(Config):
    """Settings.

    Attributes:
        trees: Trees of a forest.
        leaf: Fewest training rows in a leaf.
        look: Features that a split may choose from: the root of their number, a third of them, or all.
        rows_share: Share of the training rows that a tree is grown on, drawn with repetition.
        balanced: Weigh classes by the inverse of their number.
        rising: Columns with which the answer never falls: a number, or the probability of the last of two classes.
        falling: Columns with which it never rises.
        gaps: A missing value takes a `branch` of its own, or the column's `median`.
        formula: Bits of a compound: `circular` neighbourhoods (RDKit), text `grams`, or circular where RDKit is.
        bits: Length of a fingerprint.
        neighbours: Which nearest training row the domain asks for.
        inside: Share of training rows that are inside the domain by distance.
        fusion: Train a dense network beside the forest and mix the two.
        omics: Columns whose names begin so gate the network's hidden units.
        widths: Units of the network's hidden layers.
        dropout: Share of its hidden units silenced in training.
        epochs: Its passes over the training part.
        batch_size: Its samples a step.
        learning_rate: Of its Adam.
    """

    trees: int = 500
    leaf: int = 1
    look: Literal["sqrt", "third", "all"] = "sqrt"
    rows_share: float = 1.0
    balanced: bool = False
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    gaps: Literal["branch", "median"] = "branch"
    formula: Literal["auto", "circular", "grams"] = "auto"
    bits: int = 1024
    neighbours: int = 5
    inside: float = 0.95
    fusion: bool = False
    omics: str = "omics_"
    widths: tuple[int, ...] = (64, 32)
    dropout: float = 0.1
    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 3e-3


class NanotoxForest(System):
    """A random forest on rows or formulas, with its domain of applicability."""

    card = Card(
        title="Random forest for the toxicity of materials and compounds",
        authors="Singh et al. 2020",
        family="cnn",
        tasks=("classification", "regression", "multilabel"),
        inputs=(("row", "Row of numbers and words, or with a column smiles"), ("note", "Note: a SMILES formula")),
        modalities=("table", "text"),
        review="Random forest, decision tree and SVM foretell toxicity, carbon nanotubes among the cases; easy to "
        "interpret. Multi-omics and deep learning are named as what comes next.",
        deviations=(
            "The paper is a review and has no model of its own, nor a CNN; the review lists it in that family",
            "Forest, inputs and the rule not to extrapolate are those of Gernand and Casman 2014",
            "Fusion weighs the network by the error on groups that neither it nor its rival forest saw: rows out of a "
            "tree's bag still have neighbours of their own dose curve inside it",
        ),
        advantages=("Fitted in a second; takes gaps as they are", "Says when a query is unlike all it was grown on"),
        limits=(
            "Beyond the training range it answers as at the boundary: read the flag beside the answer",
            "Descriptors that are constant for an oxide are names of five oxides, no measurements: on one left out it "
            "ranks little better than chance",
            "The network of `fusion` gains nothing for classes, and for viability no more than chance may",
            "Trees bound to the dose answer without a fall, and a little worse on real dose curves",
        ),
        differentiable=False,
        explain_input="row",
    )
    config_type: ClassVar[type[Config]] = NanotoxForestConfig
    small: ClassVar[NanotoxForestConfig] = NanotoxForestConfig(trees=200)
    tiny: ClassVar[NanotoxForestConfig] = NanotoxForestConfig(trees=8, widths=(8, 4), epochs=2, batch_size=16)
    config: NanotoxForestConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.classes = task.question.classes
        self.encoder = RowEncoder(fingerprint["rows"]) if "rows" in fingerprint else None
        self.forest = Grown(task.kind, len(self.classes))
        own = self.config
        self.domain = Domain(bits=self.encoder is None, neighbours=own.neighbours, quantile=own.inside)
        self.network: GatedMLP | None = None
        if own.fusion:
            names = self.encoder.features if self.encoder else ()
            gates = [name.startswith(own.omics) for name in names]
            self.register_buffer("gates", torch.tensor(gates or [False] * own.bits), persistent=False)
            count = len(gates or range(own.bits)) - sum(gates)
            outputs = 1 if task.kind == "regression" else len(self.classes)
            self.network = GatedMLP(count, sum(gates), own.widths, outputs, own.dropout)
            self.register_buffer("forest_share", torch.ones((), dtype=torch.float64))

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Return `row`: measurements as they are `(B, C)` float64, NaN for missing, or bits of formulas `(B, bits)`.

        Raises:
            DataError: Other columns than in training, a viability among them, a formula that does not parse.
            UnitError: A dose of zero or less, or a size that no particle has in nm.
        """
        if self.encoder is None:
            table = compound_bits(samples, self.fingerprint["formula"], self.config.bits)
        else:
            table = self.encoder.raw([_checked(sample, self.encoder.input) for sample in samples])
        target = target_tensors(samples, self.task.question)
        return Batch(tuple(sample.id for sample in samples), {"row": torch.from_numpy(table)}, target)

    def forward(self, batch: Batch) -> Tensor:
        """Return log-probabilities `(B, K)`, values `(B,)`, or logits of findings `(B, K)`."""
        table = batch.inputs["row"].detach().cpu().numpy()
        answer: Tensor = self.forest(torch.from_numpy(self._features(table)))
        if self.network is not None:
            share = self.get_buffer("forest_share")
            answer = share * answer + (1 - share) * self._unit(self._ask_network(batch)).double().cpu()
        # A forest is never surer than half a tree allows.
        return self.forest.output(answer, 0.5 / self.config.trees).float().to(batch.inputs["row"].device)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the network's loss on the rows that the mixing does not need."""
        held = set(self.fingerprint["held"])
        rows = torch.tensor([n for n, name in enumerate(batch.ids) if name not in held], dtype=torch.int64)
        some = batch.take(rows) if len(rows) else batch
        yield Objective("network", self._loss(self._ask_network(some), some.target) * float(len(rows) > 0))

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return no stage, or the network's."""
        assert isinstance(config, NanotoxForestConfig)  # noqa: S101
        adam = Optimizer(learning_rate=config.learning_rate, weight_decay=1e-4)
        stage = Stage(
            name="fusion",
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers={"main": adam},
            schedule="cosine",
            keep_best=False,
            validate_every=config.epochs,
        )
        return Recipe(stages=(stage,) if config.fusion else ())

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn columns and categories, or which bits formulas are turned into.

        Raises:
            DataError: One class, a viability among the inputs, or what `measure_rows` refuses.
        """
        assert isinstance(config, NanotoxForestConfig)  # noqa: S101
        samples = [train[i] for i in range(len(train))]
        found: dict[str, Any] = check_targets(samples)
        if config.fusion:
            found["held"] = _held(samples)
        if samples and is_compound(samples[0]):
            return {**found, "formula": formula_kind(config.formula)}
        return {**found, "rows": measure_rows(ListDataset([_checked(sample) for sample in samples]))}

    def settle(self, train: Dataset) -> None:
        """Grow the forests, remember the domain, and weigh the network against them."""
        samples = [train[i] for i in range(len(train))]
        batch = self.collate(samples)
        table = batch.inputs["row"].numpy()
        truth = next(iter(batch.target.values())).numpy()
        held = np.isin(batch.ids, self.fingerprint.get("held", ()))
        if self.network is not None and held.any():
            self._grow(self._features(table[~held]), truth[~held])
            self._weigh(batch.take(torch.from_numpy(np.flatnonzero(held))))
        self._grow(self._features(table), truth)
        self.domain.fit(table if self.encoder else table[:, :0], self._scaled(table))

    def outside(self, samples: Sequence[Sample]) -> list[str]:
        """Say of each sample why it lies outside the domain of applicability; an empty text for one inside."""
        table = self.collate([replace(sample, target=None) for sample in samples]).inputs["row"].numpy()
        far = self.domain.far(self._scaled(table))
        cells = self.domain.outside_range(table if self.encoder else table[:, :0])
        columns = self.encoder.columns if self.encoder else ()
        words = set(self.encoder.categorical) if self.encoder else set()
        found = []
        for row, apart in zip(cells, far, strict=True):
            why = [f"{columns[c]} {'unknown' if c in words else 'outside the range'}" for c in np.flatnonzero(row)]
            found.append("; ".join([*why, *(["unlike every training row"] if apart else [])]))
        return found

    def remark(self, sample: Sample) -> dict[str, str]:
        """Return what stands beside an answer: `inside_domain`, and why not."""
        why = self.outside([sample])[0]
        return {"inside_domain": "no" if why else "yes", "outside_because": why}

    def _features(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.encoder is None or self.config.gaps == "median":
            return self._scaled(table)
        return self.encoder.measured(table)

    def _scaled(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        return table if self.encoder is None else self.encoder.scale(table)

    def _grow(self, features: NDArray[np.float64], truth: NDArray[Any]) -> None:
        own = self.config
        self.forest.grow(
            features,
            truth,
            trees=own.trees,
            leaf=own.leaf,
            look=own.look,
            rows_share=own.rows_share,
            balanced=own.balanced,
            signs=self.encoder.signs(own.rising, own.falling) if self.encoder else None,
        )

    def _ask_network(self, batch: Batch) -> Tensor:
        assert self.network is not None  # noqa: S101
        scaled = torch.from_numpy(self._scaled(batch.inputs["row"].detach().cpu().numpy())).float()
        scaled, gates = scaled.to(batch.inputs["row"].device), self.get_buffer("gates")
        answer: Tensor = self.network(scaled[:, ~gates], scaled[:, gates])
        return answer

    def _unit(self, output: Tensor) -> Tensor:
        """Return the network's output in the forests' unit: probabilities, or values."""
        if self.task.kind == "regression":
            return output[:, 0] * self.fingerprint["scale"] + self.fingerprint["mean"]
        return output.sigmoid() if self.task.kind == "multilabel" else output.softmax(dim=1)

    def _loss(self, output: Tensor, target: Mapping[str, Tensor]) -> Tensor:
        truth = next(iter(target.values()))
        if self.task.kind == "regression":
            wanted = (truth - self.fingerprint["mean"]) / self.fingerprint["scale"]
            return functional.mse_loss(output[:, 0], wanted.to(output.dtype))
        if self.task.kind == "multilabel":
            known = truth.isfinite()
            return functional.binary_cross_entropy_with_logits(output[known], truth[known].to(output.dtype))
        return functional.cross_entropy(output, truth)

    @torch.no_grad()
    def _weigh(self, held: Batch) -> None:
        """Choose the forest's share by the error on groups that neither forest nor network has seen."""
        self.eval()
        forest = self.forest(torch.from_numpy(self._features(held.inputs["row"].numpy())))
        network, truth = self._unit(self._ask_network(held)).double(), next(iter(held.target.values()))
        if self.task.kind == "classification":
            truth = functional.one_hot(truth, len(self.classes))
        shares = np.linspace(0, 1, 21)
        errors = [float((s * forest + (1 - s) * network - truth.double()).square().nanmean()) for s in shares]
        self.get_buffer("forest_share").fill_(float(shares[int(np.argmin(errors))]))


def _checked(sample: Sample, name: str = "row") -> Sample:
    row = row_of(sample, name)
    refuse_outcomes(tuple(row.values))
    return replace(sample, inputs={**sample.inputs, name: checked_particle(row, f"sample {sample.id}")})


def _held(samples: Sequence[Sample]) -> list[str]:
    """Return the ids of about a fifth of the groups, drawn of their names so that every run holds the same ones."""
    groups = sorted({sample.patient for sample in samples}, key=lambda name: (zlib.crc32(name.encode()), name))
    chosen = set(groups[: len(groups) // 5])
    return [sample.id for sample in samples if sample.patient in chosen]
