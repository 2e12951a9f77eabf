"""DICOM to array to NIfTI, NRRD and SEG and back: a point of the patient stays where it was, in every orientation.

The truth is worked out here from the planes that are written, not by the code under test. nibabel, SimpleITK, dcm2niix
and highdicom are the second opinions.
"""

import shutil
import subprocess
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - its own name for itself
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from salus.data.export.volume import write_nifti, write_nrrd
from salus.data.frame import ORIENTATIONS, orientation_of, spacing_of, to_world
from salus.data.readers.dicom import read_dicom_series
from salus.data.readers.nifti import read_nifti
from salus.data.readers.nrrd import read_nrrd
from salus.schema.sample import Image

SHAPE = (7, 12, 10)  # slices, rows, columns
SPACING = (2.5, 0.9, 0.7)
LANDMARKS = ((8, 2, 1), (1, 9, 2), (7, 10, 5), (2, 3, 6))  # column, row, slice as written
LPS = np.array([-1.0, -1.0, 1.0])
_LETTERS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


def axes_of(code: str, turn: np.ndarray) -> np.ndarray:
    """Return the unit directions of column, row and slice index in LPS, as columns."""
    axes = np.zeros((3, 3))
    for voxel, letter in enumerate(code):
        axis, sign = _LETTERS[letter]
        axes[axis, voxel] = sign
    return turn @ axes


def rotation(seed: int, degrees: float) -> np.ndarray:
    about = np.random.default_rng(seed).normal(size=3)
    about /= np.linalg.norm(about)
    cross = np.cross(np.eye(3), about)
    angle = np.deg2rad(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def write_series(folder: Path, code: str, turn: np.ndarray, step: np.ndarray | None = None) -> dict[int, np.ndarray]:
    """Write a CT series; return the value of each landmark and its place in the patient, RAS mm.

    The files are named in an order that has nothing to do with their place.
    """
    folder.mkdir(parents=True)
    axes, origin = axes_of(code, turn), np.array([-31.0, 17.0, 55.0])
    step = axes[:, 2] * SPACING[0] if step is None else step
    array = np.zeros(SHAPE, np.int16)
    places = {}
    for number, (i, j, k) in enumerate(LANDMARKS):
        array[k, j, i] = 1000 + 100 * number
        places[1000 + 100 * number] = LPS * (
            origin + i * SPACING[2] * axes[:, 0] + j * SPACING[1] * axes[:, 1] + k * step
        )
    uids = [generate_uid(entropy_srcs=[code, part]) for part in ("study", "series", "frame")]
    names = np.random.default_rng(0).permutation(SHAPE[0])
    for k in range(SHAPE[0]):
        data = pydicom.Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid(entropy_srcs=[code, str(k)])
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = uids
        data.PatientID, data.PatientName, data.PatientBirthDate, data.PatientSex = "1", "Test^Test", "", ""
        data.StudyID, data.StudyDate, data.StudyTime, data.AccessionNumber = "1", "20200101", "101010", ""
        data.ReferringPhysicianName, data.Manufacturer, data.PositionReferenceIndicator = "", "Test", ""
        data.ImageType, data.SeriesNumber, data.Modality = ["ORIGINAL", "PRIMARY", "AXIAL"], 3, "CT"
        data.InstanceNumber = int(names[k]) + 1
        data.ImagePositionPatient = [f"{value:.10g}" for value in origin + k * step]
        data.ImageOrientationPatient = [f"{value:.10g}" for value in (*axes[:, 0], *axes[:, 1])]
        data.PixelSpacing, data.SliceThickness = [SPACING[1], SPACING[2]], SPACING[0]
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 1
        data.Rows, data.Columns = SHAPE[1:]
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, 0, "HU"
        data.PixelData = array[k].tobytes()
        data.save_as(folder / f"{names[k]:03d}.dcm", enforce_file_format=True)
    return places


def errors_of(places: dict[int, np.ndarray], array: np.ndarray, affine: np.ndarray) -> float:
    """Return the largest distance in voxels between where landmarks are and where they were; array is (k, j, i)."""
    worst = 0.0
    for value, point in places.items():
        found = np.argwhere(np.asarray(array) == value)
        assert len(found) == 1, f"landmark {value} is in {len(found)} voxels"
        k, j, i = found[0]
        here = np.asarray(affine)[:3] @ (i, j, k, 1)
        worst = max(worst, float(np.abs(np.linalg.solve(np.asarray(affine)[:3, :3], here - point)).max()))
    return worst


def itk_errors(places: dict[int, np.ndarray], image: sitk.Image) -> float:
    affine = np.eye(4)
    affine[:3, :3] = LPS[:, None] * np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = LPS * np.array(image.GetOrigin())
    return errors_of(places, np.rint(sitk.GetArrayFromImage(image)), affine)


CASES = [(code, 0.0) for code in ORIENTATIONS] + [(code, 33.0) for code in ORIENTATIONS[::5]]


@pytest.mark.parametrize(("code", "degrees"), CASES)
def test_landmarks_stay_in_place(tmp_path: Path, code: str, degrees: float) -> None:
    places = write_series(tmp_path / "in", code, rotation(CASES.index((code, degrees)), degrees))
    image = read_dicom_series(tmp_path / "in")
    assert image.array.shape == (1, *SHAPE)
    assert errors_of(places, image.array[0], image.affine) < 1e-4
    assert image.spacing_mm == pytest.approx(SPACING, rel=1e-4)
    if not degrees:
        # slices lie along the normal of the planes, so the left-handed half comes back with its slices turned
        assert orientation_of(image.affine)[:2] == code[:2]
        assert np.linalg.det(image.affine[:3, :3]) > 0
    write_nifti(tmp_path / "a.nii.gz", image)
    theirs = nib.load(tmp_path / "a.nii.gz")
    for form in (theirs.get_sform(), theirs.get_qform()):
        assert errors_of(places, np.asarray(theirs.dataobj).transpose(), form) < 1e-3
    assert itk_errors(places, sitk.ReadImage(str(tmp_path / "a.nii.gz"))) < 1e-3
    again = read_nifti(tmp_path / "a.nii.gz")
    assert again.array.dtype == image.array.dtype
    assert errors_of(places, again.array[0], again.affine) < 1e-3
    write_nrrd(tmp_path / "a.nrrd", image)
    again = read_nrrd(tmp_path / "a.nrrd")
    assert errors_of(places, again.array[0], again.affine) < 1e-4
    assert itk_errors(places, sitk.ReadImage(str(tmp_path / "a.nrrd"))) < 1e-4


@pytest.mark.slow
def test_dcm2niix_and_simpleitk_read_the_same_series_alike(tmp_path: Path) -> None:
    program = shutil.which("dcm2niix")
    if program is None:
        pytest.skip("dcm2niix is not installed")
    for code, degrees in CASES[::3]:
        home = tmp_path / f"{code}{degrees:g}"
        places = write_series(home / "in", code, rotation(3, degrees))
        image = read_dicom_series(home / "in")
        assert errors_of(places, image.array[0], image.affine) < 1e-4
        (home / "out").mkdir()
        subprocess.run(
            [program, "-b", "n", "-z", "n", "-f", "a", "-o", str(home / "out"), str(home / "in")],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        theirs = nib.load(next((home / "out").glob("*.nii")))
        assert errors_of(places, np.asarray(theirs.dataobj).transpose(), theirs.affine) < 1e-3
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(home / "in")))
        assert itk_errors(places, reader.Execute()) < 1e-2


@pytest.mark.slow
def test_a_mask_becomes_a_segmentation_in_the_frame_of_its_series(tmp_path: Path) -> None:
    """highdicom writes SEG of the mask that was read here, slice for slice; read back, each point is where it was."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    for code, degrees in CASES[::6]:
        home = tmp_path / f"{code}{degrees:g}"
        places = write_series(home / "in", code, rotation(4, degrees))
        image = read_dicom_series(home / "in")
        sources = [pydicom.dcmread(file) for file in (home / "in").iterdir()]
        normal = np.cross(*np.array(sources[0].ImageOrientationPatient, dtype=float).reshape(2, 3))
        sources.sort(key=lambda data: float(np.array(data.ImagePositionPatient, dtype=float) @ normal))
        segment = hd.seg.SegmentDescription(
            segment_number=1, segment_label="mark",
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Lesion, algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )  # fmt: skip
        for value, point in places.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seg = hd.seg.Segmentation(
                    source_images=sources, pixel_array=(image.array[0] == value).astype(np.uint8),
                    segmentation_type=hd.seg.SegmentationTypeValues.BINARY, segment_descriptions=[segment],
                    series_instance_uid=generate_uid(), series_number=9, sop_instance_uid=generate_uid(),
                    instance_number=1, manufacturer="Test", manufacturer_model_name="Test",
                    software_versions="1", device_serial_number="1", omit_empty_frames=False,
                )  # fmt: skip
                seg.save_as(home / "seg.dcm")
                volume = hd.seg.segread(home / "seg.dcm").get_volume(combine_segments=True)
            place = LPS * (volume.affine @ (*np.argwhere(volume.array > 0)[0], 1))[:3]
            assert np.abs(np.linalg.solve(image.affine[:3, :3], place - point)).max() < 1e-3


def test_a_tilted_gantry_keeps_its_shear(tmp_path: Path) -> None:
    step = np.array([0.0, 0.6, 2.5])
    places = write_series(tmp_path / "in", "LPS", np.eye(3), step)
    image = read_dicom_series(tmp_path / "in")
    assert errors_of(places, image.array[0], image.affine) < 1e-4
    write_nifti(tmp_path / "a.nii", image)
    header = nib.load(tmp_path / "a.nii").header
    assert int(header["qform_code"]) == 0  # a qform cannot hold a shear
    again = read_nifti(tmp_path / "a.nii")
    assert errors_of(places, again.array[0], again.affine) < 1e-3
    write_nrrd(tmp_path / "a.nrrd", image)
    assert errors_of(places, read_nrrd(tmp_path / "a.nrrd").array[0], read_nrrd(tmp_path / "a.nrrd").affine) < 1e-4


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int16, np.uint32, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 4, 5), (3, 4, 5), (1, 3, 4, 5), (2, 3, 4, 5), (1, 6, 3, 4, 5), (2, 6, 3, 4, 5)])
def test_every_shape_and_type_comes_back(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    array = np.random.default_rng(0).integers(0, 2 if dtype is np.bool_ else 100, shape).astype(dtype)
    affine = np.diag([-0.7, -0.9, 2.5, 1.0])
    spatial = spacing_of(affine)[-(2 if len(shape) == 3 else 3) :]
    image = Image(array=array, spacing_mm=spatial, affine=affine)
    for name, write, read in (("a.nii.gz", write_nifti, read_nifti), ("a.nrrd", write_nrrd, read_nrrd)):
        write(tmp_path / name, image)
        back = read(tmp_path / name)
        full = array if len(shape) > 3 else array[:, None]
        assert (back.array.reshape(full.shape) == full).all()
        assert back.affine == pytest.approx(affine, rel=1e-6)
        # double precision survives in NRRD; NIfTI floats are read as float32
        kind = {"bool": "uint8", "float16": "float32"}.get(array.dtype.name, array.dtype.name)
        assert back.array.dtype == (np.float32 if name.endswith("gz") and kind == "float64" else kind)


def test_world_points_are_those_of_the_standard() -> None:
    """DICOM's plane equation, worked by hand: row 2, column 3 of the second slice."""
    affine = np.array([[-0.7, 0, 0, 31.0], [0, -0.9, 0, -17.0], [0, 0, 2.5, 55.0], [0, 0, 0, 1]])
    assert to_world(affine, (3, 2, 1)) == pytest.approx((31 - 2.1, -17 - 1.8, 57.5))
