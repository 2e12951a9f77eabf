"""Figures that image-encryption papers print of a ciphertext. Sanity figures: a broken cipher can have them all."""

import numpy as np
from numpy.typing import NDArray


def byte_entropy(data: bytes) -> float:
    """Return the entropy of the byte values, bits; n bytes of a perfect cipher stay about 184 / n bits below 8."""
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    share = counts[counts > 0] / max(len(data), 1)
    return float(-(share * np.log2(share)).sum())


def npcr(first: bytes, second: bytes) -> float:
    """Return the share of places at which two ciphertexts differ; 255 / 256 for unrelated ones.

    Source:
        Wu, Noonan and Agaian 2011, "NPCR and UACI randomness tests for image encryption".
    """
    a, b = _pair(first, second)
    return float((a != b).mean())


def uaci(first: bytes, second: bytes) -> float:
    """Return the mean difference of two ciphertexts over 255; 0.3346 for unrelated ones. Source as for `npcr`."""
    a, b = _pair(first, second)
    return float(np.abs(a.astype(np.int64) - b.astype(np.int64)).mean() / 255)


def shared_run(first: bytes, second: bytes, length: int = 16) -> bool:
    """Tell whether two ciphertexts share a run of `length` bytes at any places."""
    runs = {first[place : place + length] for place in range(len(first) - length + 1)}
    return any(second[place : place + length] in runs for place in range(len(second) - length + 1))


def _pair(first: bytes, second: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    size = min(len(first), len(second))
    return np.frombuffer(first[:size], np.uint8), np.frombuffer(second[:size], np.uint8)
