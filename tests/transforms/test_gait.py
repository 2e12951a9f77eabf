"""Gait recordings: what is refused, and a description that turning a tag does not change."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Sample, Waveform
from salus.transforms.gait import check_gait, gait_of, level, spectra
from salus.transforms.window import rotate_triples, rotation_matrix

LEADS = tuple(f"chest_{name}" for name in ("ax", "ay", "az", "gx", "gy", "gz"))
RNG = np.random.default_rng(0)
WALK = Waveform(
    array=RNG.normal(size=(6, 100)) + np.array([0, 0, 1, 0, 0, 0])[:, None],
    rate_hz=20.0,
    leads=LEADS,
    units=("g",) * 3 + ("deg/s",) * 3,
)


def test_a_good_recording_passes_with_a_rate_within_a_tenth() -> None:
    for rate in (18.0, 20.0, 22.0):
        check_gait(replace(WALK, rate_hz=rate), LEADS, "walk")


def holed(share: float) -> Waveform:
    array = WALK.array.copy()
    array[0, : int(100 * share)] = np.nan
    return replace(WALK, array=array)


@pytest.mark.parametrize(
    ("wave", "kind", "words"),
    [
        (replace(WALK, rate_hz=50.0), ShapeError, "50 Hz; people were enrolled at 20 Hz"),
        (replace(WALK, rate_hz=17.9), ShapeError, "17.9 Hz"),
        (replace(WALK, array=WALK.array * 9.81), UnitError, "above 16 g; give g, not m/s"),
        (replace(WALK, array=np.clip(WALK.array * 9.81, -15, 15)), UnitError, "it looks like m/s"),
        (replace(WALK, array=WALK.array[:, :79]), ShapeError, "79 samples"),
        (replace(WALK, array=np.where(WALK.array > 2, np.inf, WALK.array)), UnitError, "infinite"),
        (replace(WALK, leads=tuple(f"waist_{name[6:]}" for name in LEADS)), ShapeError, "lacks chest_ax"),
        (replace(WALK, leads=LEADS[::-1]), ShapeError, "in this order"),
        (holed(0.3), DataError, "30% of the packets"),
    ],
)
def test_what_cannot_be_compared_is_refused(wave: Waveform, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        check_gait(wave, LEADS, "walk")


def test_a_sample_without_gait_is_refused() -> None:
    with pytest.raises(ShapeError, match="no input 'gait'"):
        gait_of(Sample(id="a", patient="p", inputs={}))


@given(st.integers(0, 10_000))
def test_turning_a_tag_changes_nothing_that_is_level(seed: int) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    matrix = rotation_matrix(axis / np.linalg.norm(axis), float(rng.uniform(0, np.pi)))
    assert level(rotate_triples(WALK.array, matrix)) == pytest.approx(level(WALK.array), abs=1e-4)


def test_level_is_along_across_and_length() -> None:
    still = np.zeros((3, 4))
    still[1] = 2.0
    still[0] = [1.0, -1.0, 1.0, -1.0]
    assert level(still)[:, 0] == pytest.approx([2.0, 1.0, np.sqrt(5)], abs=1e-6)
    assert np.isfinite(level(np.zeros((3, 5)))).all()
    with pytest.raises(ShapeError, match="expected x, y, z"):
        level(np.zeros((4, 5)))


def test_spectra_find_the_step_rate() -> None:
    time = np.arange(80) / 20.0
    found = spectra(np.sin(2 * np.pi * 2.0 * time)[None, None] + 0.5)
    assert found.shape == (1, 42)
    assert int(found[0, :41].argmax()) == 8  # 2 Hz in steps of a quarter
    assert found[0, 41] == pytest.approx(0.5, abs=1e-6)
