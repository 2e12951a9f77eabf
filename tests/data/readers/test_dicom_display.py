"""What a viewer shows: windows, tables, polarity, overlays, against pydicom's own functions."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_voi_lut, apply_windowing
from pydicom.sequence import Sequence as Items

from dicom_files import dataset, enhanced, save
from salus.data.readers.dicom import read_dicom
from salus.data.readers.dicom_display import apply_window, to_display, windows_of
from salus.data.readers.dicom_overlay import read_overlays
from salus.schema.errors import DataError
from salus.schema.sample import Image

RAMP = np.arange(-200, 200, dtype=np.int16).reshape(20, 20)
SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_equal_those_of_pydicom(tmp_path: Path, function: str) -> None:
    fields = {"WindowCenter": [40, -50], "WindowWidth": [120, 33], "VOILUTFunction": function}
    path = save(tmp_path / "a.dcm", dataset(RAMP, Modality="OT", **fields))
    data = pydicom.dcmread(path)
    assert windows_of(data) == [(40.0, 120.0, function), (-50.0, 33.0, function)]
    for choice in (0, 1):
        theirs = apply_windowing(RAMP, data, index=choice)
        expected = (theirs + 32768.0) / 65535.0 * 255.0
        np.testing.assert_allclose(to_display(path, choice=choice)[0], expected, atol=0.51)
    with pytest.raises(DataError, match="states 2 windows, number 2"):
        to_display(path, choice=2)


def test_a_table_of_interest_equals_that_of_pydicom(tmp_path: Path) -> None:
    stored = np.arange(400, dtype=np.uint16).reshape(20, 20)
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [256, 50, 16], [int(65535 * (i / 255) ** 2) for i in range(256)]
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    path = save(tmp_path / "a.dcm", dataset(stored, Modality="CR", VOILUTSequence=Items([table])))
    expected = apply_voi_lut(stored, pydicom.dcmread(path)) / 65535.0 * 255.0
    np.testing.assert_allclose(to_display(path)[0], expected, atol=0.51)


def test_polarity_is_turned_for_the_eye(tmp_path: Path) -> None:
    fields = {"WindowCenter": 100, "WindowWidth": 200}
    values = np.array([[0, 50], [100, 199]], dtype=np.uint16)
    plain = to_display(save(tmp_path / "a.dcm", dataset(values, Modality="CR", **fields)))
    for change in ({"PhotometricInterpretation": "MONOCHROME1"}, {"PresentationLUTShape": "INVERSE"}):
        path = save(tmp_path / "b.dcm", dataset(values, Modality="CR", **fields, **change))
        assert np.abs(to_display(path).astype(int) + plain - 255).max() <= 1


def test_frames_have_windows_of_their_own(tmp_path: Path) -> None:
    frames = np.full((2, 4, 4), 100, np.uint16)
    data = enhanced(frames, [{"position": (0, 0, 0)}, {"position": (0, 0, 1)}])
    for group, center in zip(data.PerFrameFunctionalGroupsSequence, (100, 190), strict=True):
        item = Dataset()
        item.WindowCenter, item.WindowWidth = center, 200
        group.FrameVOILUTSequence = Items([item])
    path = save(tmp_path / "a.dcm", data)
    assert to_display(path, frame=0)[0, 0, 0] == pytest.approx(128, abs=1)
    assert to_display(path, frame=1)[0, 0, 0] == pytest.approx(13, abs=1)
    with pytest.raises(DataError, match="has 2 frames"):
        to_display(path, frame=2)


def test_images_without_windows_get_a_sensible_one() -> None:
    hu = Image(array=np.array([[[-1000.0, 40.0], [240.0, 3000.0]]], np.float32), unit="HU")
    assert to_display(hu)[0].tolist() == [[0, 128], [255, 255]]
    assert to_display(hu, window=(-1000, 100))[0, 0, 1] == 255
    noisy = Image(array=np.linspace(0, 1000, 400, dtype=np.float32).reshape(1, 20, 20))
    shown = to_display(noisy)
    assert (shown.min(), shown.max()) == (0, 255)
    flat = Image(array=np.full((1, 4, 4), 7.0, np.float32))
    assert (to_display(flat) == 128).all()
    colour = Image(array=np.full((3, 4, 4), 65535, np.uint16))
    assert (to_display(colour) == 255).all()
    stack = Image(array=np.arange(5, dtype=np.uint8)[None, :, None, None] * np.ones((1, 1, 2, 2), np.uint8))
    assert to_display(stack)[0, 0, 0] == 2
    assert to_display(stack, frame=4)[0, 0, 0] == 4
    for bad in (0.0, -5.0, 0.5):
        with pytest.raises(DataError, match="window of width"):
            to_display(hu, window=(0, bad))
    with pytest.raises(DataError, match="expected one of LINEAR"):
        apply_window(np.zeros(3), 0, 1, "CUBIC")


def overlay_fields(data: pydicom.Dataset, group: int, rows: int, columns: int, **more: object) -> None:
    for element, vr, value in (
        (0x10, "US", rows), (0x11, "US", columns), (0x40, "CS", "R"), (0x50, "SS", more.get("origin", [1, 1])),
        (0x100, "US", more.get("allocated", 1)), (0x102, "US", more.get("bit", 0)), (0x1500, "LO", "liver"),
    ):  # fmt: skip
        data.add_new((group, element), vr, value)


def test_overlays_become_masks_on_the_images_grid(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0).integers(0, 2, (5, 7)).astype(bool)
    data = dataset(RAMP, Modality="OT")
    overlay_fields(data, 0x6002, 5, 7, origin=[3, -1])
    packed = np.packbits(drawn.reshape(-1), bitorder="little").tobytes()
    data.add_new((0x6002, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))
    (found,) = read_overlays(save(tmp_path / "a.dcm", data))
    assert (found.group, found.kind, found.label, found.embedded) == (0x6002, "region", "liver", False)
    assert found.mask.shape == (1, 20, 20)
    np.testing.assert_array_equal(found.mask[0, 2:7, 0:5], drawn[:, 2:])
    assert found.mask.sum() == drawn[:, 2:].sum()
    real = SHIPPED / "examples_overlay.dcm"
    (real_found,) = read_overlays(real)
    np.testing.assert_array_equal(real_found.mask[0], pydicom.dcmread(real).overlay_array(0x6000).astype(bool))


def test_overlays_in_unused_bits_are_found_and_leave_the_pixels(tmp_path: Path) -> None:
    values = (np.arange(64, dtype=np.uint16) * 60).reshape(8, 8)
    drawn = np.eye(8, dtype=bool)
    data = dataset(values | (drawn.astype(np.uint16) << 13), Modality="OT", BitsStored=12, HighBit=11)
    overlay_fields(data, 0x6000, 8, 8, allocated=16, bit=13)
    path = save(tmp_path / "a.dcm", data)
    (found,) = read_overlays(path)
    assert found.embedded
    np.testing.assert_array_equal(found.mask[0], drawn)
    np.testing.assert_array_equal(read_dicom(path).array[0], values)


def test_impossible_overlays_are_refused(tmp_path: Path) -> None:
    for name, fields, message in (
        ("bit", {"allocated": 16, "bit": 5}, "where the samples stand"),
        ("short", {"data": b"\0\0"}, "cut short"),
    ):
        data = dataset(RAMP, Modality="OT")
        overlay_fields(data, 0x6000, 20, 20, **{k: v for k, v in fields.items() if k != "data"})
        if "data" in fields:
            data.add_new((0x6000, 0x3000), "OW", fields["data"])
        with pytest.raises(DataError, match=message):
            read_overlays(save(tmp_path / f"{name}.dcm", data))
    assert read_overlays(save(tmp_path / "none.dcm", dataset(RAMP, Modality="OT"))) == ()
