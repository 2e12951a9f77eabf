"""Seal bytes so that one recipient can open them and nobody can change them: a fresh key a message.

Hybrid encryption from a library's primitives: AES-256-GCM under a fresh key; that key wrapped (RFC 3394) under one that
HKDF-SHA-256 (RFC 5869) derives from an ephemeral X25519 agreement (RFC 7748); an Ed25519 signature (RFC 8032) over all
of it. Every byte before the ciphertext, the caller's header among them, is associated data.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from salus.schema.errors import SealError, StoreError
from salus.security.keys import Identity, Keyring, PublicIdentity

MAGIC = b"SLSE"
VERSION, SUITE = 1, 1
_PREFIX = struct.Struct(">4sBB8s8sQ32s40s12sHI")  # ends with the lengths of header and ciphertext without its tag
TAG, SIGNATURE = 16, 64
OVERHEAD = _PREFIX.size + TAG + SIGNATURE
"""Bytes that sealing adds to header and payload."""
LARGEST = 2**30
_CONTEXT = b"salus sealed message 1\0"
_RECORD = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a sealed message held.

    Attributes:
        header: As given by the sender; was readable on the way, not changeable.
        payload: Was neither.
        sender: Who signed.
        time_s: When the sender says it was sealed, seconds since 1970.
    """

    header: bytes
    payload: bytes
    sender: PublicIdentity
    time_s: int


class Sealer:
    """Seals messages of one sender.

    Args:
        sender: Both halves of its identity.
        ring: Who is trusted.
        random: Source of keys and nonces; one that repeats itself is noticed and nothing more is sealed.
    """

    def __init__(self, sender: Identity, ring: Keyring, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self.sender, self.ring, self.random = sender, ring, random
        self._used: set[bytes] = set()

    def seal(self, payload: bytes, header: bytes, recipient: bytes, time_s: int | None = None) -> bytes:
        """Return the sealed message, `OVERHEAD` bytes longer than header and payload.

        Args:
            payload: To be hidden.
            header: To be bound but not hidden, at most 65,535 bytes.
            recipient: Id of the identity that may open it.
            time_s: Seconds since 1970; None for now.

        Raises:
            SealError: Sender or recipient is unknown, retired or revoked, something is too long, or key and nonce
                were drawn before.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.ring.sealable(self.sender.public.id)
        to = self.ring.sealable(recipient)
        if len(header) > 0xFFFF or len(payload) > LARGEST:
            raise SealError(f"header of {len(header)} and payload of {len(payload)} bytes; seal at most 65535 and 2^30")
        ephemeral, key, nonce = self._fresh()
        public, wrapping = agree(ephemeral, to.box, self.sender.public.id + to.id)
        prefix = _PREFIX.pack(
            MAGIC, VERSION, SUITE, to.id, self.sender.public.id, int(time.time()) if time_s is None else time_s,
            public, wrap_key(wrapping, key), nonce, len(header), len(payload),
        )  # fmt: skip
        message = prefix + header + AESGCM(key).encrypt(nonce, payload, prefix + header)
        return message + Ed25519PrivateKey.from_private_bytes(self.sender.sign).sign(_CONTEXT + message)

    def _fresh(self) -> tuple[bytes, bytes, bytes]:
        drawn = self.random(32), self.random(32), self.random(12)
        marks = {hashlib.sha256(name + value).digest() for name, value in zip((b"e", b"k"), drawn[:2], strict=True)}
        if marks & self._used or len(set(drawn[:2])) < 2:
            raise SealError("the random source repeated a key; nothing was sealed: repair the machine's entropy first")
        self._used |= marks
        return drawn


class Seen:
    """Remembers which messages were opened, in memory or in a file, so that none is opened twice.

    Args:
        path: Grows by 32 bytes a message; None forgets at the end of the process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._memory = bytearray()

    def admit(self, ephemeral: bytes, message: bytes) -> None:
        """Record a message.

        Raises:
            SealError: It was opened before, or another message came with the same key.
            StoreError: The file cannot be read or written; the message is not opened then.
        """
        mark, whole = hashlib.sha256(ephemeral).digest()[:16], hashlib.sha256(message).digest()[:16]
        if self.path is None:
            _refuse_repeated(bytes(self._memory), mark, whole)
            self._memory += mark + whole
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b", buffering=0) as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)  # two openers at once must not both be the first
                before = handle.read()
                if len(before) % _RECORD:
                    raise StoreError(f"{self.path}: {len(before)} bytes are no whole records; restore the file")
                _refuse_repeated(before, mark, whole)
                handle.write(mark + whole)
                os.fsync(handle.fileno())
        except OSError as error:
            raise StoreError(f"{self.path}: cannot keep the record of opened messages ({error.strerror})") from error


class Opener:
    """Opens messages for the holder of some identities, old ones among them.

    Args:
        own: Identities whose private halves are here.
        ring: Whose messages are trusted, and what was revoked.
        seen: What was opened before.
    """

    def __init__(self, own: Sequence[Identity], ring: Keyring, seen: Seen) -> None:
        self.own, self.ring, self.seen = {identity.public.id: identity for identity in own}, ring, seen

    def open(self, message: bytes) -> Opened:
        """Return header and payload of a message that is whole, trusted, meant for us and new.

        Raises:
            SealError: It is not; says which of these, never what is inside.
        """
        from cryptography.exceptions import InvalidSignature, InvalidTag
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        fields, start = _parse(message)
        to, by, time_s, ephemeral, wrapped, nonce = fields
        if to not in self.own:
            raise SealError(f"sealed for identity {to.hex()}, whose private key is not here; open it with that key")
        self.ring.openable(to)
        sender = self.ring.openable(by)
        body, signature = message[:-SIGNATURE], message[-SIGNATURE:]
        try:
            Ed25519PublicKey.from_public_bytes(sender.sign).verify(signature, _CONTEXT + body)
        except InvalidSignature as error:
            raise SealError(f"not signed by {by.hex()}, or changed on the way; ask for it again") from error
        own = self.own[to]
        try:
            _, wrapping = agree(own.box, ephemeral, by + to, opening=True)
            payload = AESGCM(unwrap_key(wrapping, wrapped)).decrypt(nonce, body[start:], body[:start])
        except InvalidTag as error:
            raise SealError("the ciphertext does not belong to its tag; ask for the message again") from error
        self.seen.admit(ephemeral, message)
        return Opened(header=message[_PREFIX.size : start], payload=payload, sender=sender, time_s=time_s)


def agree(private: bytes, public: bytes, names: bytes, *, opening: bool = False) -> tuple[bytes, bytes]:
    """Return our public key and the 256-bit wrapping key that both sides of an X25519 agreement derive.

    Args:
        private: Ours, 32 bytes: the ephemeral one when sealing.
        public: Theirs, 32 bytes: the ephemeral one when opening.
        names: Ids of sender and recipient, bound into the key.
        opening: Which side we are on.

    Raises:
        SealError: The public key is one of the few that make every agreement equal.

    Source:
        RFC 7748 section 6.1; RFC 5869 with SHA-256, no salt, both public keys and the names as `info`.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    ours = X25519PrivateKey.from_private_bytes(private)
    mine = ours.public_key().public_bytes_raw()
    try:
        shared = ours.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise SealError("the public key of the agreement is not a usable one; the message is refused") from error
    both = public + mine if opening else mine + public
    info = b"salus wrapping key 1\0" + both + names
    return mine, HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared)


def wrap_key(wrapping: bytes, key: bytes) -> bytes:
    """Return a 256-bit key wrapped under another, 40 bytes (RFC 3394)."""
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    return aes_key_wrap(wrapping, key)


def unwrap_key(wrapping: bytes, wrapped: bytes) -> bytes:
    """Return the key that `wrap_key` wrapped; `SealError` where it was wrapped under another one."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    try:
        return aes_key_unwrap(wrapping, wrapped)
    except InvalidUnwrap as error:
        raise SealError("the message key was wrapped for somebody else; open it with the right key") from error


def _parse(message: bytes) -> tuple[tuple[bytes, bytes, int, bytes, bytes, bytes], int]:
    """Return recipient, sender, time, ephemeral key, wrapped key and nonce, and where the ciphertext begins."""
    if len(message) < OVERHEAD:
        raise SealError(f"{len(message)} bytes are fewer than the {OVERHEAD} of an empty message; it was cut off")
    magic, version, suite, to, by, time_s, ephemeral, wrapped, nonce, header, payload = _PREFIX.unpack_from(message)
    if magic != MAGIC:
        raise SealError(f"begins with {magic!r}, not {MAGIC!r}: no sealed message; give a file that `salus seal` wrote")
    if (version, suite) != (VERSION, SUITE):
        raise SealError(f"version {version}, suite {suite}: only version {VERSION}, suite {SUITE} can be opened")
    if len(message) != OVERHEAD + header + payload:
        raise SealError(
            f"{len(message)} bytes, but header and payload of {header} and {payload} bytes make "
            f"{OVERHEAD + header + payload}; it was cut off or lengthened"
        )
    return (to, by, time_s, ephemeral, wrapped, nonce), _PREFIX.size + header


def _refuse_repeated(before: bytes, mark: bytes, whole: bytes) -> None:
    for place in range(0, len(before), _RECORD):
        if hmac.compare_digest(before[place : place + 16], mark):
            if before[place + 16 : place + _RECORD] == whole:
                raise SealError("this message was opened before: a replay; ask the sender for a new one")
            raise SealError("another message came with the same key and nonce; do not trust this sender's machine")
