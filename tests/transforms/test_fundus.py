"""Fundus photographs: the field of view, its refusals, cutting, and what normalisation takes away and keeps."""

import numpy as np
import pytest

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.transforms.fundus import (
    crop_field,
    field_of_view,
    fundus_planes,
    sharpen_green,
    subtract_local_mean,
)


def photograph(height=120, width=160, radius=55, gain=(150.0, 80.0, 40.0), seed=0):
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:height, :width]
    disc = (row - height / 2 + 0.5) ** 2 + (column - width / 2 + 0.5) ** 2 < radius**2
    texture = 1 + 0.1 * rng.standard_normal((height, width)) + 0.3 * (column - width / 2) / width
    picture = np.array(gain)[:, None, None] * texture * disc + rng.uniform(0, 3, (3, height, width))
    return np.clip(picture, 0, 255).astype(np.uint8), disc


def test_the_disc_is_found_whole_and_cut_by_the_frame():
    picture, disc = photograph()
    found = field_of_view(picture)
    assert (found ^ disc).mean() < 0.01
    picture, disc = photograph(height=90, radius=60)
    assert (field_of_view(picture) ^ disc).mean() < 0.01


@pytest.mark.parametrize("radius", [30, 40, 55])
def test_lettering_and_dark_spots_do_not_matter(radius):
    picture, disc = photograph(radius=radius)
    picture[:, 3:5, 4:9] = 255
    picture[:, 50:60, 70:80] = 0
    assert (field_of_view(picture) ^ disc).mean() < 0.01


def test_what_is_no_fundus_photograph_is_refused():
    rng = np.random.default_rng(0)
    everywhere = rng.integers(60, 200, (3, 100, 100)).astype(np.uint8)
    square = np.zeros((3, 100, 140), np.uint8)
    square[:, 10:90, 5:135] = 150
    stripe = np.zeros((3, 100, 100), np.uint8)
    stripe[:, :, 40:50] = 200
    for picture in (everywhere, square, stripe, np.zeros((3, 80, 80), np.uint8)):
        with pytest.raises(DataError, match=r"eye7: no field of view.*not a fundus photograph"):
            field_of_view(picture, "eye7")
    with pytest.raises(ShapeError, match="four channels"):
        field_of_view(np.zeros((4, 80, 80), np.uint8))
    with pytest.raises(ShapeError, match="grey"):
        field_of_view(np.zeros((1, 80, 80), np.uint8))
    with pytest.raises(ShapeError, match="63"):
        field_of_view(np.zeros((3, 63, 80), np.uint8))


def test_cutting_is_square_around_the_disc_and_pads_what_the_frame_cut():
    picture, _ = photograph(height=90, radius=60)
    field = field_of_view(picture)
    marked = np.zeros(field.shape, np.uint8)
    marked[45, 80] = 1
    cut, inside, mask = crop_field(picture, field, marked)
    assert cut.shape == (3, 120, 120)
    assert inside.sum() == field.sum()
    assert abs(int(np.argwhere(mask)[0][0]) - 60) <= 1
    assert not cut[:, 0].any()


def test_local_mean_takes_slow_light_and_gains_away_and_keeps_spots():
    picture, disc = photograph()
    picture = picture.astype(np.float32)
    picture[:, 60:63, 60:63] *= 0.5
    plain = subtract_local_mean(picture, disc)
    brighter = subtract_local_mean(picture * np.array([1.3, 0.7, 2.0], dtype=np.float32)[:, None, None], disc)
    np.testing.assert_allclose(plain, brighter, atol=1e-2)
    assert (plain[:, ~disc] == 0).all()
    assert plain[1, 61, 61] < -1.5
    left, right = plain[1, 40:80, 40:60].mean(), plain[1, 40:80, 100:120].mean()
    assert abs(left - right) < 0.1
    even = subtract_local_mean(np.full((3, 80, 80), 90.0, np.float32), np.ones((80, 80), bool))
    assert np.abs(even).max() < 1e-3


def test_the_sharpened_green_channel_reads_green_alone_and_evens_contrast():
    picture, disc = photograph()
    found = sharpen_green(picture, disc)
    other = picture.copy()
    other[0] = 0
    np.testing.assert_array_equal(found, sharpen_green(other, disc))
    assert (found[~disc] == 0).all()
    assert found[disc].mean() == pytest.approx(0, abs=1e-3)
    assert found[disc].std() == pytest.approx(1, abs=1e-3)
    flat = sharpen_green(np.full((3, 64, 64), 100, np.uint8), np.ones((64, 64), bool))
    assert np.isfinite(flat).all()


def test_planes_of_any_size_and_depth_of_grey_and_their_mask():
    picture, disc = photograph()
    planes, mask = fundus_planes(picture, 48, mask=disc.astype(np.uint8))
    assert planes.shape == (4, 48, 48)
    assert planes.dtype == np.float32
    assert mask is not None
    assert ((planes[3] != 0) ^ (mask > 0)).mean() < 0.05
    deep, none = fundus_planes(picture.astype(np.uint16) * 257, 48)
    assert none is None
    np.testing.assert_allclose(deep, planes, atol=1e-3)
    whole, _ = fundus_planes(picture, None)
    assert whole.shape == (4, 120, 160)
    with pytest.raises(UnitError, match="0 to 255"):
        fundus_planes(picture.astype(np.float32) * 10, 48)
