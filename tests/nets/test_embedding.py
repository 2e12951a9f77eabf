"""Margins on the sphere and numbers in pieces, worked by hand."""

import numpy as np
import pytest
import torch

from salus.nets.embedding import WaveEncoder, additive_margin, mean_directions
from salus.nets.pieces import piecewise, quantile_edges


def test_the_additive_margin_is_the_papers_equation() -> None:
    cosines, labels = torch.tensor([[0.9, 0.1], [0.2, 0.3]]), torch.tensor([0, 1])
    own = torch.tensor([30 * (0.9 - 0.2), 30 * (0.3 - 0.2)])
    other = torch.tensor([30 * 0.1, 30 * 0.2])
    expected = (-(own - torch.logaddexp(own, other))).mean()
    assert torch.allclose(additive_margin(cosines, labels, 0.2, 30.0), expected)
    plain = torch.nn.functional.cross_entropy(30 * cosines, labels)
    assert torch.allclose(additive_margin(cosines, labels, 0.0, 30.0), plain)


def test_embeddings_and_means_have_unit_length() -> None:
    encoder = WaveEncoder(6, (8, 8), (5, 3), 16).eval()
    points = encoder(torch.randn(7, 6, 80))
    assert torch.allclose(points.norm(dim=1), torch.ones(7), atol=1e-5)
    means = mean_directions(points, torch.tensor([0, 0, 0, 2, 2, 2, 2]), 3)
    assert torch.allclose(means.norm(dim=1), torch.tensor([1.0, 0.0, 1.0]), atol=1e-5)
    assert torch.allclose(means[0], torch.nn.functional.normalize(points[:3].sum(0), dim=0), atol=1e-6)


def test_pieces_hold_equally_many_values() -> None:
    values = np.random.default_rng(0).lognormal(0, 3, 1000)
    edges = quantile_edges(values, 8)
    assert len(edges) == 9
    assert np.histogram(values, edges)[0] == pytest.approx([125] * 8, abs=2)
    table = piecewise(np.array([-1.0, np.nan, edges[3], 1e9]), edges)
    assert table.sum(axis=1).tolist() == [0.0, 0.0, 3.0, 8.0]
    assert (np.diff(table, axis=1) <= 0).all()


def test_columns_with_few_values() -> None:
    assert quantile_edges(np.array([2.0, 2.0, np.nan]), 8) == []
    assert quantile_edges(np.array([0.0, 1.0, 1.0, 0.0]), 8) == [0.0, 1.0]
    assert piecewise(np.array([1.0]), []).shape == (1, 0)
    heavy = np.concatenate([np.zeros(999), [5.0, 7.0, 8.0]])
    edges = quantile_edges(heavy, 2)
    assert edges[0] == 0.0
    assert edges[-1] == 8.0
