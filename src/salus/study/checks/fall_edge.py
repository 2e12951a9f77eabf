"""What fall detection at the edge owes beside its scores: a small fast file, few bytes, quick and sure alarms."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.data.synthetic.radio import GilbertElliott, Uplink
from salus.metrics.ranking import specificity_at_sensitivity
from salus.schema.sample import Sample
from salus.store.export import OnnxNetwork, export_int8
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.systems.lstm.fall_edge import FallEdge, fall_log_odds
from salus.transforms.motion import MESSAGE, Alarm, impact_s, is_fall, motion_stream

BYTES_PER_VALUE = 2
LOSS = 0.05
CLOUD_S = 0.1
"""Round trip and answer of a cloud service once all data is there; generous to the cloud."""
OUTAGE_S = 600.0
REPEATS = 50
CALIBRATION = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One test trial as a trained device would have lived it.

    Attributes:
        sample: The trial.
        alarms: Fall alarms: end of the window in s, and message.
        early: Pre-impact warnings, likewise.
    """

    sample: Sample
    alarms: list[tuple[float, Alarm]]
    early: list[tuple[float, Alarm]]

    @property
    def seconds(self) -> float:
        """Return the length of the trial."""
        stream = motion_stream(self.sample)
        return stream.array.shape[1] / stream.rate_hz


def board(context: CheckContext) -> list[CheckRow]:
    """Write the trained networks of the first seed as 8-bit ONNX files and run the test trials through them."""
    sizes, times, floats, integers, truth = [], [], [], [], []
    for cell, system in _cells(context, seed=0):
        with tempfile.TemporaryDirectory() as folder:
            found = export_int8(system.network, _windows(system, cell.train), Path(folder) / "fall_edge.onnx")
            network = OnnxNetwork(found.path)
            sizes.append(found.size)
            times.append(_latency_ms(network, _windows(system, cell.test)))
            for index in range(len(cell.test)):
                batch = system.collate([cell.test[index]])
                windows = system.windows(batch)[batch.inputs["usable"]].contiguous()
                with torch.no_grad():
                    floats.append(float(fall_log_odds(system.network(windows)).max()))
                integers.append(float(fall_log_odds(torch.from_numpy(network(windows.numpy()))).max()))
                truth.append(is_fall(cell.test[index]))
    if not truth:
        return [CheckRow(kind="M", text="8-bit file", figure="no training", met=False)]
    positive = np.array(truth)
    before, after = (
        100 * float(specificity_at_sensitivity(np.array(s), positive, 0.95)[0]) for s in (floats, integers)
    )
    return [
        _row("8-bit ONNX file at most 200 kB", f"largest {max(sizes) / 1000:.0f} kB", max(sizes) <= 200_000),
        _row(
            "8-bit network at most 5 ms a window on one core",
            f"slowest fold's median {max(times):.2f} ms",
            max(times) <= 5.0,
        ),
        _row(
            "8-bit network loses at most 0.5 points of specificity at sensitivity 0.95",
            f"{before:.1f} before, {after:.1f} after, {len(truth)} test trials of seed 0",
            before - after <= 0.5,
        ),
    ]


def traffic(context: CheckContext) -> list[CheckRow]:
    """Compare bytes and delays of alarms from the edge with a stream that is judged in the cloud (simulated radio)."""
    trials = [trial for cell, system in _cells(context) for trial in _judged(cell, system)]
    if not trials:
        return [CheckRow(kind="M", text="bytes and delays", figure="no training", met=False)]
    sent = sum(MESSAGE.size for trial in trials if trial.alarms)
    streamed = sum(motion_stream(trial.sample).array.size * BYTES_PER_VALUE for trial in trials)
    saved = 1 - sent / streamed
    edge, cloud, free, broad = _delays([t for t in trials if t.alarms and is_fall(t.sample)])
    return [
        _row(
            "simulated: at least 99 % fewer bytes than streaming",
            f"{saved:.2%} fewer ({sent} against {streamed} bytes of payload; one message an event)",
            saved >= 0.99,
        ),
        _row(
            "simulated: 95th percentile of the alarm's delay after the impact at most half of the cloud path's, both "
            "over LoRa with a 1 % duty cycle",
            f"{edge:.1f} s against {cloud:.1f} s",
            edge <= 0.5 * cloud,
        ),
        CheckRow(
            kind="R",
            text="simulated: the cloud path without a duty cycle, and over broadband (no advantage of the edge there)",
            figure=f"{free:.1f} s and {broad:.1f} s",
        ),
    ]


def outage(context: CheckContext) -> list[CheckRow]:
    """Send alarms through a 10-minute outage of the uplink and count them by their counters (simulated radio)."""
    rng = np.random.default_rng(54)
    lost, worst, unqueued = 0, 0.0, 0
    for _ in range(REPEATS):
        begin = float(rng.uniform(600, 2400))
        times = np.sort(rng.uniform(0, 3600, 40))
        link = _uplink(outages=((begin, begin + OUTAGE_S),))
        arrived = link.deliver(times, np.full(len(times), MESSAGE.size), rng)
        counters = [
            Alarm(device=1, counter=n, time_s=int(t), state=2, probability=1.0, peak_g=3.0).pack()
            for n, t in enumerate(times)
        ]
        got = {Alarm.unpack(data).counter for data, when in zip(counters, arrived, strict=True) if np.isfinite(when)}
        lost += len(times) - len(got)
        worst = max(worst, float((arrived - times).max()))
        unqueued += int(((times >= begin) & (times < begin + OUTAGE_S)).sum())
    total = REPEATS * 40
    return [
        _row(
            "simulated: no alarm lost in a 10-minute outage",
            f"{lost} of {total} lost, longest delay {worst:.0f} s; {unqueued} fell into the outage and would be lost "
            "without the local queue",
            lost == 0,
        )
    ]


def activities(context: CheckContext) -> list[CheckRow]:
    """Print false alarms per hour of each staged activity, and how early the pre-impact class warned."""
    rows = []
    for place in ("waist", "phone", "wrist"):
        trials = [trial for cell, system in _cells(context, place) for trial in _judged(cell, system)]
        if not trials:
            continue
        hours: dict[str, float] = {}
        alarms: dict[str, int] = {}
        for trial in trials:
            if not is_fall(trial.sample):
                name = str(trial.sample.meta["group_activity"])
                hours[name] = hours.get(name, 0.0) + trial.seconds / 3600
                alarms[name] = alarms.get(name, 0) + bool(trial.alarms)
        rates = sorted(((alarms[name] / hours[name], name) for name in hours), reverse=True)
        text = ", ".join(f"{name} {rate:.1f}" for rate, name in rates)
        rows.append(
            CheckRow(
                kind="R", text=f"{place}: false alarms per hour of staged activity, not of daily life", figure=text
            )
        )
        rows.append(_lead(place, trials, sum(hours.values())))
    return rows


def _lead(place: str, trials: list[Judged], daily_hours: float) -> CheckRow:
    leads, falls, false = [], 0, 0
    for trial in trials:
        if not is_fall(trial.sample):
            false += bool(trial.early)
            continue
        falls += 1
        impact = impact_s(trial.sample)
        times = [impact - end for end, _ in trial.early if 0 <= impact - end <= 1.0]
        if times:
            leads.append(max(times))
    figure = f"{len(leads)} of {falls} falls warned before the impact"
    if leads:
        figure += f", lead time median {np.median(leads):.2f} s, largest {max(leads):.2f} s"
    figure += f"; {false / max(daily_hours, 1e-9):.1f} false warnings per hour of staged activity"
    return CheckRow(kind="R", text=f"{place}: lead time of the pre-impact class, per trial", figure=figure)


def _delays(falls: list[Judged]) -> tuple[float, float, float, float]:
    """95th percentiles from impact to arrival: edge; cloud over LoRa, without duty cycle, over broadband."""
    rng = np.random.default_rng(5)
    found: list[list[float]] = [[], [], [], []]
    for trial in falls:
        stream, impact = motion_stream(trial.sample), impact_s(trial.sample)
        alarm_s = trial.alarms[0][0]
        edge = _uplink().deliver(np.array([alarm_s]), np.array([MESSAGE.size]), rng)[0]
        # The stream goes out every half second; the cloud can judge the window once its last part has come.
        ready = np.arange(0.5, alarm_s + 1e-9, 0.5)
        size = round(0.5 * stream.rate_hz) * stream.array.shape[0] * BYTES_PER_VALUE
        sizes = np.full(len(ready), size)
        found[0].append(edge - impact)
        found[1].append(_uplink().deliver(ready, sizes, rng)[-1] + CLOUD_S - impact)
        found[2].append(_uplink(duty=1.0).deliver(ready, sizes, rng)[-1] + CLOUD_S - impact)
        found[3].append(alarm_s + CLOUD_S - impact)
    edge_s, cloud_s, free_s, broad_s = (float(np.percentile(row, 95)) if row else float("nan") for row in found)
    return edge_s, cloud_s, free_s, broad_s


def _uplink(duty: float = 0.01, outages: tuple[tuple[float, float], ...] = ()) -> Uplink:
    return Uplink(duty=duty, channel=GilbertElliott.of_loss(LOSS), outages=outages)


def _cells(
    context: CheckContext, place: str = "waist", seed: int | None = None
) -> Iterator[tuple[TrainedCell, FallEdge]]:
    if place not in {part.name for part in context.plan.parts}:
        return
    for cell in context.systems(place, "fall_edge"):
        if isinstance(cell.system, FallEdge) and seed in (None, cell.seed):
            yield cell, cell.system


def _judged(cell: TrainedCell, system: FallEdge) -> Iterator[Judged]:
    threshold = locked_probability(cell.operating)
    for index in range(len(cell.test)):
        sample = cell.test[index]
        found = system.alarms(sample, threshold)
        yield Judged(
            sample=sample,
            alarms=[(end, alarm) for end, alarm in found if alarm.state == 2],
            early=[(end, alarm) for end, alarm in found if alarm.state == 1],
        )


def locked_probability(operating: dict[str, float]) -> float:
    """Return the threshold that validation fixed as a probability before temperature, which is what a device has."""
    tempered = min(max(float(operating.get("threshold", 0.5)), 1e-12), 1 - 1e-12)
    odds = float(operating.get("temperature", 1.0)) * np.log(tempered / (1 - tempered))
    return float(1 / (1 + np.exp(-odds)))


def _windows(system: FallEdge, data: Dataset) -> torch.Tensor:
    step = max(1, len(data) // CALIBRATION)
    batch = system.collate([data[index] for index in range(0, len(data), step)])
    rows = system.windows(batch)[batch.inputs["usable"]]
    # Every 3rd window of trials taken evenly: falls are among them, and the calibration stays short.
    return rows[::3].contiguous()


def _latency_ms(network: OnnxNetwork, rows: torch.Tensor, repeats: int = 200) -> float:
    windows: list[NDArray[np.float32]] = [rows[i % len(rows)][None].numpy() for i in range(repeats)]
    network(windows[0])
    spent = []
    for window in windows:
        start = time.perf_counter()
        network(window)
        spent.append(1000 * (time.perf_counter() - start))
    return float(np.median(spent))


def _row(text: str, figure: str, met: bool) -> CheckRow:
    return CheckRow(kind="M", text=text, figure=figure, met=bool(met))
