"""Affine variation of image batches."""

import torch

from salus.nets.augment import jitter_affine, jitter_grey


def test_nothing_asked_changes_nothing():
    images = torch.randn(3, 2, 9, 12)
    torch.testing.assert_close(jitter_affine(images), images, atol=1e-5, rtol=1e-5)


def test_a_mirror_is_exact_and_channels_move_together():
    torch.manual_seed(0)
    images = torch.randn(16, 2, 8, 10)
    varied = jitter_affine(images, flip=True)
    same = [torch.allclose(v, i, atol=1e-5) for v, i in zip(varied, images, strict=True)]
    mirrored = [torch.allclose(v, i.flip(-1), atol=1e-5) for v, i in zip(varied, images, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert any(same)
    assert any(mirrored)


def test_a_turn_keeps_a_disc_in_place_whatever_the_aspect():
    row, column = torch.meshgrid(torch.arange(40.0), torch.arange(60.0), indexing="ij")
    disc = (((row - 19.5) ** 2 + (column - 29.5) ** 2) < 14**2).float().expand(8, 1, -1, -1)
    torch.manual_seed(0)
    assert (jitter_affine(disc, degrees=45.0) - disc).abs().mean() < 0.02


def test_zoom_changes_the_area_within_its_bounds():
    row, column = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    disc = (((row - 31.5) ** 2 + (column - 31.5) ** 2) < 16**2).float().expand(32, 1, -1, -1)
    torch.manual_seed(0)
    ratio = jitter_affine(disc, zoom=0.1).sum(dim=(1, 2, 3)) / disc[0].sum()
    assert 0.78 < ratio.min() < 0.9
    assert 1.1 < ratio.max() < 1.24


def test_grey_jitter_keeps_shape_and_blanks_a_square_in_half_of_the_rows():
    torch.manual_seed(0)
    images = torch.ones(400, 1, 16, 16)
    varied = jitter_grey(images, gain=0.0, offset=0.0, noise=0.0, cut=0.25)
    blank = (varied == 0).sum(dim=(1, 2, 3))
    assert set(blank.tolist()) == {0, 16}
    assert 150 < int((blank == 16).sum()) < 250
    assert torch.equal(jitter_grey(images, gain=0.0, offset=0.0, noise=0.0, cut=0.0), images)
