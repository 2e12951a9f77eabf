import numpy as np
import pytest

from salus.schema.errors import DataError
from salus.transforms.denoise import best_strength, noise_sd, nonlocal_means, total_variation


def step(sd: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    clean = np.zeros((48, 48), np.float32)
    clean[:, 24:] = 200.0
    return clean, clean + np.random.default_rng(seed).normal(0, sd, clean.shape).astype(np.float32)


def test_noise_is_measured_and_ramps_are_not() -> None:
    rows = np.arange(200, dtype=float)
    ramp = rows[:, None] * 3 + rows
    assert noise_sd(ramp) < 1e-9
    assert noise_sd(ramp + np.random.default_rng(0).normal(0, 7.0, ramp.shape)) == pytest.approx(7.0, rel=0.03)
    with pytest.raises(DataError, match="3 x 3"):
        noise_sd(np.zeros((2, 9)))


@pytest.mark.parametrize("method", [total_variation, nonlocal_means])
def test_a_method_halves_the_error_at_its_best_strength(method) -> None:
    clean, noisy = step(20.0)
    grid = (0.2, 10.0, 20.0, 40.0, 2000.0)
    best, _, errors = best_strength(method, [noisy], [clean], grid, (-1000, 1000))
    assert best in (10.0, 20.0, 40.0)
    assert min(errors) < 0.25 * np.mean((noisy - clean) ** 2)


def test_strength_zero_noise_changes_nothing_much() -> None:
    clean, _ = step(0.0)
    np.testing.assert_allclose(total_variation(clean, 1e-6), clean, atol=0.1)


def test_the_judge_s_window_decides_what_counts() -> None:
    clean, noisy = step(20.0)
    _, _, errors = best_strength(total_variation, [noisy], [clean], (20.0,), (-2000.0, -1000.0))
    assert errors == [0.0]


def test_the_veil_of_rician_noise_is_taken_out() -> None:
    rng = np.random.default_rng(3)
    clean = np.zeros((64, 64), np.float32)
    clean[16:48, 16:48] = 1.0
    noise = rng.normal(0, 0.1, (2, 64, 64))
    noisy = np.hypot(clean + noise[0], noise[1]).astype(np.float32)
    _, none, kept = best_strength(total_variation, [noisy], [clean], (0.2,), (0.0, 1.0))
    _, bias, less = best_strength(total_variation, [noisy], [clean], (0.2,), (0.0, 1.0), (0.0, 0.005, 0.015))
    assert (none, bias) == (0.0, 0.015)
    assert less[0] < 0.5 * kept[0]
    signed = noisy - 0.5
    assert best_strength(total_variation, [signed], [clean], (0.2,), (0.0, 1.0), (0.0, 0.015))[1] == 0.0
