"""SHA-256 of every file of a folder, in the format of `sha256sum`."""

import hashlib
from pathlib import Path, PurePosixPath

from salus.schema.errors import StoreError
from salus.schema.files import write_text

NAME = "SHA256SUMS"


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_checksums(folder: Path, leave_out: tuple[str, ...] = ()) -> None:
    """Write `SHA256SUMS` for every file below `folder`, in order of name.

    Args:
        folder: The folder.
        leave_out: Names (of files or folders at any depth) that are not evidence, such as training state.
    """
    skipped = {NAME, *leave_out}
    lines = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not skipped.intersection(relative.parts):
            lines.append(f"{file_hash(path)}  {relative.as_posix()}\n")
    write_text(folder / NAME, "".join(lines))


def verify_checksums(folder: Path) -> list[str]:
    """Return what differs from `SHA256SUMS`, one sentence a file; empty when all is as it was written.

    Raises:
        StoreError: There is no list, or one of its lines is not what `write_checksums` writes.
    """
    listing = folder / NAME
    if not listing.is_file():
        raise StoreError(f"{folder}: no {NAME}; this is not a finished artifact, or the file was taken away")
    problems = []
    # Bytes that are no text become a sign that no file name holds, so the line's file is reported as missing.
    for number, line in enumerate(listing.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        digest, gap, name = line.partition("  ")
        place = PurePosixPath(name)
        if not gap or len(digest) != 64 or place.is_absolute() or ".." in place.parts:
            raise StoreError(f"{listing}, line {number}: not a checksum line; the list was altered")
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif file_hash(path) != digest:
            problems.append(f"{name} was altered or cut short")
    return problems
