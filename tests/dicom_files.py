"""Small DICOM files that tests write: single slices, series, enhanced multi-frame objects."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT, SC, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.4.1"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def dataset(pixels: np.ndarray, sop_class: str = CT, **fields: Any) -> FileDataset:
    """Return a data set with native pixels: `(H, W)`, `(H, W, 3)` or `(F, H, W)`."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, generate_uid()
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2"
    data.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.3"
    data.Modality, data.PatientID = "CT", "P1"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    data.Rows, data.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        data.NumberOfFrames = len(pixels)
    data.BitsAllocated = data.BitsStored = pixels.dtype.itemsize * 8
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(pixels.dtype.kind == "i")
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    for name, value in fields.items():
        if value is None:
            if name in data:
                del data[name]
        else:
            setattr(data, name, value)
    return data


def save(path: Path, data: FileDataset) -> Path:
    """Write a data set."""
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def rename_syntax(path: Path, uid: str) -> Path:
    """Give a compressed file another transfer syntax UID, one that pydicom does not write."""
    raw = path.read_bytes()
    start = raw.index(b"\x02\x00\x10\x00UI")
    length = int.from_bytes(raw[start + 6 : start + 8], "little")
    name = uid.encode() + b"\0" * (len(uid) % 2)
    group = int.from_bytes(raw[140:144], "little") + len(name) - length
    head = raw[:140] + group.to_bytes(4, "little") + raw[144 : start + 6] + len(name).to_bytes(2, "little")
    path.write_bytes(head + name + raw[start + 8 + length :])
    return path


def slice_file(path: Path, pixels: np.ndarray, position: Sequence[float], **fields: Any) -> Path:
    """Write one CT slice, axial unless `ImageOrientationPatient` says else."""
    place = {
        "ImagePositionPatient": [float(value) for value in position],
        "ImageOrientationPatient": list(AXIAL),
        "PixelSpacing": [0.5, 0.25],
        "SliceThickness": 1.0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1000,
    }
    return save(path, dataset(pixels, **{**place, **fields}))


def series(folder: Path, volume: np.ndarray, step: Sequence[float] = (0, 0, 2.0), **fields: Any) -> list[Path]:
    """Write the slices of a volume `(D, H, W)`, names in another order than places; return the files by place."""
    folder.mkdir(parents=True, exist_ok=True)
    names = np.random.default_rng(0).permutation(len(volume))
    return [
        slice_file(
            folder / f"{names[k]:04d}.dcm", volume[k], np.array([10.0, 20.0, -5.0]) + k * np.array(step), **fields
        )
        for k in range(len(volume))
    ]


def compressed(data: FileDataset, syntax: str, frames: Sequence[bytes], with_table: bool = True) -> FileDataset:
    """Put frames that are already compressed into a data set."""
    data.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    data.PixelData = encapsulate(list(frames), has_bot=with_table)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return data


def enhanced(frames: np.ndarray, places: Sequence[dict[str, Any]], **fields: Any) -> FileDataset:
    """Return an enhanced MR object; each place gives `position` and may give `index`, `slope`, `shift`, `cosines`."""
    data = dataset(frames, ENHANCED_MR, Modality="MR", **fields)
    shared = Dataset()
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.25], 1.0
    shared.PixelMeasuresSequence = Items([measures])
    data.SharedFunctionalGroupsSequence = Items([shared])
    pointers = []
    for pointer in (0x00209128, 0x00209057):  # temporal position, in-stack position
        item = Dataset()
        item.DimensionIndexPointer, item.FunctionalGroupPointer = pointer, 0x00209111
        pointers.append(item)
    data.DimensionIndexSequence = Items(pointers)
    data.PerFrameFunctionalGroupsSequence = Items([_groups(place) for place in places])
    return data


def _groups(place: dict[str, Any]) -> Dataset:
    frame, content, position, orientation = Dataset(), Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = list(place.get("index", (1, 1)))
    position.ImagePositionPatient = [float(value) for value in place["position"]]
    orientation.ImageOrientationPatient = list(place.get("cosines", AXIAL))
    frame.FrameContentSequence = Items([content])
    frame.PlanePositionSequence = Items([position])
    frame.PlaneOrientationSequence = Items([orientation])
    if "slope" in place:
        value = Dataset()
        value.RescaleSlope, value.RescaleIntercept, value.RescaleType = place["slope"], place.get("shift", 0), "US"
        frame.PixelValueTransformationSequence = Items([value])
    return frame
