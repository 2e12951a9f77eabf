"""Two stores: neither tells what the other holds, keys expire and are changed, erasing leaves nothing."""

from pathlib import Path

import pytest

from salus.schema.errors import ConfigError, DataError, StoreError
from salus.security.stores import LinkKey, SplitStores

KEY = LinkKey(secret=b"k" * 32, not_after_s=1000.0)
WORDS = {"name": "Eva Miller", "born": "1971-02-03"}


@pytest.fixture
def stores(tmp_path: Path) -> SplitStores:
    found = SplitStores(tmp_path / "identity.db", tmp_path / "payload.db", KEY)
    found.put("mrn-17", WORDS, b"fracture of the left radius", 10.0)
    return found


def test_a_person_and_the_payload_meet_only_through_the_key(stores: SplitStores, tmp_path: Path) -> None:
    assert stores.find("mrn-17", 10.0) == b"fracture of the left radius"
    assert stores.identity("mrn-17") == WORDS
    assert stores.payload(KEY.link("mrn-17", 10.0)) == b"fracture of the left radius"
    payload, identity = (tmp_path / "payload.db").read_bytes(), (tmp_path / "identity.db").read_bytes()
    assert b"Miller" not in payload
    assert b"mrn-17" not in payload
    assert b"fracture" not in identity
    assert KEY.link("mrn-17", 10.0).encode() not in identity
    other = LinkKey(secret=b"j" * 32)
    assert other.link("mrn-17", 10.0) != KEY.link("mrn-17", 10.0)


def test_an_expired_key_links_nothing(stores: SplitStores) -> None:
    with pytest.raises(StoreError, match="expired"):
        stores.find("mrn-17", 1000.5)
    with pytest.raises(StoreError, match="expired"):
        stores.put("mrn-18", {}, b"", 2000.0)
    with pytest.raises(StoreError, match="expired"):
        KEY.link("mrn-17", float("nan"))


def test_a_new_key_takes_over(stores: SplitStores) -> None:
    stores.put("mrn-18", {}, b"second", 10.0)
    assert stores.rekey(LinkKey(secret=b"n" * 32), 2000.0) == 2
    assert stores.find("mrn-17", 5000.0) == b"fracture of the left radius"
    with pytest.raises(DataError, match="no payload"):
        stores.payload(KEY.link("mrn-18", 10.0))


def test_erasing_leaves_nothing(stores: SplitStores, tmp_path: Path) -> None:
    stores.erase("mrn-17")
    with pytest.raises(DataError, match="nobody"):
        stores.identity("mrn-17")
    with pytest.raises(DataError, match="no payload"):
        stores.find("mrn-17", 10.0)
    assert b"Miller" not in (tmp_path / "identity.db").read_bytes()
    assert b"fracture" not in (tmp_path / "payload.db").read_bytes()


def test_bad_input_is_named(stores: SplitStores, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 32"):
        LinkKey(secret=b"short")
    with pytest.raises(ConfigError, match="one file"):
        SplitStores(tmp_path / "x", tmp_path / "x", KEY)
    with pytest.raises(DataError, match="identifier of 0 letters"):
        stores.put("", {}, b"", 1.0)
    (tmp_path / "noise.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="no store"):
        SplitStores(tmp_path / "noise.db", tmp_path / "p", KEY)
    assert b"kkkk" not in repr(KEY).encode()
