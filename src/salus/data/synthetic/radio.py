"""A body sensor's radio, simulated: bursty losses, slots, LoRa airtime and duty cycle, an uplink that goes down.

Times are seconds. Everything random comes from the generator that is passed in.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import ConfigError

LORA_PAYLOAD = 51
"""Largest LoRaWAN payload in bytes at the slowest European data rates (regional parameters EU868, DR0 to DR2)."""

LORA_HEADER = 13
"""Bytes that LoRaWAN adds to a payload: MAC header, device address, control, counter, port and integrity code."""

DUTY_CYCLE = 0.01
"""Share of time a device may send in the EU868 bands g and g1 (ETSI EN 300 220)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GilbertElliott:
    """A channel with a good and a bad state, so that losses come in bursts.

    Attributes:
        to_bad: Chance per packet to go from good to bad, above 0.
        to_good: Chance per packet to go from bad to good, above 0; its inverse is the mean length of a burst.
        loss_good: Chance of a loss in the good state.
        loss_bad: Chance of a loss in the bad state.

    Source:
        Gilbert 1960, Capacity of a burst-noise channel; Elliott 1963, Estimates of error rates for codes on
        burst-noise channels.
    """

    to_bad: float
    to_good: float
    loss_good: float = 0.0
    loss_bad: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.to_bad <= 1 and 0 < self.to_good <= 1 and 0 <= self.loss_good <= self.loss_bad <= 1):
            raise ConfigError(f"channel {self}: chances must lie in (0, 1], losses in [0, 1] with good not above bad")

    @classmethod
    def of_loss(cls, share: float, burst: float = 3.0) -> "GilbertElliott":
        """Return the channel that loses `share` of the packets in bursts of mean length `burst` packets."""
        if not (0 < share < 1 and burst >= 1):
            raise ConfigError(f"loss {share}, burst {burst}: expected a share inside (0, 1) and bursts of 1 or more")
        return cls(to_bad=min(1.0, share / (1 - share) / burst), to_good=1.0 / burst)

    @property
    def loss(self) -> float:
        """Return the long-run share of lost packets: the states weighed by their stationary chances."""
        bad = self.to_bad / (self.to_bad + self.to_good)
        return bad * self.loss_bad + (1 - bad) * self.loss_good

    def losses(self, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return which of `count` packets in a row are lost; the first state is drawn from the stationary chances."""
        bad = np.empty(count, dtype=bool)
        state = rng.random() < self.to_bad / (self.to_bad + self.to_good)
        position = 0
        while position < count:
            # The time spent in a state is geometric: draw whole runs instead of packets.
            run = int(rng.geometric(self.to_good if state else self.to_bad))
            bad[position : position + run] = state
            position, state = position + run, not state
        return rng.random(count) < np.where(bad, self.loss_bad, self.loss_good)


def lora_airtime_s(
    payload: int,
    *,
    spreading: int = 7,
    bandwidth_hz: float = 125e3,
    coding: int = 1,
    preamble: int = 8,
    explicit_header: bool = True,
    crc: bool = True,
) -> float:
    """Return how long one LoRa packet occupies the air.

    Args:
        payload: Bytes, LoRaWAN header included if there is one.
        spreading: Spreading factor, 6 to 12.
        bandwidth_hz: Bandwidth.
        coding: 1 for rate 4/5 to 4 for rate 4/8.
        preamble: Programmed preamble symbols.
        explicit_header: False where the receiver knows length and rate.
        crc: Whether a checksum follows the payload.

    Raises:
        ConfigError: A setting LoRa does not have.

    Source:
        Semtech SX1276/77/78/79 data sheet, section 4.1.1.7; low-data-rate optimization where a symbol exceeds 16 ms.

    >>> round(lora_airtime_s(12), 6)
    0.041216
    """
    if not (6 <= spreading <= 12 and 1 <= coding <= 4 and payload >= 0 and bandwidth_hz > 0):
        raise ConfigError(
            f"LoRa packet of {payload} bytes, spreading {spreading}, coding {coding}, {bandwidth_hz:g} Hz: expected "
            "spreading 6 to 12, coding 1 to 4"
        )
    symbol_s = 2**spreading / bandwidth_hz
    slow = 2 if symbol_s > 16e-3 else 0
    bits = 8 * payload - 4 * spreading + 28 + (16 if crc else 0) - (0 if explicit_header else 20)
    blocks = max(int(np.ceil(bits / (4 * (spreading - slow)))), 0)
    return float((preamble + 4.25 + 8 + blocks * (coding + 4)) * symbol_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """One device that sends packets over LoRa and keeps in a local queue what cannot go out yet.

    Attributes:
        spreading: Spreading factor.
        duty: Share of time the device may send.
        payload: Largest packet in bytes; longer messages are cut into several.
        channel: Which packets are lost; a lost packet is sent again, as no acknowledgement comes.
        outages: `(start, end)` of times in which nothing gets through and the device waits.
    """

    spreading: int = 7
    duty: float = DUTY_CYCLE
    payload: int = LORA_PAYLOAD
    channel: GilbertElliott | None = None
    outages: tuple[tuple[float, float], ...] = ()

    def deliver(self, times: Floats, sizes: NDArray[np.integer], rng: np.random.Generator) -> Floats:
        """Return when each message has arrived whole, first come first served.

        After a packet of airtime A the device is silent for A / duty - A, as the duty cycle asks of every sub-band.

        Args:
            times: `(N,)`, when messages are ready, not decreasing.
            sizes: `(N,)`, bytes, at least 1.
            rng: Draws the losses.

        Raises:
            ConfigError: Times that go back, or an empty message.
        """
        if np.any(np.diff(times) < 0) or np.any(np.asarray(sizes) < 1):
            raise ConfigError("uplink: messages must come in order of time and hold at least one byte")
        arrived = np.empty(len(times))
        lost: deque[bool] = deque()
        free = 0.0
        for number, (ready, size) in enumerate(zip(times, sizes, strict=True)):
            left = int(size)
            while left > 0:
                air = lora_airtime_s(min(left, self.payload) + LORA_HEADER, spreading=self.spreading)
                start = self._after_outage(max(float(ready), free), air)
                free = start + air / self.duty
                if self.channel is not None and not lost:
                    lost.extend(self.channel.losses(256, rng).tolist())
                if self.channel is None or not lost.popleft():
                    left -= self.payload
                    arrived[number] = start + air
        return arrived

    def _after_outage(self, start: float, air: float) -> float:
        for begin, end in sorted(self.outages):
            if start < end and start + air > begin:
                start = end
        return start


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What a slotted medium access did with N packets.

    Attributes:
        latency_s: `(N,)`, from ready to received; infinite where the packet was lost.
        sent: `(N,)`, how often it was on the air.
        energy_per_bit_j: Energy of all transmissions over the bits received.
    """

    latency_s: Floats
    sent: NDArray[np.int64]
    energy_per_bit_j: float

    @property
    def delivered(self) -> float:
        """Return the share of packets received."""
        return float(np.isfinite(self.latency_s).mean())


def slotted_access(
    ready_s: Floats,
    *,
    slot_s: float,
    frame: int,
    own: tuple[int, ...],
    channel: GilbertElliott,
    rng: np.random.Generator,
    retries: int = 0,
    bits: int = 256,
    power_w: float = 0.03,
) -> Slots:
    """Send packets in the slots a device owns; with retries, an acknowledgement decides whether to send again.

    One own slot and no retry is a guaranteed time slot. Two own slots carry every packet twice, and retries add the
    acknowledged repetition of a reliable mode. The channel has one state per slot of time, so copies in neighbouring
    slots share a burst.

    Args:
        ready_s: `(N,)`, when packets are ready, not decreasing.
        slot_s: Length of a slot; packet and acknowledgement fit in it.
        frame: Slots of a frame.
        own: Numbers of the device's slots in each frame; every packet uses all of them once.
        channel: Losses, one step per slot.
        rng: Draws the losses.
        retries: Further frames a packet may use if no copy came through.
        bits: Of a packet.
        power_w: While sending.

    Raises:
        ConfigError: No own slot, one outside the frame, or times that go back.
    """
    if not own or min(own) < 0 or max(own) >= frame or list(own) != sorted(set(own)):
        raise ConfigError(f"own slots {own} of a frame of {frame}: give different slots of the frame, rising")
    if slot_s <= 0 or retries < 0 or np.any(np.diff(ready_s) < 0):
        raise ConfigError(f"slots of {slot_s} s, {retries} retries: expected a length, no negative count, rising times")
    first = np.ceil(np.asarray(ready_s, dtype=float) / (slot_s * frame) - own[0] / frame - 1e-9).astype(np.int64)
    first = np.maximum(first, 0)
    busy, latency, sent = 0, np.full(len(first), np.inf), np.zeros(len(first), dtype=np.int64)
    last = int(first.max(initial=0)) + len(first) * (retries + 1) + 1
    lost = channel.losses(last * frame, rng)
    for number, (ready, wanted) in enumerate(zip(ready_s, first.tolist(), strict=True)):
        use = max(wanted, busy)
        for attempt in range(retries + 1):
            slots = (use + attempt) * frame + np.array(own)
            got = np.flatnonzero(~lost[slots])
            sent[number] += len(own)
            busy = use + attempt + 1
            if got.size:
                latency[number] = (slots[got[0]] + 1) * slot_s - ready
                break
    received = int(np.isfinite(latency).sum()) * bits
    energy = float(sent.sum()) * slot_s * power_w
    return Slots(latency_s=latency, sent=sent, energy_per_bit_j=energy / received if received else float("inf"))
