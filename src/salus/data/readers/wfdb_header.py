"""Judge a WFDB header before its signals are read: a header may claim anything and name any file."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from salus.data.limits import existing, inside, refuse_above
from salus.schema.errors import DataError, UnitError

MAX_HEADER_BYTES = 2**20
MAX_LINE = 1_000
MAX_SIGNALS = 4_096
MAX_SEGMENTS = 20_000
MAX_RATE_HZ = 1e7
_BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}
_RECORD = re.compile(
    rb"[-\w]+(/\d+)?\s+\d+(\s+\d*\.?\d+\.?(/-?[\d.]+(\(-?[\d.]+\))?)?(\s+\d+(\s+[\d:.]+(\s+[\d/]+)?)?)?)?"
)
_PACKED = ("310", "311")  # three samples in four bytes
_FLAC = ("508", "516", "524")
_FLAC_RATIO = 2_000
"""Samples that one byte of a FLAC file may unfold to; a flat line at the longest block reaches about this."""


@contextmanager
def library() -> Iterator[Any]:
    """Yield the wfdb library with the notices of deprecation silenced that it draws from pandas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import wfdb

        yield wfdb


def stem_of(path: Path | str) -> Path:
    """Return a record's path without ending, from its `.hea`, `.dat` or `.atr` file or that path itself.

    Raises:
        DataError: No header file there.
    """
    given = Path(path)
    stem = given.with_suffix("") if given.suffix.lower() in (".hea", ".dat", ".atr", ".xyz") else given
    existing(stem.with_name(stem.name + ".hea"))
    found = stem.resolve()
    if "::" in str(found):  # the library's opener would read this as a chain of addresses
        raise DataError(f"{found}: '::' in a path cannot be read; rename the folder or file")
    return found


def read_header(stem: Path) -> Any:
    """Return the library's header object, with only neighbours named as files.

    Raises:
        DataError: Not a header, too long, or a file outside the record's folder.
    """
    place = stem.with_name(stem.name + ".hea")
    _refuse_long(place)
    try:
        with library() as wfdb:
            header: Any = wfdb.rdheader(str(stem))
    except Exception as error:  # wfdb raises bare Exception for some faults of the file
        raise DataError(f"{place}: not a WFDB header ({error}); fetch the record again") from error
    named = [*(getattr(header, "file_name", None) or ()), *(getattr(header, "seg_name", None) or ())]
    for name in named:
        if name and name != "~":
            if PurePath(name).name != name or ":" in name or "\\" in name:
                raise DataError(f"{place}: names the file {name!r} outside its folder; refused")
            inside(stem.parent, name)
    return header


def names_and_units(stem: Path, header: Any) -> tuple[list[str], list[str]]:
    """Return lead names and units; the library drops letters beyond ASCII, which would turn µV into V.

    A lead without a name, or with the name of another, is told by its place.
    """
    names, units = list(header.sig_name), [str(unit or "") for unit in header.units]
    raw = stem.with_name(stem.name + ".hea").read_bytes()
    if not raw.isascii():
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        lines = [line.strip() for line in text.splitlines()]
        fields = [line.split(None, 8) for line in lines if line and not line.startswith("#")][1:]
        for place, cells in enumerate(fields[: len(names)]):
            if len(cells) > 2 and "/" in cells[2]:
                units[place] = cells[2].partition("/")[2].replace("\N{MICRO SIGN}", "u").replace("\u03bc", "u")
            if len(cells) == 9:
                names[place] = cells[8]
    given = [str(name or "").strip() for name in names]
    told = [
        name if name and given.index(name) == place else f"{name or 'signal'} #{place + 1}"
        for place, name in enumerate(given)
    ]
    return told, units


def check_single(stem: Path, header: Any, limit: int | None) -> None:
    """Check what one segment claims against its files' sizes, so that nothing is allocated on its word alone.

    Raises:
        DataError: Impossible counts, an unknown format, a missing file, or less bytes than declared.
        UnitError: No sampling rate.
    """
    place = f"{stem}.hea"
    names: Sequence[Any] = header.file_name or ()
    if not header.n_sig or not names:
        raise DataError(f"{stem}: the record holds no signals; give one with a .dat file")
    if header.n_sig != len(names) or header.n_sig > MAX_SIGNALS:
        raise DataError(f"{place}: declares {header.n_sig} signals and describes {len(names)}; correct the header")
    _check_rate(place, header.fs)
    if header.sig_len is not None and header.sig_len < 1:
        raise DataError(f"{place}: declares {header.sig_len} samples; give the record's length")
    frames = [int(count or 1) for count in header.samps_per_frame]
    if min(frames) < 1 or max(frames) > 100_000:
        raise DataError(f"{place}: {max(frames)} samples in a frame; expected 1 to 100,000")
    skews = [int(skew or 0) for skew in header.skew]
    if max(skews) > 2**24 or any(skew > (header.sig_len or 2**24) for skew in skews):
        raise DataError(f"{place}: a skew of {max(skews)} samples, beyond the record's length; correct the header")
    for name in dict.fromkeys(names):
        members = [index for index, own in enumerate(names) if own == name]
        formats = {str(header.fmt[index]) for index in members}
        if len(formats) > 1 or not formats <= {*_BITS, *_PACKED, *_FLAC}:
            raise DataError(f"{place}: {name!r} in format {', '.join(sorted(formats))}; expected one known format")
        per_frame = sum(frames[index] for index in members)
        offset = int(header.byte_offset[members[0]] or 0)
        _check_file(stem, name, formats.pop(), (per_frame, offset, header.sig_len, len(members)))
    if header.sig_len is not None:
        # skewed leads are padded to the longest skew while they are read
        refuse_above(stem, (int(header.sig_len) + max(skews)) * sum(frames), limit)


def check_segments(stem: Path, header: Any, limit: int | None) -> None:
    """Check a multi-segment record: each segment is one plain record beside it, and the lengths add up.

    Raises:
        DataError: Segments of segments, lengths that do not add up, too many, or what `check_single` raises.
        UnitError: No sampling rate.
    """
    place = f"{stem}.hea"
    names, lengths = list(header.seg_name or ()), [int(length) for length in header.seg_len or ()]
    if not names or header.n_seg != len(names) or len(names) > MAX_SEGMENTS:
        raise DataError(f"{place}: declares {header.n_seg} segments and lists {len(names)}; correct the header")
    if header.sig_len is not None and sum(lengths) != header.sig_len:
        raise DataError(
            f"{place}: segments of {sum(lengths):,} samples in all, {header.sig_len:,} declared; correct it"
        )
    if not 0 < (header.n_sig or 0) <= MAX_SIGNALS:
        raise DataError(f"{place}: declares {header.n_sig} signals; expected 1 to {MAX_SIGNALS}")
    _check_rate(place, header.fs)
    widest = 1
    for name, length in zip(names, lengths, strict=True):
        if name == "~":
            continue
        part = stem.with_name(name)
        existing(part.with_name(part.name + ".hea"))
        own = read_header(part)
        if getattr(own, "seg_name", None):
            raise DataError(f"{place}: segment {name!r} is made of segments itself; refused")
        if length == 0:  # the layout of all leads, without samples
            _check_layout(place, name, own)
            continue
        if own.sig_len != length:
            raise DataError(f"{place}: segment {name!r} has {own.sig_len} samples, {length} declared; correct it")
        check_single(part, own, limit)
        widest = max(widest, *(int(count or 1) for count in own.samps_per_frame))
    refuse_above(stem, int(header.sig_len or sum(lengths)) * int(header.n_sig) * widest, limit)


def _check_layout(place: str, name: str, own: Any) -> None:
    if not own.n_sig or own.n_sig != len(own.file_name or ()) or own.n_sig > MAX_SIGNALS:
        raise DataError(f"{place}: layout {name!r} describes no leads; fetch the record again")
    if any(file != "~" for file in own.file_name):
        raise DataError(f"{place}: segment {name!r} of length 0 names a signal file; correct the header")


def _check_rate(place: str, rate_hz: Any) -> None:
    # wfdb hands on a word where the header holds one
    if not isinstance(rate_hz, int | float) or not 0 < rate_hz <= MAX_RATE_HZ:
        raise UnitError(f"{place}: sampling rate {rate_hz} Hz; correct the first line of the header")


def _check_file(stem: Path, name: str, fmt: str, claim: tuple[int, int, int | None, int]) -> None:
    per_frame, offset, length, channels = claim
    file = inside(stem.parent, name)
    if name == "~" or not file.is_file():
        raise DataError(f"{stem}: signal files cannot be read (no file {name!r} beside the header); fetch it again")
    size = file.stat().st_size
    if fmt in _FLAC:
        _check_flac(file, length, per_frame, channels)
        return
    needed = offset + _bytes(fmt, per_frame * (length if length is not None else 1))
    if size < needed:
        raise DataError(
            f"{stem}: signal files cannot be read ({name!r} has {size:,} bytes, its header declares {needed:,}); "
            "fetch the record again"
        )


def _bytes(fmt: str, samples: int) -> int:
    if fmt in _PACKED:
        return samples // 3 * 4 + (0, 2, 4 if fmt == "310" else 3)[samples % 3]
    return -(-samples * _BITS[fmt] // 8)


def _check_flac(file: Path, length: int | None, per_frame: int, channels: int) -> None:
    """Check the stream's own header; a FLAC of silence unfolds to anything, so the ratio is bounded too."""
    import soundfile  # type: ignore[import-untyped]

    try:
        about = soundfile.info(str(file))
    except Exception as error:  # soundfile raises its own RuntimeError, and others for a foreign file
        raise DataError(f"{file}: not a FLAC file ({error}); fetch it again") from error
    frames = (length or 0) * per_frame // channels
    if about.channels != channels or about.frames < frames:
        raise DataError(
            f"{file}: {about.frames:,} frames of {about.channels} channels, the header declares {frames:,} of "
            f"{channels}; fetch the record again"
        )
    if frames * channels > _FLAC_RATIO * file.stat().st_size:
        raise DataError(f"{file}: {file.stat().st_size:,} bytes that unfold to {frames * channels:,} samples; refused")


def _refuse_long(place: Path) -> None:
    if place.stat().st_size > MAX_HEADER_BYTES:
        raise DataError(f"{place}: {place.stat().st_size:,} bytes are no WFDB header; fetch the record again")
    lines = [line.strip() for line in place.read_bytes().split(b"\n")]
    lines = [line for line in lines if line and not line.startswith(b"#")]
    longest = max(map(len, lines), default=0)  # the library's patterns take quadratic time on a long line
    if longest > MAX_LINE:
        raise DataError(f"{place}: a line of {longest:,} characters; no WFDB header, fetch the record again")
    # the library reads as far as it understands: '1e3' would become 1 Hz
    if lines and not _RECORD.fullmatch(lines[0]):
        raise DataError(f"{place}: not a WFDB header (first line {lines[0][:60]!r}); fetch the record again")
