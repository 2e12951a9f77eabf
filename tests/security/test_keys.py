"""Keys in files: private ones stay private, damaged ones are named, a keyring keeps what became of each."""

import json
import os
from pathlib import Path

import pytest

from salus.schema.errors import SealError
from salus.security.keys import (
    Keyring,
    make_identity,
    read_identity,
    read_keyring,
    read_public,
    write_identity,
    write_keyring,
)


def test_an_identity_survives_its_file_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made = make_identity("ward 3")
    write_identity(tmp_path / "ward", made)
    assert read_identity(tmp_path / "ward") == made
    assert read_public(tmp_path / "ward.pub") == made.public
    assert (tmp_path / "ward").stat().st_mode & 0o077 == 0
    assert made.box.hex() not in (tmp_path / "ward.pub").read_text()
    assert made.box.hex() not in repr(made)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    write_identity(tmp_path / "k", make_identity("a"))
    with pytest.raises(SealError, match="not overwritten"):
        write_identity(tmp_path / "k", make_identity("b"))


def test_a_private_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    write_identity(tmp_path / "k", make_identity("a"))
    os.chmod(tmp_path / "k", 0o644)
    with pytest.raises(SealError, match="chmod 600"):
        read_identity(tmp_path / "k")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    write_identity(tmp_path / "k", make_identity("a"))
    data = json.loads((tmp_path / "k").read_text())
    data["private"]["sign"] = make_identity("b").sign.hex()
    (tmp_path / "k").write_text(json.dumps(data))
    with pytest.raises(SealError, match="do not belong together"):
        read_identity(tmp_path / "k")
    public = json.loads((tmp_path / "k.pub").read_text())
    public["box_public"] = make_identity("b").public.box.hex()
    (tmp_path / "k.pub").write_text(json.dumps(public))
    with pytest.raises(SealError, match="not that of its keys"):
        read_public(tmp_path / "k.pub")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"kind": "salus public identity 1"}', '{"kind": "other"}', "[" * 100_000, "\0"]
)
def test_damaged_files_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    for read in (read_public, read_identity, read_keyring):
        with pytest.raises(SealError, match="k:"):
            read(tmp_path / "k")
    with pytest.raises(SealError, match="cannot be read"):
        read_public(tmp_path / "none")


def test_a_keyring_remembers_what_became_of_an_identity(tmp_path: Path) -> None:
    ring, first, second, third = Keyring(), *(make_identity(name).public for name in "abc")
    ring.add(first)
    ring.add(second)
    ring.rotate(first.id, third)
    ring.revoke(second.id, "lost")
    write_keyring(tmp_path / "ring", ring)
    again = read_keyring(tmp_path / "ring")
    assert [(row.identity, row.status) for row in again] == [(first, "retired"), (second, "revoked"), (third, "active")]
    assert again.sealable(third.id) == third
    assert again.openable(first.id) == first
    for refused in (lambda: again.openable(second.id), lambda: again.sealable(first.id)):
        with pytest.raises(SealError):
            refused()
    with pytest.raises(SealError, match="only an active one"):
        again.rotate(first.id, second)
    text = (tmp_path / "ring").read_text().replace('"retired"', '"fine"')
    (tmp_path / "ring").write_text(text)
    with pytest.raises(SealError, match="status 'fine'"):
        read_keyring(tmp_path / "ring")
