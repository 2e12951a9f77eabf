"""Take archives apart without trusting what they say of themselves."""

import os
import shutil
import stat
import struct
import tarfile
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from salus.schema.errors import DataError

MAX_MEMBERS = 200_000
_PIECE = 2**20
_TAIL = 2**16 + 200


def unpack(archive: Path, folder: Path, max_bytes: int | None = None) -> list[Path]:
    """Unpack a zip or tar archive below a folder: all of it or, on any fault, nothing.

    Args:
        archive: `.zip`, `.tar`, `.tar.gz`, `.tar.bz2`, `.tar.xz`.
        folder: Where members go.
        max_bytes: Most bytes in all; None allows 200 times the archive's size, at least 1 GiB.

    Returns:
        The files, in the archive's order.

    Raises:
        DataError: A member with an absolute path or `..`, a link or device, a name used twice, an encrypted member,
            too many or too large members, a damaged archive, or a file in the way of a folder.
    """
    bound = max(2**30, 200 * archive.stat().st_size) if max_bytes is None else max_bytes
    part = folder / f".{archive.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part"
    part.mkdir(parents=True)
    try:
        names = _extract(archive, part, bound)
        targets = []
        for name in names:
            target = folder / name
            if target.resolve() != folder.resolve() / name:
                raise DataError(f"{archive}: {target} is reached through a link; remove the link")
            target.parent.mkdir(parents=True, exist_ok=True)
            (part / name).replace(target)
            targets.append(target)
        return targets
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, UnicodeError) as error:
        raise DataError(f"{archive}: damaged or encrypted archive ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(f"{archive}: cannot be unpacked in {folder} ({error}); check disk and permissions") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _extract(archive: Path, part: Path, bound: int) -> list[str]:
    names: list[str] = []
    seen: set[str] = set()
    left = bound
    for raw, size, handle in _members(archive):
        name = _safe(raw, archive)
        if name.casefold() in seen:
            raise DataError(f"{archive}: two members named {name!r}; refused")
        seen.add(name.casefold())
        names.append(name)
        if len(names) > MAX_MEMBERS or size > left:
            raise DataError(f"{archive}: unpacks to more than {bound:,} bytes or {MAX_MEMBERS:,} files; refused")
        target = part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while piece := handle.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise DataError(f"{archive}: unpacks to more than {bound:,} bytes; refused")
                out.write(piece)
    return names


def _members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield (name, claimed size, stream) of each plain file; anything but files and folders is refused."""
    if zipfile.is_zipfile(archive):
        _refuse_long_list(archive)
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise DataError(f"{archive}: member {info.filename!r} is a link or device; refused")
                if not info.filename:
                    raise DataError(f"{archive}: a member without a name; refused")
                if not info.is_dir():
                    with packed.open(info) as handle:
                        yield info.filename, info.file_size, handle
        return
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            if member.isdir():
                continue
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is None:
                raise DataError(f"{archive}: member {member.name!r} is a link or device; refused")
            with stream:
                yield member.name, member.size, stream


def _refuse_long_list(archive: Path) -> None:
    """Refuse a zip by how many members its end record declares, before a list of millions is parsed.

    Source:
        PKWARE APPNOTE 6.3.10, 4.3.14 to 4.3.16.
    """
    with archive.open("rb") as handle:
        handle.seek(max(0, archive.stat().st_size - _TAIL))
        tail = handle.read()
    place = tail.rfind(b"PK\5\6")
    members, size = struct.unpack_from("<HI", tail, place + 10) if 0 <= place <= len(tail) - 22 else (0, 0)
    large = tail.rfind(b"PK\6\6", 0, max(place, 0))
    if 0 <= large <= len(tail) - 56:
        members, size = struct.unpack_from("<QQ", tail, large + 32)
    # folders count as members here, and a header of a member takes 46 bytes and its name
    if members > 2 * MAX_MEMBERS or size > 200 * MAX_MEMBERS:
        raise DataError(
            f"{archive}: lists {members:,} members in {size:,} bytes; more than {MAX_MEMBERS:,} are refused"
        )


def _safe(name: str, archive: Path) -> str:
    path = PurePosixPath(name)
    if not name or "\\" in name or "\0" in name or ":" in name or path.is_absolute() or ".." in path.parts:
        raise DataError(f"{archive}: member {name!r} would leave the folder; refused")
    return str(path)
