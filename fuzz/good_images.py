"""Small good images of every kind, written here or read from installed libraries; each lies in a folder of its own."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def home(place: Path, name: str, file: str = "") -> Path:
    """Make a folder for one good file and return the file's path in it."""
    folder = place / name
    folder.mkdir(parents=True)
    return folder / (file or name)


def ramp(*shape: int) -> Array:
    """Return whole numbers that rise along every axis and wrap at 1,000."""
    grid = np.indices(shape or (6, 20, 24)).sum(axis=0)
    return (grid * 37 % 1000).astype(np.int16)


def _pydicom(name: str) -> Path:
    from pydicom.data import get_testdata_file

    found = get_testdata_file(name, download=False)
    assert found is not None
    return Path(str(found))


def dicom(place: Path) -> None:
    """Copy one small file of every kind of transfer syntax, colour and multi-frame that pydicom ships."""
    names = (
        "CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_RLE.dcm",
        "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "image_dfl.dcm", "liver_1frame.dcm",
        "693_J2KI.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_rle_2frame.dcm", "examples_palette.dcm", "JPEG-lossy.dcm",
        "JPGExtended.dcm", "JPEGLSNearLossless_16.dcm", "JPEG2000.dcm", "SC_rgb_jpeg_gdcm.dcm", "rtdose.dcm",
        "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_rle_16bit_2frame.dcm",
    )  # fmt: skip
    for name in names:
        shutil.copy(_pydicom(name), home(place, name, "main.dcm"))


def _slices(folder: Path, count: int = 4) -> None:
    import pydicom
    from pydicom.uid import generate_uid

    series = generate_uid(entropy_srcs=["fuzz"])
    for number in range(count):
        data = pydicom.dcmread(_pydicom("MR_small.dcm"))
        data.SeriesInstanceUID = series
        data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, 3.0 * number], [1, 0, 0, 0, 1, 0]
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["f", str(number)])
        data.InstanceNumber = number
        data.save_as(folder / f"{number}.dcm")


def dicom_series(place: Path) -> None:
    """Write a series of four slices."""
    _slices(home(place, "series").parent)


def dicom_objects(place: Path) -> None:
    """Copy a segmentation, a report, a structure set, overlays and a picture for display."""
    for kind, name in (
        ("seg", "liver_1frame.dcm"), ("sr", "test-SR.dcm"), ("rtstruct", "rtstruct.dcm"),
        ("overlay", "examples_overlay.dcm"), ("display", "examples_palette.dcm"),
    ):  # fmt: skip
        shutil.copy(_pydicom(name), home(place, kind, f"main_{kind}.dcm"))


def dicomdir(place: Path) -> None:
    """Write a DICOMDIR beside its files."""
    import gc
    import warnings

    from pydicom.fileset import FileSet

    folder = home(place, "medium").parent
    source = folder.parent.parent / "slices"
    source.mkdir()
    _slices(source, 2)
    files = FileSet()
    for path in sorted(source.iterdir()):
        files.add(path)
    files.write(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pydicom leaves its temporary folder to the collector
        del files
        gc.collect()
    shutil.rmtree(source)


def dicom_zip(place: Path) -> None:
    """Write a zipped series."""
    target = home(place, "zip", "main.zip")
    source = place.parent / "zipped"
    source.mkdir()
    _slices(source)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.iterdir()):
            archive.write(path, f"study/{path.name}")
    shutil.rmtree(source)


def dicom_ecg(place: Path) -> None:
    """Copy a twelve-lead recording."""
    shutil.copy(_pydicom("waveform_ecg.dcm"), home(place, "ecg", "main.dcm"))


def nifti(place: Path) -> None:
    """Write NIfTI-1 and NIfTI-2, packed and plain, of three and four axes, with scaling and an extension."""
    import nibabel as nib

    affine = np.diag([-1.0, 1.0, 2.5, 1.0])
    data = ramp(24, 20, 6)
    nib.save(nib.Nifti1Image(data, affine), home(place, "plain", "main.nii"))
    nib.save(nib.Nifti1Image(data, affine), home(place, "packed", "main.nii.gz"))
    nib.save(nib.Nifti2Image(data.astype(np.float32), affine), home(place, "second", "main.nii"))
    four = nib.Nifti1Image(ramp(8, 9, 4, 3), affine)
    four.header.set_slope_inter(0.5, -3)
    four.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"made for a test"))
    nib.save(four, home(place, "four", "main.nii"))


def nrrd(place: Path) -> None:
    """Write NRRD raw, packed and with the data in a file of its own."""
    import nrrd as library

    header = {"space": "left-posterior-superior", "space directions": np.eye(3) * 2, "space origin": np.zeros(3)}
    data = ramp(12, 10, 4)
    library.write(str(home(place, "raw", "main.nrrd")), data, {**header, "encoding": "raw"})
    library.write(str(home(place, "gzip", "main.nrrd")), data, {**header, "encoding": "gzip"})
    library.write(str(home(place, "detached", "main.nhdr")), data, {**header, "encoding": "raw"})


def metaimage(place: Path) -> None:
    """Write MetaImage in one file and in two, plain and packed."""
    import zlib

    data = ramp(4, 10, 12).astype("<i2").tobytes()
    head = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = {}\n"
        "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\nElementSpacing = 1 1 2.5\nDimSize = 12 10 4\n"
        "ElementType = MET_SHORT\nElementDataFile = {}\n"
    )
    home(place, "one", "main.mha").write_bytes(head.format("False", "LOCAL").encode() + data)
    home(place, "packed", "main.mha").write_bytes(head.format("True", "LOCAL").encode() + zlib.compress(data))
    two = home(place, "two", "main.mhd")
    two.write_text(head.format("False", "values.raw"))
    two.with_name("values.raw").write_bytes(data)


def picture(place: Path) -> None:
    """Write pictures of every format and depth that is read."""
    from PIL import Image as Picture

    grey = (ramp(30, 40) % 255).astype(np.uint8)
    colour = Picture.fromarray(np.stack([grey, grey.T[:30, :40] if grey.T.shape == grey.shape else grey, grey], -1))
    for name in ("main.png", "main.jpg", "main.bmp", "main.gif", "main.webp", "main.tif", "main.ppm"):
        colour.save(home(place, name[5:], name))
    Picture.fromarray(grey.astype(np.uint16) * 200).save(home(place, "deep", "main.png"))
    colour.convert("P").save(home(place, "palette", "main.png"))
    pages = [Picture.fromarray(grey), Picture.fromarray(255 - grey)]
    pages[0].save(home(place, "pages", "main.tif"), save_all=True, append_images=pages[1:])


def slide(place: Path) -> None:
    """Write tiled pyramids: deflate, JPEG and OME."""
    import tifffile

    grey = (ramp(160, 192) % 255).astype(np.uint8)
    colour = np.stack([grey, 255 - grey, grey], axis=-1)
    for name, options in (("deflate", {"compression": "deflate"}), ("jpeg", {"compression": "jpeg"})):
        with tifffile.TiffWriter(home(place, name, "main.tif")) as writer:
            writer.write(colour, tile=(64, 64), subifds=1, photometric="rgb", **options)
            writer.write(colour[::2, ::2], tile=(64, 64), subfiletype=1, photometric="rgb", **options)
    with tifffile.TiffWriter(home(place, "ome", "main.ome.tif"), ome=True) as writer:
        writer.write(np.stack([grey, grey]), tile=(64, 64), metadata={"axes": "CYX"})


def array(place: Path) -> None:
    """Write NPY and NPZ."""
    np.save(home(place, "npy", "main.npy"), ramp(12, 14).astype(np.float32))
    np.savez_compressed(home(place, "npz", "main.npz"), image=ramp(3, 12, 14))
    np.savez(home(place, "stored", "main.npz"), image=ramp(12, 14))
