import numpy as np
import pytest
from skimage import metrics as reference

from salus.metrics import fidelity
from salus.schema.errors import ShapeError


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:40, :48]
    truth = 100 * np.sin(rows / 6) + 3 * columns
    return truth + rng.normal(0, 10, truth.shape), truth


def test_psnr_and_ssim_agree_with_a_second_implementation(pair):
    image, truth = pair
    assert fidelity.psnr(image, truth, 400) == pytest.approx(
        reference.peak_signal_noise_ratio(truth, image, data_range=400)
    )
    expected = reference.structural_similarity(
        truth, image, data_range=400, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert fidelity.ssim(image, truth, 400) == pytest.approx(expected)
    both = fidelity.ssim(np.stack([image, truth]), np.stack([truth, truth]), 400)
    assert both == pytest.approx((expected + 1) / 2)


def test_equal_images_are_perfect(pair):
    _, truth = pair
    assert fidelity.psnr(truth, truth, 400) == fidelity.BEST_PSNR
    assert fidelity.ssim(truth, truth, 400) == pytest.approx(1)
    assert fidelity.rmse(truth, truth) == fidelity.gradient_error(truth, truth) == 0
    assert fidelity.noise_power_distance(truth, truth) == 0


def test_errors_by_hand():
    assert fidelity.rmse(np.full((4, 4), 3.0), np.zeros((4, 4))) == 3
    ramp = np.tile(np.arange(9.0), (9, 1))
    # reflection flattens the ramp's two border columns to half its slope
    assert fidelity.gradient_error(ramp, np.zeros_like(ramp)) == pytest.approx((7 + 2 * 0.5) / 9)
    checks = np.zeros((8, 8))
    checks[:4, :4] = checks[4:, 4:] = 1
    assert fidelity.gradient_error(checks, np.zeros_like(checks)) <= 1 / np.sqrt(2)


def test_noise_power_of_a_wave_stands_at_its_frequency():
    wave = np.tile(np.sin(2 * np.pi * 12 * np.arange(64) / 64), (64, 1))
    power = fidelity.noise_power(wave)
    assert power.argmax() == 11  # rings start at one cycle
    assert fidelity.noise_power_distance(wave, wave.T) == pytest.approx(0, abs=1e-9)


def test_noise_power_distance_tells_grain_and_strength_apart():
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(1)
    white, other = rng.normal(size=(64, 64)), rng.normal(size=(64, 64))
    blurred = gaussian_filter(white, 1.0)
    same, coarser, weaker = (fidelity.noise_power_distance(image, white) for image in (other, blurred, white * 0.5))
    assert same < 0.1 < weaker < coarser <= 1
    assert fidelity.noise_power_distance(np.zeros((64, 64)), white) == pytest.approx(1)
    assert weaker == pytest.approx(0.75 / 1.25)  # a quarter of the power: (1 - 1/4) / (1 + 1/4)


def test_other_shapes_are_refused():
    with pytest.raises(ShapeError):
        fidelity.rmse(np.zeros((4, 4)), np.zeros((4, 5)))
