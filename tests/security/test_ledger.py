"""The ledger: every change of a byte, place or number of entries is found and named."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from salus.schema.errors import ConfigError, DataError, StoreError
from salus.security.chain import Head, canonical, entries, hashed, verify
from salus.security.ledger import Ledger

KEYS = {name: Ed25519PrivateKey.generate() for name in ("gate", "ward")}
AUTHORITIES = {name: key.public_key() for name, key in KEYS.items()}


def opened(path: Path, name: str = "gate", head: Head | None = None) -> Ledger:
    return Ledger(path, AUTHORITIES, name=name, key=KEYS[name], head=head)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ledger = opened(tmp_path / "audit.jsonl")
    for number in range(8):
        ledger.append({"request": f"r{number}", "outcome": "allow"}, float(number))
    return ledger.path


def test_a_whole_ledger_is_read_back(path: Path) -> None:
    found = list(entries(path, AUTHORITIES))
    assert [entry.event["request"] for entry in found] == [f"r{n}" for n in range(8)]
    assert verify(path, AUTHORITIES).count == 8


def test_every_flipped_bit_is_found(path: Path) -> None:
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    line = len(content.splitlines(keepends=True)[0])
    for place in [*range(line), *rng.integers(len(content), size=100).tolist()]:
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(changed))
        with pytest.raises(StoreError):
            verify(path, AUTHORITIES)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ([0, 1, 2, 4, 5, 6, 7], "gap, entry 3 is missing"),
        ([0, 1, 5, 6, 7], "gap, entries 2 to 4 are missing"),
        ([0, 1, 2, 2, 3, 4, 5, 6, 7], "entry 2 occurs again where entry 3 is due"),
        ([0, 1, 3, 2, 4, 5, 6, 7], "entry 2 stands behind entry 3"),
        ([1, 2, 3, 4, 5, 6, 7], "gap, entry 0 is missing"),
        ([0, 1, 2, 3, 4, 5, 6, 7, 0], "entry 0 occurs again where entry 8 is due"),
    ],
)
def test_gaps_replays_and_reorderings_are_named(path: Path, order: list[int], words: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[n] for n in order))
    with pytest.raises(StoreError, match=words):
        verify(path, AUTHORITIES)


def test_an_entry_rewritten_with_its_hash_still_lacks_the_signature(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    row = json.loads(lines[-1])
    row["event"]["outcome"] = "deny"
    row["hash"] = hashed({key: value for key, value in row.items() if key not in ("hash", "signature")})
    path.write_bytes(b"".join([*lines[:-1], canonical(row) + b"\n"]))
    with pytest.raises(StoreError, match="no signature of a known authority"):
        verify(path, AUTHORITIES)


def test_only_the_fixed_authorities_count(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no signature of a known authority"):
        verify(path, {"gate": KEYS["ward"].public_key()})
    with pytest.raises(ConfigError, match="is no authority"):
        Ledger(tmp_path / "b", AUTHORITIES, name="thief", key=Ed25519PrivateKey.generate())
    with pytest.raises(ConfigError, match="its key is another one"):
        Ledger(tmp_path / "b", AUTHORITIES, name="gate", key=KEYS["ward"])


def test_an_end_that_was_cut_off_shows_against_a_noted_head(path: Path) -> None:
    head = verify(path, AUTHORITIES)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))
    assert verify(path, AUTHORITIES).count == 6
    with pytest.raises(StoreError, match="ends after 6 entries, 8 were noted"):
        verify(path, AUTHORITIES, head)
    opened(path).append({"forged": True}, 100.0)
    opened(path).append({"forged": True}, 101.0)
    with pytest.raises(StoreError, match="not the one noted elsewhere"):
        opened(path, head=head)


def test_a_line_cut_by_a_crash_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StoreError, match="after 7 entries comes a line that is cut"):
        opened(path)


def test_two_writers_share_one_chain(path: Path) -> None:
    first, second = opened(path), opened(path, "ward")
    for number in range(3):
        first.append({"a": number}, 10.0)
        second.append({"b": number}, 10.0)
    assert verify(path, AUTHORITIES).count == 14


def test_a_file_that_shrank_is_not_written_on(path: Path) -> None:
    ledger = opened(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    with pytest.raises(StoreError, match="shorter than it was"):
        ledger.append({}, 10.0)


def test_private_words_can_be_erased_and_the_chain_stays_valid(path: Path) -> None:
    ledger = opened(path)
    entry = ledger.append({"outcome": "allow"}, 10.0, detail="Mr Miller had no pulse")
    twin = ledger.append({"outcome": "allow"}, 11.0, detail="Mr Miller had no pulse")
    assert b"Miller" not in path.read_bytes()
    assert entry.detail != twin.detail
    assert ledger.detail(entry) == "Mr Miller had no pulse"
    assert ledger.erase(entry)
    assert ledger.detail(entry) is None
    assert not ledger.erase(entry)
    assert verify(path, AUTHORITIES).count == 10
    place = next(path.with_name("audit.jsonl.details").iterdir())
    place.write_bytes(place.read_bytes() + b"!")
    with pytest.raises(StoreError, match="words of entry 9 were altered"):
        ledger.detail(twin)


@pytest.mark.parametrize(
    ("event", "time_s", "words"),
    [
        ({}, 3.0, "clock runs backwards"),
        ({}, math.nan, "clock runs backwards"),
        ({"a": math.inf}, 9.0, "not plain JSON"),
        ({"a": object()}, 9.0, "not plain JSON"),
        ({"a": "x" * 70_000}, 9.0, "keep it below 64 KB"),
    ],
)
def test_impossible_events_leave_no_trace(path: Path, event: dict[str, object], time_s: float, words: str) -> None:
    before = path.read_bytes()
    with pytest.raises(DataError, match=words):
        opened(path).append(event, time_s)
    assert path.read_bytes() == before


def test_hostile_lines_end_in_one_clear_error(path: Path) -> None:
    good = path.read_bytes()
    for line in (b"[" * 60_000 + b"\n", b"{}\n", b"null\n", b"\xff\n", b"x" * 100_000, b'{"index":8}\n'):
        path.write_bytes(good + line)
        with pytest.raises(StoreError, match="after 8 entries"):
            verify(path, AUTHORITIES)
