"""Pictures and arrays: values kept, hostile files refused."""

import io
import zipfile
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from salus.data.open import read_any
from salus.data.readers.image import read_array, read_picture
from salus.schema.errors import DataError


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_pictures_keep_their_values(tmp_path: Path, dtype: type) -> None:
    array = (np.arange(12).reshape(3, 4) * (1 if dtype is np.uint8 else 5000)).astype(dtype)
    Pillow.fromarray(array).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    assert (image.array == array[None]).all()
    assert image.unit == np.dtype(dtype).name == str(image.array.dtype)


def test_colour_alpha_and_palette_become_three_channels(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 255, (4, 5, 4), dtype=np.uint8)
    Pillow.fromarray(array).save(tmp_path / "a.png")
    assert (read_picture(tmp_path / "a.png").array == array[..., :3].transpose(2, 0, 1)).all()
    Pillow.fromarray(array[..., :3]).quantize(4).save(tmp_path / "p.png")
    assert read_picture(tmp_path / "p.png").array.shape == (3, 4, 5)


def test_pages_become_slices_and_floats_stay(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(np.full((3, 4), i, dtype=np.uint8)) for i in range(5)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    image = read_picture(tmp_path / "a.tif")
    assert image.array.shape == (1, 5, 3, 4)
    assert image.array[0, :, 0, 0].tolist() == [0, 1, 2, 3, 4]
    Pillow.fromarray(np.full((2, 2), 0.25, dtype=np.float32)).save(tmp_path / "f.tif")
    assert read_picture(tmp_path / "f.tif").array.dtype == np.float32


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    picture = Pillow.fromarray(np.zeros((4, 8, 3), dtype=np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").array.shape == (3, 8, 4)


def test_damaged_and_foreign_files_are_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)).save(buffer, "png")
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:400])
    with pytest.raises(DataError, match=r"cut\.png: damaged or cut short"):
        read_picture(tmp_path / "cut.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(DataError, match=r"text\.png: not a picture"):
        read_picture(tmp_path / "text.png")
    Pillow.new("RGB", (4, 4)).save(tmp_path / "program.eps")
    (tmp_path / "program.eps").rename(tmp_path / "program.png")
    with pytest.raises(DataError, match=r"program\.png: not a picture"):
        read_picture(tmp_path / "program.png")
    with pytest.raises(DataError, match="no such file"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(DataError, match="not a plain file"):
        read_picture(tmp_path)


def test_a_large_claim_is_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pillow.new("1", (20_000, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match="decompression bomb"):
        read_picture(tmp_path / "bomb.png")
    Pillow.new("L", (100, 100)).save(tmp_path / "a.png")
    monkeypatch.setenv("SALUS_MAX_VALUES", "9999")
    with pytest.raises(DataError, match="declares 10,000 values, more than the allowed 9,999"):
        read_picture(tmp_path / "a.png")


def test_arrays_find_their_channels(tmp_path: Path) -> None:
    for shape, expected in (
        ((4, 5), (1, 4, 5)),
        ((9, 5, 3), (3, 9, 5)),
        ((3, 9, 5), (3, 9, 5)),
        ((8, 9, 10), (1, 8, 9, 10)),
        ((1, 8, 9, 10), (1, 8, 9, 10)),
    ):
        np.savez(tmp_path / "a.npz", x=np.zeros(shape, dtype=np.int16))
        assert read_array(tmp_path / "a.npz").array.shape == expected
    np.save(tmp_path / "b.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    assert read_array(tmp_path / "b.npy").array[0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_arrays_with_objects_claims_or_nan_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="objects \\(pickle\\) never"):
        read_array(tmp_path / "o.npz")
    np.savez(tmp_path / "n.npz", x=np.array([[1.0, np.nan], [np.inf, 0]]))
    with pytest.raises(DataError, match="2 values are NaN or infinite"):
        read_array(tmp_path / "n.npz")
    np.savez(tmp_path / "two.npz", x=np.zeros((2, 2)), y=np.ones((2, 2)))
    with pytest.raises(DataError, match="holds the arrays x, y; say which one"):
        read_array(tmp_path / "two.npz")
    assert read_array(tmp_path / "two.npz", key="y").array.max() == 1
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    with zipfile.ZipFile(tmp_path / "claim.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    with pytest.raises(DataError, match="declares 1,000,000,000,000 values"):
        read_array(tmp_path / "claim.npz")
    np.save(tmp_path / "cut.npy", np.zeros((10, 10)))
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:300])
    with pytest.raises(DataError, match="cut short"):
        read_array(tmp_path / "cut.npy")


def test_every_exif_orientation_is_undone(tmp_path: Path) -> None:
    """Orientation says how the stored picture must be turned to stand upright (EXIF 2.3, tag 274)."""
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 250  # bright corner at the top left
    upright[8:, 16:] = 120
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: np.rot90(upright, 2).T,
        8: np.rot90(upright, -1),
    }
    for code, array in stored.items():
        picture = Pillow.fromarray(np.ascontiguousarray(array))
        exif = picture.getexif()
        exif[0x0112] = code
        picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
        read = read_picture(tmp_path / "a.jpg").array[0].astype(int)
        assert read.shape == upright.shape, code
        assert np.abs(read - upright).max() < 12, code


def test_deep_colour_keeps_its_sixteen_bits(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 65535, (5, 6, 4), dtype=np.uint16)
    for bands in (2, 3, 4):
        (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(np.ascontiguousarray(array[..., :bands])))
        image = read_picture(tmp_path / "a.png")
        kept = {2: 1, 3: 3, 4: 3}[bands]
        assert image.unit == "uint16"
        assert (image.array == array[..., :kept].transpose(2, 0, 1)).all()
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged or cut short"):
        read_picture(tmp_path / "a.png")


def test_palettes_keep_their_colours_and_transparency_goes(tmp_path: Path) -> None:
    index = np.array([[0, 1], [2, 1]], np.uint8)
    colours = [10, 20, 30, 200, 100, 50, 7, 8, 9]
    picture = Pillow.frombytes("P", (2, 2), index.tobytes())
    picture.putpalette(colours)
    picture.save(tmp_path / "a.png", transparency=1)
    image = read_picture(tmp_path / "a.png")
    assert image.array[:, 0, 1].tolist() == [200, 100, 50]
    assert image.array[:, 1, 0].tolist() == [7, 8, 9]
    picture.save(tmp_path / "a.gif")
    assert (read_picture(tmp_path / "a.gif").array == image.array).all()
    grey = np.dstack([np.full((3, 4), 77, np.uint8), np.zeros((3, 4), np.uint8)])
    Pillow.fromarray(grey).save(tmp_path / "la.png")
    assert (read_picture(tmp_path / "la.png").array == 77).all()
    assert read_picture(tmp_path / "la.png").array.shape == (1, 3, 4)


def test_animations_become_slices(tmp_path: Path) -> None:
    frames = [
        Pillow.new("L", (6, 5), 30),
        Pillow.new("RGB", (6, 5), (200, 10, 10)),
        Pillow.new("RGB", (6, 5), (0, 0, 250)),
    ]
    for name in ("a.gif", "a.webp", "a.png"):
        frames[0].save(
            tmp_path / name,
            save_all=True,
            append_images=frames[1:],
            duration=40,
            **({} if name != "a.webp" else {"lossless": True}),
        )
        image = read_picture(tmp_path / name)
        assert image.array.shape == (3, 3, 5, 6) or image.array.shape == (1, 3, 5, 6), name
        if name != "a.png":
            assert image.array[:, 1, 2, 2].tolist() == pytest.approx([200, 10, 10], abs=3)


def test_later_pages_count_against_the_limit(tmp_path: Path) -> None:
    pages = [Pillow.new("L", (10, 10)), Pillow.new("L", (100, 100))]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match="differ in size"):
        read_picture(tmp_path / "a.tif")
    with pytest.raises(DataError, match="declares 10,100 values, more than the allowed 5,000"):
        read_picture(tmp_path / "a.tif", limit=5000)


def test_tiffs_beyond_pillow_are_read_by_their_own_axes(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 60000, (3, 2, 20, 30), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "j.tif", stack, imagej=True, metadata={"axes": "ZCYX", "unit": "um", "spacing": 2.0},
                     resolution=(4.0, 4.0))  # fmt: skip
    image = read_any(tmp_path / "j.tif")
    assert (image.array == stack.transpose(1, 0, 2, 3)).all()
    assert image.spacing_mm == pytest.approx((0.002, 0.00025, 0.00025))
    tifffile.imwrite(tmp_path / "w.tif", stack[0, 0], photometric="miniswhite")
    assert (read_any(tmp_path / "w.tif").array[0] == 65535 - stack[0, 0]).all()
    colour = stack[0, 0].reshape(10, 20, 3)
    tifffile.imwrite(tmp_path / "c.tif", colour, photometric="rgb")
    assert (read_any(tmp_path / "c.tif").array == colour.transpose(2, 0, 1)).all()
    tifffile.imwrite(tmp_path / "p.tif", stack[:, 0], photometric="minisblack", metadata=None)
    assert (read_any(tmp_path / "p.tif").array[0] == stack[:, 0]).all()
    tifffile.imwrite(tmp_path / "s.tif", stack[0, 0].astype(np.int8), photometric="minisblack")
    assert (read_any(tmp_path / "s.tif").array[0] == stack[0, 0].astype(np.int8)).all()
