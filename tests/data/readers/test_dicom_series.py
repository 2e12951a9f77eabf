"""Series and enhanced objects: order, gantry tilt, moments, what is wrong with a series, memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_files import dataset, enhanced, save, series, slice_file
from salus.data.readers.dicom import inspect_series, read_dicom, read_dicom_series
from salus.data.readers.dicom_file import open_dicom
from salus.data.readers.dicom_quick import open_slice
from salus.schema.errors import DataError

OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


def volume(depth: int = 5, rows: int = 6, columns: int = 4) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3000, (depth, rows, columns)).astype(np.int16)


def kinds(files: list[Path] | Path, severity: str = "error") -> list[str]:
    return [finding.kind for finding in inspect_series(files).findings if finding.severity == severity]


def by_itk(files: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the array and affine (RAS) that ITK makes of files given in order."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


@pytest.mark.parametrize("cosines", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), OBLIQUE, (-1, 0, 0, 0, 1, 0)])
def test_arrays_and_affines_equal_those_of_itk(tmp_path: Path, cosines: tuple[float, ...]) -> None:
    truth = volume()
    normal = np.cross(cosines[:3], cosines[3:])
    files = series(tmp_path, truth, step=2.0 * normal, ImageOrientationPatient=list(cosines))
    image = read_dicom_series(tmp_path)
    array, affine = by_itk(files)
    np.testing.assert_array_equal(image.array[0], array)
    assert image.affine is not None
    np.testing.assert_allclose(image.affine, affine, atol=1e-5)
    assert image.spacing_mm == pytest.approx((2.0, 0.5, 0.25))
    report = inspect_series(list(reversed(files)))
    assert report.order == tuple(files)
    assert (report.readable, report.shape, report.tilt_degrees) == (True, (1, 5, 6, 4), pytest.approx(0.0))


def test_a_tilted_gantry_keeps_its_shear_and_is_told(tmp_path: Path) -> None:
    angle = np.radians(15.0)
    cosines = [1.0, 0.0, 0.0, 0.0, np.cos(angle), np.sin(angle)]
    files = series(tmp_path, volume(), step=(0, 0, 3.0), ImageOrientationPatient=cosines, GantryDetectorTilt=15.0)
    image = read_dicom_series(files)
    report = inspect_series(files)
    assert report.tilt_degrees == pytest.approx(15.0)
    assert kinds(files, "note") == ["gantry_tilt"]
    assert report.readable
    assert image.affine is not None
    # voxel (0, 0, k) stands where slice k says, although that is not along the normal
    for k in (0, 4):
        assert (image.affine @ [0, 0, k, 1])[:3] == pytest.approx([-10.0, -20.0, -5.0 + 3.0 * k])
    assert image.spacing_mm == pytest.approx((3.0, 0.5, 0.25))
    assert abs(image.affine[:3, 1] @ image.affine[:3, 2]) > 0.1


def test_what_is_wrong_is_told_file_by_file(tmp_path: Path) -> None:
    files = series(tmp_path / "gap", volume(8))
    assert kinds(files) == []
    assert kinds([*files[:3], *files[4:]]) == ["missing_slice"]
    report = inspect_series([*files[:3], *files[5:]])
    assert report.findings[0].which == (files[2].name, files[5].name)
    assert "(2 of them)" in report.findings[0].what
    assert not report.readable
    assert report.shape == (1, 6, 6, 4)
    twin = slice_file(tmp_path / "twin.dcm", volume()[0], (10.0, 20.0, -5.0 + 2 * 2.0))
    assert kinds([*files, twin]) == ["duplicate_slice"]
    assert set(inspect_series([*files, twin]).findings[0].which) == {files[2].name, "twin.dcm"}
    scout = slice_file(tmp_path / "scout.dcm", volume()[0], (0, 0, 0), ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    assert kinds([*files, scout]) == ["localizer"]
    named = slice_file(
        tmp_path / "named.dcm", volume()[0], (10, 20, 40), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    assert kinds([*files, named]) == ["localizer"]
    assert inspect_series([*files, named]).order == tuple(files)
    other = slice_file(tmp_path / "other.dcm", volume(), (10, 20, 11.0), PatientID="P2")
    assert kinds([*files, other]) == ["several_patients"]
    large = slice_file(tmp_path / "large.dcm", volume(1, 8, 8)[0], (10, 20, 11.0))
    assert kinds([*files, large]) == ["several_sizes"]
    coarse = slice_file(tmp_path / "coarse.dcm", volume()[0], (10, 20, 11.0), PixelSpacing=[1, 1])
    assert kinds([*files, coarse]) == ["several_spacings"]
    between = slice_file(tmp_path / "between.dcm", volume()[0], (10, 20, 9.0 + 2.7))
    assert kinds([*files, between]) == ["uneven_spacing"]
    bare = slice_file(tmp_path / "bare.dcm", volume()[0], (0, 0, 0), ImagePositionPatient=None)
    assert kinds([*files, bare]) == ["no_geometry"]
    assert kinds([bare]) == []
    lossy = series(tmp_path / "lossy", volume(), LossyImageCompression="01")
    assert kinds(lossy, "note") == ["lossy"]
    for bad in ([*files, twin], [*files, scout], [*files, large], [*files, bare], [*files, other]):
        with pytest.raises(DataError, match=r";"):
            read_dicom_series(bad)


def test_places_taken_several_times_become_moments(tmp_path: Path) -> None:
    truth = np.stack([volume() + 5000 * t for t in range(3)])
    files = []
    for t in (2, 0, 1):
        files += series(tmp_path / str(t), truth[t], TemporalPositionIdentifier=t + 1, TriggerTime=float(97 * t))
    image = read_dicom_series(tmp_path)
    assert image.array.shape == (1, 3, 5, 6, 4)
    np.testing.assert_array_equal(image.array[0], truth - 1000.0)
    assert image.spacing_mm == pytest.approx((2.0, 0.5, 0.25))
    assert inspect_series(tmp_path).shape == (3, 5, 6, 4)
    with pytest.raises(DataError, match="places that have not 3 of them"):
        read_dicom_series(files[:-1])


def test_frames_of_an_enhanced_object_are_sorted_by_place_and_time(tmp_path: Path) -> None:
    truth = np.random.default_rng(0).integers(0, 900, (2, 4, 6, 5)).astype(np.uint16)
    order = [(t, k) for t in range(2) for k in range(4)]
    np.random.default_rng(3).shuffle(order)
    places = [
        # in-stack positions run against the normal, as some scanners number them
        {"position": (1, 2, 3 + 2.5 * k), "index": (t + 1, 4 - k), "slope": 0.5 + k, "shift": -t}
        for t, k in order
    ]
    path = save(tmp_path / "mr.dcm", enhanced(np.stack([truth[t, k] for t, k in order]), places))
    image = read_dicom(path)
    assert image.array.shape == (1, 2, 4, 6, 5)
    slope = (0.5 + np.arange(4))[None, :, None, None]
    shift = -np.arange(2)[:, None, None, None]
    np.testing.assert_allclose(image.array[0], truth * slope + shift, rtol=1e-6)
    assert image.spacing_mm == pytest.approx((2.5, 0.5, 0.25))
    assert image.affine is not None
    assert (image.affine @ [0, 0, 3, 1])[:3] == pytest.approx([-1, -2, 10.5])


def test_frames_that_make_no_volume_claim_no_geometry(tmp_path: Path) -> None:
    frames = np.arange(3 * 4 * 4, dtype=np.uint16).reshape(3, 4, 4)
    turned = [{"position": (0, 0, 0)}, {"position": (0, 0, 1)}, {"position": (0, 0, 2), "cosines": OBLIQUE}]
    uneven = [{"position": (0, 0, z), "index": (1, i)} for i, z in enumerate((0, 1, 5))]
    missing = [{"position": (0, 0, z), "index": (t, z)} for t, z in ((1, 0), (1, 1), (2, 0))]
    for name, places in (("turned", turned), ("uneven", uneven), ("missing", missing)):
        image = read_dicom(save(tmp_path / f"{name}.dcm", enhanced(frames, places)))
        np.testing.assert_array_equal(image.array[0], frames, err_msg=name)
        assert (image.affine, image.spacing_mm) == (None, None)


def test_dose_is_scaled_and_placed(tmp_path: Path) -> None:
    grid = np.arange(3 * 4 * 5, dtype=np.uint32).reshape(3, 4, 5)
    data = dataset(
        grid, "1.2.840.10008.5.1.4.1.1.481.2", Modality="RTDOSE", DoseGridScaling=0.25, DoseUnits="GY",
        ImagePositionPatient=[1, 2, 3], ImageOrientationPatient=[1, 0, 0, 0, 1, 0], PixelSpacing=[2, 2],
        GridFrameOffsetVector=[0.0, 2.5, 5.0], FrameIncrementPointer=0x3004000C,
    )  # fmt: skip
    image = read_dicom(save(tmp_path / "dose.dcm", data))
    np.testing.assert_allclose(image.array[0], grid * 0.25)
    assert (image.unit, image.spacing_mm) == ("Gy", pytest.approx((2.5, 2, 2)))


@pytest.mark.filterwarnings("ignore")
def test_the_quick_header_says_what_the_full_one_says() -> None:
    quick = 0
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        try:
            full = open_dicom(path)
        except DataError:
            continue
        found = open_slice(path)
        for name in ("syntax", "keyword", "start", "length", "declared"):
            assert getattr(found, name) == getattr(full, name), (path.name, name)
        assert all(element == full.header[element.tag] for element in found.header), path.name
        quick += len(found.header) < len(full.header)
    assert quick >= 40


def test_sequences_of_undefined_length_are_stepped_over(tmp_path: Path) -> None:
    inner = Dataset()
    inner.CodeValue, inner.PurposeOfReferenceCodeSequence = "1", Items([Dataset(), Dataset()])
    data = dataset(volume()[0], ReferencedImageSequence=Items([inner, Dataset()]))
    for item in (inner, data):
        for element in item:
            if element.VR == "SQ":
                element.is_undefined_length = True
                for one in element.value:
                    one.is_undefined_length_sequence_item = True
    path = save(tmp_path / "a.dcm", data)
    assert len(open_slice(path).header) < len(open_dicom(path).header)
    np.testing.assert_array_equal(read_dicom_series([path]).array[0, 0], volume()[0])


def test_a_series_is_decoded_into_one_array(tmp_path: Path) -> None:
    files = series(tmp_path, np.zeros((60, 192, 192), np.int16))
    read_dicom_series(files[:2])  # imports
    tracemalloc.start()
    image = read_dicom_series(files)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert image.array.shape == (1, 60, 192, 192)
    assert peak <= 1.3 * image.array.nbytes
    with pytest.raises(DataError, match="more than the allowed"):
        read_dicom_series(files, limit=60 * 192 * 192 - 1)


def test_a_multi_frame_file_is_decoded_into_one_array(tmp_path: Path) -> None:
    path = save(tmp_path / "us.dcm", dataset(np.zeros((60, 192, 192), np.uint8), Modality="US"))
    read_dicom(path)
    tracemalloc.start()
    image = read_dicom(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 1.3 * image.array.nbytes
