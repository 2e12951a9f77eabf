"""Filters: what they keep and take, without moving it, and around gaps."""

import numpy as np
import pytest

from salus.schema.errors import UnitError
from salus.schema.sample import Waveform
from salus.transforms.filter import band_pass, notch, without_baseline

RATE = 360.0
TIME = np.arange(round(30 * RATE)) / RATE


def tone(hz: float, size: float = 1.0) -> np.ndarray:
    return size * np.sin(2 * np.pi * hz * TIME)


def wave(*rows: np.ndarray) -> Waveform:
    return Waveform(array=np.stack(rows), rate_hz=RATE, leads=tuple(f"l{i}" for i in range(len(rows))), units=())


INNER = slice(1800, -1800)


def test_a_band_keeps_what_is_inside_in_place() -> None:
    out = band_pass(wave(tone(10), tone(0.05), tone(120)), 0.5, 40).array
    assert np.abs(out[0] - tone(10))[INNER].max() < 0.01
    assert np.abs(out[1])[INNER].max() < 0.01
    assert np.abs(out[2])[INNER].max() < 0.01
    assert np.abs(band_pass(wave(tone(10) + 5), 0.5, None).array[0] - tone(10))[INNER].max() < 0.01
    assert np.abs(band_pass(wave(tone(10) + tone(120)), None, 40).array[0] - tone(10))[INNER].max() < 0.01


def test_a_notch_takes_the_hum_and_leaves_the_rest() -> None:
    out = notch(wave(tone(10) + tone(60, 0.3)), 60).array[0]
    assert np.abs(out - tone(10))[INNER].max() < 0.02


def test_the_baseline_goes_and_the_beat_stays() -> None:
    beats = np.zeros(len(TIME))
    beats[180::360] = 1.0
    out = without_baseline(wave(beats + tone(0.1, 2.0) + 3)).array[0]
    assert out[180 : len(out) : 360][1:-1] == pytest.approx(1.0, abs=0.2)
    assert np.abs(np.delete(out, np.arange(180, len(out), 360)))[INNER].max() < 0.2


@pytest.mark.parametrize("work", [lambda w: band_pass(w, 0.5, 40), lambda w: notch(w, 60), without_baseline])
def test_gaps_stay_and_do_not_spread(work) -> None:
    row = tone(10)
    row[4000:4400] = np.nan
    row[5000] = np.nan
    row[5002] = np.nan
    out = work(wave(row, np.full(len(TIME), np.nan)))
    assert np.array_equal(np.isnan(out.array[0]), np.isnan(row))
    assert np.isnan(out.array[1]).all()


@pytest.mark.parametrize("band", [(None, None), (0.0, 10.0), (10.0, 10.0), (20.0, 10.0), (1.0, 180.0)])
def test_impossible_bands_are_refused(band: tuple[float | None, float | None]) -> None:
    with pytest.raises(UnitError):
        band_pass(wave(tone(10)), *band)


def test_impossible_notches_and_windows_are_refused() -> None:
    with pytest.raises(UnitError):
        notch(wave(tone(10)), 200)
    with pytest.raises(UnitError):
        without_baseline(wave(tone(10)), 0.0)
