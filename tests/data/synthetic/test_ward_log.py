"""The simulated ward: what was planted is there, no column gives it away, and equal seeds give equal logs."""

import numpy as np

from salus.data.library import load
from salus.data.synthetic.ward_log import KINDS, WardLog, simulate
from salus.metrics.ranking import auroc


def log(seed: int = 0, users: int = 120) -> WardLog:
    return simulate(np.random.default_rng(seed), users=users, requests_each=25)


def test_equal_seeds_give_equal_logs_and_others_do_not() -> None:
    first = log(users=20).rows
    assert first == log(users=20).rows
    assert first != log(1, users=20).rows


def test_all_kinds_of_misuse_are_planted_and_rare() -> None:
    found = log(users=300)
    counts = np.bincount(found.kinds, minlength=len(KINDS))
    assert (counts[1:] > 50).all()
    assert 0.03 < counts[1:].sum() / counts.sum() < 0.1
    assert (np.diff(found.times_s)[np.diff(found.users) == 0] >= 0).all()


def test_no_column_alone_tells_misuse() -> None:
    found = log(users=300)
    misuse = found.kinds > 0
    for name, value in found.rows[0].items():
        if isinstance(value, float):
            area = float(auroc([row[name] for row in found.rows], misuse)[0])
            assert 0.15 < area < 0.85, name
        else:
            share = [misuse[[row[name] == word for row in found.rows]].mean() for word in {r[name] for r in found.rows}]
            assert max(share) < 0.4, name


def test_trust_knows_nothing_of_the_request_itself() -> None:
    found = log()
    first = np.concatenate([[True], np.diff(found.users) > 0])
    assert all(found.rows[i]["trust"] == 0.5 for i in np.flatnonzero(first))
    assert found.kinds[first].any()


def test_the_catalogue_serves_rows_by_account() -> None:
    loaded = load("ward_log", {})
    sample = loaded.dataset[0]
    assert loaded.question.positive == "misuse"
    assert sample.patient == "account 000"
    assert sample.target in (0, 1)
    assert len(loaded.dataset) == 9000
