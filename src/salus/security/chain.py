"""The form of an audit log and its verification: entries chained by hash, each signed by a known authority.

Source:
    Haber and Stornetta 1991, How to time-stamp a digital document, section 5.1; Ed25519: RFC 8032; SHA-256: FIPS 180-4.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from salus.schema.errors import DataError, StoreError

LONGEST = 2**16
"""Bytes of one entry."""
START = "0" * 64
DOMAIN = b"salus ledger entry 1\x00"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_FIELDS = {"index", "time_s", "authority", "event", "detail", "previous", "hash", "signature"}

Authorities = Mapping[str, Ed25519PublicKey]
"""Who may sign, by name; fixed when the ledger begins, and given to whoever verifies it from elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a ledger ends. Kept elsewhere, it shows when the end of the file was cut off.

    Attributes:
        count: Entries.
        hash: Of the last entry.
        time_s: Of the last entry.
    """

    count: int
    hash: str
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One verified line.

    Attributes:
        index: Place in the ledger, from 0.
        time_s: When, seconds since 1970.
        authority: Who signed.
        event: What happened.
        detail: Digest of what stays off the chain, empty where nothing does.
        hash: Of everything above and the entry before.
    """

    index: int
    time_s: float
    authority: str
    event: dict[str, object]
    detail: str
    hash: str


def verify(path: Path, authorities: Authorities, head: Head | None = None) -> Head:
    """Verify a whole ledger.

    Args:
        path: The file.
        authorities: Everybody whose signature counts, from a trusted place.
        head: Where the ledger ended when somebody last looked.

    Returns:
        Where it ends now.

    Raises:
        StoreError: The first entry that was altered, left out, moved, repeated or signed by somebody else; or an end
            before `head`.
    """
    found = Head(count=0, hash=START, time_s=-math.inf)
    reached = head is None or head.count == 0
    for entry in entries(path, authorities):
        found = Head(count=entry.index + 1, hash=entry.hash, time_s=entry.time_s)
        if head is not None and found.count == head.count:
            if found.hash != head.hash:
                raise StoreError(f"{path}: entry {entry.index} is not the one noted elsewhere; the chain was replaced")
            reached = True
    if not reached and head is not None:
        raise StoreError(
            f"{path}: ends after {found.count} entries, {head.count} were noted elsewhere; the end was cut off: "
            "restore it from a backup"
        )
    return found


def entries(path: Path, authorities: Authorities) -> Iterator[Entry]:
    """Yield every entry, verified; errors as in `verify`."""
    try:
        with path.open("rb") as file:
            yield from walk(file, path, authorities, Head(count=0, hash=START, time_s=-math.inf))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def walk(file: BinaryIO, path: Path, authorities: Authorities, head: Head) -> Iterator[Entry]:
    """Yield the verified entries that follow `head`, from where the file stands; errors as in `verify`."""
    while line := file.readline(LONGEST + 1):
        where = f"{path}: after {head.count} entries"
        row = _parsed(line, where)
        if row["index"] != head.count:
            raise StoreError(_misplaced(file, path, head.count, row))
        if row["previous"] != head.hash:
            raise StoreError(f"{path}: entry {head.count} does not follow the entry before it; one of them was changed")
        body = {key: value for key, value in row.items() if key not in ("hash", "signature")}
        if hashed(body) != row["hash"]:
            raise StoreError(f"{path}: entry {head.count} was altered; restore it from a backup")
        key = authorities.get(row["authority"])
        if key is None or not _signed(key, row["hash"], row["signature"]):
            raise StoreError(f"{path}: entry {head.count} carries no signature of a known authority; do not trust it")
        if row["time_s"] < head.time_s:
            raise StoreError(f"{path}: entry {head.count} is older than the one before it; a clock ran backwards")
        head = Head(count=head.count + 1, hash=row["hash"], time_s=float(row["time_s"]))
        yield Entry(
            index=row["index"],
            time_s=head.time_s,
            authority=row["authority"],
            event=row["event"],
            detail=row["detail"],
            hash=head.hash,
        )


def _misplaced(file: BinaryIO, path: Path, due: int, row: Mapping[str, Any]) -> str:
    """Say what stands where entry `due` should: an older one, a later one, or a gap."""
    index = int(str(row["index"]))
    if index < due:
        return f"{path}: entry {index} occurs again where entry {due} is due; it was replayed or moved"
    while line := file.readline(LONGEST + 1):
        if _parsed(line, str(path))["index"] == due:
            return f"{path}: entry {due} stands behind entry {index}; the order was changed"
    last = f" to {index - 1}" if index - 1 > due else ""
    return f"{path}: gap, entries {due}{last} are missing" if last else f"{path}: gap, entry {due} is missing"


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    if len(line) > LONGEST or not line.endswith(b"\n"):
        raise StoreError(f"{where} comes a line that is cut or too long; restore the file, or cut off that line")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{where} comes a line that is no entry; it was altered") from error
    kinds = {"index": int, "time_s": float, "event": dict}
    if not isinstance(row, dict) or set(row) != _FIELDS:
        raise StoreError(f"{where} comes a line without the fields of an entry; it was altered")
    if any(type(value) is not kinds.get(name, str) for name, value in row.items()) or not math.isfinite(row["time_s"]):
        raise StoreError(f"{where} comes an entry with a value of another kind; it was altered")
    if canonical(row) + b"\n" != line:
        raise StoreError(f"{where} comes a line that is not written as the ledger writes; it was altered")
    return row


def canonical(row: Mapping[str, object]) -> bytes:
    """Return the one way to write a row as JSON.

    Raises:
        DataError: A value that JSON has not.
    """
    try:
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"ledger: the event is not plain JSON ({error}); use words, finite numbers and lists"
        ) from error


def hashed(body: Mapping[str, object]) -> str:
    """Return the SHA-256 of a row without hash and signature, hexadecimal."""
    return hashlib.sha256(canonical(body)).hexdigest()


def _signed(key: Ed25519PublicKey, hashed: str, signature: str) -> bool:
    if not _SIGNATURE.fullmatch(signature):  # capital letters would be a second way to write the same entry
        return False
    try:
        key.verify(bytes.fromhex(signature), DOMAIN + bytes.fromhex(hashed))
    except InvalidSignature:
        return False
    return True
