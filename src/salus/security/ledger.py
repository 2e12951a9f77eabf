"""An audit log that shows every change: each entry is chained to the one before and signed by a known authority.

An entry is one line of JSON (`salus.security.chain`). What is private to a person (the words of a reason) stays beside
the chain in a file of its own, named by a salted digest that the entry holds: it can be erased and the chain stays
valid.
"""

import errno
import fcntl
import hashlib
import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from salus.schema.errors import ConfigError, DataError, StoreError
from salus.schema.files import write_bytes
from salus.security.chain import DOMAIN, LONGEST, Authorities, Entry, Head, canonical, hashed, verify, walk

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Ledger:
    """Appends to one file; opening it verifies all of it.

    Args:
        path: The file; made where it is not there.
        authorities: Everybody whose signature counts.
        name: The authority that signs here.
        key: Its private key.
        head: The end as it was noted elsewhere; the ledger must reach it.

    Raises:
        ConfigError: The key does not belong to the name.
        StoreError: What `verify` raises.
    """

    def __init__(
        self,
        path: Path,
        authorities: Authorities,
        *,
        name: str,
        key: Ed25519PrivateKey,
        head: Head | None = None,
    ) -> None:
        known = authorities.get(name)
        if known is None or known.public_bytes_raw() != key.public_key().public_bytes_raw():
            raise ConfigError(f"{name!r} is no authority of this ledger, or its key is another one; check both")
        self.path, self.authorities, self.name = path, dict(authorities), name
        self._key = key
        self._details = path.with_name(f"{path.name}.details")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=True)
        self.head = verify(path, authorities, head)
        self._size = path.stat().st_size

    def append(self, event: Mapping[str, object], time_s: float, detail: str = "") -> Entry:
        """Write one entry through to the disk.

        Args:
            event: JSON values; pseudonyms, never names of patients.
            time_s: Seconds since 1970, not before the last entry's.
            detail: Private words, kept off the chain.

        Raises:
            DataError: The clock runs backwards, or the event is no JSON or too long.
            StoreError: The file was changed by other hands, or cannot be written.
        """
        with self._locked() as file:
            self._catch_up(file)
            if not math.isfinite(time_s) or time_s < self.head.time_s:
                raise DataError(
                    f"{self.path}: time {time_s!r} s lies before the last entry's {self.head.time_s:.0f} s; the clock "
                    "runs backwards: set it right"
                )
            digest = self._keep(detail) if detail else ""
            body = {
                "index": self.head.count,
                "time_s": float(time_s),
                "authority": self.name,
                "event": dict(event),
                "detail": digest,
                "previous": self.head.hash,
            }
            own_hash = hashed(body)
            signature = self._key.sign(DOMAIN + bytes.fromhex(own_hash)).hex()
            line = canonical({**body, "hash": own_hash, "signature": signature}) + b"\n"
            if len(line) > LONGEST:
                raise DataError(f"{self.path}: event of {len(line)} bytes; keep it below {LONGEST >> 10} KB")
            self._write(file, line)
        self.head = Head(count=self.head.count + 1, hash=own_hash, time_s=float(time_s))
        return Entry(
            index=self.head.count - 1,
            time_s=float(time_s),
            authority=self.name,
            event=dict(event),
            detail=digest,
            hash=own_hash,
        )

    def detail(self, entry: Entry) -> str | None:
        """Return an entry's private words; None where it has none or they were erased.

        Raises:
            StoreError: The words were altered.
        """
        path = self._place(entry)
        if path is None or not path.is_file():
            return None
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != entry.detail:
            raise StoreError(f"{path}: the words of entry {entry.index} were altered; restore them from a backup")
        return content[32:].decode("utf-8", errors="replace")

    def erase(self, entry: Entry) -> bool:
        """Erase an entry's private words for good; the chain stays valid. Return whether there were any."""
        path = self._place(entry)
        if path is None or not path.is_file():
            return False
        path.unlink()
        return True

    def _place(self, entry: Entry) -> Path | None:
        return self._details / entry.detail if _DIGEST.fullmatch(entry.detail) else None

    def _keep(self, detail: str) -> str:
        # The salt goes with the words: once both are gone, no guess of the words can be checked against the digest.
        content = secrets.token_bytes(32) + detail.encode()
        digest = hashlib.sha256(content).hexdigest()
        write_bytes(self._details / digest, content)
        return digest

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        try:
            with self.path.open("r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written ({error.strerror}); no decision may be given") from error

    def _catch_up(self, file: BinaryIO) -> None:
        """Verify what another process appended since."""
        size = file.seek(0, os.SEEK_END)
        if size < self._size:
            raise StoreError(f"{self.path}: shorter than it was; entries were cut off: restore it from a backup")
        if size > self._size:
            file.seek(self._size)
            for entry in walk(file, self.path, self.authorities, self.head):
                self.head = Head(count=entry.index + 1, hash=entry.hash, time_s=entry.time_s)
            self._size = size

    def _write(self, file: BinaryIO, line: bytes) -> None:
        file.seek(self._size)
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(file.fileno())
        except OSError:
            file.truncate(self._size)
            raise
        self._size += len(line)
