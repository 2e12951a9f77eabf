"""Nearly equal pictures are found without comparing all pairs, and strangers are not."""

import io

import numpy as np
import pytest
from PIL import Image as Picture

from salus.metrics.likeness import bars, close_pairs, gradient, shortened, standard, thumbnail


def _pictures(count: int, seed: int = 0) -> np.ndarray:
    """Smooth pictures that share an outline, as pictures of one body part do."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:40j, -1:1:40j]
    outline = 120 * np.exp(-(x**2 + y**2) / 0.5)
    waves = rng.normal(size=(count, 6, 4))
    shapes = [sum(w[0] * 25 * np.sin(3 * w[1] * x + 3 * w[2] * y + 6 * w[3]) for w in one) for one in waves]
    return np.clip(outline + np.stack(shapes) + 60, 0, 255).astype(np.uint8)


@pytest.mark.slow
def test_jpeg_copies_are_found_and_all_pairs_agree_with_brute_force() -> None:
    pictures = _pictures(4500)
    copies = []
    for picture in pictures[:60]:
        buffer = io.BytesIO()
        Picture.fromarray(picture).save(buffer, "JPEG", quality=88)
        copies.append(np.asarray(Picture.open(buffer)))
    values = np.stack([thumbnail(one[None]) for one in (*pictures, *copies)])
    pairs, alike = close_pairs(values)
    found = {tuple(pair) for pair in pairs.tolist()}
    assert {(k, 4500 + k) for k in range(60)} <= found
    plain, slope = standard(values)
    least = bars(plain, slope)
    i, j = np.nonzero(np.triu(plain @ plain.T >= least[0], 1))
    close = np.einsum("pf,pf->p", slope[i], slope[j]) >= least[1]
    brute = set(zip(i[close].tolist(), j[close].tolist(), strict=True))
    assert len(found & brute) >= 0.98 * len(brute | found)
    assert (alike > 0.97).all()


@pytest.mark.slow
def test_a_thousand_copies_of_one_picture_do_not_make_a_million_pairs() -> None:
    values = np.stack([thumbnail(p[None]) for p in _pictures(3800)])
    crowd = np.tile(values[:1], (1000, 1)) + np.random.default_rng(0).normal(0, 0.1, (1000, 576))
    pairs, _ = close_pairs(np.concatenate([values, crowd]).astype(np.float32))
    assert 999 <= len(pairs) < 1000 * 16 * 20
    members = {int(k) for k in pairs.ravel()}
    assert set(range(3800, 4800)) <= members
    assert len(members & set(range(1, 3800))) <= 10


def test_empty_and_constant_inputs_equal_nothing() -> None:
    assert len(close_pairs(np.zeros((0, 576), np.float32))[0]) == 0
    assert len(close_pairs(np.zeros((1, 576), np.float32))[0]) == 0
    assert len(close_pairs(np.full((9, 576), 7, np.float32))[0]) == 0


@pytest.mark.parametrize("shape", [(1, 7, 9), (3, 240, 300), (1, 5, 40, 40), (1, 3, 20, 20, 20)])
def test_every_shape_has_a_thumbnail_with_gradients(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    array.flat[3] = np.nan
    values = thumbnail(array)
    assert values.shape == ((576,) if len(shape) == 3 else (1728,))
    assert np.isfinite(values).all()
    assert np.isfinite(gradient(values[None])).all()


def test_a_thumbnail_is_the_mean_of_its_cells() -> None:
    array = np.arange(48 * 48, dtype=np.float64).reshape(1, 48, 48)
    expected = array[0].reshape(24, 2, 24, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(thumbnail(array), expected.ravel(), rtol=1e-6)


def test_a_shortened_signal_has_no_offset_and_bridges_gaps() -> None:
    time = np.linspace(0, 20, 5000)
    array = np.stack([np.sin(time) + 4, np.cos(time)])
    array[0, 100:200] = np.nan
    values = shortened(array).reshape(2, 128)
    assert np.isfinite(values).all()
    assert abs(float(values.mean())) < 0.02
