"""The header of a plain slice, read at a fifth of the cost: only what an image volume needs is kept.

Parsing is what reading an uncompressed series costs most: some 250 elements a slice of which thirty matter. This walk
over the elements keeps those thirty, leaves their conversion to pydicom, and gives up on anything that is not a plain
little-endian slice (the full parser then takes over).

Source: DICOM PS3.5, 7.1 (data element structure), 7.5 (nested data sets), PS3.10, 7.1 (file meta information).
"""

from pathlib import Path
from typing import Any

from salus.data.limits import existing
from salus.data.readers.dicom_file import DicomFile, declared_size, guarded, open_dicom

_HEAD = 2**16
_IMPLICIT = "1.2.840.10008.1.2"
_UNFIT = ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = {0x7FE00010: "PixelData", 0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData"}
_WANTED = frozenset(
    (
        0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080060,  # letters, type, class, instance, modality
        0x00100020, 0x00180050, 0x00180081, 0x00181060, 0x00181120,  # patient, thickness, echo, trigger, tilt
        0x00181164, 0x00189087, 0x0020000D, 0x0020000E, 0x00200012,  # detector, b-value, study, series, acquisition
        0x00200013, 0x00200032, 0x00200037, 0x00200052, 0x00200100,  # number, position, orientation, frame, moment
        0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010,  # samples, polarity, planes, frames, rows
        0x00280011, 0x00280030, 0x00280100, 0x00280101, 0x00280102,  # columns, spacing, bits
        0x00280103, 0x00281052, 0x00281053, 0x00281054, 0x00282110,  # sign, rescale, loss
        0x00541001, 0x7FE00001, 0x7FE00002,  # PET unit, offset tables
    )
)  # fmt: skip
_COMPLEX = frozenset(
    # modality table, palettes, functional groups, segments, dose scaling: for the full parser
    (0x00283000, 0x00281101, 0x00281102, 0x00281103, 0x52009229, 0x52009230, 0x00620002, 0x3004000E, 0x00209222)
)


def open_slice(path: Path | str) -> DicomFile:
    """Parse a file up to its pixels, a plain slice quickly: its header then holds only what an image volume needs.

    Raises:
        DataError: Not DICOM, or damaged.
    """
    found = existing(path)
    with found.open("rb") as handle:
        head = handle.read(_HEAD)
    with guarded(found):
        quick = _quick(found, head)
    return open_dicom(found) if quick is None else quick


def _quick(path: Path, head: bytes) -> DicomFile | None:
    if head[128:132] != b"DICM" or head[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        return None
    start = 144 + int.from_bytes(head[140:144], "little")
    mark = head.find(b"\x02\x00\x10\x00UI", 144, min(start, len(head)))
    if mark < 0 or start > len(head):
        return None
    length = int.from_bytes(head[mark + 6 : mark + 8], "little")
    syntax = head[mark + 8 : mark + 8 + length].rstrip(b"\0 ").decode("ascii", "replace")
    if syntax in _UNFIT or not syntax.startswith("1.2.840.10008.1.2"):
        return None
    implicit = syntax == _IMPLICIT
    found, place = _walk(head, start, implicit)
    if place < 0:
        return None
    header = _dataset(head, found, implicit)
    tag, vr, at, size = _element(head, place, implicit)
    if not implicit and vr not in (b"OB", b"OW", b"OF", b"OD"):
        return None
    return DicomFile(
        path=path,
        header=header,
        syntax=syntax,
        keyword=_PIXELS[tag],
        vr="OW" if implicit else vr.decode("ascii"),
        start=at,
        length=None if size == _UNDEFINED else size,
        declared=declared_size(header),
    )


def _walk(head: bytes, place: int, implicit: bool) -> tuple[dict[int, tuple[bytes, int, int]], int]:
    """Return (VR, start, length) of the wanted elements and where the pixel element begins, -1 to give up."""
    found: dict[int, tuple[bytes, int, int]] = {}
    last = len(head) - 12
    while 0 <= place <= last:
        tag, vr, at, length = _element(head, place, implicit)
        if tag in _PIXELS:
            return found, place
        if tag in _COMPLEX or tag > 0x7FE00010:
            break
        if length == _UNDEFINED:
            place = _skip(head, at, implicit)
            continue
        if tag in _WANTED:
            found[tag] = (vr, at, length)
        place = at + length
    return found, -1


def _skip(head: bytes, place: int, implicit: bool) -> int:
    """Return where a sequence of undefined length ends, -1 where it does not within what was read."""
    depth = 1
    last = len(head) - 12
    while 0 <= place <= last:
        tag = (head[place + 1] << 24) | (head[place] << 16) | (head[place + 3] << 8) | head[place + 2]
        if tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
            length = int.from_bytes(head[place + 4 : place + 8], "little")
            place += 8
            if tag == _ITEM and length == _UNDEFINED:
                depth += 1
            elif tag == _ITEM:
                place += length
            else:
                depth -= 1
            if depth == 0:
                return place
            continue
        _, _, at, length = _element(head, place, implicit)
        if length == _UNDEFINED:
            depth += 1
            place = at
        else:
            place = at + length
    return -1


def _element(head: bytes, place: int, implicit: bool) -> tuple[int, bytes, int, int]:
    """Return tag, VR, start of the value and its length."""
    tag = (head[place + 1] << 24) | (head[place] << 16) | (head[place + 3] << 8) | head[place + 2]
    if implicit:
        return tag, b"", place + 8, int.from_bytes(head[place + 4 : place + 8], "little")
    vr = head[place + 4 : place + 6]
    if vr in _LONG:
        return tag, vr, place + 12, int.from_bytes(head[place + 8 : place + 12], "little")
    return tag, vr, place + 8, int.from_bytes(head[place + 6 : place + 8], "little")


def _dataset(head: bytes, found: dict[int, tuple[bytes, int, int]], implicit: bool) -> Any:
    """Return the elements as pydicom's data set, each converted when it is asked for."""
    from pydicom.charset import convert_encodings
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    made: Any = {
        BaseTag(tag): RawDataElement(
            BaseTag(tag), vr.decode("latin-1") if vr else None, length, head[at : at + length], at, implicit, True
        )
        for tag, (vr, at, length) in found.items()
    }
    data = Dataset(made)
    words = made.get(BaseTag(0x00080005))
    names = words.value.decode("ascii", "replace").split("\\") if words is not None and words.value else None
    data.set_original_encoding(implicit, True, convert_encodings(names) if names else None)
    return data
