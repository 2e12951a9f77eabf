"""Few numbers for each block of a picture: y = Phi x, rounded to eight bits and coded by how often each value comes.

Source: block compressed sensing, Gan 2007, doi:10.1109/ICDSP.2007.4288604.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salus.transforms import range_coder

LIMIT = 127
"""Measurements become integers from -LIMIT to LIMIT."""
SYMBOLS = 2 * LIMIT + 1
LEVELS = 8
_STEP = 0.5
"""Distance of two contexts in powers of two of the mean size of an integer."""
_CLASSES = 22
_QUIETEST = -4.0
"""Power of two of the mean size at the first context."""
Floats = NDArray[np.float32]


def gaussian(measurements: int, block: int, seed: int = 40) -> Floats:
    """Return `(M, block^2)` with orthonormal rows: the mean, then random directions orthogonal to it.

    The first row keeps the brightness out of all others, which may then be rounded finely.
    """
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((measurements, block * block))
    rows[0] = 1.0
    basis, _ = np.linalg.qr(rows.T)
    return np.ascontiguousarray(basis.T, dtype=np.float32) * np.float32(np.sign(basis[0, 0]))


def cosine(measurements: int, block: int) -> Floats:
    """Return `(M, block^2)`: the M smoothest functions of the two-dimensional cosine transform, orthonormal."""
    axis = np.arange(block)
    waves = np.cos(np.pi * (axis + 0.5) * axis[:, None] / block) * np.sqrt(2 / block)
    waves[0] /= np.sqrt(2)
    order = sorted((i + j, max(i, j), i, j) for i in range(block) for j in range(block))[:measurements]
    return np.array([np.outer(waves[i], waves[j]).ravel() for _, _, i, j in order], dtype=np.float32)


def count(ratio: float, block: int) -> int:
    """Return how many measurements a ratio makes of one block.

    >>> count(0.25, 32), count(0.10, 32)
    (256, 102)
    """
    return max(1, round(ratio * block * block))


def blocks_of(plane: Floats, block: int) -> Floats:
    """Return `(N, block^2)`: the blocks of `(H, W)` row by row; borders are repeated to fill the last ones."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, -height % block), (0, -width % block)), mode="edge")
    rows, columns = padded.shape[0] // block, padded.shape[1] // block
    cut = padded.reshape(rows, block, columns, block).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(cut.reshape(rows * columns, block * block))


def plane_from(blocks: Floats, shape: tuple[int, int], block: int) -> Floats:
    """Return the plane `(H, W)` of blocks `(N, block^2)`: the inverse of `blocks_of`."""
    rows, columns = -(-shape[0] // block), -(-shape[1] // block)
    plane = blocks.reshape(rows, columns, block, block).transpose(0, 2, 1, 3).reshape(rows * block, columns * block)
    return plane[: shape[0], : shape[1]]


def quantize(measured: Floats, span: Floats) -> NDArray[np.int64]:
    """Return integers in [-LIMIT, LIMIT] for measurements `(N, M)` whose size is at most `span` `(M,)`."""
    return np.clip(np.rint(measured * (LIMIT / span)), -LIMIT, LIMIT).astype(np.int64)


def restore(integers: NDArray[np.int64], span: Floats) -> Floats:
    """Return the measurements that integers stand for."""
    return (integers * (span / LIMIT)).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class BlockCode:
    """How integers `(N, M)` of a picture become bytes; learnt on the training part.

    Each block first says how lively it is, one of `LEVELS`; level and measurement choose the table of each integer.

    Attributes:
        contexts: `(LEVELS, M)`, table of each measurement at each level.
        tables: `(K, SYMBOLS + 1)`, cumulative frequencies; the last row is for the levels.
        usual: `(M,)`, mean size of each integer in training, at least 2^-4.
    """

    contexts: NDArray[np.int64]
    tables: NDArray[np.int64]
    usual: NDArray[np.float64]

    def encode(self, integers: NDArray[np.int64]) -> bytes:
        """Return the bytes of integers `(N, M)`."""
        levels = _levels(integers, self.usual)
        rows = np.concatenate([levels[:, None], integers + LIMIT], axis=1)
        known = np.concatenate([np.full((len(levels), 1), len(self.tables) - 1), self.contexts[levels]], axis=1)
        return range_coder.encode(rows.ravel().tolist(), known.ravel().tolist(), self.tables.tolist())

    def decode(self, data: bytes, blocks: int) -> NDArray[np.int64]:
        """Return the integers `(N, M)`; `DataError` where the bytes hold fewer or more."""
        decoder, tables = range_coder.Decoder(data), self.tables.tolist()
        contexts, found = self.contexts.tolist(), []
        for _ in range(blocks):
            level = min(decoder.next(tables[-1]), LEVELS - 1)
            found.append([decoder.next(tables[context]) for context in contexts[level]])
        decoder.finish()
        return np.array(found, dtype=np.int64).reshape(blocks, self.contexts.shape[1]) - LIMIT


def flat_code(measurements: int) -> BlockCode:
    """Return a code that expects every integer equally often: what stands before training."""
    tables = range_coder.cumulative(np.ones((_CLASSES + 2, SYMBOLS)))
    return BlockCode(np.zeros((LEVELS, measurements), np.int64), tables, np.ones(measurements))


def fit_code(integers: NDArray[np.int64]) -> BlockCode:
    """Learn a code from integers `(N, M)` of training blocks."""
    usual = np.maximum(np.abs(integers).mean(axis=0), 2.0**_QUIETEST)
    levels = _levels(integers, usual)
    center = 2.0 ** (np.arange(LEVELS) - LEVELS + 3)
    expected = np.log2(usual[None] * center[:, None])
    contexts = np.clip(np.rint((expected - _QUIETEST) / _STEP), 0, _CLASSES - 1).astype(np.int64)
    contexts[:, 0] = _CLASSES  # the brightness of a block follows no common law
    weights = np.zeros((_CLASSES + 2, SYMBOLS))
    np.add.at(weights, (contexts[levels], integers + LIMIT), 1.0)
    np.add.at(weights[_CLASSES + 1], levels, 1.0)
    prior = np.ones_like(weights)
    size = 2.0 ** (_QUIETEST + _STEP * np.arange(_CLASSES))
    prior[:_CLASSES] = np.exp(-np.abs(np.arange(SYMBOLS) - LIMIT) / (size[:, None] + 0.3))
    prior[_CLASSES + 1, LEVELS:] = 0.0
    smooth = weights.copy()
    smooth[_CLASSES] = np.convolve(weights[_CLASSES], np.hanning(9), mode="same")
    prior = 40 * prior / prior.sum(axis=1, keepdims=True)
    return BlockCode(contexts, range_coder.cumulative(smooth + prior + 1e-3), usual)


def digest(*arrays: NDArray[np.generic]) -> bytes:
    """Return the first eight bytes of the SHA-256 of arrays: what encoder and decoder must share."""
    state = hashlib.sha256()
    for array in arrays:
        state.update(str((array.dtype.str, array.shape)).encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.digest()[:8]


def _levels(integers: NDArray[np.int64], usual: NDArray[np.float64]) -> NDArray[np.int64]:
    lively = (np.abs(integers[:, 1:]) / usual[1:]).mean(axis=1) if integers.shape[1] > 1 else np.ones(len(integers))
    powers = np.rint(np.log2(np.maximum(lively, 1e-9))) + LEVELS - 3
    return np.clip(powers, 0, LEVELS - 1).astype(np.int64)
