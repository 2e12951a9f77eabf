"""Tissue is found where it is, and a grid of patches reads it at the size of pixel that was asked for."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from salus.data.patches import patch_grid, read_patch
from salus.data.readers.slide import Slide, open_slide
from salus.schema.errors import DataError, UsageError
from salus.transforms.tissue import tissue_mask

GLASS, PINK = (243, 241, 244), (200, 120, 170)


def drawn(height: int = 512, width: int = 768) -> tuple[np.ndarray, np.ndarray]:
    """Return a slide `(H, W, 3)` with a round piece of tissue, grain, a pen line and dust, and where the tissue is."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    tissue = ((y - 260) / 170) ** 2 + ((x - 300) / 200) ** 2 < 1
    array = np.where(tissue[..., None], PINK, GLASS) + rng.normal(0, 6, (height, width, 3))
    array[:, 700:708] = 8
    array[20:22, 20:22] = PINK
    return array.clip(0, 255).astype(np.uint8), tissue


def written(path: Path, array: np.ndarray, spacing: float | None = 0.5) -> Slide:
    meta = {"axes": "YXS"} | ({} if spacing is None else {"PhysicalSizeX": spacing, "PhysicalSizeY": spacing})
    with tifffile.TiffWriter(path, ome=True) as writer:
        form = {"tile": (64, 64), "photometric": "rgb", "compression": "deflate"}
        writer.write(array, subifds=1, metadata=meta, **form)
        halved = array.reshape(len(array) // 2, 2, -1, 2, 3).mean(axis=(1, 3)).astype(np.uint8)
        writer.write(halved, subfiletype=1, **form)
    return open_slide(path)


def test_tissue_is_told_from_glass_pen_and_dust() -> None:
    array, tissue = drawn()
    mask = tissue_mask(array.transpose(2, 0, 1))
    assert (mask & tissue).sum() / tissue.sum() > 0.98
    assert (mask & ~tissue).sum() / tissue.sum() < 0.02
    assert not mask[:, 702:706].any()
    assert not mask[15:30, 15:30].any()


def test_empty_and_full_slides() -> None:
    rng = np.random.default_rng(0)
    glass = (np.array(GLASS)[:, None, None] + rng.normal(0, 2, (3, 200, 200))).clip(0, 255).astype(np.uint8)
    assert tissue_mask(glass).mean() < 0.01
    full = (np.array(PINK)[:, None, None] + rng.normal(0, 15, (3, 200, 200))).clip(0, 255).astype(np.uint8)
    assert tissue_mask(full).mean() > 0.99


def test_fluorescence_shines_on_black() -> None:
    rng = np.random.default_rng(0)
    array = rng.poisson(20, (2, 200, 300)).astype(np.uint16)
    array[:, 50:150, 60:200] += rng.poisson(900, (2, 100, 140)).astype(np.uint16)
    mask = tissue_mask(array)
    assert mask[55:145, 65:195].mean() > 0.98
    assert mask[:40].mean() < 0.01


def test_the_grid_covers_the_tissue_and_little_else(tmp_path: Path) -> None:
    array, tissue = drawn()
    with written(tmp_path / "a.ome.tif", array) as slide:
        patches = list(patch_grid(slide, 64, min_tissue=0.5))
        wanted = {
            (x, y) for y in range(0, 449, 64) for x in range(0, 705, 64) if tissue[y : y + 64, x : x + 64].mean() >= 0.5
        }
        found = {(patch.x, patch.y) for patch in patches}
        assert len(found ^ wanted) <= 2  # a share of exactly about one half may fall on either side
        for patch in patches[::7]:
            image = read_patch(slide, patch)
            assert (image.array == array[patch.y : patch.y + 64, patch.x : patch.x + 64].transpose(2, 0, 1)).all()
            assert image.spacing_mm == (0.0005, 0.0005)
        every = list(patch_grid(slide, 64, min_tissue=0))
        assert len(every) == 8 * 12
        assert len(list(patch_grid(slide, 64, overlap=0.5, min_tissue=0))) == 15 * 23


def test_the_spacing_asked_for_chooses_the_level(tmp_path: Path) -> None:
    array, _ = drawn()
    with written(tmp_path / "a.ome.tif", array) as slide:
        exact = list(patch_grid(slide, 32, spacing_um=1.0))
        assert {(patch.level, patch.side) for patch in exact} == {(1, 64)}
        image = read_patch(slide, exact[5])
        x, y = exact[5].x // 2, exact[5].y // 2
        assert (image.array == slide.read_region(1, x, y, 32, 32)).all()
        between = next(patch_grid(slide, 32, spacing_um=1.5))
        assert (between.level, between.side) == (1, 96)
        image = read_patch(slide, between)
        assert image.array.shape == (3, 32, 32)
        assert image.spacing_mm == pytest.approx((0.0015, 0.0015))
        with pytest.raises(DataError, match=r"cannot give patches at 0\.1"):
            list(patch_grid(slide, 32, spacing_um=0.1))
        for bad in ({"pixels": 0}, {"overlap": 1.0}, {"min_tissue": 2.0}):
            with pytest.raises(UsageError):
                list(patch_grid(slide, **bad))
    with (
        written(tmp_path / "b.ome.tif", array, None) as slide,
        pytest.raises(DataError, match="states no size of a pixel"),
    ):
        next(patch_grid(slide, 32, spacing_um=1.0))
