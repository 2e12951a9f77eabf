"""Curves of error against bytes, and sanity figures of ciphertexts, against cases worked by hand."""

import numpy as np
import pytest

from salus.metrics.ciphertext import byte_entropy, npcr, shared_run, uaci
from salus.metrics.rate_distortion import at_rate, mean_gap
from salus.schema.errors import DataError


def test_a_curve_is_read_between_its_points_and_nowhere_else() -> None:
    assert at_rate([1.0, 0.25], [40.0, 30.0], 0.5) == pytest.approx(35.0)
    assert at_rate([0.25, 1.0], [30.0, 40.0], 1.0) == pytest.approx(40.0)
    assert np.isnan(at_rate([0.25, 1.0], [30.0, 40.0], 2.0))
    assert at_rate([0.5], [30.0], 0.5) == 30.0


def test_a_shifted_curve_lies_higher_by_the_shift() -> None:
    rates, values = [0.2, 0.5, 1.0, 2.0], [28.0, 33.0, 35.0, 41.0]
    assert mean_gap(rates, [v + 1.5 for v in values], rates, values) == pytest.approx(1.5)
    assert mean_gap(rates, values, [0.4, 3.0], [0.0, 0.0]) > 0
    assert np.isnan(mean_gap([0.1, 0.2], [1.0, 2.0], [0.3, 0.4], [1.0, 2.0]))


def test_two_lines_have_the_gap_of_their_middles() -> None:
    assert mean_gap([1.0, np.e], [0.0, 2.0], [1.0, np.e], [0.0, 0.0]) == pytest.approx(1.0)


def test_curves_that_are_none_are_refused() -> None:
    for rates, values in (([], []), ([0.0], [1.0]), ([1.0], [np.nan]), ([1.0, 2.0], [1.0])):
        with pytest.raises(DataError, match="no curve"):
            at_rate(rates, values, 1.0)


def test_ciphertext_figures() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, 200_000, dtype=np.uint8).tobytes() for _ in range(2))
    assert byte_entropy(a) == pytest.approx(8.0, abs=0.002)
    assert byte_entropy(b"\0" * 9) == 0.0
    assert npcr(a, b) == pytest.approx(255 / 256, abs=1e-3)
    assert uaci(a, b) == pytest.approx(257 / 768, abs=2e-3)
    assert (npcr(a, a), uaci(a, a)) == (0.0, 0.0)
    assert not shared_run(a[:3000], b[:3000])
    assert shared_run(a[:3000], b[:500] + a[100:116] + b[500:600])
    assert not shared_run(a[:3000], b[:500] + a[100:115])
