"""Waveforms at another rate: what the filter keeps, what it takes away, and where the samples lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.schema.errors import UnitError
from salus.schema.sample import Waveform
from salus.transforms.resample import resample_waveform

PAIRS = [(360.0, 250.0), (1000.0, 100.0), (500.0, 125.0), (250.0, 360.0), (128.0, 100.0), (44.1, 20.0), (1.0, 0.2)]


def tone(hz: float, rate_hz: float, seconds: float = 40.0) -> Waveform:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return Waveform(array=np.sin(2 * np.pi * hz * time)[None], rate_hz=rate_hz, leads=("x",), units=("mV",))


def middle(wave: Waveform) -> np.ndarray:
    edge = wave.array.shape[1] // 4
    return wave.array[0, edge:-edge].astype(np.float64)


@pytest.mark.parametrize(("rate", "wanted"), PAIRS)
def test_a_tone_below_is_kept_in_place_and_one_above_is_gone(rate: float, wanted: float) -> None:
    nyquist = min(rate, wanted) / 2
    for share in (0.02, 0.3, 0.7, 0.88):
        out = resample_waveform(tone(share * nyquist, rate, seconds=2000 / nyquist), wanted)
        time = np.arange(out.array.shape[1]) / wanted
        ideal = Waveform(array=np.sin(2 * np.pi * share * nyquist * time)[None], rate_hz=wanted, leads=("x",))
        gain = np.linalg.norm(middle(out)) / np.linalg.norm(middle(ideal))
        assert abs(20 * np.log10(gain)) < 0.1
        assert np.abs(middle(out) - middle(ideal)).max() < 5e-3  # the same phase: nothing was shifted in time
    if wanted < rate:
        for share in (1.01, 1.2, 1.7):
            if share * nyquist < rate / 2:
                out = resample_waveform(tone(share * nyquist, rate, seconds=2000 / nyquist), wanted)
                assert 20 * np.log10(np.abs(middle(out)).max()) < -60


@pytest.mark.parametrize(("rate", "wanted"), PAIRS)
def test_the_length_follows_the_rate(rate: float, wanted: float) -> None:
    for count in (1, 2, 7, 1000):
        wave = Waveform(array=np.ones((2, count)), rate_hz=rate, leads=("a", "b"))
        out = resample_waveform(wave, wanted)
        assert out.array.shape == (2, int(np.ceil(count * wanted / rate - 1e-9)))
        assert np.allclose(out.array, 1.0, atol=1e-3)
        assert out.rate_hz == wanted


def test_an_impulse_stays_at_its_time() -> None:
    wave = Waveform(array=np.zeros((1, 3600)), rate_hz=360, leads=("x",))
    wave.array[0, 1800] = 1.0
    out = resample_waveform(wave, 250)
    assert int(np.argmax(out.array)) == 1250


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 299), max_size=40), st.sampled_from([(300.0, 100.0), (100.0, 300.0), (360.0, 250.0)]))
def test_gaps_stay_gaps(lost: set[int], rates: tuple[float, float]) -> None:
    rate, wanted = rates
    array = np.sin(np.arange(300) / 9.0)[None].copy()
    array[0, list(lost)] = np.nan
    out = resample_waveform(Waveform(array=array, rate_hz=rate, leads=("x",)), wanted)
    missing = np.isnan(out.array[0])
    assert missing.any() == bool(lost) or wanted < rate  # a gap never vanishes when samples are added
    times = np.arange(len(missing)) / wanted
    half = max(0.5 / wanted - 0.5 / rate, 0.0)
    for place in np.flatnonzero(missing):  # nothing far from a gap is taken away
        assert min(abs(times[place] - index / rate) for index in lost) <= half + 1 / rate + 1e-9
    for index in lost:  # and the sample at a lost moment is lost
        nearest = int(np.argmin(np.abs(times - index / rate)))
        if abs(times[nearest] - index / rate) <= half + 1e-12:
            assert missing[nearest]


def test_a_lead_without_any_sample_stays_empty_and_the_others_are_right() -> None:
    array = np.stack([np.full(400, np.nan), np.ones(400)])
    out = resample_waveform(Waveform(array=array, rate_hz=200, leads=("a", "b")), 100)
    assert np.isnan(out.array[0]).all()
    assert np.allclose(out.array[1], 1.0, atol=1e-3)


@pytest.mark.parametrize("wanted", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_impossible_rates_are_refused(wanted: float) -> None:
    with pytest.raises(UnitError, match="Hz"):
        resample_waveform(Waveform(array=np.ones((1, 10)), rate_hz=100, leads=("x",)), wanted)
