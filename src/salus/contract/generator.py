"""What a system owes that makes synthetic samples, whatever task it answers beside that."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from salus.contract.batch import Batch
from salus.schema.sample import Sample


@runtime_checkable
class Generator(Protocol):
    """A system that can make samples like those it was trained on.

    Any system that has this method is a generator: it is audited by `salus.evaluate.honesty` and writes data sets with
    `salus synthesize`. Nothing is registered, and the system's task may be any.
    """

    def synthesize(self, targets: Sequence[Any]) -> list[Sample]:
        """Return one synthetic sample for each wanted target, in that order.

        Inputs carry the names, kinds, units, columns and shapes of the training samples (`Row`, `Waveform`, `Image`),
        as measured values, not as the network's scale. Noise comes from torch's own random state, which the caller
        seeds: equal seeds give equal samples. `id`, `patient` and `meta` are written by the caller.

        Args:
            targets: A class index (classification, synthesis), a number (regression), or None for whatever the
                training part was made of. The sample's own `target` is what the system made, usually the wanted one.

        Raises:
            DataError: A class that the training part did not hold, named with those it did.
        """
        ...


@runtime_checkable
class Critic(Protocol):
    """A generator whose critic can be asked, so that an attack with the critic's scores can be measured."""

    def realness(self, batch: Batch) -> Tensor:
        """Return `(B,)`: the higher, the more the critic takes a collated sample for a training sample."""
        ...
