"""Nearly equal pictures and signals, by correlation of small standardised copies."""

import numpy as np
from numpy.typing import NDArray

from salus.evaluate.finding import crossing
from salus.metrics.likeness import bars, standard

COMPARED = 20_000
"""More samples than this are thinned, evenly, to bound time."""
BLOCK = 512
PAIRS = 200_000
"""After so many nearly equal pairs the search ends: the split leaks, and each further pair costs memory."""


def near_pairs(values: NDArray[np.float32], table: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of rows that some split separates and that are nearly equal.

    Args:
        values: `(N, F)`, thumbnails or shortened signals, not standardised.
        table: `(S, N)`, side of each row in each split.
    """
    if len(values) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    plain, slope = standard(values)
    least = bars(plain, slope)
    firsts, seconds = [], []
    for start in range(0, len(plain), BLOCK):
        match = plain[start : start + BLOCK] @ plain[start:].T >= least[0]
        i, j = np.nonzero(np.triu(match, 1))
        i, j = i + start, j + start
        apart = crossing(table, i, j) >= 0
        i, j = i[apart], j[apart]
        close = np.concatenate(
            [np.zeros(0, bool)]
            + [
                np.einsum("pf,pf->p", slope[i[k : k + 4096]], slope[j[k : k + 4096]]) >= least[1]
                for k in range(0, len(i), 4096)
            ]
        )
        firsts.append(i[close])
        seconds.append(j[close])
        if sum(map(len, firsts)) > PAIRS:
            break
    return np.concatenate(firsts), np.concatenate(seconds)
