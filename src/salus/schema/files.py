"""Write files so that a kill, a full disk or a second writer never leaves half of one."""

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from salus.schema.errors import StoreError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` when the block ends well, remove it otherwise.

    Raises:
        StoreError: The disk is full, or the folder cannot be written; `path` keeps its former content.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, then give it its name.

    Libraries that swallow the operating system's error (safetensors wraps it) are caught by their message.
    """
    try:
        with replacing(path) as temporary:
            write(temporary)
    except StoreError:
        raise
    except Exception as error:
        found = re.search(r"os error (\d+)", str(error))
        if found is not None:
            number = int(found[1])
            raise _explained(OSError(number, os.strerror(number)), path) from error
        if "No space left" in str(error):
            raise _explained(OSError(errno.ENOSPC, str(error)), path) from error
        raise


def _explained(error: OSError, path: Path) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "no space left on the disk" if error.errno == errno.ENOSPC else "your disk quota is used up"
        return StoreError(f"{path}: {what}; free some and run the same command again (fit: with --resume)")
    if error.errno == errno.EFBIG:
        return StoreError(f"{path}: larger than a file may be here; raise the limit (ulimit -f) or choose another disk")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(f"{path}: not allowed to write there ({error.strerror}); choose another output folder")
    return StoreError(f"{path}: cannot be written ({error.strerror or error}); choose another output folder")
