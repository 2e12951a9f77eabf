"""Fall detection on a worn sensor: windows, inverted residuals, an LSTM, and twelve bytes over the radio.

Queralta, Gia, Tenhunen, Westerlund 2019, Edge-AI in LoRa-based Health Monitoring: Fall Detection System with Fog
Computing and LSTM Recurrent Neural Networks, TSP 2019. Body `mobilenet` is the review's, `lstm` on raw rows theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.nets.inverted_residual import MobileNet1d
from salus.nets.losses import focal_loss
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import DataError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample, Waveform
from salus.transforms import window as cut
from salus.transforms.motion import Alarm, check_motion, impact_s, is_fall, motion_stream, window_states

STATES = ("daily", "pre-impact", "fall")
PHONE_LIMIT_G, TAG_LIMIT_G = 4.0, 8.0
"""Full scale of a phone's accelerometer without rotation, and of a worn tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallEdgeConfig(Config):
    """Settings; defaults are the full size.

    Attributes:
        body: Features before the LSTM: inverted residuals, or none.
        widths: Channels of the stem and the inverted residuals, each halving time.
        hidden: Width of the LSTM.
        layers: LSTM layers (2 in the paper, which has no convolutions).
        lengths: `added` gives the network the length of each sensor's vector too, which no strap can turn.
        pool: Samples averaged into one before the network; 4 takes a phone from 200 to 50 Hz.
        window_s: Length of a window.
        stride_s: Time between two windows.
        margin_s: How far inside a window an impact must lie to make it a fall window.
        gamma: Focal loss exponent.
        class_weights: Of daily, pre-impact and fall windows.
        daily_windows: Daily windows drawn per trial and step; falls and pre-impacts are all taken.
        turn_deg: Largest rotation about gravity.
        tilt_deg: Largest rotation about any axis, as a tag is never strapped on twice alike.
        dropped_share: A window with more lost packets is not judged.
        epochs: Passes over the trials.
        batch_size: Trials per step.
        learning_rate: Of Adam.
        average: Decay of the running average of weights that answers; 0 for the last weights.
    """

    body: Literal["mobilenet", "lstm"] = "mobilenet"
    widths: tuple[int, ...] = (16, 24, 32, 64)
    hidden: int = 64
    layers: int = 1
    lengths: Literal["none", "added"] = "none"
    pool: int = 1
    window_s: float = 3.0
    stride_s: float = 0.5
    margin_s: float = 0.3
    gamma: float = 2.0
    class_weights: tuple[float, ...] = (1.0, 2.0, 4.0)
    daily_windows: int = 3
    turn_deg: float = 180.0
    tilt_deg: float = 0.0
    dropped_share: float = 0.1
    epochs: int = 40
    batch_size: int = 8
    learning_rate: float = 1e-3
    average: float = 0.0


class WindowNet(nn.Module):
    """Answer one window: features, LSTM over the remaining steps, three states. This is what a device runs.

    Args:
        config: Sizes.
        leads: Rows of a window.
        scale: `(L,)`, divides each lead.
    """

    scale: Tensor

    def __init__(self, config: FallEdgeConfig, leads: int, scale: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(list(scale)).view(-1, 1), persistent=False)
        self.pool: nn.Module = nn.AvgPool1d(config.pool) if config.pool > 1 else nn.Identity()
        self.lengths = config.lengths == "added"
        rows, mobile = leads + (leads // 3 if self.lengths else 0), config.body == "mobilenet"
        self.features: nn.Module = MobileNet1d(rows, config.widths) if mobile else nn.Identity()
        self.lstm = nn.LSTM(config.widths[-1] if mobile else rows, config.hidden, config.layers, batch_first=True)
        self.head = nn.Linear(config.hidden, len(STATES))

    def forward(self, windows: Tensor) -> Tensor:
        """Map windows `(N, L, T)` in g and deg/s to logits `(N, 3)`."""
        rows = windows / self.scale
        if self.lengths:
            squares = rows.square().unflatten(1, (-1, 3)).sum(dim=2)
            rows = torch.cat([rows, (squares + 1e-6).sqrt()], dim=1)
        steps, _ = self.lstm(self.features(self.pool(rows)).transpose(1, 2))
        logits: Tensor = self.head(steps[:, -1])
        return logits


class FallEdge(System):
    """Windows of a worn sensor to daily, pre-impact or fall; a trial is a fall if any of its windows is."""

    card: ClassVar[Card] = Card(
        title="Edge-AI in LoRa-based health monitoring: fall detection with fog computing and LSTM networks",
        authors="Queralta et al. 2019",
        family="lstm",
        tasks=("classification",),
        inputs=(("signal", "Waveform (6, T) at 20 Hz: acceleration g, rotation deg/s; or (3, T) at 200 Hz: g"),),
        modalities=("signal",),
        review="Wearable, LoRa gateway, edge server; MobileNetV2, then an LSTM; less delay and traffic than the cloud.",
        reported=(
            ("review: sensitivity 93.14 %, specificity 98.9 %", "split not stated"),
            ("paper: precision over 90 %, recall over 95 %", "split not stated"),
        ),
        deviations=(
            "The small size adds the length of each sensor's vector to the rows.",
            "The review names MobileNetV2, the paper's abstract only an LSTM: both are here (setting `body`).",
            "The third class is trained from the time of the largest acceleration, which no prediction sees.",
            "A trial is answered with the largest fall score of its windows.",
        ),
        advantages=("A window costs well under a millisecond; an alarm is 12 bytes.",),
        limits=("Learnt from staged falls of young people.", "Needs the sensor at the place it was trained for."),
        explain_input="signal",
    )
    config_type: ClassVar[type[Config]] = FallEdgeConfig
    small: ClassVar[Config] = FallEdgeConfig(
        widths=(8, 12, 16, 32), hidden=24, epochs=15, learning_rate=5e-3, lengths="added", average=0.99
    )
    tiny: ClassVar[Config] = FallEdgeConfig(widths=(4, 4), hidden=6, epochs=2)

    config: FallEdgeConfig

    def __init__(self, task: Task, config: FallEdgeConfig, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        self.leads = tuple(fingerprint["leads"])
        self.rate_hz = float(fingerprint["rate_hz"])
        self.size = round(config.window_s * self.rate_hz)
        self.stride = max(1, round(config.stride_s * self.rate_hz))
        self.network = WindowNet(config, len(self.leads), fingerprint["scale"])

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return the one stage: Adam with a cosine schedule."""
        assert isinstance(config, FallEdgeConfig)  # noqa: S101
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers={"main": Optimizer(learning_rate=config.learning_rate)},
            schedule="cosine",
            keep_best=False,  # a validation part of two people is too small to choose among epochs
            validate_every=5,
        )
        return Recipe(stages=(stage,), clip_norm=1.0, ema=config.average or None)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Return leads, rate, and scale of each lead over the training trials."""
        samples = [train[index] for index in range(len(train))]
        if len({sample.id for sample in samples}) < len(samples):
            raise DataError("training part: a sample id occurs twice; give every trial its own id")
        if len({is_fall(sample) for sample in samples}) < 2:
            raise DataError("training part: falls or daily activities are missing; both are needed to learn")
        first = motion_stream(samples[0])
        values = np.concatenate([motion_stream(sample).array for sample in samples], axis=1)
        # One scale for the three axes of a sensor: turning the sensor must not change its size.
        spread = np.repeat(np.nanstd(values.reshape(-1, 3 * values.shape[1]), axis=1), 3)
        return {
            "leads": list(first.leads),
            "rate_hz": first.rate_hz,
            "scale": np.maximum(spread, 1e-3).round(6).tolist(),
        }

    def augment(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Turn the sensor about gravity, and shift where the windows fall."""
        stream = sample.inputs["signal"]
        target = dict(sample.target) if isinstance(sample.target, Mapping) else {"label": sample.target}
        turn = np.deg2rad(rng.uniform(-self.config.turn_deg, self.config.turn_deg))
        tilt = np.deg2rad(rng.uniform(-self.config.tilt_deg, self.config.tilt_deg))
        axis = rng.normal(size=3)
        upright = cut.rotation_matrix(cut.gravity_direction(stream.array[:3]), turn)
        matrix = cut.rotation_matrix(axis / np.linalg.norm(axis), tilt) @ upright
        shift = int(rng.integers(0, min(self.stride, stream.array.shape[1] - self.size + 1)))
        array = cut.rotate_triples(stream.array[:, shift:], matrix)
        if target.get("peak_s") is not None:
            target["peak_s"] -= shift / stream.rate_hz
        moved = Waveform(array=array, rate_hz=stream.rate_hz, leads=stream.leads, units=stream.units)
        return Sample(id=sample.id, patient=sample.patient, inputs={"signal": moved}, target=target, meta=sample.meta)

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Stack trials: `signal` `(B, L, T)` padded with zeros, `usable` `(B, W)` windows that may be judged."""
        arrays = [self._checked(sample) for sample in samples]
        length = max(array.shape[1] for array in arrays)
        count = len(cut.window_starts(length, self.size, self.stride))
        signal = np.zeros((len(arrays), len(self.leads), length), dtype=np.float32)
        usable = np.zeros((len(arrays), count), dtype=bool)
        for row, (sample, array) in enumerate(zip(samples, arrays, strict=True)):
            share = cut.dropped_share(array, self.size, self.stride)
            if share.min() > self.config.dropped_share:
                raise DataError(
                    f"sample {sample.id}: every window lost more than {self.config.dropped_share:.0%} of its packets "
                    f"(best {share.min():.0%}); bring the sensor nearer to its receiver"
                )
            usable[row, : len(share)] = share <= self.config.dropped_share
            signal[row, :, : array.shape[1]] = cut.fill_gaps(array)
        target = {}
        if all(sample.target is not None for sample in samples):
            starts_s = np.arange(count) * self.stride / self.rate_hz
            size_s, margin_s = self.size / self.rate_hz, self.config.margin_s
            states = np.stack([window_states(impact_s(sample), starts_s, size_s, margin_s) for sample in samples])
            states[~usable] = -1
            target = {"state": torch.from_numpy(states)}
        inputs = {"signal": torch.from_numpy(signal), "usable": torch.from_numpy(usable)}
        return Batch(tuple(sample.id for sample in samples), inputs, target)

    def windows(self, batch: Batch) -> Tensor:
        """Return all windows of a batch as a view `(B, W, L, size)`."""
        return batch.inputs["signal"].unfold(-1, self.size, self.stride).transpose(1, 2)

    def window_logits(self, batch: Batch) -> Tensor:
        """Return `(B, W, 3)`; windows that may not be judged have the logits of a sure daily one."""
        usable = batch.inputs["usable"]
        logits = self.network(self.windows(batch)[usable])
        quiet = logits.new_tensor([30.0, 0.0, 0.0]).expand(*usable.shape, 3)
        return quiet.masked_scatter(usable[..., None], logits)

    def forward(self, batch: Batch) -> Tensor:
        """Return `(B, 2)`: zero, and the largest log-odds of a fall over the trial's windows."""
        score = fall_log_odds(self.window_logits(batch)).amax(dim=1)
        return torch.stack([torch.zeros_like(score), score], dim=1)

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the focal loss over the windows whose state is known."""
        states = batch.target["state"]
        draw = torch.rand(states.shape, device=states.device).masked_fill(states != 0, 2.0)
        rank = draw.argsort(dim=1).argsort(dim=1)
        chosen = (states > 0) | ((states == 0) & (rank < self.config.daily_windows))
        logits = self.network(self.windows(batch)[chosen])
        weights = logits.new_tensor(self.config.class_weights)
        yield Objective("focal", focal_loss(logits, states[chosen], self.config.gamma, weights))

    def alarms(
        self, sample: Sample, threshold: float, *, device: int = 0, start_s: int = 0
    ) -> list[tuple[float, Alarm]]:
        """Return what the device would send for one stream: the end of each window that alarms, and its message.

        Args:
            sample: A stream of one window or more, which began `start_s` whole seconds after 1970.
            threshold: Fall probability from which a window alarms.
            device: Number of the sensor.
            start_s: See `sample`.

        Returns:
            Seconds since the stream's start and alarm, also of pre-impact windows.
        """
        self.eval()
        with torch.no_grad():
            logits = self.window_logits(self.collate([sample]))[0]
        probability, early = torch.sigmoid(fall_log_odds(logits)).tolist(), logits.softmax(dim=-1)[:, 1].tolist()
        array = sample.inputs["signal"].array
        found: list[tuple[float, Alarm]] = []
        for number, (fall, soon) in enumerate(zip(probability, early, strict=True)):
            if fall < threshold and soon < 0.5:
                continue
            end = number * self.stride + self.size
            part = Waveform(array=array[:, end - self.size : end], rate_hz=self.rate_hz, leads=self.leads)
            alarm = Alarm.of_window(
                part,
                TAG_LIMIT_G if len(self.leads) == 6 else PHONE_LIMIT_G,
                device=device,
                counter=len(found),
                time_s=start_s + int(end / self.rate_hz),
                state=2 if fall >= threshold else 1,
                probability=fall if fall >= threshold else soon,
            )
            found.append((end / self.rate_hz, alarm))
        return found

    def _checked(self, sample: Sample) -> NDArray[np.floating]:
        stream = motion_stream(sample)
        check_motion(stream, self.leads, self.rate_hz, self.config.window_s, f"sample {sample.id}")
        return stream.array


def fall_log_odds(logits: Tensor) -> Tensor:
    """Return log p(fall) / p(not fall) of state logits `(..., 3)`."""
    return logits[..., 2] - torch.logsumexp(logits[..., :2], dim=-1)
