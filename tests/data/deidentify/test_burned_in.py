"""Text burned into pictures: found where it was drawn, and nothing where nothing was."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from salus.data.deidentify.burned_in import Box, find_burned_in, mask_boxes
from salus.data.deidentify.ocr import available, read_boxes
from salus.data.readers.dicom import read_dicom
from salus.schema.errors import ShapeError

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"


def tissue(rng: np.random.Generator, side: int = 320) -> NDArray[np.uint8]:
    """Return smooth structures with a little noise: no sharp edges, as anatomy."""
    smooth = sum(ndimage.gaussian_filter(rng.normal(0, 1, (side, side)), s) * s for s in (4, 9, 25))
    grey = 90 + 25 * smooth / np.std(smooth) + rng.normal(0, 3, (side, side))
    return np.asarray(np.clip(grey, 0, 190), np.uint8)


def draw(picture: NDArray[np.uint8], text: str, size: int, left: int, top: int, level: int) -> NDArray[np.uint8]:
    image = Image.fromarray(picture)
    font = ImageFont.truetype(str(FONTS / "DejaVuSans.ttf"), size)
    ImageDraw.Draw(image).text((left, top), text, fill=level, font=font)
    return np.asarray(image)


def covered(before: NDArray[np.uint8], after: NDArray[np.uint8], boxes: tuple[Box, ...]) -> float:
    changed = np.abs(after.astype(int) - before) > 30
    inside = np.zeros(changed.shape, bool)
    for box in boxes:
        inside[box.top : box.bottom, box.left : box.right] = True
    return float((changed & inside).sum() / changed.sum())


@pytest.mark.slow
@pytest.mark.parametrize("size", [8, 12, 20, 40])
def test_drawn_text_is_found_in_any_polarity_and_clean_tissue_is_left(size: int) -> None:
    rng = np.random.default_rng(size)
    for level, text in ((255, "ROE JANE 4/7/51"), (0, "MRN 00482913")):
        ground = tissue(rng, 480)
        if level == 0:
            ground = np.asarray(ground // 2 + 120, np.uint8)
        drawn = draw(ground, text, size, 12, int(rng.integers(5, 400)), level)
        assert find_burned_in(ground, read=False) == ()
        boxes = find_burned_in(drawn, read=False)
        assert covered(ground, drawn, boxes) > 0.97
        assert sum((b.bottom - b.top) * (b.right - b.left) for b in boxes) < 0.25 * ground.size


def test_frames_and_channels_are_united() -> None:
    rng = np.random.default_rng(1)
    frames = np.stack([tissue(rng, 200) for _ in range(3)])
    frames[2] = draw(frames[2], "12-MAR-1951", 14, 20, 30, 255)
    colour = np.stack([frames, frames // 2, frames // 3])
    boxes = find_burned_in(colour, read=False)
    assert len(boxes) == 1
    masked = mask_boxes(colour, boxes)
    assert find_burned_in(masked, read=False) == ()
    assert masked.dtype == colour.dtype
    assert (masked[:, 0, boxes[0].top : boxes[0].bottom, boxes[0].left : boxes[0].right] == colour.min()).all()


def test_sixteen_bits_and_hounsfield_units() -> None:
    rng = np.random.default_rng(2)
    drawn = draw(tissue(rng, 256), "DOE^JOHN", 16, 60, 100, 255)
    for array in (drawn.astype(np.uint16) * 257, drawn.astype(np.int16) * 8 - 1024, drawn.astype(np.float32) / 255):
        assert len(find_burned_in(array, read=False)) == 1


def test_masks_clip_and_refuse() -> None:
    array = np.ones((4, 4), np.int16)
    assert mask_boxes(array, [Box(-3, 2, 2, 99)], fill=0).sum() == 12
    assert mask_boxes(array, [Box(-3, -3, -1, -1)], fill=0).sum() == 16
    with pytest.raises(ShapeError, match=r"shape \(3,\)"):
        mask_boxes(np.zeros(3), [])
    with pytest.raises(ShapeError, match="up to 4 channels"):
        find_burned_in(np.zeros((9, 8, 8)))
    assert find_burned_in(np.zeros((8, 8))) == ()
    assert find_burned_in(np.full((30, 30), np.nan)) == ()


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="tesseract is not installed")
def test_words_are_read_where_tesseract_is() -> None:
    drawn = draw(tissue(np.random.default_rng(3), 400), "HOSPITAL 4471", 20, 60, 100, 255)
    words = " ".join(box.text for box in find_burned_in(drawn))
    assert "HOSPITAL" in words
    assert read_boxes(drawn, []) == []


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("US1_J2KR.dcm", (15, 100), (0, 130)),  # institution, upper left
        ("gdcm-US-ALOKA-16.dcm", (0, 24), (80, 250)),  # institution, top line
        ("gdcm-US-ALOKA-16.dcm", (0, 24), (545, 640)),  # date and time
        ("OBXXXX1A_rle.dcm", (0, 55), (40, 200)),  # identifier
        ("OBXXXX1A_rle.dcm", (0, 55), (660, 780)),  # date and time
        ("JPGLosslessP14SV1_1s_1f_8b.dcm", (15, 60), (0, 140)),
    ],
)
def test_burned_in_words_of_real_ultrasound_are_covered(
    data_root: Path, name: str, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    array = read_dicom(data_root / "dicom" / "single" / name).array
    masked = mask_boxes(array, find_burned_in(array, read=False))
    grey = masked.astype(float).mean(0)[slice(*rows), slice(*columns)]
    before = array.astype(float).mean(0)[slice(*rows), slice(*columns)]
    # Letters are the brightest things there: hardly a bright pixel may be left.
    bright = before > before.min() + 0.75 * (before.max() - before.min())
    assert bright.sum() > 100
    assert (grey[bright] == before[bright]).mean() < 0.03


@pytest.mark.realdata
def test_clean_radiographs_are_left_alone(data_root: Path) -> None:
    for name in ("RG1_J2KI.dcm", "RG3_J2KI.dcm"):
        assert find_burned_in(read_dicom(data_root / "dicom" / "single" / name).array, read=False) == ()
