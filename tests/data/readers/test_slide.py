"""Whole slides: regions equal slices of the full picture, memory stays bounded, hostile files are refused."""

import struct
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from salus.data.library import open_data
from salus.data.open import read_any
from salus.data.readers.slide import open_slide, read_slide
from salus.schema.errors import DataError, UsageError


def picture(height: int = 300, width: int = 420, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    planes = [127 + 120 * np.sin((x * (k + 1) + y) / 40) for k in range(channels)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def pyramid(path: Path, full: np.ndarray, levels: int = 3, **how: object) -> list[np.ndarray]:
    """Write a pyramid in sub-IFDs and return its levels as the file holds them, read back whole."""
    options = {"tile": (64, 96), "photometric": "rgb", **how}
    with tifffile.TiffWriter(path, bigtiff=bool(options.pop("bigtiff", False)), ome=options.pop("ome", None)) as writer:
        writer.write(full, subifds=levels - 1, **options)
        for k in range(1, levels):
            writer.write(full[:: 2**k, :: 2**k], subfiletype=1, **options)
    with tifffile.TiffFile(path) as tiff:
        return [level.asarray() for level in tiff.series[0].levels]


@pytest.mark.parametrize(
    ("compression", "bigtiff"), [(None, False), ("deflate", True), ("jpeg", False), ("jpeg2000", True), ("lzw", False)]
)
def test_a_region_is_a_slice_of_the_level(tmp_path: Path, compression: str | None, bigtiff: bool) -> None:
    levels = pyramid(tmp_path / "a.tif", picture(), compression=compression, bigtiff=bigtiff)
    rng = np.random.default_rng(0)
    with open_slide(tmp_path / "a.tif") as slide:
        assert [(level.height, level.width) for level in slide.levels] == [(300, 420), (150, 210), (75, 105)]
        assert [level.downsample for level in slide.levels] == [1, 2, 4]
        assert (slide.channels, slide.dtype) == (3, np.uint8)
        for _ in range(25):
            level = int(rng.integers(3))
            rows, columns = levels[level].shape[:2]
            y, x = int(rng.integers(rows)), int(rng.integers(columns))
            height, width = int(rng.integers(1, rows - y + 1)), int(rng.integers(1, columns - x + 1))
            region = slide.read_region(level, x, y, width, height)
            assert (region == levels[level][y : y + height, x : x + width].transpose(2, 0, 1)).all()


def test_strips_planar_samples_and_white_as_zero(tmp_path: Path) -> None:
    full = picture(70, 50)
    for name, how in {
        "rows": {"photometric": "rgb", "rowsperstrip": 7},
        "packed": {"photometric": "rgb", "rowsperstrip": 7, "compression": "zlib", "predictor": True},
        "one": {"photometric": "rgb"},
        "big": {"photometric": "rgb", "byteorder": ">"},
    }.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", full.astype(np.uint16) * 257, **how)
        with open_slide(tmp_path / f"{name}.tif") as slide:
            assert (slide.read_region(0, 5, 11, 40, 50) == 257 * full[11:61, 5:45].transpose(2, 0, 1).astype(int)).all()
    planes = full.transpose(2, 0, 1)
    tifffile.imwrite(tmp_path / "p.tif", planes, photometric="rgb", planarconfig="separate", tile=(32, 32))
    assert (read_slide(tmp_path / "p.tif").array == planes).all()
    tifffile.imwrite(tmp_path / "w.tif", planes[0], photometric="miniswhite", tile=(32, 32))
    assert (read_slide(tmp_path / "w.tif").array[0] == 255 - planes[0]).all()


def test_beyond_the_edge_is_zero(tmp_path: Path) -> None:
    full = pyramid(tmp_path / "a.tif", picture() | 1)[0]
    with open_slide(tmp_path / "a.tif") as slide:
        region = slide.read_region(0, -10, 290, 30, 30)
        assert (region[:, :10, 10:] == full[290:, :20].transpose(2, 0, 1)).all()
        assert not region[:, 10:].any()
        assert not region[:, :, :10].any()
        assert not slide.read_region(0, 10_000, 10_000, 5, 5).any()
        for bad in ((3, 0, 0, 5, 5), (-1, 0, 0, 5, 5), (0, 0, 0, 0, 5)):
            with pytest.raises(UsageError):
                slide.read_region(*bad)


def test_ome_axes_and_physical_sizes(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 4000, (2, 3, 4, 50, 60), dtype=np.uint16)
    meta = {"axes": "TZCYX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 1500.0}
    meta |= {"PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm", "PhysicalSizeZUnit": "nm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata=meta, photometric="minisblack", tile=(32, 32))
    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert (slide.times, slide.depths, slide.channels) == (2, 3, 4)
        assert slide.levels[0].spacing_um == (0.5, 0.25)
        assert slide.depth_um == 1.5
        region = slide.read_region(0, 3, 5, 40, 30, time=1, depth=2)
        assert (region == stack[1, 2, :, 5:35, 3:43]).all()
    image = read_any(tmp_path / "a.ome.tif")
    assert image.array.shape == (4, 2, 3, 50, 60)
    assert (image.array == stack.transpose(2, 0, 1, 3, 4)).all()
    assert image.spacing_mm == pytest.approx((0.0015, 0.0005, 0.00025))


def test_an_svs_tells_its_pixel_size_and_keeps_its_label_apart(tmp_path: Path) -> None:
    full = picture()
    with tifffile.TiffWriter(tmp_path / "a.svs") as writer:
        common = {"tile": (64, 64), "photometric": "rgb", "compression": "jpeg", "metadata": None}
        writer.write(full, description="Aperio Image Library\r\n420x300 |AppMag = 20|MPP = 0.4990", **common)
        writer.write(full[::8, ::8].copy(), photometric="rgb", metadata=None, description="Aperio thumbnail")
        writer.write(full[::2, ::2].copy(), description="Aperio level", **common)
        writer.write(full[:40, :60].copy(), photometric="rgb", metadata=None, subfiletype=1, description="label 60x40")
        writer.write(full[:50, :90].copy(), photometric="rgb", metadata=None, subfiletype=9, description="macro 90x50")
    with open_slide(tmp_path / "a.svs") as slide:
        assert len(slide.levels) == 2
        assert slide.levels[0].spacing_um == (0.499, 0.499)
        assert slide.levels[1].spacing_um == pytest.approx((0.998, 0.998))
        assert slide.associated == ("thumbnail", "label", "macro")
        assert (slide.read_associated("label").array == full[:40, :60].transpose(2, 0, 1)).all()
        thumbnail = slide.thumbnail(100)
        assert max(thumbnail.array.shape) <= 100
        assert thumbnail.spacing_mm == pytest.approx((0.000998 * 3, 0.000998 * 3))
        assert np.abs(thumbnail.array.mean(axis=(1, 2)) - full.mean(axis=(0, 1))).max() < 3
    image = read_any(tmp_path / "a.svs")
    assert (image.modality, image.array.shape) == ("SM", (3, 300, 420))


def test_jpeg_2000_in_the_colours_of_aperio(tmp_path: Path) -> None:
    full = picture(64, 64)
    weights = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
    ycc = np.rint(full @ weights.T + [0, 128, 128]).clip(0, 255).astype(np.uint8)
    tile = imagecodecs.jpeg2k_encode(ycc, level=0, codecformat="J2K", colorspace="RGB", mct=False, reversible=True)
    with tifffile.TiffWriter(tmp_path / "a.svs") as writer:
        form = {"shape": (64, 64, 3), "dtype": np.uint8, "tile": (64, 64), "photometric": "rgb", "metadata": None}
        writer.write(iter([tile]), compression=33003, description="Aperio Image |MPP = 0.25", **form)
    with open_slide(tmp_path / "a.svs") as slide:
        assert np.abs(slide.read_region(0, 0, 0, 64, 64).astype(int) - full.transpose(2, 0, 1)).max() <= 2


def test_reading_whole_takes_the_level_that_fits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = pyramid(tmp_path / "a.tif", picture(), compression="deflate")
    assert (read_any(tmp_path / "a.tif").array == levels[0].transpose(2, 0, 1)).all()
    monkeypatch.setenv("SALUS_MAX_VALUES", "100000")
    with pytest.warns(UserWarning, match=r"420 x 300 pixels, more than the allowed 100,000 .* level 1 \(210 x 150\)"):
        image = read_any(tmp_path / "a.tif")
    assert (image.array == levels[1].transpose(2, 0, 1)).all()
    with open_slide(tmp_path / "a.tif") as slide, pytest.raises(DataError, match="more than the allowed"):
        slide.read_region(0, 0, 0, 420, 300)
    with pytest.raises(DataError, match="declares 23,625 values, more than the allowed 9"):
        read_any(tmp_path / "a.tif", limit=9)


def test_only_touched_tiles_are_decoded_and_the_cache_is_bounded(tmp_path: Path) -> None:
    pyramid(tmp_path / "a.tif", picture(), compression="deflate", tile=(64, 64))
    with open_slide(tmp_path / "a.tif", cache_bytes=5 * 64 * 64 * 3) as slide:
        decoded = []
        grid = slide._grids[0]
        real = grid.read
        grid.read = lambda plane, row, column, lock: decoded.append((row, column)) or real(plane, row, column, lock)
        first = slide.read_region(0, 60, 60, 10, 10)
        assert sorted(decoded) == [(0, 0), (0, 1), (1, 0), (1, 1)]
        assert (slide.read_region(0, 60, 60, 10, 10) == first).all()
        assert len(decoded) == 4  # from the cache
        slide.read_region(0, 0, 0, 420, 300)
        assert slide._cache.held <= 5 * 64 * 64 * 3


@pytest.mark.slow
def test_peak_memory_is_the_region_the_cache_and_a_tile(tmp_path: Path) -> None:
    """A slide of 300 MB unpacked, walked through with a cache of 8 MB."""
    tiles = (np.full((256, 256, 3), k % 250, np.uint8) for k in range(40 * 40))
    form = {"shape": (10240, 10240, 3), "dtype": np.uint8, "tile": (256, 256), "photometric": "rgb"}
    tifffile.imwrite(tmp_path / "a.tif", tiles, compression="zlib", compressionargs={"level": 1}, **form)
    code = f"""
import resource
from salus.data.readers.slide import open_slide
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with open_slide({str(tmp_path / "a.tif")!r}, cache_bytes=8 * 2**20) as slide:
    slide.read_region(0, 0, 0, 512, 512)
    before = peak()
    for x in range(0, 10240, 1024):
        for y in range(0, 10240, 1024):
            slide.read_region(0, x, y, 1024, 1024)
    print(peak() - before)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert float(said.stdout) < 32


def patched(path: Path, code: int, value: int) -> None:
    """Overwrite the value of a tag in the first directory of a little-endian TIFF."""
    data = bytearray(path.read_bytes())
    (place,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, place)
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from("<HH", data, entry)
        if tag == code:
            struct.pack_into("<H" if kind == 3 else "<I", data, entry + 8, value)
    path.write_bytes(data)


def test_hostile_files_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "a.tif"
    pyramid(place, picture(), levels=1, compression="jpeg")
    whole = place.read_bytes()
    for share in range(1, 100, 7):
        place.write_bytes(whole[: len(whole) * share // 100])
        with pytest.raises(DataError):
            read_slide(place)
    place.write_bytes(whole)
    patched(place, 322, 2**14)
    patched(place, 323, 2**14)
    with pytest.raises(DataError, match="tiles of 16384 x 16384"):
        open_slide(place)
    bomb = imagecodecs.jpeg_encode(np.zeros((2000, 2000, 3), np.uint8))
    form = {"shape": (64, 64, 3), "dtype": np.uint8, "tile": (64, 64), "photometric": "rgb", "metadata": None}
    for name, code in (("j.tif", 7), ("k.tif", 33005)):
        if code == 33005:
            bomb = imagecodecs.jpeg2k_encode(np.zeros((2000, 2000, 3), np.uint8), codecformat="J2K")
        tifffile.imwrite(tmp_path / name, iter([bomb]), compression=code, **form)
        with pytest.raises(DataError, match="tile 0 unpacks to 2000 x 2000 where 64 x 64 belong"):
            read_slide(tmp_path / name)
    place.write_bytes(b"II*\0\xff\xff\xff\xff")
    with pytest.raises(DataError, match="damaged TIFF"):
        open_slide(place)
    place.write_text("no slide")
    with pytest.raises(DataError, match="damaged TIFF"):
        open_slide(place)
    with pytest.raises(DataError, match="no such file"):
        open_slide(tmp_path / "none.svs")


def test_ome_metadata_open_no_other_file(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "secret.ome.tif", np.full((2, 40, 40), 7, np.uint8), photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "secret.ome.tif") as tiff:
        text = tiff.ome_metadata
    spread = text.replace(
        "<TiffData ", '<TiffData><UUID FileName="secret.ome.tif">urn:uuid:1</UUID></TiffData><TiffData ', 1
    )
    tifffile.imwrite(tmp_path / "b.ome.tif", np.zeros((40, 40), np.uint8), description=spread.encode(), metadata=None)
    assert not (read_slide(tmp_path / "b.ome.tif").array == 7).any()


def test_slides_in_class_folders_are_a_dataset(tmp_path: Path) -> None:
    for name in ("benign", "malignant"):
        (tmp_path / name).mkdir()
        for k in range(2):
            pyramid(tmp_path / name / f"{k}.svs", picture(128, 128))
    data = open_data(str(tmp_path))
    assert data.question.classes == ("benign", "malignant")
    assert data.dataset[0].inputs["image"].array.shape == (3, 128, 128)
