"""Thilagam et al. 2022, Secure IoT Healthcare Architecture with Deep Learning-Based Access Control System.

J. Nanomaterials 2022:2638613, doi 10.1155/2022/2638613. This file is the identity view: a network turns 4 s of walking
with worn tags into a point on a sphere, and a person is who they say if the point lies near their enrolled mean. The
risk view is `access_risk`; policy, trust and audit are in `salus.security`. Layer sizes are this project's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.embedding import WaveEncoder, additive_margin, mean_directions
from salus.nets.tabular import count_labels
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ConfigError, DataError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample, Waveform
from salus.transforms.gait import WINDOW, check_gait, gait_of, level
from salus.transforms.window import fill_gaps, rotate_triples, rotation_matrix, window_starts


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTrustConfig(Config):
    """Settings.

    Attributes:
        widths: Channels of the convolutions.
        kernels: Their kernels.
        embedding: Numbers of the embedding.
        tags: Only leads that begin with one of these words; empty for all.
        orientation: `level` takes away how each tag is turned, `as_worn` keeps it.
        margin: Additive margin of the second stage; 0 leaves it a softmax.
        scale: Inverse temperature of cosines in the loss.
        tilt_deg: Largest random turn of each tag in training.
        gain: Largest random change of strength in training, as a share.
        noise: Spread of noise added in training, in units of each lead's spread.
        dropout: Share of pooled features silenced in training.
        stride: Samples between two windows of a recording longer than one.
        softmax_epochs: Passes with the plain softmax.
        epochs: Passes with the margin.
        batch_size: Windows a step.
        learning_rate: Of Adam.
    """

    widths: tuple[int, ...] = (32, 64, 128)
    kernels: tuple[int, ...] = (7, 5, 3)
    embedding: int = 128
    tags: tuple[str, ...] = ()
    orientation: Literal["as_worn", "level"] = "as_worn"
    margin: float = 0.2
    scale: float = 30.0
    tilt_deg: float = 10.0
    gain: float = 0.1
    noise: float = 0.1
    dropout: float = 0.1
    stride: int = 20
    softmax_epochs: int = 20
    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 1e-3


class AccessTrust(System):
    """Walking to a point on the sphere; verification by the cosine to the enrolled mean."""

    card = Card(
        title="Secure IoT healthcare architecture with deep learning-based access control",
        authors="Thilagam et al. 2022",
        doi="10.1155/2022/2638613",
        family="cnn",
        tasks=("verification",),
        inputs=(("gait", "Waveform (3n, T) at 20 Hz: acceleration g, rotation deg/s of worn tags; 4 s or more"),),
        modalities=("signal",),
        review="Users identified and authenticated by deep learning over encrypted transport, in a real-time "
        "prototype; said to be more accurate and to scale better than earlier access control.",
        reported=(
            ("paper: precision, recall and F1 about 0.95", "split not stated"),
            ("paper: accuracy 0.98", "split not stated"),
        ),
        deviations=(
            "The paper's data are not public: identity is learnt from walking with worn tags",
            "Layer sizes, margin and scale are this project's",
            "Identity and misuse risk are two systems (`access_trust`, `access_risk`), as no data set holds both",
            "Policies decide; the networks can only restrict them (`salus.security`)",
        ),
        advantages=("New people are enrolled without training: the mean of their embeddings is enough",),
        limits=(
            "Eleven young volunteers, one session each: nothing is known of other shoes, days or illness",
            "How a tag is strapped on helps to tell people of one session apart: see the arm without orientation",
            "One factor among several; never a lock by itself",
        ),
        explain_input="signal",
    )
    config_type: ClassVar[type[Config]] = AccessTrustConfig
    small: ClassVar[Config] = AccessTrustConfig(widths=(16, 32, 64), softmax_epochs=10, epochs=20)
    tiny: ClassVar[Config] = AccessTrustConfig(widths=(4, 4), kernels=(5, 3), embedding=8, softmax_epochs=1, epochs=1)
    config: AccessTrustConfig
    mean: Tensor
    spread: Tensor
    centres: Tensor

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.leads = tuple(fingerprint["leads"])
        self.chosen = tuple(fingerprint["chosen"])
        people = len(task.question.classes)
        for name in ("mean", "spread"):
            self.register_buffer(name, torch.tensor(fingerprint[name]).view(-1, 1), persistent=False)
        own = self.config
        self.encoder = WaveEncoder(len(self.chosen), own.widths, own.kernels, own.embedding, own.dropout)
        self.people = nn.Parameter(functional.normalize(torch.randn(people, own.embedding), dim=-1))
        self.register_buffer("centres", torch.zeros(people, own.embedding))

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn leads, and mean and spread of each over the training part.

        Raises:
            DataError: One person only, or a repeated id.
            ConfigError: Setting `tags` names no lead.
        """
        assert isinstance(config, AccessTrustConfig)  # noqa: S101
        count_labels(train)
        samples = [train[index] for index in range(len(train))]
        if len({sample.id for sample in samples}) < len(samples):
            raise DataError("training part: a sample id occurs twice; give every recording its own id")
        leads = tuple(gait_of(samples[0]).leads)
        chosen = [row for row, lead in enumerate(leads) if not config.tags or lead.startswith(config.tags)]
        if not chosen or len(chosen) % 3:
            raise ConfigError(f"tags={config.tags}: {len(chosen)} of the leads {', '.join(leads)}; name whole tags")
        values = np.concatenate([_seen(sample, leads, chosen, config.orientation) for sample in samples], axis=1)
        # One spread for the three axes of a sensor: turning the sensor must not change its size.
        spread = values.std(axis=1) if config.orientation == "level" else _by_sensor(values)
        return {
            "leads": list(leads),
            "chosen": chosen,
            "mean": values.mean(axis=1).astype(float).round(6).tolist(),
            "spread": np.maximum(spread, 1e-3).astype(float).round(6).tolist(),
        }

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return two stages of Adam: softmax on cosines, then the margin."""
        assert isinstance(config, AccessTrustConfig)  # noqa: S101
        adam = {"identity": Optimizer(learning_rate=config.learning_rate)}
        common: dict[str, Any] = {"batch_size": config.batch_size, "optimizers": adam, "keep_best": False}
        return Recipe(
            stages=(
                Stage(name="softmax", epochs=config.softmax_epochs, validate_every=10, **common),
                Stage(name="margin", epochs=config.epochs, schedule="cosine", validate_every=10, **common),
            ),
            clip_norm=5.0,
        )

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the one group: encoder and people."""
        return {"identity": list(self.parameters())}

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Turn each tag a little, change the strength of the movement, add noise."""
        wave = gait_of(sample)
        array = np.array(wave.array, dtype=np.float32)
        for first in range(0, len(array) - len(array) % 3, 6):
            axis = rng.normal(size=3)
            turn = np.deg2rad(rng.uniform(-self.config.tilt_deg, self.config.tilt_deg))
            matrix = rotation_matrix(axis / np.linalg.norm(axis), turn)
            array[first : first + 6] = rotate_triples(array[first : first + 6], matrix)
        array *= 1 + rng.uniform(-self.config.gain, self.config.gain)
        spread = np.ones((len(array), 1), dtype=np.float32)
        spread[list(self.chosen), 0] = self.fingerprint["spread"]
        array += self.config.noise * spread * rng.standard_normal(array.shape, dtype=np.float32)
        moved = Waveform(array=array, rate_hz=wave.rate_hz, leads=wave.leads, units=wave.units)
        return Sample(id=sample.id, patient=sample.patient, inputs={"gait": moved}, target=sample.target)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Cut recordings into windows: `signal (B, W, L, 80)`, padded with zeros, and `usable (B, W)`.

        Raises:
            DataError: A recording that `check_gait` refuses, or the number of nobody as target.
        """
        arrays = [_seen(sample, self.leads, self.chosen, self.config.orientation) for sample in samples]
        starts = [window_starts(array.shape[1], WINDOW, self.config.stride) for array in arrays]
        most = max(len(own) for own in starts)
        signal = np.zeros((len(arrays), most, len(self.chosen), WINDOW), dtype=np.float32)
        usable = np.zeros((len(arrays), most), dtype=bool)
        for row, (array, own) in enumerate(zip(arrays, starts, strict=True)):
            for place, start in enumerate(own.tolist()):
                signal[row, place] = array[:, start : start + WINDOW]
            usable[row, : len(own)] = True
        target = {}
        if all(sample.target is not None for sample in samples):
            labels = [_label(sample, len(self.task.question.classes)) for sample in samples]
            target = {"label": torch.tensor(labels)}
        inputs = {"signal": torch.from_numpy(signal), "usable": torch.from_numpy(usable)}
        return Batch(tuple(sample.id for sample in samples), inputs, target)

    def embed_windows(self, batch: Batch) -> Tensor:
        """Return the direction of each recording `(B, D)`: the mean of its windows' embeddings, of unit length."""
        usable = batch.inputs["usable"]
        windows = (batch.inputs["signal"] - self.mean) / self.spread
        points = self.encoder(windows.flatten(0, 1)).unflatten(0, usable.shape)
        return functional.normalize((points * usable[..., None]).sum(dim=1), dim=-1)

    def forward(self, batch: Batch) -> Tensor:
        """Return the cosine to each enrolled person `(B, K)`; before enrolment, to what training holds for them."""
        enrolled = self.centres.abs().sum() > 0
        people = self.centres if enrolled else functional.normalize(self.people, dim=-1)
        return self.embed_windows(batch) @ people.T.to(batch.inputs["signal"].dtype)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the cross-entropy of scaled cosines, with the margin in its stage."""
        cosines = self.embed_windows(batch) @ functional.normalize(self.people, dim=-1).T
        margin = self.config.margin if stage == "margin" else 0.0
        loss = additive_margin(cosines, batch.target["label"], margin, self.config.scale)
        yield Objective("additive_margin", loss, "identity")

    def settle(self, train: Dataset) -> None:
        """Enrol the people of the training part."""
        self.eval()
        samples = [train[index] for index in range(len(train))]
        self.centres.copy_(self.enrol(samples, len(self.centres)))

    def enrol(self, samples: Sequence[Sample], count: int) -> Tensor:
        """Return the mean direction `(count, D)` of the people 0 to count - 1 of samples, known in training or not."""
        labels = torch.tensor([_label(sample, count) for sample in samples])
        with torch.no_grad():
            parts = [
                self.embed_windows(self.collate(_nameless(samples[i : i + 64]))) for i in range(0, len(samples), 64)
            ]
        return mean_directions(torch.cat(parts), labels, count)


def _seen(sample: Sample, leads: Sequence[str], chosen: Sequence[int], orientation: str) -> NDArray[np.float32]:
    """Return the chosen leads `(L, T)` without gaps, checked, and without orientation where that is wanted."""
    wave = gait_of(sample)
    check_gait(wave, leads, f"sample {sample.id}")
    array = fill_gaps(wave.array[list(chosen)])
    return level(array) if orientation == "level" else array


def _by_sensor(values: NDArray[np.floating]) -> NDArray[np.float64]:
    centred = values - values.mean(axis=1, keepdims=True)
    return np.repeat(centred.reshape(-1, 3 * values.shape[1]).std(axis=1), 3)


def _label(sample: Sample, count: int) -> int:
    label = sample.target.get("label") if isinstance(sample.target, Mapping) else sample.target
    if isinstance(label, bool) or not isinstance(label, int | np.integer) or not -1 <= int(label) < count:
        raise DataError(f"sample {sample.id}: person {label!r}; expected 0 to {count - 1}, or -1 for a stranger")
    return int(label)


def _nameless(samples: Sequence[Sample]) -> list[Sample]:
    return [Sample(id=s.id, patient=s.patient, inputs=s.inputs) for s in samples]
