"""One secret per project: from it alone come the new UIDs, the pseudonyms and the shift of dates.

Nothing is looked up in a table, so two machines with the key agree, and without the key nothing leads back.
"""

import hmac
import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

from salus.schema.errors import DataError, StoreError

_HEAD = "salus-deid-key-1"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: nothing to misread, no words
_WEEKS = 520


class Key:
    """A secret of 32 bytes and what follows from it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise DataError(f"key of {len(secret)} bytes: expected 32; let `salus data deid --key FILE` make one")
        self._secret = secret

    def digest(self, purpose: str, value: str) -> bytes:
        """Return HMAC-SHA-256 of a value for one purpose; purposes never share results."""
        message = f"{len(purpose)}:{purpose}{value}".encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, message, sha256).digest()

    def uid(self, old: str) -> str:
        """Return the UID that stands for `old`, below 2.25 as the standard asks of UUIDs.

        Source:
            DICOM PS3.5, B.2; RFC 9562, version 8 (custom) with 122 bits of the digest.
        """
        number = int.from_bytes(self.digest("uid", old.strip(" \0"))[:16], "big")
        number = (number & ~(0xF << 76) | (8 << 76)) & ~(0x3 << 62) | (2 << 62)
        return f"2.25.{number}"

    def pseudonym(self, kind: str, value: str, length: int = 12) -> str:
        """Return letters and digits that stand for a value: blanks at the ends and case make no difference.

        Args:
            kind: `patient`, `station`, ...: equal values of two kinds get unequal pseudonyms.
            value: What is replaced.
            length: Letters, five bits each; 12 keep a million patients apart (chance of a clash 4e-7).
        """
        number = int.from_bytes(self.digest(f"pseudonym {kind}", _plain(value)), "big")
        return "".join(_ALPHABET[number >> (5 * i) & 31] for i in range(length))

    def shift_days(self, patient: str) -> int:
        """Return by how many days the dates of a patient move: whole weeks, 1 to 520 of them, back in time.

        Whole weeks keep the day of the week, which matters for hospital routine.
        """
        number = int.from_bytes(self.digest("shift", _plain(patient))[:8], "big")
        return -7 * (1 + number % _WEEKS)

    @property
    def fingerprint(self) -> str:
        """Sixteen letters that tell two keys apart and say nothing of either."""
        return self.digest("fingerprint", "").hex()[:16]


def make_key(path: Path) -> Key:
    """Write a new key that only its owner may read.

    Raises:
        StoreError: The file exists already, or cannot be written.
    """
    secret = secrets.token_bytes(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(f"{_HEAD} {secret.hex()}\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise StoreError(f"{path}: key cannot be written ({error.strerror}); choose another file") from error
    return Key(secret)


def read_key(path: Path) -> Key:
    """Read a key.

    Raises:
        DataError: No such file, not a key, or readable by others than its owner.
    """
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_bytes()[:200].decode("ascii", "replace")
    except OSError as error:
        raise DataError(f"{path}: key cannot be read ({error.strerror}); check the path") from error
    if os.name == "posix" and mode & 0o077:
        raise DataError(f"{path}: others may read this key (mode {mode:o}); run `chmod 600` on it")
    found = re.fullmatch(rf"{_HEAD} ([0-9a-f]{{64}})\s*", text)
    if found is None:
        raise DataError(f"{path}: not a key of Salus; give the file that an earlier `salus data deid --key` made")
    return Key(bytes.fromhex(found[1]))


def _plain(value: str) -> str:
    return " ".join(value.replace("\0", " ").split()).casefold()
