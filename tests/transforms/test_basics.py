"""Intensity, resampling and geometry against hand-made cases and second implementations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from salus.schema.errors import UnitError
from salus.schema.sample import Image, Waveform
from salus.transforms.geometry import Pose, move, random_pose
from salus.transforms.intensity import apply_window, clip_percentiles, z_score
from salus.transforms.resample import resample_waveform, resize, to_spacing


def test_the_window_matches_the_standard_and_a_second_implementation() -> None:
    from pydicom.dataset import Dataset
    from pydicom.pixels.processing import apply_windowing

    header = Dataset()
    header.WindowCenter, header.WindowWidth, header.VOILUTFunction = 40.0, 400.0, "LINEAR"
    header.PhotometricInterpretation, header.BitsStored, header.PixelRepresentation = "MONOCHROME2", 16, 1
    values = np.linspace(-1000, 1000, 101)
    theirs = apply_windowing(values, header)
    span = theirs.max() - theirs.min()
    assert apply_window(values, 40.0, 400.0) == pytest.approx((theirs - theirs.min()) / span, abs=1e-9)
    with pytest.raises(ValueError, match="exceed 1 HU"):
        apply_window(values, 40.0, 1.0)


def test_scores_have_mean_zero_and_deviation_one() -> None:
    array = np.random.default_rng(0).normal(5, 3, (2, 20, 20))
    assert z_score(array).mean() == pytest.approx(0, abs=1e-6)
    each = z_score(array, axes=(-2, -1))
    assert each.std(axis=(1, 2)) == pytest.approx([1, 1], abs=1e-5)
    mask = array > 5
    assert z_score(array, mask)[mask].mean() == pytest.approx(0, abs=1e-5)
    assert (z_score(np.full((3, 3), 0.1)) == 0).all()
    with pytest.raises(ValueError, match="selects no value"):
        z_score(array, np.zeros_like(array, dtype=bool))


def test_percentiles_clip_outliers() -> None:
    array = np.arange(1001.0)
    array[-1] = 1e9
    scaled = clip_percentiles(array, 1, 99)
    assert (scaled.min(), scaled.max()) == (0, 1)
    assert scaled[500] == pytest.approx(0.5, abs=1e-3)
    assert (clip_percentiles(np.ones((4, 4))) == 0).all()
    with pytest.raises(ValueError, match="low < high"):
        clip_percentiles(array, 99, 1)


@pytest.mark.parametrize("shape", [(16, 16), (7, 40), (64, 33)])
def test_resize_agrees_with_scikit_image(shape: tuple[int, int]) -> None:
    from skimage.transform import resize as other

    array = np.random.default_rng(0).random((1, 32, 24)).astype(np.float32)
    theirs = other(array[0], shape, order=1, mode="edge", anti_aliasing=True, preserve_range=True)
    inner = resize(array, shape)[0]
    # scikit-image smooths an axis only where any axis shrinks, by the same rule, and treats the edge alike
    assert inner == pytest.approx(theirs, abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.floats(-5, 5))
def test_resizing_keeps_constants_and_range(d: int, h: int, w: int, value: float) -> None:
    assert resize(np.full((2, 4, 5, 6), value), (d, h, w)) == pytest.approx(value, abs=1e-5)
    mask = np.random.default_rng(0).integers(0, 3, (4, 5, 6))
    assert set(np.unique(resize(mask, (d, h, w), order=0))) <= {0.0, 1.0, 2.0}


def test_shrinking_does_not_alias() -> None:
    stripes = np.tile([0.0, 1.0], 32)[None, None].repeat(64, axis=1)
    grey = resize(stripes, (16, 16))[..., 1:-1]  # the outermost columns see the continued edge
    assert np.abs(grey - 0.5).max() < 0.01


def test_spacing_and_affine_follow() -> None:
    ramp = np.arange(20.0)[None, None, None, :].repeat(6, axis=1).repeat(4, axis=2)
    image = Image(array=ramp, spacing_mm=(3.0, 2.0, 1.0), affine=np.diag([-1.0, -2.0, 3.0, 1.0]), unit="HU")
    out = to_spacing(image, (3.0, 2.0, 2.0), order=1)
    assert out.array.shape == (1, 6, 4, 10)
    assert out.spacing_mm == (3.0, 2.0, 2.0)
    assert out.affine is not None
    # the value of the ramp is the old column number: new column 4 lies between old columns 8 and 9
    assert out.array[0, 0, 0, 4] == pytest.approx(8.5, abs=0.01)
    assert (out.affine @ [4, 0, 0, 1])[0] == pytest.approx(-8.5)
    assert out.unit == "HU"
    with pytest.raises(UnitError, match="state it first"):
        to_spacing(Image(array=ramp), (1.0, 1.0, 1.0))


def test_a_waveform_keeps_its_tone_and_loses_what_cannot_be_kept() -> None:
    time = np.arange(1000) / 500
    tone = np.stack([np.sin(2 * np.pi * 5 * time), np.sin(2 * np.pi * 200 * time)])
    out = resample_waveform(Waveform(array=tone, rate_hz=500, leads=("slow", "fast")), 125)
    assert out.array.shape == (2, 250)
    assert out.rate_hz == 125
    assert out.array[0, 2:-2] == pytest.approx(np.sin(2 * np.pi * 5 * np.arange(2, 248) / 125), abs=0.02)
    assert np.abs(out.array[1, 20:-20]).max() < 0.02
    with pytest.raises(UnitError):
        resample_waveform(out, 0)


def test_gaps_stay_gaps() -> None:
    array = np.ones((1, 100))
    array[0, 40:60] = np.nan
    out = resample_waveform(Waveform(array=array, rate_hz=100, leads=("x",)), 50)
    assert np.isnan(out.array[0, 21:29]).all()
    assert out.array[0, :19] == pytest.approx(1.0, abs=1e-6)


def picture(shape: tuple[int, ...] = (2, 21, 21)) -> NDArray[np.float32]:
    from scipy import ndimage

    noise = np.random.default_rng(0).random(shape)
    return np.asarray(ndimage.gaussian_filter(noise, (0, 2, 2)), dtype=np.float32)


def test_right_angles_are_exact_and_agree_with_interpolation() -> None:
    array = picture()
    for turns in range(4):
        exact = move(array, Pose(angle_deg=90.0 * turns))
        assert (exact == np.rot90(array, turns, axes=(1, 2))).all()
        near = move(array, Pose(angle_deg=90.0 * turns + 1e-7))
        assert near[:, 1:-1, 1:-1] == pytest.approx(exact[:, 1:-1, 1:-1], abs=1e-4)
    assert (move(array, Pose(mirror=True)) == array[..., ::-1]).all()


def test_shift_and_scale_move_where_they_say() -> None:
    array = np.zeros((1, 9, 9), np.uint8)
    array[0, 4, 6] = 200
    assert move(array, Pose(shift=(1.0, -2.0)))[0, 5, 4] == 200
    assert move(array, Pose(scale=2.0), order=0)[0, 4, 8] == 200
    filled = move(array, Pose(shift=(3.0, 0.0)), fill=7)
    assert (filled[0, :3] == 7).all()
    assert filled.dtype == np.uint8
    with pytest.raises(ValueError, match="above 0"):
        move(array, Pose(scale=0.0))


def test_a_turn_and_its_opposite_cancel() -> None:
    array = picture((1, 41, 41))
    back = move(move(array, Pose(angle_deg=20, scale=1.1)), Pose(angle_deg=-20, scale=1 / 1.1))
    assert back[:, 12:-12, 12:-12] == pytest.approx(array[:, 12:-12, 12:-12], abs=0.02)


def test_random_poses_stay_in_their_limits_and_follow_the_seed() -> None:
    poses = [random_pose(np.random.default_rng(seed), 15, 0.2, 3, mirror=True) for seed in range(200)]
    assert all(abs(p.angle_deg) <= 15 and 1 / 1.2 <= p.scale <= 1.2 and max(map(abs, p.shift)) <= 3 for p in poses)
    assert 60 < sum(p.mirror for p in poses) < 140
    assert poses[3] == random_pose(np.random.default_rng(3), 15, 0.2, 3, mirror=True)
