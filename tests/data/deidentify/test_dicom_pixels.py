"""What identifies in pixels: drawn names, overlays, hidden planes, faces."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLSLossless, RLELossless

from data.deidentify.dicom_made import opened, patient, saved
from salus.data.deidentify.burned import draw_name, still_there
from salus.data.deidentify.file import clean_file
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan

KEY = Key(b"k" * 32)


def cleaned(dataset: Any, folder: Path, plan: Plan, face: Any = None) -> Any:
    source = saved(dataset, folder / "in.dcm")
    notes = clean_file(source, folder / "out.dcm", plan, KEY, face).notes
    return pydicom.dcmread(folder / "out.dcm"), notes


def plate(kind: str = "MONOCHROME2", frames: int = 1) -> Any:
    """Return a smooth picture of 256 x 320, of several frames where asked for."""
    made = patient(opened())
    rows, columns = np.mgrid[:256, :320]
    array = (800 + 500 * np.exp(-((rows - 128) ** 2 + (columns - 160) ** 2) / 4000)).astype("<u2")
    made.Rows, made.Columns, made.BitsStored, made.HighBit, made.PixelRepresentation = 256, 320, 12, 11, 0
    made.PhotometricInterpretation = kind
    if kind == "MONOCHROME1":
        array = 4095 - array
    if frames > 1:
        made.NumberOfFrames = frames
    made.PixelData = np.repeat(array[None], frames, 0).tobytes()
    return made


@pytest.mark.parametrize(("kind", "frames"), [("MONOCHROME2", 1), ("MONOCHROME2", 4)])
def test_a_drawn_name_is_masked_and_the_rest_is_not(kind: str, frames: int, tmp_path: Path) -> None:
    given = plate(kind, frames)
    before = given.pixel_array.copy()
    drawn = draw_name(given, "ZUBROWSKA HALINA", np.random.default_rng(3))
    out, notes = cleaned(given, tmp_path, Plan(clean_pixels=True))
    assert notes == ("burned-in text masked",)
    assert not still_there(out, drawn)
    assert (out.BurnedInAnnotation, out.ImageType[0]) == ("NO", "DERIVED")
    assert (out.pixel_array == before).mean() > 0.9


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_packed_pixels_are_packed_again_without_loss(syntax: str, tmp_path: Path) -> None:
    given = plate()
    drawn = draw_name(given, "ZUBROWSKA HALINA", np.random.default_rng(3))
    before = given.pixel_array.copy()
    given.compress(syntax, generate_instance_uid=False)
    out, notes = cleaned(given, tmp_path, Plan(clean_pixels=True))
    assert notes == ("burned-in text masked",)
    assert out.file_meta.TransferSyntaxUID == syntax
    changed = out.pixel_array != before
    assert not still_there(out, drawn)
    assert 0 < changed.mean() < 0.1


def test_packed_pixels_without_text_stay_byte_for_byte(tmp_path: Path) -> None:
    given = plate()
    given.compress(RLELossless, generate_instance_uid=False)
    out, notes = cleaned(given, tmp_path, Plan(clean_pixels=True))
    assert notes == ("searched for burned-in text, none found",)
    assert out.PixelData == given.PixelData


def test_colour_stored_by_planes_is_masked(tmp_path: Path) -> None:
    given = plate()
    grey = (given.pixel_array // 8).astype("u1")
    given.SamplesPerPixel, given.PhotometricInterpretation, given.PlanarConfiguration = 3, "RGB", 0
    given.BitsAllocated, given.BitsStored, given.HighBit = 8, 8, 7
    given.PixelData = np.stack([grey, grey, grey], -1).tobytes()
    drawn = draw_name(given, "ZUBROWSKA HALINA", np.random.default_rng(5))
    array = given.pixel_array
    given.PlanarConfiguration, given.PixelData = 1, np.moveaxis(array, -1, 0).tobytes()
    out, _ = cleaned(given, tmp_path, Plan(clean_pixels=True))
    assert out.PlanarConfiguration == 1
    assert not still_there(out, drawn)


def test_a_plane_hidden_in_spare_bits_is_cleared(tmp_path: Path) -> None:
    given = plate()
    values = np.frombuffer(given.PixelData, "<u2").reshape(256, 320).copy()
    values[40:60, 40:200] |= 0x8000
    before, given.PixelData = given.pixel_array.copy(), values.tobytes()
    out, notes = cleaned(given, tmp_path, Plan())
    assert notes == ("spare bits cleared",)
    assert np.array_equal(np.frombuffer(out.PixelData, "<u2").reshape(256, 320), before)


def test_signs_drawn_out_to_the_left_are_no_hidden_plane(tmp_path: Path) -> None:
    given = plate()
    given.PixelRepresentation = 1
    values = (np.frombuffer(given.PixelData, "<u2").astype("<i2") - 1000).tobytes()
    given.PixelData = values
    out, notes = cleaned(given, tmp_path, Plan())
    assert notes == ()
    assert out.PixelData == values


def overlaid() -> Any:
    from PIL import Image, ImageDraw, ImageFont

    given = plate()
    canvas = Image.new("1", (320, 256), 0)
    ImageDraw.Draw(canvas).text((10, 12), "ZUBROWSKA HALINA", fill=1, font=ImageFont.load_default(size=22))
    bits = np.asarray(canvas).astype("u1")
    bits[200:220, 100:220] = 1
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    for element, vr, value in (
        (0x0010, "US", 256), (0x0011, "US", 320), (0x0040, "CS", "G"), (0x0050, "SS", [1, 1]), (0x0100, "US", 1),
        (0x0102, "US", 0), (0x0022, "LO", "for Zubrowska"), (0x3000, "OW", packed),
    ):  # fmt: skip
        given.add_new((0x6000, element), vr, value)
    return given


def test_overlays_go_or_lose_their_text(tmp_path: Path) -> None:
    out, _ = cleaned(overlaid(), tmp_path, Plan())
    assert not [element for element in out if element.tag.group == 0x6000]
    out, notes = cleaned(overlaid(), tmp_path, Plan(clean_graphics=True))
    assert notes == ("overlay text masked",)
    bits = out.overlay_array(0x6000)
    assert bits[205:215, 110:210].all()
    assert bits[5:40].sum() < 20
    assert "Zubrowska" not in str(out)


def test_a_face_is_painted_with_air(tmp_path: Path) -> None:
    face = np.zeros((256, 320), bool)
    face[:100] = True
    given = plate()
    out, notes = cleaned(given, tmp_path, Plan(clean_faces=True), face)
    assert notes == ("face removed",)
    assert out.RecognizableVisualFeatures == "NO"
    assert (out.pixel_array[:100] == given.pixel_array.min()).all()
    assert np.array_equal(out.pixel_array[100:], given.pixel_array[100:])
