"""Identity and clinical payload in two files that meet only through a keyed pseudonym.

Whoever holds the payload file alone knows nobody's name; whoever holds the identity file alone knows nobody's illness.
The pseudonym is an HMAC of the identifier, so that names cannot be tried out without the key.

Source:
    HMAC: RFC 2104 and FIPS 198-1, with SHA-256.
"""

import contextlib
import hashlib
import hmac
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from salus.schema.errors import ConfigError, DataError, StoreError

LARGEST = 2**26
"""Bytes of one payload."""
LONGEST = 256
LEAST_KEY = 32


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LinkKey:
    """The secret that joins the two files; it is kept in neither.

    Attributes:
        secret: 32 random bytes or more.
        not_after_s: When it expires, seconds since 1970.
    """

    secret: bytes
    not_after_s: float = math.inf

    def __post_init__(self) -> None:
        if len(self.secret) < LEAST_KEY:
            raise ConfigError(f"link key of {len(self.secret)} bytes; use at least {LEAST_KEY} random bytes")

    def __repr__(self) -> str:
        """Return the key's place in a message, never the secret."""
        return f"LinkKey(not_after_s={self.not_after_s})"

    def link(self, identifier: str, now_s: float) -> str:
        """Return the pseudonym of an identifier, 64 hexadecimal letters.

        Raises:
            StoreError: The key has expired.
            DataError: An empty or endless identifier.
        """
        if not now_s <= self.not_after_s:
            raise StoreError(
                f"link key: expired at {self.not_after_s:.0f} s, it is {now_s:.0f} s; make a new key and `rekey`"
            )
        return self._link(identifier)

    def _link(self, identifier: str) -> str:
        if not 0 < len(identifier) <= LONGEST:
            raise DataError(f"identifier of {len(identifier)} letters; expected 1 to {LONGEST}")
        return hmac.new(self.secret, b"salus link 1\x00" + identifier.encode(), hashlib.sha256).hexdigest()


class SplitStores:
    """Two files: `identity` maps an identifier to the words about a person, `payload` a pseudonym to bytes.

    Args:
        identity: File of identities.
        payload: File of clinical content, sealed or not; must be another file.
        key: Joins them.

    Raises:
        ConfigError: One file for both.
        StoreError: A file that is no such store.
    """

    def __init__(self, identity: Path, payload: Path, key: LinkKey) -> None:
        if identity.resolve() == payload.resolve():
            raise ConfigError(f"{identity}: identity and payload in one file; give two, best on two machines")
        self._identity, self._payload, self._key = identity, payload, key
        with _open(identity) as base:
            base.execute("CREATE TABLE IF NOT EXISTS identity (identifier TEXT PRIMARY KEY, words TEXT NOT NULL)")
        with _open(payload) as base:
            base.execute("CREATE TABLE IF NOT EXISTS payload (link TEXT PRIMARY KEY, content BLOB NOT NULL)")

    def put(self, identifier: str, words: Mapping[str, str], content: bytes, now_s: float) -> str:
        """Store a person and their payload; return the pseudonym.

        Raises:
            StoreError: The key has expired, or a file cannot be written.
            DataError: An impossible identifier or too large a payload.
        """
        link = self._key.link(identifier, now_s)
        if len(content) > LARGEST:
            raise DataError(f"payload of {len(content)} bytes; the limit is {LARGEST}: store a reference instead")
        with _open(self._payload) as base:
            base.execute("INSERT OR REPLACE INTO payload VALUES (?, ?)", (link, content))
        with _open(self._identity) as base:
            row = (identifier, json.dumps(dict(words), sort_keys=True))
            base.execute("INSERT OR REPLACE INTO identity VALUES (?, ?)", row)
        return link

    def payload(self, link: str) -> bytes:
        """Return what is stored under a pseudonym; needs no key and tells no name.

        Raises:
            DataError: Nothing is.
        """
        with _open(self._payload) as base:
            row = base.execute("SELECT content FROM payload WHERE link = ?", (link,)).fetchone()
        if row is None:
            raise DataError(f"no payload under {link[:12]!r}; check the pseudonym")
        return bytes(row[0])

    def identity(self, identifier: str) -> dict[str, str]:
        """Return the words about a person.

        Raises:
            DataError: Nobody of that identifier.
        """
        with _open(self._identity) as base:
            row = base.execute("SELECT words FROM identity WHERE identifier = ?", (identifier,)).fetchone()
        if row is None:
            raise DataError(f"nobody with identifier {identifier!r}; check its spelling")
        return {str(key): str(value) for key, value in json.loads(row[0]).items()}

    def find(self, identifier: str, now_s: float) -> bytes:
        """Join: return the payload of a person.

        Raises:
            StoreError: The key has expired.
            DataError: There is none.
        """
        return self.payload(self._key.link(identifier, now_s))

    def erase(self, identifier: str) -> None:
        """Erase a person and their payload, with an expired key too."""
        with _open(self._payload) as base:
            base.execute("DELETE FROM payload WHERE link = ?", (self._key._link(identifier),))
        with _open(self._identity) as base:
            base.execute("DELETE FROM identity WHERE identifier = ?", (identifier,))

    def rekey(self, key: LinkKey, now_s: float) -> int:
        """Move every payload to the pseudonym of a new key, all or none; return how many there are.

        Raises:
            StoreError: The new key has expired, or a file cannot be written.
        """
        with _open(self._identity) as base:
            names = [str(row[0]) for row in base.execute("SELECT identifier FROM identity ORDER BY identifier")]
        pairs = [(key.link(name, now_s), self._key._link(name)) for name in names]
        with _open(self._payload) as base:
            base.executemany("UPDATE payload SET link = ? WHERE link = ?", pairs)
        self._key = key
        return len(pairs)


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as base:
            base.execute("PRAGMA secure_delete = ON")  # what is erased must not linger in free pages
            with base:
                yield base
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: no store, or it cannot be used ({error}); check the path and the disk") from error
