"""`salus seal`, `salus unseal` and `salus keys`: pictures as bytes that one reader can open."""

from pathlib import Path
from typing import Annotated, Any

import typer

from salus.cli.show import emit_json, facts, table
from salus.schema.errors import DataError, SealError, UsageError

LARGEST = 2**30
RING, SEEN = "keyring.json", "opened"
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Keys = Annotated[Path, typer.Option("--keys", help="Folder of keys that `salus keys` made.")]

app = typer.Typer(help="Keys that seal and open: new, list, trust, rotate, revoke.", no_args_is_help=True)


def seal(
    run: Annotated[Path, typer.Argument(help="Folder of a codec that `salus fit` wrote.")],
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="One picture of your own: PNG, DICOM, ...")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File for the sealed bytes.")],
    to: Annotated[str, typer.Option("--to", help="Name or id of who may open it.")],
    sender: Annotated[str, typer.Option("--from", help="Name or id of who sends it.")],
    keys: Keys,
    pseudonym: Annotated[str, typer.Option(help="At most 16 bytes that may be read on the way; drawn if empty.")] = "",
    as_json: JSON = False,
) -> None:
    """Code a picture with a trained codec and seal it for one reader."""
    from salus import api
    from salus.cli.inputs import read_inputs
    from salus.data.suit import names_for, renamed
    from salus.schema.files import write_bytes
    from salus.security.envelope import Sealer
    from salus.store.sealed import codec_of, seal_picture

    ring = _ring(keys)
    sealer, reader = Sealer(_own(keys, sender, ring), ring), ring.sealable(_id(ring, to))
    system = api.load(run).system
    codec_of(system)
    samples = read_inputs(system, [source]).samples
    if len(samples) != 1:
        raise DataError(f"{source} holds {len(samples)} pictures; give one")
    sample = renamed(samples[0], names_for(samples[0].inputs, type(system).card.inputs))
    message = seal_picture(system, sample, sealer, reader.id, pseudonym)
    write_bytes(out, message)
    pixels = sample.inputs["image"].array[0].size
    found = {"file": str(out), "to": f"{reader.name} ({reader.id.hex()})", "bytes": len(message),
             "bits per pixel": round(8 * len(message) / pixels, 4)}  # fmt: skip
    emit_json(found) if as_json else facts(list(found.items()))


def unseal(
    run: Annotated[Path, typer.Argument(help="Folder of the codec that coded it.")],
    source: Annotated[Path, typer.Argument(metavar="SEALED", help="File that `salus seal` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .nii.gz keeps values, .png is for looking.")],
    keys: Keys,
    as_json: JSON = False,
) -> None:
    """Open a sealed picture: signature, reader and freshness are checked before anything is rebuilt."""
    from salus import api
    from salus.data.writers import write_picture, write_volume
    from salus.security.envelope import Opener, Seen
    from salus.store.sealed import open_picture

    if not out.name.endswith((".nii.gz", ".png")):
        raise UsageError(f"{out}: write to a name that ends in .nii.gz or .png")
    ring = _ring(keys)
    opener = Opener(_all_own(keys), ring, Seen(keys / SEEN))
    found = open_picture(api.load(run).system, _bytes(source), opener)
    if out.name.endswith(".png"):
        write_picture(out, found.array)
    else:
        write_volume(out, found.array, found.head.spacing_mm)
    said = {"file": str(out), "pseudonym": found.pseudonym, "sealed, seconds since 1970": found.opened.time_s,
            "from": f"{found.opened.sender.name} ({found.opened.sender.id.hex()})", "unit": found.head.unit,
            "shape": f"{found.head.shape[0]} x {found.head.shape[1]}"}  # fmt: skip
    emit_json(said) if as_json else facts(list(said.items()))


@app.command()
def new(keys: Keys, name: Annotated[str, typer.Argument(help="Of the identity, for people.")]) -> None:
    """Draw an identity; its private file stays in the folder, its .pub may be given away."""
    from salus.security.keys import make_identity, write_identity, write_keyring

    path = _place(keys, name)
    ring, identity = _ring(keys, fresh=True), make_identity(name)
    ring.add(identity.public)
    write_identity(path, identity)
    write_keyring(keys / RING, ring)
    facts([("private, keep it", path), ("public, give it away", f"{path}.pub"), ("id", identity.public.id.hex())])


@app.command()
def trust(keys: Keys, public: Annotated[Path, typer.Argument(help="Public file of somebody else.")]) -> None:
    """Trust somebody's public file; compare its id by another way first."""
    from salus.security.keys import read_public, write_keyring

    ring, identity = _ring(keys, fresh=True), read_public(public)
    ring.add(identity)
    write_keyring(keys / RING, ring)
    facts([("trusted", identity.name), ("id, compare it by telephone", identity.id.hex())])


@app.command()
def rotate(keys: Keys, name: Annotated[str, typer.Argument(help="Name or id of your own identity.")]) -> None:
    """Draw a new identity in place of an old one, which may still open what it was sent."""
    from salus.security.keys import make_identity, write_identity, write_keyring

    ring = _ring(keys)
    old = _own(keys, name, ring).public
    identity = make_identity(old.name)
    ring.rotate(old.id, identity.public)
    path = _place(keys, f"{old.name}-{identity.public.id.hex()[:8]}")
    write_identity(path, identity)
    write_keyring(keys / RING, ring)
    facts([("new public file, give it away", f"{path}.pub"), ("id", identity.public.id.hex())])


@app.command()
def revoke(
    keys: Keys,
    name: Annotated[str, typer.Argument(help="Name or id.")],
    reason: Annotated[str, typer.Option(help="Why; shown to whoever meets it again.")],
) -> None:
    """Refuse an identity from now on, old messages included; a revocation cannot be taken back."""
    from salus.security.keys import write_keyring

    ring = _ring(keys)
    ring.revoke(_id(ring, name), reason)
    write_keyring(keys / RING, ring)
    facts([("revoked", name), ("reason", reason)])


@app.command(name="list")
def show(keys: Keys, as_json: JSON = False) -> None:
    """List who is trusted, retired or revoked."""
    own = {identity.public.id for identity in _all_own(keys)}
    rows = [
        (row.identity.id.hex(), row.identity.name, row.status, row.reason, "yes" if row.identity.id in own else "")
        for row in _ring(keys)
    ]
    columns = ("id", "name", "status", "reason", "own")
    if as_json:
        emit_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)


def _place(keys: Path, name: str) -> Path:
    if not name or not all(letter.isalnum() or letter in "-_" for letter in name) or len(name) > 64:
        raise UsageError(f"name {name!r}; use at most 64 letters, digits, '-' and '_': it becomes a file name")
    return keys / f"{name}.key"


def _ring(keys: Path, *, fresh: bool = False) -> Any:
    from salus.security.keys import Keyring, read_keyring

    if fresh and not (keys / RING).exists():
        return Keyring()
    return read_keyring(keys / RING)


def _id(ring: Any, name: str) -> bytes:
    """Return the id of the one active identity of a name, or the id that is meant."""
    exact = [row.identity.id for row in ring if row.identity.id.hex() == name]
    named = exact or [row.identity.id for row in ring if row.identity.name == name and row.status == "active"]
    if len(named) != 1:
        raise SealError(f"{len(named)} active identities are called {name!r}; give an id that `salus keys list` shows")
    found: bytes = named[0]
    return found


def _own(keys: Path, name: str, ring: Any) -> Any:
    wanted = _id(ring, name)
    for identity in _all_own(keys):
        if identity.public.id == wanted:
            return identity
    raise SealError(f"the private key of {name!r} is not in {keys}; only its holder can do this")


def _all_own(keys: Path) -> list[Any]:
    from salus.security.keys import read_identity

    return [read_identity(path) for path in sorted(keys.glob("*.key"))]


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path}: larger than {LARGEST >> 20} MB; no sealed picture is")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error
