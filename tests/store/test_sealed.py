"""A codec meets the envelope: pictures sealed for one reader, and nothing rebuilt from what is not whole."""

import numpy as np
import pytest

from made import make_data
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.evaluate.predict import answer, score
from salus.schema.errors import DataError, SealError, UsageError
from salus.security.envelope import Opener, Sealer, Seen
from salus.security.keys import Identity, Keyring, make_identity
from salus.store.sealed import open_picture, seal_picture
from salus.systems import registry
from salus.tasks.compression import total_bytes
from salus.tasks.registry import make
from salus.train.fit import fit


@pytest.fixture(scope="module")
def codec() -> tuple[System, ListDataset]:
    kind = registry.find("sealed_reconstruction")
    data, question = make_data(kind)
    system = registry.create("sealed_reconstruction", make(question), data, kind.tiny)
    fit(system, data, None, score=score, seed=0)
    return system, data


@pytest.fixture
def people() -> tuple[Identity, Identity, Keyring]:
    ring, sender, reader = Keyring(), make_identity("clinic"), make_identity("reader")
    ring.add(sender.public)
    ring.add(reader.public)
    return sender, reader, ring


def test_a_picture_travels_and_its_bytes_are_those_of_the_score(
    codec: tuple[System, ListDataset], people: tuple[Identity, Identity, Keyring]
) -> None:
    (system, data), (sender, reader, ring) = codec, people
    message = seal_picture(system, data[0], Sealer(sender, ring), reader.public.id, "case 7")
    found = open_picture(system, message, Opener([reader], ring, Seen()))
    value = answer(system, ListDataset([data[0]]))[0]
    assert value is not None
    assert np.allclose(found.array, value[1:], atol=1e-2)
    assert (found.pseudonym, found.head.shape, found.opened.sender) == ("case 7", (64, 64), sender.public)
    assert total_bytes(value) == len(message)


def test_a_changed_header_rebuilds_nothing(
    codec: tuple[System, ListDataset], people: tuple[Identity, Identity, Keyring]
) -> None:
    (system, data), (sender, reader, ring) = codec, people
    message = bytearray(seal_picture(system, data[0], Sealer(sender, ring), reader.public.id))
    for place in (120, 140, 146, len(message) - 90):
        changed = bytearray(message)
        changed[place] ^= 1
        with pytest.raises(SealError):
            open_picture(system, bytes(changed), Opener([reader], ring, Seen()))


def test_messages_without_a_picture_and_systems_that_are_no_codec_are_refused(
    codec: tuple[System, ListDataset], people: tuple[Identity, Identity, Keyring]
) -> None:
    (system, data), (sender, reader, ring) = codec, people
    with pytest.raises(UsageError, match="at most 16"):
        seal_picture(system, data[0], Sealer(sender, ring), reader.public.id, "a name of more than sixteen bytes")
    text = Sealer(sender, ring).seal(b"hello", b"a letter", reader.public.id)
    with pytest.raises(DataError, match="no picture"):
        open_picture(system, text, Opener([reader], ring, Seen()))
    kind = registry.find("identity")
    noisy, question = make_data(kind)
    other = registry.create("identity", make(question), noisy, kind.tiny)
    with pytest.raises(UsageError, match="no codec"):
        seal_picture(other, noisy[0], Sealer(sender, ring), reader.public.id)
