"""Sealing: published vectors, every flipped bit, replays, repeated keys, wrong readers."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.contract.codec import SEAL_BYTES
from salus.schema.errors import SealError, StoreError
from salus.security import envelope
from salus.security.envelope import OVERHEAD, Opener, Sealer, Seen
from salus.security.keys import Identity, Keyring, make_identity

H = bytes.fromhex


@pytest.fixture(scope="module")
def pair() -> tuple[Identity, Identity, Keyring]:
    ring = Keyring()
    sender, reader = make_identity("clinic"), make_identity("reader")
    for identity in (sender, reader):
        ring.add(identity.public)
    return sender, reader, ring


def sealed(pair: tuple[Identity, Identity, Keyring], payload: bytes = b"pixels" * 9, header: bytes = b"head") -> bytes:
    sender, reader, ring = pair
    return Sealer(sender, ring).seal(payload, header, reader.public.id)


def opener(pair: tuple[Identity, Identity, Keyring], seen: Seen | None = None) -> Opener:
    return Opener([pair[1]], pair[2], seen or Seen())


@settings(max_examples=20, deadline=None)
@given(payload=st.binary(max_size=300), header=st.binary(max_size=60))
def test_what_was_sealed_comes_back(payload: bytes, header: bytes) -> None:
    ring, sender, reader = Keyring(), make_identity("a"), make_identity("b")
    ring.add(sender.public)
    ring.add(reader.public)
    message = Sealer(sender, ring).seal(payload, header, reader.public.id, time_s=7)
    assert len(message) == OVERHEAD + len(payload) + len(header)
    got = Opener([reader], ring, Seen()).open(message)
    assert (got.payload, got.header, got.sender, got.time_s) == (payload, header, sender.public, 7)


def test_the_bytes_of_sealing_are_those_that_scores_count() -> None:
    assert OVERHEAD + 16 == SEAL_BYTES  # 16 of the pseudonym


def test_every_flipped_bit_is_refused(pair: tuple[Identity, Identity, Keyring]) -> None:
    message = sealed(pair)
    for place in range(8 * len(message)):
        changed = bytearray(message)
        changed[place // 8] ^= 1 << (place % 8)
        with pytest.raises(SealError):
            opener(pair).open(bytes(changed))
    assert opener(pair).open(message).payload == b"pixels" * 9


def test_a_valid_signature_does_not_save_a_changed_message(pair: tuple[Identity, Identity, Keyring]) -> None:
    """The sender's own key signs what was changed after sealing: header, wrapped key, nonce and tag still refuse."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    message = sealed(pair)[: -envelope.SIGNATURE]
    key = Ed25519PrivateKey.from_private_bytes(pair[0].sign)
    lengths = range(114, 120)  # a changed length fails before the signature is looked at
    for place in (place for place in range(22, len(message)) if place not in lengths):
        if place < 30:
            continue  # the time
        changed = bytearray(message)
        changed[place] ^= 0x10
        again = bytes(changed) + key.sign(b"salus sealed message 1\0" + bytes(changed))
        with pytest.raises(SealError, match=r"tag|wrapped|agreement"):
            opener(pair).open(again)


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -64, -80])
def test_cut_or_lengthened_messages_are_refused(pair: tuple[Identity, Identity, Keyring], cut: int) -> None:
    message = sealed(pair)
    with pytest.raises(SealError):
        opener(pair).open(message[:cut])
    with pytest.raises(SealError, match="lengthened"):
        opener(pair).open(message + b"\0")


def test_foreign_bytes_are_named(pair: tuple[Identity, Identity, Keyring]) -> None:
    with pytest.raises(SealError, match="no sealed message"):
        opener(pair).open(b"PK" + bytes(400))
    later = bytearray(sealed(pair))
    later[4] = 9
    with pytest.raises(SealError, match="version 9"):
        opener(pair).open(bytes(later))


@pytest.mark.parametrize("kept", [False, True])
def test_a_replay_is_refused(pair: tuple[Identity, Identity, Keyring], tmp_path: Path, kept: bool) -> None:
    path = tmp_path / "seen" if kept else None
    seen, message = Seen(path), sealed(pair)
    opener(pair, seen).open(message)
    with pytest.raises(SealError, match="opened before"):
        opener(pair, Seen(path) if kept else seen).open(message)


def test_a_refused_message_is_not_counted_as_opened(pair: tuple[Identity, Identity, Keyring]) -> None:
    seen, message = Seen(), sealed(pair)
    broken = message[:-1] + bytes([message[-1] ^ 1])
    with pytest.raises(SealError):
        opener(pair, seen).open(broken)
    opener(pair, seen).open(message)


def test_a_damaged_record_opens_nothing(pair: tuple[Identity, Identity, Keyring], tmp_path: Path) -> None:
    (tmp_path / "seen").write_bytes(b"x" * 33)
    with pytest.raises(StoreError, match="whole records"):
        opener(pair, Seen(tmp_path / "seen")).open(sealed(pair))


def test_a_random_source_that_repeats_seals_nothing(pair: tuple[Identity, Identity, Keyring]) -> None:
    sender, reader, ring = pair
    with pytest.raises(SealError, match="repeated"):
        Sealer(sender, ring, random=lambda size: b"\1" * size).seal(b"", b"", reader.public.id)
    cycle = itertools.cycle([b"\1", b"\2", b"\3"])
    twice = Sealer(sender, ring, random=lambda size: next(cycle) * size)
    twice.seal(b"first", b"", reader.public.id)
    with pytest.raises(SealError, match="repeated"):
        twice.seal(b"second", b"", reader.public.id)


def test_two_messages_under_one_nonce_are_refused_by_the_reader(pair: tuple[Identity, Identity, Keyring]) -> None:
    def repeating() -> Callable[[int], bytes]:
        cycle = itertools.cycle([b"\1", b"\2", b"\3"])
        return lambda size: next(cycle) * size

    sender, reader, ring = pair
    first, second = (Sealer(sender, ring, repeating()).seal(text, b"", reader.public.id) for text in (b"a", b"b"))
    reads = opener(pair)
    reads.open(first)
    with pytest.raises(SealError, match="same key and nonce"):
        reads.open(second)


def test_the_wrong_reader_opens_nothing(pair: tuple[Identity, Identity, Keyring]) -> None:
    stranger = make_identity("stranger")
    with pytest.raises(SealError, match="private key is not here"):
        Opener([stranger], pair[2], Seen()).open(sealed(pair))
    posing = Identity(public=pair[1].public, box=stranger.box, sign=stranger.sign)
    with pytest.raises(SealError, match="somebody else"):
        Opener([posing], pair[2], Seen()).open(sealed(pair))


def test_an_unknown_sender_is_refused(pair: tuple[Identity, Identity, Keyring]) -> None:
    few = Keyring()
    few.add(pair[1].public)
    with pytest.raises(SealError, match="not in the keyring"):
        Opener([pair[1]], few, Seen()).open(sealed(pair))


def test_rotation_keeps_old_messages_and_revocation_ends_them() -> None:
    ring, sender, old, new = Keyring(), make_identity("s"), make_identity("r"), make_identity("r")
    for identity in (sender, old):
        ring.add(identity.public)
    first, second = (Sealer(sender, ring).seal(b"p", b"", old.public.id) for _ in range(2))
    ring.rotate(old.public.id, new.public)
    with pytest.raises(SealError, match="retired"):
        Sealer(sender, ring).seal(b"p", b"", old.public.id)
    reads = Opener([old, new], ring, Seen())
    assert reads.open(first).payload == b"p"
    assert reads.open(Sealer(sender, ring).seal(b"q", b"", new.public.id)).payload == b"q"
    ring.revoke(old.public.id, "laptop stolen")
    with pytest.raises(SealError, match="laptop stolen"):
        reads.open(second)
    with pytest.raises(SealError, match="laptop stolen"):
        Sealer(old, ring).seal(b"p", b"", new.public.id)
    with pytest.raises(SealError, match="was revoked"):
        ring.add(old.public)
    later = Sealer(sender, ring).seal(b"r", b"", new.public.id)
    ring.revoke(sender.public.id, "dismissed")
    with pytest.raises(SealError, match="dismissed"):
        reads.open(later)


def test_two_sealings_share_no_run_of_bytes(pair: tuple[Identity, Identity, Keyring]) -> None:
    first, second = (sealed(pair, bytes(5000))[124:-80] for _ in range(2))
    runs = {first[place : place + 16] for place in range(len(first) - 15)}
    assert not any(second[place : place + 16] in runs for place in range(len(second) - 15))


def test_the_header_travels_in_sight_and_the_payload_does_not(pair: tuple[Identity, Identity, Keyring]) -> None:
    message = sealed(pair, b"a secret of thirty-two letters..", b"pseudonym 7")
    assert b"pseudonym 7" in message
    assert b"secret" not in message


def test_low_order_points_are_refused(pair: tuple[Identity, Identity, Keyring]) -> None:
    with pytest.raises(SealError, match="not a usable one"):
        envelope.agree(pair[0].box, bytes(32), b"")


def test_too_long_a_header_is_refused(pair: tuple[Identity, Identity, Keyring]) -> None:
    with pytest.raises(SealError, match="65535"):
        sealed(pair, header=bytes(70_000))


def test_key_wrap_gives_the_published_vector() -> None:
    """RFC 3394 section 4.6: 256 bits of key data under a 256-bit key."""
    wrapping = H("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
    key = H("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
    wrapped = H("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")
    assert envelope.wrap_key(wrapping, key) == wrapped
    assert envelope.unwrap_key(wrapping, wrapped) == key
    with pytest.raises(SealError):
        envelope.unwrap_key(wrapping, wrapped[:-1] + b"\0")


def test_x25519_gives_the_published_vector() -> None:
    """RFC 7748 section 6.1: Bob's public key, and the secret from which our agreement derives its key."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    bob = H("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    bob_public = H("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    alice_public = H("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    shared = H("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    mine, key = envelope.agree(bob, alice_public, b"names")
    assert mine == bob_public
    info = b"salus wrapping key 1\0" + bob_public + alice_public + b"names"
    assert key == HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared)


def test_library_primitives_give_published_vectors() -> None:
    """RFC 5869 A.3 (HKDF, no salt), RFC 8032 7.1 test 2 (Ed25519), McGrew and Viega test case 16 (AES-256-GCM)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=42, salt=None, info=b"").derive(b"\x0b" * 22)
    assert derived == H("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    signer = Ed25519PrivateKey.from_private_bytes(H("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert signer.sign(b"\x72") == H(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    gcm = AESGCM(H("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"))
    plain = H(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    sealed_text = gcm.encrypt(H("cafebabefacedbaddecaf888"), plain, H("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    assert sealed_text == H(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
