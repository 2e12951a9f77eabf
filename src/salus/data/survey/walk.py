"""The plain files below a folder, one at a time; links that lead out of it and hidden files are not followed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from salus.schema.errors import DataError

DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path relative to the folder, bytes, and time of change in ns."""

    path: str
    size: int
    stamp: int


def walk(root: Path, passed: list[tuple[str, str]] | None = None, only: str = "") -> Iterator[Found]:
    """Yield every plain file in order of name; memory holds one folder's names at a time.

    Args:
        root: The folder.
        passed: Gains `(path, reason)` of what was passed over: links that lead out, folders that cannot be read,
            and names that are no text.
        only: Yield the file of that name in the folder itself, and nothing else.

    Raises:
        DataError: `root` is no folder.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; check the path")
    notes = [] if passed is None else passed
    home = root.resolve()
    stack = [(home, "", 0)]
    while stack:
        folder, prefix, depth = stack.pop()
        try:
            with os.scandir(folder) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            notes.append((prefix or ".", f"folder cannot be read ({error.strerror})"))
            continue
        below = []
        for entry in here:
            if entry.name != only if only else entry.name.startswith("."):
                continue
            path = prefix + entry.name
            reason, found = _judge(entry, path, home, depth)
            if reason:
                notes.append((path.encode(errors="replace").decode(errors="replace"), reason))
            elif found is None and not only:
                below.append((Path(entry.path), f"{path}/", depth + 1))
            elif found is not None:
                yield found
        stack.extend(reversed(below))


def _judge(entry: "os.DirEntry[str]", path: str, home: Path, depth: int) -> tuple[str, Found | None]:
    """Return why an entry is passed over, or the file it is; neither for a folder to go into."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name is no valid text; rename it", None
    try:
        if entry.is_symlink():
            target = Path(entry.path).resolve()
            if home not in target.parents:
                return "a link that leads out of the folder", None
            if target.is_dir():
                return "a link to a folder that is looked at anyway", None
        if entry.is_dir(follow_symlinks=False):
            return ("folders nested too deep", None) if depth >= DEEPEST else ("", None)
        if not entry.is_file():
            return "not a plain file", None
        about = entry.stat()
    except (OSError, RuntimeError) as error:
        return f"cannot be followed ({error})", None
    return "", Found(path, about.st_size, about.st_mtime_ns)
