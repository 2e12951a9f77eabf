import numpy as np
import pytest

from salus.data.synthetic.radio import LORA_HEADER, GilbertElliott, Uplink, lora_airtime_s, slotted_access
from salus.schema.errors import ConfigError


@pytest.mark.parametrize(
    ("payload", "spreading", "seconds"),
    # Worked by hand from the data sheet: (12.25 + 8 + blocks * 5) symbols of 2^SF / 125 kHz.
    [(12, 7, 0.041216), (64, 12, 2.793472), (64, 7, 0.118016), (0, 7, 0.025856)],
)
def test_airtime(payload, spreading, seconds):
    assert lora_airtime_s(payload, spreading=spreading) == pytest.approx(seconds, abs=1e-9)


def test_airtime_refuses_what_lora_has_not():
    with pytest.raises(ConfigError, match="spreading 13"):
        lora_airtime_s(10, spreading=13)


def test_losses_come_in_bursts_at_the_planted_rate():
    channel = GilbertElliott.of_loss(0.05, burst=4.0)
    lost = channel.losses(400_000, np.random.default_rng(0))
    assert channel.loss == pytest.approx(0.05)
    assert lost.mean() == pytest.approx(0.05, abs=0.003)
    edges = np.flatnonzero(np.diff(lost.astype(int), prepend=0, append=0))
    assert np.mean(edges[1::2] - edges[::2]) == pytest.approx(4.0, abs=0.15)
    with pytest.raises(ConfigError, match="burst 0"):
        GilbertElliott.of_loss(0.05, burst=0)
    with pytest.raises(ConfigError, match="good not above bad"):
        GilbertElliott(to_bad=0.1, to_good=0.1, loss_good=0.9, loss_bad=0.1)


def test_duty_cycle_holds_and_long_messages_are_cut():
    air = lora_airtime_s(12 + LORA_HEADER)
    arrived = Uplink().deliver(np.array([0.0, 0.0]), np.array([12, 12]), np.random.default_rng(0))
    assert arrived == pytest.approx([air, 100 * air + air])
    one = Uplink(duty=1.0).deliver(np.array([0.0]), np.array([120]), np.random.default_rng(0))
    parts = 2 * lora_airtime_s(51 + LORA_HEADER) + lora_airtime_s(18 + LORA_HEADER)
    assert one == pytest.approx([parts])


def test_an_outage_delays_and_loses_nothing():
    uplink = Uplink(channel=GilbertElliott.of_loss(0.1), outages=((100.0, 700.0),))
    times = np.sort(np.random.default_rng(1).uniform(0, 1000, 40))
    arrived = uplink.deliver(times, np.full(40, 12), np.random.default_rng(2))
    assert np.isfinite(arrived).all()
    assert (arrived > times).all()
    assert (np.diff(arrived) > 0).all()
    inside = (times > 100) & (times < 700)
    assert inside.any()
    assert (arrived[inside] > 700).all()
    assert not ((arrived > 100.1) & (arrived < 700)).any()
    with pytest.raises(ConfigError, match="order of time"):
        uplink.deliver(np.array([1.0, 0.0]), np.array([1, 1]), np.random.default_rng(0))


def test_guaranteed_slots_bound_the_delay():
    channel = GilbertElliott.of_loss(0.05)
    ready = np.sort(np.random.default_rng(0).uniform(0, 20, 2000))
    ready = np.maximum(ready, np.arange(2000) * 0.01)  # no faster than a frame each
    plain = slotted_access(ready, slot_s=1e-3, frame=10, own=(0,), channel=channel, rng=np.random.default_rng(1))
    got = plain.latency_s[np.isfinite(plain.latency_s)]
    assert got.min() > 0
    assert plain.delivered == pytest.approx(0.95, abs=0.02)
    sure = slotted_access(
        ready, slot_s=1e-3, frame=10, own=(0, 5), channel=channel, rng=np.random.default_rng(1), retries=3
    )
    assert sure.delivered > 0.999
    assert sure.energy_per_bit_j > plain.energy_per_bit_j
    assert sure.sent.min() >= 2


def test_slots_by_hand():
    clear = GilbertElliott(to_bad=0.5, to_good=0.5, loss_good=0.0, loss_bad=0.0)
    found = slotted_access(
        np.array([0.0, 0.0, 25.0]), slot_s=1.0, frame=10, own=(2,), channel=clear, rng=np.random.default_rng(0)
    )
    # Slot 2 ends at 3; the second packet waits a frame; the third, ready at 25, takes the slot that starts at 32.
    assert found.latency_s.tolist() == [3.0, 13.0, 8.0]
    dead = GilbertElliott(to_bad=0.5, to_good=0.5, loss_good=1.0, loss_bad=1.0)
    lost = slotted_access(
        np.array([0.0]), slot_s=1.0, frame=4, own=(0, 1), channel=dead, rng=np.random.default_rng(0), retries=2
    )
    assert (lost.delivered, lost.sent.tolist(), lost.energy_per_bit_j) == (0.0, [6], float("inf"))
    for own in ((), (4,), (1, 0)):
        with pytest.raises(ConfigError, match="own slots"):
            slotted_access(np.zeros(1), slot_s=1.0, frame=4, own=own, channel=clear, rng=np.random.default_rng(0))
