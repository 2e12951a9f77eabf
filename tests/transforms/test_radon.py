import numpy as np
import pytest

from salus.schema.errors import ConfigError, ShapeError
from salus.transforms.radon import circle, parallel_beam


def disc(size: int, row: float, column: float, radius: float) -> np.ndarray:
    fine = 8
    axis = (np.arange(size * fine) + 0.5) / fine - size / 2
    mask = (axis[:, None] - row) ** 2 + (axis - column) ** 2 <= radius**2
    return mask.reshape(size, fine, size, fine).mean(axis=(1, 3)).astype(np.float32)


def test_every_view_holds_the_mass_of_the_image() -> None:
    image = np.random.default_rng(0).random((2, 33, 33)).astype(np.float32)
    image[:, ~circle(33)] = 0
    sinogram = parallel_beam(33, 48).project(image)
    assert sinogram.shape == (2, 48, 35)
    np.testing.assert_allclose(sinogram.sum(axis=-1), np.tile(image.sum(axis=(1, 2))[:, None], (1, 48)), rtol=1e-5)


def test_a_disc_projects_to_the_length_of_its_chords_where_it_stands() -> None:
    row, column, radius = 9.0, -13.0, 10.0
    beam = parallel_beam(64, 60)
    sinogram = beam.project(disc(64, row, column, radius)[None])[0]
    bins = np.arange(beam.bins) - (beam.bins - 1) / 2
    for view in range(60):
        angle = np.pi * view / 60
        away = bins - (column * np.cos(angle) + row * np.sin(angle))
        chord = 2 * np.sqrt(np.maximum(radius**2 - away**2, 0))
        assert np.abs(sinogram[view] - chord).max() < 3.5  # a bin is one pixel wide: only the steep rim differs
        assert np.abs(sinogram[view] - chord)[np.abs(away) < radius - 2].max() < 0.35


def test_one_pixel_at_zero_and_at_45_degrees_by_hand() -> None:
    image = np.zeros((1, 8, 8), np.float32)
    image[0, 4, 4] = 1  # centre at (0.5, 0.5)
    sinogram = parallel_beam(8, 4).project(image)[0]
    np.testing.assert_allclose(sinogram[0], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0], atol=1e-6)
    # At 45 degrees the pixel is a triangle of base sqrt(2) around 0.7071; its bin [0, 1) leaves a tip of
    # 1.4142 - 1 beyond, whose area is that squared.
    tip = (np.sqrt(2) - 1) ** 2
    np.testing.assert_allclose(sinogram[1], [0, 0, 0, 0, 0, 1 - tip, tip, 0, 0, 0], atol=1e-6)


def test_reconstruction_gives_the_disc_its_value_back() -> None:
    image = disc(64, 5.0, -8.0, 14.0)
    beam = parallel_beam(64, 180)
    again = beam.reconstruct(beam.project(image[None]))[0]
    assert abs(again[disc(64, 5.0, -8.0, 11.0) == 1].mean() - 1) < 0.005
    assert abs(again[(disc(64, 5.0, -8.0, 17.0) == 0) & circle(64)].mean()) < 0.005
    assert (again[~circle(64)] == 0).all()


def test_projection_and_reconstruction_agree_with_scikit_image() -> None:
    from skimage.transform import iradon, radon

    size, views = 65, 120  # odd, so that both libraries turn about the middle of a pixel
    image = disc(size, 6.0, -9.0, 12.0) + 0.5 * disc(size, -10.0, 8.0, 7.0)
    angles = np.arange(views) * 180 / views
    beam = parallel_beam(size, views)
    ours = beam.project(image[None])
    # scikit-image's row axis points up, and its detector has no margin.
    theirs = radon(image[::-1], angles, circle=True).T
    assert np.sqrt(np.mean((ours[0][:, 1:-1] - theirs) ** 2)) < 0.02 * theirs.std() + 0.05
    back = iradon(ours[0][:, 1:-1].T.astype(np.float64), angles, filter_name="ramp", circle=True)[::-1]
    inner = circle(size) & (np.hypot(*np.indices((size, size)) - size // 2) < size / 2 - 2)
    assert np.abs(beam.reconstruct(ours)[0] - back)[inner].max() < 0.02


def test_many_images_at_once_are_one_by_one() -> None:
    images = np.random.default_rng(1).random((3, 20, 20)).astype(np.float32)
    beam = parallel_beam(20, 16)
    together = beam.reconstruct(beam.project(images))
    alone = np.concatenate([beam.reconstruct(beam.project(image[None])) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_wrong_geometry_is_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 4"):
        parallel_beam(16, 6)
    beam = parallel_beam(16, 8)
    with pytest.raises(ShapeError, match="16"):
        beam.project(np.zeros((1, 15, 15), np.float32))
    with pytest.raises(ShapeError, match="8"):
        beam.reconstruct(np.zeros((1, 7, 18), np.float32))
