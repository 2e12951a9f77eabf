"""MetaImage: SimpleITK writes what is read here, and reads what is asked of it."""

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own name for itself

from salus.data.readers.metaimage import read_metaimage
from salus.schema.errors import DataError

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.mark.parametrize("name", ["a.mha", "a.mhd"])
@pytest.mark.parametrize("compress", [False, True])
def test_what_itk_writes_is_read_as_itk_reads_it(tmp_path: Path, name: str, compress: bool) -> None:
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for dtype in (np.uint8, np.int16, np.uint32, np.float32, np.float64):
        array = rng.integers(0, 100, (4, 5, 6)).astype(dtype)
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((0.5, 0.75, 2.5))
        image.SetOrigin((3.0, -4.0, 5.0))
        image.SetDirection((turn * np.sign(np.linalg.det(turn))).ravel().tolist())
        sitk.WriteImage(image, str(tmp_path / name), compress)
        read = read_metaimage(tmp_path / name)
        assert (read.array[0] == array).all()
        assert read.array.dtype == dtype
        assert read.spacing_mm == pytest.approx((2.5, 0.75, 0.5))
        for index in ((0, 0, 0), (5, 4, 3), (1, 0, 2)):
            point = np.array(image.TransformIndexToPhysicalPoint(index)) * (-1, -1, 1)
            assert read.affine[:3] @ (*index, 1) == pytest.approx(point, abs=1e-5)


def test_channels_time_and_planes(tmp_path: Path) -> None:
    colours = sitk.GetImageFromArray(np.arange(120, dtype=np.uint8).reshape(2, 4, 5, 3), isVector=True)
    sitk.WriteImage(colours, str(tmp_path / "c.mha"))
    image = read_metaimage(tmp_path / "c.mha")
    assert image.array.shape == (3, 2, 4, 5)
    assert image.array[1, 1, 2, 3] == sitk.GetArrayFromImage(colours)[1, 2, 3, 1]
    series = sitk.GetImageFromArray(np.arange(120, dtype=np.int16).reshape(2, 3, 4, 5), isVector=False)
    sitk.WriteImage(series, str(tmp_path / "t.mha"))
    image = read_metaimage(tmp_path / "t.mha")
    assert (image.array[0] == sitk.GetArrayFromImage(series)).all()
    assert image.affine is not None
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 5), np.uint8)), str(tmp_path / "p.mha"))
    picture = read_metaimage(tmp_path / "p.mha")
    assert (picture.array.shape, picture.spacing_mm, picture.affine) == ((1, 4, 5), (1.0, 1.0), None)


def text(**fields: str) -> bytes:
    known = {"ObjectType": "Image", "NDims": "3", "DimSize": "2 2 2", "ElementSpacing": "1 1 2", "Offset": "0 0 0"}
    known |= {"ElementType": "MET_SHORT", "ElementDataFile": "LOCAL"}
    known |= fields
    known["ElementDataFile"] = known.pop("ElementDataFile")  # it ends the header
    return "".join(f"{name} = {value}\n" for name, value in known.items()).encode()


def test_byte_order_text_skips_and_scaling(tmp_path: Path) -> None:
    values = np.arange(8)
    place = tmp_path / "a.mha"
    place.write_bytes(text(BinaryDataByteOrderMSB="True") + values.astype(">i2").tobytes())
    assert read_metaimage(place).array.ravel().tolist() == list(range(8))
    place.write_bytes(text(BinaryData="False") + b"0 1 2 3\n4 5 6 7\n")
    assert read_metaimage(place).array.ravel().tolist() == list(range(8))
    (tmp_path / "b.raw").write_bytes(b"12345" + values.astype("<i2").tobytes())
    place.write_bytes(text(ElementDataFile="b.raw", HeaderSize="-1"))
    assert read_metaimage(place).array.ravel().tolist() == list(range(8))
    place.write_bytes(text(ElementDataFile="b.raw", HeaderSize="5", ElementToIntensityFunctionSlope="0.5"))
    assert read_metaimage(place).array.ravel().tolist() == (values / 2).tolist()
    packed = zlib.compress(values.astype("<i2").tobytes())
    (tmp_path / "b.zraw").write_bytes(packed)
    place.write_bytes(text(ElementDataFile="b.zraw", CompressedData="True", CompressedDataSize=str(len(packed))))
    assert read_metaimage(place).array.ravel().tolist() == list(range(8))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (text(), "cut short"),
        (text(DimSize="99999 99999 99999"), "more than the allowed"),
        (text(DimSize="200 20 20"), "cannot hold the 160,000 bytes"),
        (text(DimSize="2 2"), "expected 2 to 4 sizes"),
        (text(DimSize="2 2 1e9"), "whole numbers"),
        (text(NDims="three"), "whole numbers"),
        (text(ElementType="MET_STRING"), "one real number"),
        (text(ElementNumberOfChannels="99999"), "expected 1 to 1024"),
        (text(ElementDataFile="../x.raw"), "leads out of"),
        (text(ElementDataFile="/etc/hostname"), "leads out of"),
        (text(ElementDataFile="LIST"), "several files"),
        (text(ElementDataFile="none.raw"), "no such file"),
        (text(CompressedData="True") + b"nothing packed", "damaged"),
        (text(CompressedData="True") + zlib.compress(bytes(9)), "cut short"),
        (text(ElementSpacing="1 0 1") + bytes(16), "above 0"),
        (text(ElementSpacing="1 nan 1") + bytes(16), "finite"),
        (text(TransformMatrix="1 0 0 1 0 0 0 0 1") + bytes(16), "cannot be inverted"),
        (text(HeaderSize="99999999999") + bytes(16), "HeaderSize 99999999999"),
        (b"ObjectType = Image\n", "never names ElementDataFile"),
        (b"\x00\x01\x02\n" * 5, "not a MetaImage"),
        (b"", "not a MetaImage"),
    ],
)
def test_hostile_headers_are_refused_in_one_sentence(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path.parent / "x.raw").write_bytes(bytes(16))
    (tmp_path / "a.mha").write_bytes(content)
    with pytest.raises(DataError, match=why):
        read_metaimage(tmp_path / "a.mha")


def test_a_bomb_stops_where_the_header_says(tmp_path: Path) -> None:
    (tmp_path / "a.mha").write_bytes(text(CompressedData="True") + zlib.compress(bytes(50_000_000)))
    assert read_metaimage(tmp_path / "a.mha").array.sum() == 0
