"""Who may seal and who may open: identities of two key pairs, kept in files, rotated and revoked in a keyring.

An identity has an X25519 pair, to which message keys are wrapped, and an Ed25519 pair, which signs. Private files are
readable by their owner alone; a keyring holds public halves and what became of them.
"""

import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from salus.schema.errors import SealError
from salus.schema.files import replacing, write_text

Status = Literal["active", "retired", "revoked"]
ID_BYTES = 8
LARGEST = 2**22
_SECRET, _PUBLIC, _RING = "salus identity 1", "salus public identity 1", "salus keyring 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIdentity:
    """What everybody may know of an identity.

    Attributes:
        name: For people; says nothing of who may do what.
        box: X25519 public key, 32 bytes.
        sign: Ed25519 public key, 32 bytes.
        made: Seconds since 1970.
    """

    name: str
    box: bytes
    sign: bytes
    made: int

    @property
    def id(self) -> bytes:
        """Return the first eight bytes of the SHA-256 of both keys."""
        return hashlib.sha256(b"salus identity 1" + self.box + self.sign).digest()[:ID_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Both halves; never printed.

    Attributes:
        public: What may be given away.
        box: X25519 private key, 32 bytes.
        sign: Ed25519 private key, 32 bytes.
    """

    public: PublicIdentity
    box: bytes = field(repr=False)
    sign: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An identity of a keyring, with what became of it."""

    identity: PublicIdentity
    status: Status = "active"
    reason: str = ""


class Keyring:
    """Public identities that are trusted, or were.

    A retired identity may still open and vouch for what was sealed before; a revoked one may do nothing.
    """

    def __init__(self, known: tuple[Known, ...] = ()) -> None:
        self._known = {row.identity.id: row for row in known}

    def __iter__(self) -> Any:
        """Return an iterator of what is known, in order of arrival."""
        return iter(self._known.values())

    def add(self, identity: PublicIdentity) -> None:
        """Trust an identity.

        Raises:
            SealError: It was revoked: what was lost once stays lost.
        """
        before = self._known.get(identity.id)
        if before is not None and before.status == "revoked":
            raise SealError(f"identity {identity.id.hex()} was revoked ({before.reason}); make a new one")
        self._known.setdefault(identity.id, Known(identity=identity))

    def rotate(self, old: bytes, new: PublicIdentity) -> None:
        """Let a new identity take the place of an old one, which may still open what it was sent."""
        row = self.find(old)
        if row.status != "active":
            raise SealError(f"identity {old.hex()} is {row.status}; only an active one can be rotated")
        self.add(new)
        self._known[old] = replace(row, status="retired", reason=f"followed by {new.id.hex()}")

    def revoke(self, identity: bytes, reason: str) -> None:
        """Refuse an identity from now on, for old messages too: nobody can tell what a thief dated back."""
        self._known[identity] = replace(self.find(identity), status="revoked", reason=reason)

    def find(self, identity: bytes) -> Known:
        """Return what is known of an identity.

        Raises:
            SealError: Nothing is.
        """
        if identity not in self._known:
            raise SealError(f"identity {identity.hex()} is not in the keyring; add its public file first")
        return self._known[identity]

    def sealable(self, identity: bytes) -> PublicIdentity:
        """Return an identity that messages may be sealed to or by today."""
        row = self.find(identity)
        if row.status != "active":
            raise SealError(f"identity {identity.hex()} is {row.status} ({row.reason}); use the one that follows it")
        return row.identity

    def openable(self, identity: bytes) -> PublicIdentity:
        """Return an identity whose messages may still be opened."""
        row = self.find(identity)
        if row.status == "revoked":
            raise SealError(f"identity {identity.hex()} was revoked ({row.reason}); its messages are refused")
        return row.identity


def make_identity(name: str, random: Callable[[int], bytes] = secrets.token_bytes) -> Identity:
    """Draw a new identity from the operating system's random source."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    box, sign = random(32), random(32)
    public = PublicIdentity(
        name=name,
        box=X25519PrivateKey.from_private_bytes(box).public_key().public_bytes_raw(),
        sign=Ed25519PrivateKey.from_private_bytes(sign).public_key().public_bytes_raw(),
        made=int(time.time()),
    )
    return Identity(public=public, box=box, sign=sign)


def write_identity(path: Path, identity: Identity) -> None:
    """Write the private file, which only its owner may read, and the public one beside it (`.pub`).

    Raises:
        SealError: The file exists: a key that is overwritten is lost with all it can open.
    """
    public = path.with_name(path.name + ".pub")
    for place in (path, public):
        if place.exists():
            raise SealError(f"{place} exists and is not overwritten; choose another name")
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            row = {"box": identity.box.hex(), "sign": identity.sign.hex()}
            json.dump({"kind": _SECRET, **_public_row(identity.public), "private": row}, handle)
    write_public(public, identity.public)


def read_identity(path: Path) -> Identity:
    """Read a private file.

    Raises:
        SealError: Missing, damaged, not matching itself, or readable by others than its owner.
    """
    data = _read(path, _SECRET)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SealError(f"{path}: others may read this private key; run chmod 600 on it, or revoke it")
    public, private = _public_of(path, data), data.get("private")
    if not isinstance(private, dict):
        raise SealError(f"{path}: holds no private keys; give the file without .pub")
    found = [_hex(path, private.get(name), 32) for name in ("box", "sign")]
    drawn = iter(found)
    again = make_identity(public.name, lambda _: next(drawn)).public
    if again.id != public.id:
        raise SealError(f"{path}: public and private keys do not belong together; restore the file")
    return Identity(public=public, box=found[0], sign=found[1])


def write_public(path: Path, identity: PublicIdentity) -> None:
    """Write the half that may be given away."""
    write_text(path, json.dumps({"kind": _PUBLIC, **_public_row(identity)}) + "\n")


def read_public(path: Path) -> PublicIdentity:
    """Read a public file; `SealError` where it is missing or damaged."""
    return _public_of(path, _read(path, _PUBLIC))


def write_keyring(path: Path, ring: Keyring) -> None:
    """Write a keyring."""
    rows = [{**_public_row(row.identity), "status": row.status, "reason": row.reason} for row in ring]
    write_text(path, json.dumps({"kind": _RING, "known": rows}, indent=1) + "\n")


def read_keyring(path: Path) -> Keyring:
    """Read a keyring; `SealError` where it is missing, damaged or has an unknown status."""
    rows = _read(path, _RING).get("known")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SealError(f"{path}: lists no identities; restore the file")
    known = []
    for row in rows:
        if row.get("status") not in ("active", "retired", "revoked"):
            raise SealError(f"{path}: status {row.get('status')!r}; expected active, retired or revoked")
        known.append(Known(identity=_public_of(path, row), status=row["status"], reason=str(row.get("reason", ""))))
    return Keyring(tuple(known))


def _public_row(identity: PublicIdentity) -> dict[str, Any]:
    return {"name": identity.name, "box_public": identity.box.hex(), "sign_public": identity.sign.hex(),
            "made": identity.made, "id": identity.id.hex()}  # fmt: skip


def _public_of(path: Path, row: dict[str, Any]) -> PublicIdentity:
    made = row.get("made")
    if not isinstance(made, int) or isinstance(made, bool):
        raise SealError(f"{path}: the date {made!r} is no number of seconds; restore the file")
    box, sign = (_hex(path, row.get(name), 32) for name in ("box_public", "sign_public"))
    found = PublicIdentity(name=str(row.get("name", ""))[:200], box=box, sign=sign, made=made)
    if row.get("id") != found.id.hex():
        raise SealError(f"{path}: id {row.get('id')!r} is not that of its keys ({found.id.hex()}); restore the file")
    return found


def _hex(path: Path, text: Any, size: int) -> bytes:
    try:
        data = bytes.fromhex(text)
    except (TypeError, ValueError) as error:
        raise SealError(f"{path}: a key is not written in hexadecimal; restore the file") from error
    if len(data) != size:
        raise SealError(f"{path}: a key of {len(data)} bytes where {size} are needed; restore the file")
    return data


def _read(path: Path, kind: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise SealError(f"{path}: larger than {LARGEST >> 20} MB; this is no {kind[:-2]}")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SealError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:
        raise SealError(f"{path}: not a {kind[:-2]} file; give one that `salus keys` wrote") from error
    if not isinstance(data, dict) or data.get("kind") != kind:
        raise SealError(f"{path}: not a {kind[:-2]} file; give one that `salus keys` wrote")
    return data
