"""Noise that belongs to a sample: equal ids and seeds give equal numbers, in any company and order."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def row_noise(ids: Sequence[str], *shape: int, seed: int = 0) -> Tensor:
    """Return standard normal noise `(B, *shape)`, float32, each row drawn from its sample's id alone.

    A generator that answers a batch with it gives each request one answer, however requests are batched.

    Args:
        ids: `Batch.ids`.
        shape: Of one row's noise.
        seed: Another seed gives every id another row.
    """
    rows = np.empty((len(ids), *shape), dtype=np.float32)
    for place, name in enumerate(ids):
        key = int.from_bytes(hashlib.sha256(f"{seed}\0{name}".encode()).digest()[:16], "little")
        rows[place] = np.random.Generator(np.random.Philox(key=key)).standard_normal(shape, dtype=np.float32)
    return torch.from_numpy(rows)
