"""Fetch a dataset from its official address: checked, resumed, and never half there."""

import hashlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from salus.data.entry import Entry, Remote
from salus.data.limits import inside
from salus.data.unpack import unpack
from salus.schema.errors import DataError, StoreError

Progress = Callable[[str, int, int], None]
"""Called with the file's path, bytes so far and bytes in all (0 where unknown)."""

RETRIES = 5
MAX_BYTES = 200 * 2**30
_PIECE = 2**18


def fetch(
    entry: Entry,
    folder: Path,
    progress: Progress | None = None,
    *,
    files: Sequence[Remote] | None = None,
    retries: int = RETRIES,
    pause_s: float = 1.0,
    timeout_s: float = 60.0,
) -> list[Path]:
    """Fetch every file of a catalogue entry and unpack its archives; what is there and right stays.

    Args:
        entry: The dataset.
        folder: Where its files go (`library.folder_of(entry)`).
        progress: Told how far it is.
        files: Which of the entry's files (`library.files_of`); None for all of them.
        retries: How often a broken transfer is taken up again, each time where it ended.
        pause_s: Before the first new attempt; doubles each time.
        timeout_s: How long the server may be silent.

    Returns:
        The files, one a `Remote`.

    Raises:
        DataError: No address, a wrong size or checksum, the server's refusal, or a hostile archive.
        StoreError: The disk is full or the folder cannot be written.
    """
    if not entry.files:
        where = f"get it from {entry.homepage} and put it at {folder}" if entry.homepage else "it needs no download"
        raise DataError(f"dataset {entry.name!r} has no address to fetch from; {where}")
    found = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for remote in entry.files if files is None else files:
            target = inside(folder, remote.path)
            if not (target.is_file() and _fault(target, remote) == ""):
                _fetch_one(remote, target, progress, retries, pause_s, timeout_s)
            if remote.unpack:
                _unpack_once(target, folder)
            found.append(target)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error}); choose another folder with SALUS_DATA") from error
    return found


def _fetch_one(
    remote: Remote, target: Path, progress: Progress | None, retries: int, pause_s: float, timeout_s: float
) -> None:
    if urllib.parse.urlsplit(remote.url).scheme not in ("http", "https"):
        raise DataError(f"{remote.url}: only http and https addresses are fetched")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    problem = ""
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(min(pause_s * 2 ** (attempt - 1), 60.0))
        resumed = part.exists() and part.stat().st_size > 0
        problem = _transfer(remote, part, progress, timeout_s)
        if problem:
            continue
        problem = _fault(part, remote)
        if not problem:
            _settle(part, target)
            return
        part.unlink(missing_ok=True)
        if not resumed and attempt:  # twice from the start and twice wrong: the publisher's file is another one
            break
    raise DataError(f"{remote.url}: {problem}; try again later, or fetch it by hand and put it at {target}")


def _transfer(remote: Remote, part: Path, progress: Progress | None, timeout_s: float) -> str:
    """Add to the part file what is missing; return what went wrong, empty where the server sent all it promised."""
    have = part.stat().st_size if part.exists() else 0
    if remote.size and have > remote.size:
        part.unlink()
        have = 0
    if remote.size and have == remote.size:
        return ""
    request = urllib.request.Request(remote.url, headers={"User-Agent": "salus"})  # noqa: S310
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with _opener().open(request, timeout=timeout_s) as reply:
            start = have if reply.status == 206 and _range_start(reply) == have else 0
            if reply.status == 206 and start != have:
                part.unlink(missing_ok=True)
                return "the server sent another range than asked for"
            return _receive(reply, remote, part, start, progress)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is longer than the file: it belongs to another version
            part.unlink(missing_ok=True)
        elif error.code in (400, 401, 403, 404, 405, 410, 451):
            raise DataError(
                f"{remote.url}: the server answers {error.code} {error.reason}; see the dataset's homepage"
            ) from error
        return f"the server answers {error.code} {error.reason}"
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        return f"the transfer broke off ({getattr(error, 'reason', error)})"


def _receive(reply: Any, remote: Remote, part: Path, start: int, progress: Progress | None) -> str:
    length = reply.headers.get("Content-Length")
    total = remote.size or (start + int(length) if length and length.isdigit() else 0)
    bound = remote.size or MAX_BYTES
    done = start
    with part.open("ab" if start else "wb") as out:
        while piece := reply.read1(_PIECE):
            done += len(piece)
            if done > bound:
                break
            out.write(piece)
            if progress is not None:
                progress(remote.path, done, total)
        out.flush()
        os.fsync(out.fileno())
    if done > bound:
        part.unlink()
        return f"the server sends more than the expected {bound:,} bytes"
    if length and length.isdigit() and done - start < int(length):
        return f"the server sent {done - start:,} of {int(length):,} bytes"
    if remote.size and done < remote.size:
        return f"{done:,} bytes came, {remote.size:,} were expected"
    return ""


def _range_start(reply: Any) -> int:
    unit, _, span = str(reply.headers.get("Content-Range", "")).partition(" ")
    first = span.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else -1


def _fault(path: Path, remote: Remote) -> str:
    """Return how a file differs from what the catalogue expects, empty where it does not."""
    size = path.stat().st_size
    if remote.size and size != remote.size:
        return f"{size:,} bytes, expected {remote.size:,}"
    for name in ("sha256", "md5"):
        expected = getattr(remote, name).lower()
        if not expected:
            continue
        with path.open("rb") as handle:
            got = hashlib.file_digest(handle, name).hexdigest()
        if got != expected:
            return f"checksum {name} {got[:12]}..., expected {expected[:12]}...: damaged, or another version"
    return ""


def _settle(part: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        target.with_name(f".{target.name}.unpacked").unlink()
    part.replace(target)


def _unpack_once(archive: Path, folder: Path) -> None:
    mark = archive.with_name(f".{archive.name}.unpacked")
    if not mark.exists():
        unpack(archive, folder)
        mark.touch()


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone, so that a redirection cannot lead to a file or to ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
