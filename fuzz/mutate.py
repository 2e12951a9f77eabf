"""Damage files as chance and malice do: cuts, turned bits, foreign chunks, inflated lengths.

What a format's own rules hide from blind damage (checksums, compression, structure) is damaged by those rules.
"""

import gzip
import json
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator
_EXTREMES = (0, 1, *(2**bits for bits in (7, 15, 24, 31)), *(2**bits - 1 for bits in (8, 15, 16, 31, 32, 63, 64)))
_WORDS = (
    b"-1", b"0", b"1e309", b"nan", b"99999999999999999999", b"-9223372036854775808", b"1e-320", b"", b"../../etc/pass",
    b"/dev/zero", b"x" * 300, b"\xff\xfe", b"\0", b"%s%n", b"2147483648", b"4294967295", b"0x10", b"1,5", b"True",
    b"9" * 5000,
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, -1, 2**70, 1e308, float("nan"), "", "x" * 500, [], {}, [[[[]]]], "../../../etc/passwd", "0000-00-00",
    "9999-12-31T23:59:60Z", {"reference": "#"}, "\ud7ff", [None] * 9,
)  # fmt: skip


def cut(data: bytes, share: float) -> bytes:
    """Return the first `share` of the bytes."""
    return data[: int(len(data) * share)]


def mutate(data: bytes, name: str, rng: Rng) -> bytes:
    """Return the bytes with one to four wounds, chosen by the ending of the name."""
    form = next((act for endings, act in _FORMS if name.lower().endswith(endings)), None)
    if form is not None and rng.random() < 0.6:
        changed = form(data, rng)
        if changed is not None and changed != data:
            return changed
    for _ in range(int(rng.integers(1, 5))):
        data = _BLIND[int(rng.integers(len(_BLIND)))](data, rng)
    return data


def _place(data: bytes, rng: Rng) -> int:
    """Return a position: in the first half kilobyte three times of five, since headers stand there."""
    if not data:
        return 0
    return int(rng.integers(min(len(data), 512) if rng.random() < 0.6 else len(data)))


def _flip(data: bytes, rng: Rng) -> bytes:
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        if out:
            out[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(out)


def _byte(data: bytes, rng: Rng) -> bytes:
    out = bytearray(data)
    if out:
        out[_place(data, rng)] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF, int(rng.integers(256))]))
    return bytes(out)


def _number(data: bytes, rng: Rng) -> bytes:
    """Overwrite 2, 4 or 8 bytes with an extreme whole number: lengths and sizes are such numbers."""
    width, code = ((2, "H"), (4, "I"), (8, "Q"))[int(rng.integers(3))]
    value = _EXTREMES[int(rng.integers(len(_EXTREMES)))] & (256**width - 1)
    place = _place(data, rng) & ~1
    return data[:place] + struct.pack(("<" if rng.random() < 0.7 else ">") + code, value) + data[place + width :]


def _chunk(data: bytes, rng: Rng) -> tuple[int, int]:
    start = _place(data, rng)
    return start, min(len(data), start + int(rng.integers(1, 200)))


def _remove(data: bytes, rng: Rng) -> bytes:
    start, stop = _chunk(data, rng)
    return data[:start] + data[stop:]


def _repeat(data: bytes, rng: Rng) -> bytes:
    start, stop = _chunk(data, rng)
    return data[:stop] + data[start:stop] * int(rng.integers(1, 6)) + data[stop:]


def _splice(data: bytes, rng: Rng) -> bytes:
    start, stop = _chunk(data, rng)
    other = int(rng.integers(len(data))) if data else 0
    return data[:start] + data[other : other + stop - start] + data[stop:]


def _noise(data: bytes, rng: Rng) -> bytes:
    start, stop = _chunk(data, rng)
    return data[:start] + rng.bytes(stop - start) + data[stop:]


def _word(data: bytes, rng: Rng) -> bytes:
    """Replace one written number by another that no one expects."""
    found = list(re.finditer(rb"\d+(?:\.\d+)?", data[:20_000]))
    if not found:
        return _byte(data, rng)
    one = found[int(rng.integers(len(found)))]
    return data[: one.start()] + _WORDS[int(rng.integers(len(_WORDS)))] + data[one.end() :]


def _end(data: bytes, rng: Rng) -> bytes:
    return data[: int(rng.integers(len(data) + 1))]


_BLIND: tuple[Callable[[bytes, Rng], bytes], ...] = (
    _flip, _byte, _number, _number, _remove, _repeat, _splice, _noise, _word, _end,
)  # fmt: skip


def _dicom(data: bytes, rng: Rng) -> bytes | None:
    """Change the representation or the length of one element of explicit little-endian DICOM."""
    found = [one.start() for one in re.finditer(rb"..[\x00-\xff]{2}(?:[A-Z]{2})", data[132:6000], re.DOTALL)]
    if not found:
        return None
    at = 132 + found[int(rng.integers(len(found)))]
    kind = int(rng.integers(4))
    if kind == 0:
        codes = (b"SQ", b"OB", b"UN", b"PN", b"DS", b"IS", b"OW", b"UT", b"AT", b"FD", b"US", b"ZZ")
        return data[: at + 4] + codes[int(rng.integers(len(codes)))] + data[at + 6 :]
    if kind == 1:
        return data[: at + 6] + struct.pack("<H", int(rng.choice([0, 1, 0xFFFE, 0xFFFF]))) + data[at + 8 :]
    if kind == 2:
        return data[: at + 8] + struct.pack("<I", int(rng.choice([0, 2**31, 2**32 - 1, 2**32 - 2]))) + data[at + 12 :]
    wanted = (b"\x28\x00\x10\x00", b"\x28\x00\x11\x00", b"\x28\x00\x00\x01", b"\x28\x00\x02\x00", b"\x28\x00\x01\x01",
              b"\x28\x00\x03\x01", b"\x28\x00\x08\x00", b"\x28\x00\x06\x00")  # fmt: skip
    tag = wanted[int(rng.integers(len(wanted)))]
    at = data.find(tag)
    if at < 0:
        return None
    value = struct.pack("<H", int(rng.choice([0, 1, 2, 3, 4, 7, 9, 13, 31, 33, 64, 0x7FFF, 0xFFFF])))
    return data[: at + 8] + value + data[at + 10 :]


def _nifti(data: bytes, rng: Rng) -> bytes | None:
    """Change sizes, type, place of data, scaling or orientation of a NIfTI-1 header, inside gzip where there is one."""
    if data[:2] == b"\x1f\x8b":
        return _inside_gzip(data, rng, _nifti)
    fields = (("<8h", 40), ("<h", 70), ("<h", 72), ("<f", 108), ("<f", 112), ("<f", 116), ("<8f", 76), ("<2h", 252),
              ("<6f", 256), ("<12f", 280), ("<i", 0), ("<b", 123))  # fmt: skip
    code, at = fields[int(rng.integers(len(fields)))]
    count = int(code[1:-1] or 1)
    step = struct.calcsize("<" + code[-1])
    place = at + step * int(rng.integers(count))
    if code[-1] == "f":
        value = struct.pack("<f", float(rng.choice([0, -1, np.nan, np.inf, 1e30, 1e-30, 352.5, -352])))
    else:
        most = 2 ** (8 * step - 1)
        value = struct.pack("<" + code[-1], int(rng.choice([0, 1, 2, 7, 16, 128, 1792, most - 1, -1, -most]) % most))
    return data[:place] + value + data[place + step :]


def _inside_gzip(data: bytes, rng: Rng, act: Callable[[bytes, Rng], bytes | None] | None = None) -> bytes | None:
    try:
        inner = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None
    changed = act(inner, rng) if act is not None else _BLIND[int(rng.integers(len(_BLIND)))](inner, rng)
    return None if changed is None else gzip.compress(changed, 1, mtime=0)


def _png(data: bytes, rng: Rng) -> bytes | None:
    """Change bytes of one chunk and mend its checksum."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((at, size))
        at += 12 + size
    if not chunks:
        return None
    at, size = chunks[0] if rng.random() < 0.5 else chunks[int(rng.integers(len(chunks)))]
    body = bytearray(data[at + 4 : at + 8 + size])
    if len(body) <= 4:
        return None
    for _ in range(int(rng.integers(1, 4))):
        body[4 + int(rng.integers(len(body) - 4))] = int(rng.choice([0, 1, 3, 16, 0x7F, 0xFF]))
    return data[: at + 4] + bytes(body) + struct.pack(">I", zlib.crc32(bytes(body))) + data[at + 8 + size :]


def _json(data: bytes, rng: Rng) -> bytes | None:
    """Replace, remove or bury one node of a JSON document or of one of its lines."""
    try:
        lines = data.decode().splitlines() if data.count(b"\n{") else [data.decode()]
        row = int(rng.integers(len(lines)))
        root = {"": json.loads(lines[row])}
    except (ValueError, RecursionError):
        return None
    places: list[tuple[Any, Any]] = []
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                stack.append(node[key])
    node, key = places[int(rng.integers(len(places)))]
    kind = int(rng.integers(4))
    if kind == 0 and isinstance(node, dict) and key:
        del node[key]
    elif kind == 1:
        for _ in range(int(rng.choice([3, 60, 700]))):
            node[key] = [node[key]] if rng.random() < 0.5 else {"extension": node[key]}
    elif kind == 2 and len(places) > 1:
        other, name = places[int(rng.integers(len(places)))]
        node[key] = json.loads(json.dumps(other[name]))
    else:
        node[key] = _VALUES[int(rng.integers(len(_VALUES)))]
    try:
        lines[row] = json.dumps(root.get(""))
    except RecursionError:
        return None
    return "\n".join(lines).encode(errors="surrogatepass")


def _cells(data: bytes, rng: Rng) -> bytes | None:
    """Replace one cell of a table."""
    if data[:2] == b"\x1f\x8b":
        return _inside_gzip(data, rng, _cells)
    sign = b"\t" if data.count(b"\t") > data.count(b",") else b","
    lines = data.split(b"\n")
    row = 0 if rng.random() < 0.2 else int(rng.integers(len(lines)))
    cells = lines[row].split(sign)
    cells[int(rng.integers(len(cells)))] = _WORDS[int(rng.integers(len(_WORDS)))]
    lines[row] = sign.join(cells)
    return b"\n".join(lines)


def _text(data: bytes, rng: Rng) -> bytes | None:
    return _word(data, rng)


def _edf(data: bytes, rng: Rng) -> bytes | None:
    """Overwrite one field of the header of EDF, all of which are written numbers and words."""
    signals = max(1, min(64, int(data[252:256]))) if data[252:256].strip().isdigit() else 1
    fields = [(0, 8), (8, 80), (88, 80), (168, 8), (176, 8), (184, 8), (192, 44), (236, 8), (244, 8), (252, 4)]
    at = 256
    for width in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32):
        fields += [(at + width * signal, width) for signal in range(signals)]
        at += width * signals
    at, width = fields[int(rng.integers(len(fields)))]
    word = _WORDS[int(rng.integers(len(_WORDS)))][:width].ljust(width)
    return data[:at] + word + data[at + width :]


_FORMS: tuple[tuple[tuple[str, ...], Callable[[bytes, Rng], bytes | None]], ...] = (
    ((".dcm", "dicomdir"), _dicom),
    ((".nii", ".nii.gz"), _nifti),
    ((".png",), _png),
    ((".json", ".ndjson", ".jsonl"), _json),
    ((".csv", ".tsv", ".csv.gz"), _cells),
    ((".edf", ".bdf"), _edf),
    ((".hea", ".toml", ".mhd", ".nhdr", ".ann", ".iob", ".txt"), _text),
    ((".gz",), _inside_gzip),
)
