"""Where a codec meets the envelope: pictures to sealed messages and back; the codec sees no key.

The picture's head (shape, unit, ratio, spacing, matrix) and a pseudonym travel in sight and bound, its code hidden.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from salus.contract.codec import Codec
from salus.contract.system import System
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Sample
from salus.security.envelope import Opened, Opener, Sealer
from salus.transforms.bitstream import HEAD, Head, unpack

PSEUDONYM = 16
"""Bytes of a pseudonym."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a sealed message held.

    Attributes:
        array: `(1, H, W)` in the head's unit.
        head: What the sender's codec said of it.
        pseudonym: What the sender called it.
        opened: Sender and time.
    """

    array: NDArray[Any]
    head: Head
    pseudonym: str
    opened: Opened


def codec_of(system: System) -> Codec:
    """Return a system as a codec.

    Raises:
        UsageError: It is none.
    """
    if not isinstance(system, Codec):
        raise UsageError(f"{type(system).__name__} is no codec; train one that answers compression (`salus systems`)")
    return system


def seal_picture(system: System, sample: Sample, sealer: Sealer, to: bytes, pseudonym: str = "") -> bytes:
    """Return the picture of a sample, coded and sealed for one reader.

    Args:
        system: A fitted codec.
        sample: Under the names of the codec's card.
        sealer: Of the sender.
        to: Id of the reader.
        pseudonym: May be read on the way, at most 16 bytes of UTF-8; drawn where it is empty.

    Raises:
        UsageError: No codec, or too long a pseudonym.
        DataError: A picture that the codec cannot take.
        SealError: A key that may not be used.
    """
    name = pseudonym.encode() if pseudonym else secrets.token_hex(PSEUDONYM // 2).encode()
    if len(name) > PSEUDONYM:
        raise UsageError(f"pseudonym {pseudonym!r} has {len(name)} bytes; give at most {PSEUDONYM}")
    code = codec_of(system).encode(sample)
    return sealer.seal(code[HEAD:], name.ljust(PSEUDONYM, b"\0") + code[:HEAD], to)


def open_picture(system: System, message: bytes, opener: Opener) -> Picture:
    """Return the picture of a sealed message; signature, reader and freshness are checked before it is rebuilt.

    Raises:
        SealError: The message is altered, foreign, repeated or not for us.
        DataError: It holds no picture, or one of another codec, ratio or matrix.
    """
    codec, opened = codec_of(system), opener.open(message)
    if len(opened.header) != PSEUDONYM + HEAD:
        raise DataError(f"a header of {len(opened.header)} bytes: this message holds no picture; ask what it is")
    code = opened.header[PSEUDONYM:] + opened.payload
    head, _ = unpack(code)
    name = opened.header[:PSEUDONYM].rstrip(b"\0").decode(errors="replace")
    return Picture(array=codec.decode(code), head=head, pseudonym=name, opened=opened)
