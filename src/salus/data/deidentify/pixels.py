"""What pixels and overlays show: burned-in text, text drawn in overlays, faces, and planes hidden in spare bits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.deidentify.burned_in import Box, find_burned_in, mask_boxes
from salus.data.deidentify.elements import many
from salus.data.deidentify.plan import Plan
from salus.data.limits import max_values
from salus.schema.errors import DataError

MASKED = "burned-in text masked"
LOOKED = "searched for burned-in text, none found"
FACE = "face removed"
SPARE = "spare bits cleared"
OVERLAY = "overlay text masked"
_SLICES = ("CT", "MR", "PT", "NM")
_CERTAIN = 0.95


def holds_pixels(dataset: Any) -> bool:
    """Tell whether a data set has integer pixel data of its own."""
    return "PixelData" in dataset and "Rows" in dataset and "Columns" in dataset


def clean_pixels(dataset: Any, plan: Plan, face: NDArray[np.bool_] | None) -> tuple[str, ...]:
    """Take what identifies out of the pixels of a data set, in place.

    Args:
        dataset: With pixel data; compressed pixels are decoded only where something has to be looked for.
        plan: What to clean.
        face: True where a face is, `(H, W)` or `(F, H, W)`; None leaves faces alone.

    Returns:
        What was done, in words without values.

    Raises:
        DataError: More pixels than allowed, or pixels that cannot be decoded although they must be looked at.

    Source:
        DICOM PS3.15, E.3.1, E.3.2, E.3.3.
    """
    notes = []
    if plan.clean_graphics and _clean_overlays(dataset):
        notes.append(OVERLAY)
    if _clear_spare_bits(dataset):
        notes.append(SPARE)
    boxes: tuple[Box, ...] = ()
    picture = int(dataset.BitsAllocated) > 1 and "PhotometricInterpretation" in dataset
    if plan.clean_pixels and picture:
        boxes = tuple(box for box in find_burned_in(_shown(dataset)) if _believed(box, dataset))
        dataset.BurnedInAnnotation = "NO"
        notes.append(MASKED if boxes else LOOKED)
    if face is not None and face.any():
        notes.append(FACE)
    if face is not None:
        dataset.RecognizableVisualFeatures = "NO"
    if boxes or (face is not None and face.any()):
        _paint(dataset, boxes, face)
    return tuple(notes)


def _believed(box: Box, dataset: Any) -> bool:
    """Tell whether a box is to be blackened.

    Slices as they come from a scanner hardly ever show text, and a false box would take anatomy away: there a word of
    four letters must have been read, or the line must look like text beyond doubt.
    """
    kind = str(next(iter(many(dataset.get("ImageType", None))), ""))
    if (
        dataset.get("Modality", "") not in _SLICES
        or kind != "ORIGINAL"
        or dataset.get("BurnedInAnnotation", "") == "YES"
    ):
        return True
    read = sum(letter.isalnum() for letter in box.text)
    return read >= 4 or box.score >= _CERTAIN


def _shown(dataset: Any) -> NDArray[Any]:
    """Return the picture as `(C, F, H, W)`, palette applied."""
    from pydicom.pixels.processing import apply_color_lut

    size = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("SamplesPerPixel", 1) or 1)
    if size * int(dataset.get("NumberOfFrames", 1) or 1) > max_values():
        raise DataError("more pixels than SALUS_MAX_VALUES allows to decode")
    array = _decoded(dataset)
    colour = int(dataset.get("SamplesPerPixel", 1) or 1) > 1
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        array, colour = np.asarray(apply_color_lut(array, dataset)), True
    frames = array.reshape(-1, *array.shape[-3 if colour else -2 :])
    return np.moveaxis(frames, -1, 0) if colour else frames[None]


def _decoded(dataset: Any) -> NDArray[Any]:
    from salus.data.readers.dicom_codecs import plug_in

    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_compressed:
        plug_in(str(syntax))
    return np.asarray(dataset.pixel_array)


def _paint(dataset: Any, boxes: Sequence[Box], face: NDArray[np.bool_] | None) -> None:
    if dataset.file_meta.TransferSyntaxUID.is_compressed or dataset.PhotometricInterpretation.startswith("YBR_FULL_4"):
        _paint_decoded(dataset, boxes, face)
    else:
        _paint_native(dataset, boxes, face)
    kinds = [str(kind) for kind in many(dataset.get("ImageType", None))]
    # In enhanced objects other attributes hang on this value, and each frame has its own.
    if kinds and kinds[0] == "ORIGINAL" and "SharedFunctionalGroupsSequence" not in dataset:
        dataset.ImageType = ["DERIVED", *kinds[1:]]
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in dataset:
            del dataset[keyword]


def _paint_native(dataset: Any, boxes: Sequence[Box], face: NDArray[np.bool_] | None) -> None:
    samples = int(dataset.get("SamplesPerPixel", 1) or 1)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    kind = f"{'>' if not dataset.original_encoding[1] else '<'}{_letter(dataset)}{int(dataset.BitsAllocated) // 8}"
    data = dataset.PixelData
    count = frames * rows * columns * samples
    stored = np.frombuffer(data, dtype=kind, count=count)
    apart = samples > 1 and int(dataset.get("PlanarConfiguration", 0) or 0) == 1
    shape = (frames, samples, rows, columns) if apart or samples == 1 else (frames, rows, columns, samples)
    array = stored.reshape(shape)
    array = array if apart or samples == 1 else np.moveaxis(array, -1, 1)
    array = _painted(array, boxes, face, _black(dataset, array))
    array = array if apart or samples == 1 else np.moveaxis(array, 1, -1)
    dataset.PixelData = np.ascontiguousarray(array, dtype=kind).tobytes() + data[count * np.dtype(kind).itemsize :]


def _paint_decoded(dataset: Any, boxes: Sequence[Box], face: NDArray[np.bool_] | None) -> None:
    """Decode, paint, and pack again without loss where the pixels were so before; else leave them plain."""
    from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

    before = dataset.file_meta.TransferSyntaxUID
    decoded = _decoded(dataset)
    samples = int(dataset.get("SamplesPerPixel", 1) or 1)
    frames = decoded.reshape(-1, *decoded.shape[-3 if samples > 1 else -2 :])
    planes = np.moveaxis(frames, -1, 1) if samples > 1 else frames[:, None]
    light = "RGB" if samples == 3 else str(dataset.PhotometricInterpretation)
    planes = _painted(planes, boxes, face, _black(dataset, planes, light))
    array = np.moveaxis(planes, 1, -1) if samples > 1 else planes[:, 0]
    array = np.ascontiguousarray(array.reshape(decoded.shape))
    bits = int(dataset.BitsStored)
    dataset.set_pixel_data(array, light, bits, generate_instance_uid=False)
    # Colour in JPEG 2000 is kept transformed, which the encoder does not do; it stays plain.
    if before in (JPEGLSLossless, RLELossless) or (before == JPEG2000Lossless and samples == 1):
        dataset.compress(before, generate_instance_uid=False)


def _painted(
    planes: NDArray[Any], boxes: Sequence[Box], face: NDArray[np.bool_] | None, black: Sequence[float]
) -> NDArray[Any]:
    """Paint `(F, C, H, W)` in each channel's black."""
    done = planes.copy()
    for channel, value in enumerate(black):
        if boxes:
            done[:, channel] = mask_boxes(done[:, channel], boxes, fill=value)
        if face is not None and face.any():
            done[:, channel][np.broadcast_to(face, done[:, channel].shape)] = value
    return done


def _black(dataset: Any, planes: NDArray[Any], light: str | None = None) -> list[float]:
    """Return the darkest value of each channel: the greatest where high is dark, the middle for colour differences."""
    shown = light or str(dataset.PhotometricInterpretation)
    if shown.startswith("YBR"):
        middle = 1 << (int(dataset.BitsStored) - 1)
        return [0, middle, middle]
    dark = float(planes.max() if shown == "MONOCHROME1" else planes.min())
    return [0.0] * planes.shape[1] if planes.shape[1] > 1 else [dark]


def _letter(dataset: Any) -> str:
    return "i" if int(dataset.get("PixelRepresentation", 0) or 0) == 1 else "u"


def _clear_spare_bits(dataset: Any) -> bool:
    """Clear what lies in bits above and below the stored ones: overlays were once kept there.

    Source:
        DICOM PS3.5 (2004), 8.1.2; retired since.
    """
    bits, stored = int(dataset.BitsAllocated), int(dataset.get("BitsStored", 0) or 0)
    high = int(dataset.get("HighBit", stored - 1) or 0)
    syntax = dataset.file_meta.TransferSyntaxUID if getattr(dataset, "file_meta", None) else None
    if bits not in (8, 16) or not 0 < stored < bits or not 0 <= high < bits or high + 1 < stored:
        return False
    if syntax is not None and "TransferSyntaxUID" in dataset.file_meta and syntax.is_compressed:
        return False
    kind = f"{'<' if dataset.original_encoding[1] else '>'}u{bits // 8}"
    data = dataset.PixelData
    if not isinstance(data, bytes) or len(data) % (bits // 8):
        return False
    values = np.frombuffer(data, dtype=kind)
    used = ((1 << stored) - 1) << (high + 1 - stored)
    above = ((1 << bits) - 1) & ~((1 << (high + 1)) - 1)
    signed = _letter(dataset) == "i"
    negative = ((values >> high) & 1).astype(bool) & signed
    spare = values & (((1 << bits) - 1) & ~used)
    # Zeros, or the sign drawn out to the left, are no hidden plane.
    if not (spare[~((spare == 0) | (negative & (spare == above)))]).any():
        return False
    dataset.PixelData = np.asarray((values & used) | np.where(negative, above, 0), dtype=kind).tobytes()
    return True


def _clean_overlays(dataset: Any) -> bool:
    """Blacken text in overlay bitmaps; groups without a bitmap of their own, and curves, are removed."""
    found = False
    for group in range(0x6000, 0x6100, 2):
        if (group, 0x0010) not in dataset and (group, 0x3000) not in dataset:
            continue
        if (group, 0x3000) not in dataset:
            _drop_group(dataset, group)
            continue
        bitmap = np.asarray(dataset.overlay_array(group))
        frames = bitmap.reshape(1, -1, *bitmap.shape[-2:])
        boxes = find_burned_in((frames * 255).astype(np.uint8), read=False)
        if boxes:
            cleaned = mask_boxes(frames, boxes, fill=0)
            packed = np.packbits(cleaned.astype(np.uint8).ravel(), bitorder="little").tobytes()
            dataset[group, 0x3000].value = packed + b"\0" * (len(packed) % 2)
            found = True
    return found


def _drop_group(dataset: Any, group: int) -> None:
    for tag in [tag for tag in list(dataset.keys()) if tag.group == group]:
        del dataset[tag]
