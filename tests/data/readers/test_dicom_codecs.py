"""Transfer syntaxes: every decoder against a second one, encapsulation in all its forms, and frames that lie."""

import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate_extended
from pydicom.pixels import get_decoder

from dicom_files import compressed, dataset, rename_syntax, save
from salus.data.codecs import decodable
from salus.data.readers.dicom import read_dicom
from salus.data.readers.dicom_codecs import DECODER_DEPENDENCIES, JPEG_XL, NAME, decode_grey, plug_in
from salus.data.readers.dicom_file import open_dicom
from salus.data.readers.dicom_pixels import each_frame
from salus.schema.errors import DataError

SHIPPED = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
JPEG_LL, JPEG_LS, HTJ2K = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.201"


def stored(path: Path) -> np.ndarray:
    file = open_dicom(path)
    frames: dict[int, np.ndarray] = {}
    each_frame(file, lambda index, array: frames.__setitem__(index, array.copy()), None)
    return np.stack([frames[index] for index in range(len(frames))])


def smooth(shape: tuple[int, int], low: int, high: int, kind: str) -> np.ndarray:
    """Return a ramp with texture between two values."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(low, high, shape[0] * shape[1]).reshape(shape) + rng.normal(0, (high - low) / 50, shape)
    return np.clip(ramp, low, high).astype(kind)


@pytest.mark.filterwarnings("ignore")
def test_every_file_that_ships_with_pydicom_equals_its_own_decoding() -> None:
    compared, more = 0, []
    for path in SHIPPED:
        data = pydicom.dcmread(path, force=True)
        try:
            truth = np.asarray(data.pixel_array)
        except Exception:
            truth = None
        try:
            ours = stored(path)
        except DataError:
            assert truth is None, path.name
            continue
        if truth is None:
            more.append(path.name)
            continue
        np.testing.assert_array_equal(ours.reshape(truth.shape), truth, err_msg=path.name)
        compared += 1
    assert compared >= 55
    # 12 bits and lossless JPEG in colour, which pydicom alone cannot
    assert set(more) <= {"JPGExtended.dcm", "JPEG-lossy.dcm", "SC_rgb_jpeg_gdcm.dcm"}


@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_jpeg_of_every_predictor(tmp_path: Path, predictor: int) -> None:
    truth = smooth((32, 48), 0, 4095, "u2")
    frame = imagecodecs.jpeg8_encode(truth, lossless=True, predictor=predictor, bitspersample=12)
    data = compressed(dataset(truth, BitsStored=12, HighBit=11, Modality="CR"), JPEG_LL, [frame])
    np.testing.assert_array_equal(read_dicom(save(tmp_path / "a.dcm", data)).array[0], truth)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_jpeg_ls_of_any_depth_and_sign(tmp_path: Path, bits: int, signed: bool) -> None:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    size = 1 if bits == 8 else 2
    truth = smooth((40, 24), low, high, f"{'i' if signed else 'u'}{size}")
    data = dataset(truth, BitsStored=bits, HighBit=bits - 1, Modality="OT")
    data.compress(JPEG_LS, generate_instance_uid=False)
    path = save(tmp_path / "a.dcm", data)
    np.testing.assert_array_equal(read_dicom(path).array[0], truth)
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, truth)
    # frames that claim 16 bits and use fewer, as some encoders write them: the header's bits decide
    bare = (truth.view(f"u{size}") & ((1 << bits) - 1)).astype(f"u{size}")
    frame = imagecodecs.jpegls_encode(bare)
    wide = compressed(
        dataset(truth, BitsStored=bits, HighBit=bits - 1, Modality="OT"), JPEG_LS, [frame + b"\0" * (len(frame) % 2)]
    )
    np.testing.assert_array_equal(read_dicom(save(path, wide)).array[0], truth)


def test_the_sign_comes_from_the_precision_of_the_frame() -> None:
    truth = smooth((16, 16), -2048, 2047, "i2")
    frame = imagecodecs.jpeg8_encode((truth & 0xFFF).astype("u2"), lossless=True, predictor=1, bitspersample=12)
    found = decode_grey(frame, JPEG_LL, signed=True)
    assert found is not None
    np.testing.assert_array_equal(found, truth)


def test_syntaxes_that_pydicom_does_not_know(tmp_path: Path) -> None:
    truth = smooth((32, 32), 0, 60000, "u2")
    colour = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = engine.compress(truth.tobytes()) + engine.flush()
    for name, array, frame, syntax in (
        ("grey", truth, imagecodecs.jpegxl_encode(truth, lossless=True), JPEG_XL[0]),
        ("colour", colour, imagecodecs.jpegxl_encode(colour, lossless=True), JPEG_XL[0]),
        ("deflated", truth, deflated, "1.2.840.10008.1.2.8.1"),
    ):
        data = compressed(dataset(array, Modality="MR"), JPEG_LS, [frame + b"\0" * (len(frame) % 2)])
        path = rename_syntax(save(tmp_path / f"{name}.dcm", data), syntax)
        expected = array.transpose(2, 0, 1) if array.ndim == 3 else array[None]
        np.testing.assert_array_equal(read_dicom(path).array, expected, err_msg=name)


def test_high_throughput_jpeg_2000(tmp_path: Path) -> None:
    truth = smooth((64, 48), -1000, 3000, "i2")
    data = compressed(dataset(truth, Modality="OT"), HTJ2K, [imagecodecs.htj2k_encode(truth, level=0)])
    np.testing.assert_array_equal(read_dicom(save(tmp_path / "a.dcm", data)).array[0], truth)


def test_the_plug_in_is_registered_once_and_told_to_the_doctor() -> None:
    for syntax in DECODER_DEPENDENCIES:
        assert plug_in(syntax) == NAME
        assert get_decoder(syntax).available_plugins.count(NAME) == 1
    assert plug_in("1.2.840.10008.1.2.5") == ""
    found = decodable()
    assert found["JPEG XL Lossless"]
    assert found["JPEG Extended (Process 2 and 4)"]


@pytest.mark.parametrize("form", ["table", "no table", "fragments", "extended"])
def test_frames_in_every_form_of_encapsulation(tmp_path: Path, form: str) -> None:
    truth = np.stack([smooth((20, 30), 0, 255 - 30 * k, "u1") for k in range(4)])
    frames = [imagecodecs.jpegls_encode(frame) for frame in truth]
    frames = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    data = dataset(truth, "1.2.840.10008.5.1.4.1.1.3.1", Modality="US")
    if form == "extended":
        data = compressed(data, JPEG_LS, frames, with_table=False)
        data.PixelData, data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    elif form == "fragments":
        data = compressed(data, JPEG_LS, frames)
        data.PixelData = pydicom.encaps.encapsulate(frames, fragments_per_frame=3, has_bot=True)
    else:
        data = compressed(data, JPEG_LS, frames, with_table=form == "table")
    image = read_dicom(save(tmp_path / "a.dcm", data))
    np.testing.assert_array_equal(image.array[0], truth)


def test_bits_beside_the_sample_are_dropped(tmp_path: Path) -> None:
    truth = smooth((8, 8), 0, 4095, "u2")
    dirty = truth | (np.random.default_rng(0).integers(0, 16, truth.shape).astype("u2") << 12)
    path = save(tmp_path / "a.dcm", dataset(dirty, BitsStored=12, HighBit=11, Modality="OT"))
    np.testing.assert_array_equal(read_dicom(path).array[0], truth)
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, truth)
    signed = smooth((8, 8), -2048, 2047, "i2")
    path = save(tmp_path / "b.dcm", dataset((signed & 0xFFF).astype("i2"), BitsStored=12, HighBit=11, Modality="OT"))
    np.testing.assert_array_equal(read_dicom(path).array[0], signed)


def test_one_bit_frames_need_no_whole_bytes(tmp_path: Path) -> None:
    truth = np.random.default_rng(0).integers(0, 2, (3, 5, 7)).astype("u1")
    packed = np.packbits(truth.reshape(-1), bitorder="little").tobytes()
    data = dataset(truth, Modality="OT", BitsAllocated=1, BitsStored=1, HighBit=0)
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    np.testing.assert_array_equal(read_dicom(save(tmp_path / "a.dcm", data)).array[0], truth)


def test_a_frame_that_claims_more_than_its_header_is_not_decoded(tmp_path: Path) -> None:
    for name, frame, syntax in (
        ("jls", imagecodecs.jpegls_encode(np.zeros((64, 64), "u1")), JPEG_LS),
        ("j2k", imagecodecs.jpeg2k_encode(np.zeros((64, 64), "u1"), level=0), "1.2.840.10008.1.2.4.90"),
        ("htj2k", imagecodecs.htj2k_encode(np.zeros((64, 64), "u1")), HTJ2K),
        ("jpg", imagecodecs.jpeg8_encode(np.zeros((64, 64), "u1")), "1.2.840.10008.1.2.4.50"),
    ):
        data = compressed(dataset(np.zeros((8, 8), "u1"), Modality="OT"), syntax, [frame + b"\0" * (len(frame) % 2)])
        with pytest.raises(DataError, match=r"claims 64 x 64 x 1 samples, its header 64"):
            read_dicom(save(tmp_path / f"{name}.dcm", data))


def test_a_deflated_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(np.zeros((64, 64), "u1"), Modality="OT", ImageComments="x" * 10_000)
    data.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    path = save(tmp_path / "a.dcm", data)
    assert read_dicom(path).array.shape == (1, 64, 64)
    monkeypatch.setattr("salus.data.readers.dicom_file.MAX_INFLATED", 5000)
    with pytest.raises(DataError, match="decompression bomb"):
        read_dicom(path)


@pytest.mark.parametrize(("syntax", "message"), [("1.2.840.10008.1.2.4.102", "a video"), ("1.2.3.4.5", "1.2.3.4.5")])
def test_what_cannot_be_decoded_is_refused_with_its_reason(tmp_path: Path, syntax: str, message: str) -> None:
    data = compressed(dataset(np.zeros((8, 8), "u1"), Modality="OT"), JPEG_LS, [b"\0" * 64])
    with pytest.raises(DataError, match=message):
        read_dicom(rename_syntax(save(tmp_path / "a.dcm", data), syntax))


def test_native_pixels_under_a_compressed_syntax_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.dcm", dataset(np.zeros((8, 8), "u1"), Modality="OT"))
    with pytest.raises(DataError, match="not encapsulated"):
        read_dicom(rename_syntax(path, JPEG_LS))


def test_declared_frames_need_bytes_before_anything_is_made(tmp_path: Path) -> None:
    data = dataset(np.zeros((2, 2), "u1"), Modality="US", NumberOfFrames=60_000_000)
    with pytest.raises(DataError, match=r"cut short, 4 of 240,000,000 bytes"):
        read_dicom(save(tmp_path / "a.dcm", data))
    packed = compressed(dataset(np.zeros((2, 2), "u1"), Modality="US", NumberOfFrames=60_000_000), JPEG_LS, [b"\0" * 8])
    with pytest.raises(DataError, match="for 60,000,000 frames"):
        read_dicom(save(tmp_path / "b.dcm", packed))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "SC_rgb_rle.dcm"])
def test_damaged_run_lengths_end_in_an_error_of_ours(tmp_path: Path, name: str) -> None:
    whole = (SHIPPED[0].parent / name).read_bytes()
    start = open_dicom(SHIPPED[0].parent / name).start
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        broken = bytearray(whole)
        for place in rng.integers(start + 16, len(whole), 6):
            broken[place] = rng.integers(0, 256)
        (tmp_path / "a.dcm").write_bytes(broken)
        try:
            read_dicom(tmp_path / "a.dcm")
        except DataError:
            refused += 1
    assert refused > 5
