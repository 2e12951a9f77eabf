"""Files made to harm: nesting without end, sizes of terabytes, archives that swell, paths that lead out."""

import gzip
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

DEEP = 100_000
HUGE = 2**31


def _home(place: Path, name: str, file: str) -> Path:
    folder = place / name
    folder.mkdir(parents=True)
    return folder / file


def _start(syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    """Return a DICOM preamble with the fewest elements of the file meta group."""
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    sop = b"1.2.840.10008.5.1.4.1.1.7\0"
    body = b"\x02\0\x02\0UI" + struct.pack("<H", len(sop)) + sop
    body += b"\x02\0\x10\0UI" + struct.pack("<H", len(uid)) + uid
    return b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\x04\0" + struct.pack("<I", len(body)) + body


def _element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    head = struct.pack("<HH", group, number) + vr
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return head + b"\0\0" + struct.pack("<I", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def _picture(rows: int, columns: int, frames: bytes = b"1 ", bits: int = 16) -> bytes:
    sop = b"1.2.840.10008.5.1.4.1.1.7\0"
    two = struct.Struct("<H").pack
    return (
        _element(8, 0x16, b"UI", sop) + _element(8, 0x60, b"CS", b"OT") + _element(0x28, 2, b"US", two(1))
        + _element(0x28, 4, b"CS", b"MONOCHROME2 ") + _element(0x28, 8, b"IS", frames)
        + _element(0x28, 0x10, b"US", two(rows)) + _element(0x28, 0x11, b"US", two(columns))
        + _element(0x28, 0x100, b"US", two(bits)) + _element(0x28, 0x101, b"US", two(bits))
        + _element(0x28, 0x102, b"US", two(bits - 1)) + _element(0x28, 0x103, b"US", two(0))
    )  # fmt: skip


def dicom(place: Path) -> None:
    """Sequences nested 100,000 deep, a terabyte of frames, lengths beyond the file, deflated zeros, a J2K of 4 GP."""
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    deep = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" + item
    _home(place, "nested", "main.dcm").write_bytes(_start() + deep * DEEP)
    _home(place, "frames", "main.dcm").write_bytes(
        _start() + _picture(65535, 65535, b"99999 ") + _element(0x7FE0, 0x10, b"OW", b"\0" * 64)
    )
    pixels = struct.pack("<HH", 0x7FE0, 0x10) + b"OW\0\0" + struct.pack("<I", 2**32 - 2) + b"\0" * 64
    _home(place, "length", "main.dcm").write_bytes(_start() + _picture(4000, 4000) + pixels)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = _picture(64, 64) + struct.pack("<HH", 0x7FE0, 0x10) + b"OW\0\0" + struct.pack("<I", 2**31)
    body = packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH) + _zeros(1600) + b"\3\0"
    _home(place, "deflated", "main.dcm").write_bytes(_start("1.2.840.10008.1.2.1.99") + body)
    empty = struct.pack("<HHHH", 0xFFFE, 0xE000, 0, 0)
    many = b"\x08\0\x40\x11SQ\0\0" + struct.pack("<I", 8 * 3_000_000) + empty * 3_000_000
    _home(place, "items", "main.dcm").write_bytes(_start() + many)
    # a JPEG 2000 code stream that claims 65,535 x 65,535 where the header says 64 x 64
    siz = struct.pack(">HIIIIIIIIH", 0, 65535, 65535, 0, 0, 65535, 65535, 0, 0, 1) + b"\x0f\x01\x01"
    stream = b"\xff\x4f\xff\x51" + struct.pack(">H", len(siz) + 2) + siz + b"\xff\x52\0\x0c" + b"\0" * 10 + b"\xff\xd9"
    stream += b"\0" * (len(stream) % 2)
    frame = empty + struct.pack("<HHI", 0xFFFE, 0xE000, len(stream)) + stream + b"\xfe\xff\xdd\xe0\0\0\0\0"
    pixels = struct.pack("<HH", 0x7FE0, 0x10) + b"OB\0\0\xff\xff\xff\xff" + frame
    _home(place, "j2k", "main.dcm").write_bytes(_start("1.2.840.10008.1.2.4.90") + _picture(64, 64) + pixels)


def dicom_zip(place: Path) -> None:
    """Zips that swell, lead out, or hold no series."""
    _swelling(_home(place, "swelling", "main.zip"), "1.dcm")
    with zipfile.ZipFile(_home(place, "escape", "main.zip"), "w") as archive:
        archive.writestr("../../1.dcm", b"x" * 200)


def _zeros(megabytes: int) -> bytes:
    """Return a raw deflate stream of zeros, without an end; made of one piece, since the same zeros pack the same."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(b"\0" * 2**24) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (megabytes // 16)


def _swelling(path: Path, name: str, megabytes: int = 800) -> None:
    """Write a zip of one member that is `megabytes` of zeros."""
    body = _zeros(megabytes) + b"\3\0"
    sizes = struct.pack("<III", 0, len(body), megabytes * 2**20)
    common = struct.pack("<HHHHH", 20, 0, 8, 0, 0x21) + sizes + struct.pack("<HH", len(name), 0)
    head = b"PK\3\4" + common + name.encode()
    listing = b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name.encode()
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(listing), len(head) + len(body), 0)
    path.write_bytes(head + body + listing + end)


def _gzip_zeros(start: bytes, megabytes: int = 800) -> bytes:
    """Return gzip members of some bytes and of zeros behind them."""
    return gzip.compress(start, mtime=0) + gzip.compress(b"\0" * 2**24, mtime=0) * (megabytes // 16)


def _nifti_header(dims: tuple[int, ...], kind: int = 16, bits: int = 32, offset: float = 352.0) -> bytes:
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, len(dims), *dims, *[1] * (7 - len(dims)))
    struct.pack_into("<hh", head, 70, kind, bits)
    struct.pack_into("<8f", head, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, offset)
    head[344:348] = b"n+1\0"
    return bytes(head)


def nifti(place: Path) -> None:
    """Headers that claim terabytes, in files of a few bytes and in gzip that swells."""
    _home(place, "claim", "main.nii").write_bytes(_nifti_header((32767, 32767, 32767)) + b"\0" * 100)
    _home(place, "seven", "main.nii").write_bytes(_nifti_header((32767,) * 7) + b"\0" * 100)
    _home(place, "offset", "main.nii").write_bytes(_nifti_header((10, 10, 10), offset=1e30) + b"\0" * 4000)
    _home(place, "swelling", "main.nii.gz").write_bytes(_gzip_zeros(_nifti_header((1290, 1290, 1290))))
    _home(place, "late", "main.nii.gz").write_bytes(_gzip_zeros(_nifti_header((10, 10, 10), offset=float(2**29))))


def nrrd(place: Path) -> None:
    """Terabytes claimed, data that swells, data files outside the folder."""
    head = "NRRD0005\ntype: short\ndimension: 3\nsizes: {}\nencoding: {}\nendian: little\n"
    _home(place, "claim", "main.nrrd").write_text(head.format("99999 99999 99999", "raw") + "\n")
    swollen = gzip.compress(b"\0" * 2**20, 9) * 900
    _home(place, "swelling", "main.nrrd").write_bytes((head.format("10 10 10", "gzip") + "\n").encode() + swollen)
    for name, file in (("escape", "../../../../etc/passwd"), ("device", "/dev/zero"), ("list", "LIST 2\n/dev/zero")):
        _home(place, name, "main.nhdr").write_text(head.format("10 10 10", "raw") + f"data file: {file}\n")


def metaimage(place: Path) -> None:
    """Terabytes claimed, data that swells, data files outside the folder."""
    head = "ObjectType = Image\nNDims = 3\nDimSize = {}\nElementType = MET_SHORT\n"
    head += "CompressedData = {}\nElementDataFile = {}\n"
    _home(place, "claim", "main.mha").write_text(head.format("99999 99999 99999", "False", "LOCAL"))
    packed = zlib.compress(b"\0" * 2**28, 9)
    _home(place, "swelling", "main.mha").write_bytes(head.format("8 8 8", "True", "LOCAL").encode() + packed)
    _home(place, "escape", "main.mhd").write_text(head.format("4 4 4", "False", "../../../etc/passwd"))
    _home(place, "device", "main.mhd").write_text(head.format("4 4 4", "False", "/dev/zero"))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def picture(place: Path) -> None:
    """Pictures of 60,000 x 60,000 dots in a kilobyte, and text chunks that swell."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * 60001) for _ in range(2000)) + packer.flush()
    head = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0))
    _home(place, "huge", "main.png").write_bytes(head + _chunk(b"IDAT", rows) + _chunk(b"IEND", b""))
    most = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0))
    _home(place, "claim", "main.png").write_bytes(most + _chunk(b"IDAT", rows[:100]) + _chunk(b"IEND", b""))
    bmp = (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, HUGE - 1, 60000, 1, 24, 0, 0, 0, 0, 0, 0)
    )
    _home(place, "bmp", "main.bmp").write_bytes(bmp)
    entries = [(256, 4, 1, 60000), (257, 4, 1, 60000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
               (277, 3, 1, 1), (278, 4, 1, 60000), (279, 4, 1, 2**31 - 1)]  # fmt: skip
    tags = b"".join(struct.pack("<HHII", *one) for one in entries)
    loop = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + tags + struct.pack("<I", 8)
    _home(place, "tiff", "main.tif").write_bytes(loop)


def array(place: Path) -> None:
    """Arrays that claim terabytes, objects, headers without end."""

    def head(text: str) -> bytes:
        return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()

    _home(place, "claim", "main.npy").write_bytes(
        head("{'descr': '<f8', 'fortran_order': False, 'shape': (999999, 999999, 99)}\n") + b"\0" * 80
    )
    _home(place, "nested", "main.npy").write_bytes(head("(" * 60000 + "\n"))
    np.save(_home(place, "objects", "main.npy"), np.array([{}], dtype=object), allow_pickle=True)
    _swelling(_home(place, "swelling", "main.npz"), "image.npy")


def wfdb(place: Path) -> None:
    """Headers that claim terabytes, name devices and other folders, or name themselves as their own segment."""
    line = "{} 16 200(0)/mV 16 0 0 0 0 II\n"
    _home(place, "claim", "main.hea").write_text("main 1 100 999999999999\n" + line.format("main.dat"))
    (place / "claim" / "main.dat").write_bytes(b"\0" * 100)
    _home(place, "escape", "main.hea").write_text("main 1 100 1000\n" + line.format("../../../etc/passwd"))
    _home(place, "device", "main.hea").write_text("main 1 100 1000\n" + line.format("/dev/zero"))
    _home(place, "signals", "main.hea").write_text("main 999999999 100 1000\n" + line.format("main.dat"))
    _home(place, "itself", "main.hea").write_text("main/2 1 100 200\nmain 100\nmain 100\n")
    _home(place, "segments", "main.hea").write_text("main/99999999 1 100 200\n" + "main 100\n" * 10)


def edf(place: Path) -> None:
    """Headers that claim a billion records or signals."""

    def head(records: str, signals: str, samples: str = "999999") -> bytes:
        text = f"{'0':8}{'X X X X':80}{'Startdate X X X X':80}{'01.01.20':8}{'00.00.00':8}{'512':8}{'':44}"
        text += f"{records:8}{'1':8}{signals:4}"
        text += f"{'EEG':16}{'':80}{'uV':8}{'-1':8}{'1':8}{'-2048':8}{'2047':8}{'':80}{samples:8}{'':32}"
        return text.encode()

    _home(place, "records", "main.edf").write_bytes(head("99999999", "1") + b"\0" * 400)
    _home(place, "signals", "main.edf").write_bytes(head("1", "9999") + b"\0" * 400)
    _home(place, "samples", "main.edf").write_bytes(head("1", "1", "99999999") + b"\0" * 400)


def table(place: Path) -> None:
    """Packed text that swells, and a line of a hundred million cells."""
    rows = gzip.compress(b"a,b\n", mtime=0) + gzip.compress(b"1,2\n" * 2**20, mtime=0) * 128
    _home(place, "swelling", "main.csv.gz").write_bytes(rows)
    _home(place, "wide", "main.csv").write_bytes(b"," * 30_000_000 + b"\n" + b"," * 30_000_000)


def text(place: Path) -> None:
    """Plain text that is not."""
    _home(place, "binary", "main.txt").write_bytes(bytes(range(256)) * 1000)


def fhir(place: Path) -> None:
    """Nesting without end, a billion digits, references in a ring."""
    deep = b'{"resourceType": "Bundle", "x": ' + b"[" * DEEP + b"]" * DEEP + b"}"
    _home(place, "nested", "main.json").write_bytes(deep)
    inner: dict[str, object] = {"resourceType": "Bundle", "type": "collection", "entry": []}
    text = json.dumps(inner)
    for _ in range(400):
        text = f'{{"resourceType": "Bundle", "type": "collection", "entry": [{{"resource": {text}}}]}}'
    _home(place, "bundles", "main.json").write_text(text)
    _home(place, "digits", "main.json").write_bytes(b'{"resourceType": "Patient", "id": ' + b"9" * 5_000_000 + b"}")


def archive(place: Path) -> None:
    """Archives that swell, lead out, link out, hold devices, or name one file twice."""
    _swelling(_home(place, "swelling", "main.zip"), "zeros")
    with zipfile.ZipFile(_home(place, "escape", "main.zip"), "w") as packed:
        packed.writestr("../../evil.txt", b"x")
    with zipfile.ZipFile(_home(place, "root", "main.zip"), "w") as packed:
        packed.writestr("/tmp/evil.txt", b"x")
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    device = tarfile.TarInfo("device")
    device.type = tarfile.CHRTYPE
    for name, member in (("link", link), ("device", device)):
        with tarfile.open(_home(place, name, "main.tar"), "w") as tar:
            tar.addfile(member)
    _home(place, "many", "main.zip").write_bytes(_long_list(600_000))


def _long_list(count: int) -> bytes:
    """Return a zip64 archive that lists one empty member `count` times."""
    common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0)
    head = b"PK\3\4" + common + b"a"
    listing = (b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"a") * count
    place = len(head) + len(listing)
    record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(listing), len(head))
    locator = b"PK\6\7" + struct.pack("<IQI", 0, place, 1)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return head + listing + record + locator + end


def run(place: Path) -> None:
    """A folder of weights whose header claims gigabytes."""
    folder = _home(place, "weights", "weights.safetensors")
    folder.write_bytes(struct.pack("<Q", 2**40) + b"{}" * 50)
    for name in ("card.json", "config.json", "fingerprint.json", "SHA256SUMS"):
        folder.with_name(name).write_text("{}")
