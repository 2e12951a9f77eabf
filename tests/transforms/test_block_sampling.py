"""Block sampling: orthonormal matrices, blocks that fit together, codes that come back exactly."""

import numpy as np
import pytest
from scipy.fft import dctn

from salus.schema.errors import DataError
from salus.transforms import block_sampling as blocks


@pytest.mark.parametrize("make", [blocks.gaussian, blocks.cosine])
def test_rows_are_orthonormal_and_the_first_is_the_mean(make: object) -> None:
    rows = make(40, 16)  # type: ignore[operator]
    assert rows.shape == (40, 256)
    assert np.allclose(rows @ rows.T, np.eye(40), atol=1e-5)
    assert np.allclose(rows[0], 1 / 16, atol=1e-6)


def test_cosine_rows_are_those_of_the_transform() -> None:
    block = np.random.default_rng(0).normal(size=(8, 8))
    ours = np.sort(np.abs(blocks.cosine(64, 8) @ block.ravel()))
    assert np.allclose(ours, np.sort(np.abs(dctn(block, norm="ortho").ravel())), atol=1e-5)


@pytest.mark.parametrize("shape", [(32, 32), (33, 70), (5, 9), (64, 31)])
def test_blocks_fit_together(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(1).random(shape, dtype=np.float32)
    cut = blocks.blocks_of(plane, 16)
    assert cut.shape == (-(-shape[0] // 16) * -(-shape[1] // 16), 256)
    assert np.array_equal(blocks.plane_from(cut, shape, 16), plane)


def test_rounding_errs_by_half_a_step_and_clips() -> None:
    span = np.array([1.0, 10.0], np.float32)
    measured = np.random.default_rng(2).uniform(-1, 1, (500, 2)).astype(np.float32) * span
    back = blocks.restore(blocks.quantize(measured, span), span)
    assert (np.abs(back - measured) <= span / 254 + 1e-6).all()
    assert blocks.quantize(np.array([[9.0, -99.0]], np.float32), span).tolist() == [[127, -127]]


def made(seed: int, count: int = 300, measurements: int = 30) -> np.ndarray:
    rng = np.random.default_rng(seed)
    size = np.geomspace(60, 0.2, measurements) * rng.gamma(1.0, 1.0, (count, 1))
    return np.clip(np.rint(rng.laplace(0, 1, (count, measurements)) * size), -127, 127).astype(np.int64)


def test_codes_come_back_and_learning_saves_bytes() -> None:
    code, other = blocks.fit_code(made(0)), made(1, 60)
    data = code.encode(other)
    assert np.array_equal(code.decode(data, 60), other)
    flat = blocks.flat_code(30)
    plain = flat.encode(other)
    assert np.array_equal(flat.decode(plain, 60), other)
    assert len(data) < 0.6 * len(plain)


def test_extreme_integers_are_coded_too() -> None:
    code = blocks.fit_code(made(0))
    for value in (-127, 127, 0):
        odd = np.full((7, 30), value)
        assert np.array_equal(code.decode(code.encode(odd), 7), odd)


def test_more_blocks_than_coded_are_refused() -> None:
    code = blocks.fit_code(made(0))
    data = code.encode(made(1, 60))
    with pytest.raises(DataError):
        code.decode(data, 6000)
    with pytest.raises(DataError, match="larger than its header"):
        code.decode(data, 6)


def test_one_measurement_a_block_is_enough() -> None:
    one = made(3)[:, :1]
    code = blocks.fit_code(one)
    assert np.array_equal(code.decode(code.encode(one), len(one)), one)
