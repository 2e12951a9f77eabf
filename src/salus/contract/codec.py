"""What a system owes that turns pictures into bytes and back: real bytes, everything that travels."""

from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from salus.schema.sample import Sample

SEAL_BYTES = 216
"""Bytes that travel beside a picture's code once it is sealed: key, nonce, tag, signature, names and pseudonym."""


@runtime_checkable
class Codec(Protocol):
    """A system whose answers can be sent."""

    def encode(self, sample: Sample) -> bytes:
        """Return the picture of a sample as bytes.

        Raises:
            DataError: The system cannot take the picture; named with the value and the remedy.
        """
        ...

    def decode(self, output: Any) -> NDArray[Any]:
        """Return the rebuilt picture `(1, H, W)` in its unit, given bytes; given tensors, what `System.decode` says.

        Raises:
            DataError: Foreign, damaged or cut bytes, or those of another training.
        """
        ...
