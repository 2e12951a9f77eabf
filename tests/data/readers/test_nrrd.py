"""NRRD: axes, spaces, values beside the header, refusals; SimpleITK and pynrrd are the second opinions."""

import bz2
import gzip
from pathlib import Path

import nrrd
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own name for itself

from salus.data.readers.nrrd import read_nrrd
from salus.schema.errors import DataError

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def oblique(seed: int = 0) -> np.ndarray:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return turn * np.sign(np.linalg.det(turn))


def itk_affine(image: sitk.Image) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return LPS @ affine


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_what_itk_writes_is_read_as_itk_reads_it(tmp_path: Path, dtype: type, compress: bool) -> None:
    array = np.random.default_rng(1).integers(0, 100, (4, 5, 6)).astype(dtype)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.5, 0.75, 2.5))
    image.SetOrigin((3.0, -4.0, 5.0))
    image.SetDirection(oblique().ravel().tolist())
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"), compress)
    read = read_nrrd(tmp_path / "a.nrrd")
    assert (read.array[0] == array).all()
    assert read.array.dtype == dtype
    assert read.affine == pytest.approx(itk_affine(image))
    assert read.spacing_mm == pytest.approx((2.5, 0.75, 0.5))
    point = image.TransformIndexToPhysicalPoint((4, 1, 2))
    assert read.affine[:3] @ (4, 1, 2, 1) == pytest.approx(np.array(point) * (-1, -1, 1))


@pytest.mark.parametrize(("space", "sign"), [("RAS", (1, 1)), ("left-anterior-superior", (-1, 1)), ("LPS", (-1, -1))])
def test_named_spaces_become_ras(tmp_path: Path, space: str, sign: tuple[int, int]) -> None:
    header = {"space": space, "space directions": np.diag([1.0, 2.0, 3.0]), "space origin": [7.0, 8.0, 9.0]}
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((2, 3, 4), np.uint8), header)
    affine = read_nrrd(tmp_path / "a.nrrd").affine
    assert affine is not None
    assert affine.diagonal().tolist() == [sign[0], 2 * sign[1], 3, 1]
    assert affine[:3, 3].tolist() == [7 * sign[0], 8 * sign[1], 9]


def test_a_space_without_a_patient_keeps_the_spacing_only(tmp_path: Path) -> None:
    header = {"space": "scanner-xyz", "space directions": np.diag([1.0, 2.0, 3.0]), "space units": ["cm"] * 3}
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((2, 3, 4), np.uint8), header)
    image = read_nrrd(tmp_path / "a.nrrd")
    assert image.affine is None
    assert image.spacing_mm == pytest.approx((30.0, 20.0, 10.0))


def test_channels_and_time_find_their_axes(tmp_path: Path) -> None:
    colours = sitk.GetImageFromArray(np.arange(120, dtype=np.uint8).reshape(2, 4, 5, 3), isVector=True)
    sitk.WriteImage(colours, str(tmp_path / "c.nrrd"))
    image = read_nrrd(tmp_path / "c.nrrd")
    assert image.array.shape == (3, 2, 4, 5)
    assert image.array[1, 1, 2, 3] == sitk.GetArrayFromImage(colours)[1, 2, 3, 1]
    none = [np.nan] * 3
    header = {
        "space": "LPS",
        "kinds": ["domain", "domain", "domain", "time"],
        "space directions": np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], none]),
    }
    array = np.arange(120, dtype=np.int16).reshape(2, 3, 4, 5)
    nrrd.write(str(tmp_path / "t.nrrd"), array, header)
    image = read_nrrd(tmp_path / "t.nrrd")
    assert image.array.shape == (1, 5, 4, 3, 2)
    assert image.array[0, 4, 3, 2, 1] == array[1, 2, 3, 4]
    header["kinds"] = ["domain", "domain", "domain", "list"]
    nrrd.write(str(tmp_path / "l.nrrd"), array, header)
    assert read_nrrd(tmp_path / "l.nrrd").array.shape == (5, 4, 3, 2)
    nrrd.write(str(tmp_path / "p.nrrd"), np.zeros((4, 5), np.uint8), {"spacings": [0.5, 0.25]})
    picture = read_nrrd(tmp_path / "p.nrrd")
    assert (picture.array.shape, picture.spacing_mm, picture.affine) == ((1, 5, 4), (0.25, 0.5), None)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
def test_every_encoding_inside_and_beside(tmp_path: Path, encoding: str, name: str) -> None:
    array = np.arange(-30, 30, dtype=np.int16).reshape(3, 4, 5)
    nrrd.write(str(tmp_path / name), array, {"encoding": encoding})
    assert (read_nrrd(tmp_path / name).array[0] == array.transpose()).all()


def text(**fields: str) -> bytes:
    known = {"type": "int16", "dimension": "3", "sizes": "2 2 2", "encoding": "raw", "endian": "little"}
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in (known | fields).items()]
    return ("NRRD0005\n" + "\n".join(lines) + "\n\n").encode()


def test_big_endian_skips_and_capital_field_names(tmp_path: Path) -> None:
    values = np.arange(8, dtype=">i2")
    (tmp_path / "a.nrrd").write_bytes(
        text(endian="big", byte_skip="3").replace(b"sizes", b"Sizes") + b"xyz" + values.tobytes()
    )
    image = read_nrrd(tmp_path / "a.nrrd")
    assert image.array.ravel().tolist() == list(range(8))
    assert image.array.dtype.isnative
    (tmp_path / "b.nrrd").write_bytes(text(endian="big", byte_skip="-1") + b"anything" + values.tobytes())
    assert read_nrrd(tmp_path / "b.nrrd").array.ravel().tolist() == list(range(8))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (text(), "cut short"),
        (text(sizes="200 20 20"), "cannot hold the 160,000 bytes"),
        (text(sizes="9999999 9999999 9999999"), "more than the allowed"),
        (text(sizes="0 2 2"), "declares sizes"),
        (text(dimension="4"), "declares sizes"),
        (text(type="block"), "one real number"),
        (text(endian="middle"), "endian"),
        (text(encoding="zrle"), "encoding"),
        (text(encoding="gzip") + gzip.compress(b"12345"), "cut short"),
        (text(encoding="gzip") + b"no gzip at all", "damaged"),
        (text(encoding="bzip2") + bz2.compress(b"1" * 15), "cut short"),
        (text(data_file="../secret.raw"), "leads out of"),
        (text(data_file="/etc/hostname"), "leads out of"),
        (text(data_file="LIST"), "several files"),
        (text(data_file="s%03d.raw 1 9 1"), "several files"),
        (text(line_skip="99999999"), "skips"),
        (text(space="LPS", space_directions="(1,0,0) (2,0,0) (0,0,1)") + bytes(16), "one plane"),
        (text(space="LPS", space_directions="(0,0,0) (0,1,0) (0,0,1)") + bytes(16), "above 0"),
        (text(kinds="time time domain") + bytes(16), "expected 2 or 3 in space"),
        (b"NRRD0005\n" + b"a: b\n" * 300_000, "no NRRD file"),
        (b"NRRD0009\n\n", "not a readable NRRD"),
        (b"anything", "not a readable NRRD"),
        (b"", "not a readable NRRD"),
    ],
)
def test_hostile_headers_are_refused_in_one_sentence(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path.parent / "secret.raw").write_bytes(bytes(16))
    (tmp_path / "a.nrrd").write_bytes(content)
    with pytest.raises(DataError, match=why):
        read_nrrd(tmp_path / "a.nrrd")


def test_a_bomb_stops_where_the_header_says(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").write_bytes(text(encoding="gzip") + gzip.compress(bytes(50_000_000)))
    assert read_nrrd(tmp_path / "a.nrrd").array.sum() == 0
    (tmp_path / "n.nrrd").write_bytes(text(type="float") + np.full(8, np.nan, "<f4").tobytes())
    with pytest.raises(DataError, match="8 of 8 voxels are NaN"):
        read_nrrd(tmp_path / "n.nrrd")
