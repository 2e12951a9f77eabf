"""Differentiable augmentation: against loops over rows, with gradients, and the same on both sides."""

import pytest
import torch

from salus.nets.adversarial_augment import augment_images, augment_rows, augment_series
from salus.schema.errors import ConfigError


def test_gradients_pass_to_every_sample() -> None:
    for values, vary in (
        (torch.randn(4, 3, 16, 16), augment_images),
        (torch.randn(4, 2, 40), augment_series),
        (torch.randn(4, 9), augment_rows),
    ):
        given = values.requires_grad_(True)
        out = vary(given)
        assert out.shape == values.shape
        out.square().sum().backward()
        assert given.grad is not None
        assert (given.grad.flatten(1).abs().sum(1) > 0).all()


def test_no_parts_change_nothing() -> None:
    images, series, rows = torch.randn(2, 1, 8, 8), torch.randn(2, 1, 8), torch.randn(2, 8)
    assert torch.equal(augment_images(images, ()), images)
    assert torch.equal(augment_series(series, ()), series)
    assert torch.equal(augment_rows(rows, ()), rows)


def test_translation_moves_whole_pixels_and_fills_with_zero() -> None:
    torch.manual_seed(0)
    images = torch.rand(300, 1, 16, 16) + 1.0
    moved = augment_images(images, ("translation",))
    steps = set()
    for before, after in zip(images[:, 0], moved[:, 0], strict=True):
        rows, columns = (after != 0).any(1).nonzero()[:, 0], (after != 0).any(0).nonzero()[:, 0]
        found = [
            (y, x)
            for y in range(-2, 3)
            for x in range(-2, 3)
            if torch.equal(
                after[max(0, y) : 16 + min(0, y), max(0, x) : 16 + min(0, x)],
                before[max(0, -y) : 16 - max(0, y), max(0, -x) : 16 - max(0, x)],
            )
            and len(rows) == 16 - abs(y)
            and len(columns) == 16 - abs(x)
        ]
        assert len(found) == 1
        steps.add(found[0])
    assert steps == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}  # an eighth of the side, both ways


def test_cutout_blanks_one_square_of_half_the_side() -> None:
    torch.manual_seed(0)
    cut = augment_images(torch.ones(500, 2, 16, 16), ("cutout",))
    assert torch.equal(cut[:, 0], cut[:, 1])
    gone = 1 - cut[:, 0]
    area = gone.sum((1, 2))
    assert float(area.max()) == 64
    assert float(area.min()) >= 16  # at a corner a quarter of the square is left
    for row in gone[:50]:
        assert float(row.sum()) == float(row.any(0).sum() * row.any(1).sum())


def test_colour_keeps_what_it_should() -> None:
    torch.manual_seed(0)
    images = torch.randn(200, 3, 6, 6)
    varied = augment_images(images, ("colour",))
    shift = varied.mean((1, 2, 3)) - images.mean((1, 2, 3))
    assert float(shift.abs().max()) <= 0.5 + 1e-5
    grey, before = varied.mean(1), images.mean(1)
    # Saturation leaves the grey picture alone, so brightness and contrast explain it: ratio of spreads in [0.5, 1.5].
    ratio = grey.flatten(1).std(1) / before.flatten(1).std(1)
    assert 0.5 <= float(ratio.min()) < 0.6
    assert 1.4 < float(ratio.max()) <= 1.5


def test_series_are_shifted_masked_and_jittered() -> None:
    torch.manual_seed(0)
    series = torch.ones(400, 2, 40)
    shifted = augment_series(series, ("shift",))
    lost = (shifted[:, 0] == 0).sum(1)
    assert set(lost.tolist()) == {0, 1, 2}  # 5 % of 40 samples
    masked = augment_series(series, ("mask",))
    assert ((masked == 0).sum(2) == 6).all()  # 15 %
    jittered = augment_series(series, ("jitter",), noise=0.0)
    assert float(jittered.std(2).max()) < 1e-6
    assert 0.9 <= float(jittered.min()) < 0.91
    assert 1.09 < float(jittered.max()) <= 1.1


def test_a_word_is_masked_as_a_whole() -> None:
    torch.manual_seed(0)
    rows = augment_rows(torch.ones(4000, 5), ("mask",), sources=(0, 1, 1, 1, 2), drop=0.2)
    assert torch.equal(rows[:, 1], rows[:, 2])
    assert torch.equal(rows[:, 1], rows[:, 3])
    assert float((rows == 0).float().mean()) == pytest.approx(0.2, abs=0.02)
    assert not torch.equal(rows[:, 0], rows[:, 1])


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(ConfigError, match="'solarize' is not known; use some of colour"):
        augment_images(torch.ones(1, 1, 4, 4), ("solarize",))
