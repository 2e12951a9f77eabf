"""The checks of access_trust fail where they should: bent rules, an open gate, careless thresholds."""

from pathlib import Path

import numpy as np
import pytest

from salus.schema.errors import DataError
from salus.security.decision import Decision
from salus.study.checks import access_gate
from salus.study.checks.access_trust import guarded_threshold
from salus.study.context import CheckContext
from salus.study.plan import read_plan

STUDY = Path(__file__).parents[3] / "studies" / "access_trust.toml"


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckContext:
    monkeypatch.setattr(access_gate, "REQUESTS", 1200)
    monkeypatch.setattr(access_gate, "ENTRIES", 40)
    return CheckContext(plan=read_plan(STUDY), study=tmp_path, folder=tmp_path)


def test_policy_and_gate_hold(context: CheckContext) -> None:
    assert [row.met for row in access_gate.policy(context)] == [True, True]


def test_a_bent_rule_and_an_open_gate_are_found(context: CheckContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_gate, "expected", lambda request: request.action == "read")
    allowing = Decision(outcome="allow", reasons=(), policies=(), trust=1.0)
    monkeypatch.setattr(access_gate.Gate, "decide", lambda self, request, evidence: allowing)
    assert [row.met for row in access_gate.policy(context)] == [False, False]


def test_every_attack_is_refused_and_one_that_passes_is_named(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert access_gate.tampering(context)[0].met
    monkeypatch.setattr(access_gate, "_sealed_attempts", lambda: {"a wide open door": lambda: None})
    found = access_gate.tampering(context)[0]
    assert not found.met
    assert "not: a wide open door" in found.figure
    assert not access_gate._refused(lambda: None)

    def fails() -> None:
        raise DataError("no")

    assert access_gate._refused(fails)


def test_the_guarded_threshold_keeps_its_bound() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(6000) < 0.07
    scores = rng.normal(size=6000) + 2.5 * positive
    threshold = guarded_threshold(scores, positive)
    called = scores >= threshold
    assert called[~positive].mean() < 0.01
    assert called[positive].mean() > 0.3
    hopeless = guarded_threshold(np.array([0.9, 0.1]), np.array([False, True]))
    assert hopeless > 0.9
