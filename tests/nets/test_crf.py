"""The chain against a walk over all paths."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.nets.crf import ChainCRF, iob_allowed
from salus.schema.errors import DataError, ShapeError


def make(tags: int, batch: int, steps: int, seed: int = 0, spread: float = 1.0):
    generator = torch.Generator().manual_seed(seed)
    crf = ChainCRF(tags).double()
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
    emissions = torch.randn(batch, steps, tags, generator=generator, dtype=torch.double) * spread
    lengths = torch.randint(1, steps + 1, (batch,), generator=generator)
    lengths[0] = steps
    return crf, emissions, lengths


def all_paths(crf, emission, length):
    paths = torch.tensor(list(product(range(emission.shape[1]), repeat=int(length))))
    scores = crf.start[paths[:, 0]] + crf.end[paths[:, -1]]
    for t in range(int(length)):
        scores = scores + emission[t, paths[:, t]]
        if t:
            scores = scores + crf.transition[paths[:, t - 1], paths[:, t]]
    return paths, scores


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.1, 1.0, 20.0]))
def test_partition_viterbi_and_marginals_match_all_paths(seed, spread):
    crf, emissions, lengths = make(3, 4, 5, seed, spread)
    total = crf.log_partition(emissions, lengths)
    best = crf.viterbi(emissions, lengths)
    marginals = crf.marginals(emissions, lengths)
    for row, length in enumerate(lengths.tolist()):
        paths, scores = all_paths(crf, emissions[row], length)
        torch.testing.assert_close(total[row], scores.logsumexp(0), rtol=1e-9, atol=1e-9)
        assert best[row, :length].tolist() == paths[scores.argmax()].tolist()
        assert (best[row, length:] == -1).all()
        chance = scores.softmax(0)
        for t in range(length):
            expected = torch.stack([chance[paths[:, t] == k].sum() for k in range(3)])
            torch.testing.assert_close(marginals[row, t], expected, rtol=1e-7, atol=1e-9)
        assert (marginals[row, length:] == 0).all()
        given_path = paths[len(paths) // 2]
        padded = torch.full((1, 5), 77)
        padded[0, :length] = given_path
        score = crf.path_score(emissions[row : row + 1], padded, lengths[row : row + 1])
        torch.testing.assert_close(score[0], scores[len(paths) // 2])


def test_gradient_is_that_of_the_sum_over_all_paths():
    crf, emissions, lengths = make(3, 3, 4, seed=5)
    emissions.requires_grad_(True)
    weight = torch.tensor([1.0, -2.0, 0.5], dtype=torch.double)
    leaves = [emissions, *crf.parameters()]
    ours = torch.autograd.grad((crf.log_partition(emissions, lengths) * weight).sum(), leaves)
    slow = torch.stack([all_paths(crf, emissions[row], length)[1].logsumexp(0) for row, length in enumerate(lengths)])
    theirs = torch.autograd.grad((slow * weight).sum(), leaves)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-10)


def test_padding_changes_nothing():
    crf, emissions, lengths = make(4, 3, 6, seed=2)
    lengths = lengths.clamp(max=4)
    tags = torch.zeros(3, 6, dtype=torch.long)
    short = crf.negative_log_likelihood(emissions[:, :4], tags[:, :4], lengths)
    emissions[:, 4:] = 1e6
    torch.testing.assert_close(crf.negative_log_likelihood(emissions, tags, lengths), short)


def test_far_apart_scores_stay_finite():
    crf = ChainCRF(2)
    emissions = torch.tensor([[[0.0, -500.0], [-500.0, 0.0], [0.0, -1000.0]]])
    total = crf.log_partition(emissions, torch.tensor([3]))
    assert total.item() == pytest.approx(0.0, abs=1e-5)


def test_span_probability_is_the_share_of_its_paths():
    crf, emissions, lengths = make(3, 1, 4, seed=9)
    allowed = torch.ones(1, 4, 3, dtype=torch.bool)
    allowed[0, 1] = torch.tensor([False, True, False])
    allowed[0, 2] = torch.tensor([True, False, True])
    paths, scores = all_paths(crf, emissions[0], 4)
    inside = (paths[:, 1] == 1) & (paths[:, 2] != 1)
    expected = scores.softmax(0)[inside].sum()
    torch.testing.assert_close(crf.probability(emissions, lengths, allowed)[0], expected)


def test_constrained_path_obeys_iob():
    classes = ("O", "B-x", "I-x", "B-y", "I-y")
    allowed = iob_allowed(classes)
    crf, emissions, lengths = make(5, 20, 7, seed=1, spread=3.0)
    free = crf.viterbi(emissions, lengths)
    bound = crf.viterbi(emissions, lengths, allowed)

    def legal(path):
        names = [classes[k] for k in path if k >= 0]
        pairs = zip(["O", *names], names, strict=False)
        return all(not b.startswith("I-") or (a != "O" and a[2:] == b[2:]) for a, b in pairs)

    assert not all(legal(path) for path in free.tolist())
    assert all(legal(path) for path in bound.tolist())


def test_refuses_what_does_not_fit():
    crf, emissions, lengths = make(3, 2, 4)
    with pytest.raises(ShapeError, match="for 3 tags"):
        crf.log_partition(emissions[..., :2], lengths)
    with pytest.raises(ShapeError, match="empty sequence"):
        crf.viterbi(emissions, torch.tensor([4, 0]))
    with pytest.raises(DataError, match="'X-a' is no IOB tag"):
        iob_allowed(("O", "X-a"))
