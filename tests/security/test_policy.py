"""Policies: equal to the same rules in plain code, deny overrides, and nothing fails open."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salus.schema.errors import ConfigError, DataError
from salus.security.policy import Policies
from salus.security.request import Record, Request, User
from salus.study.checks.ward_rules import expected, forbids, permits, random_requests

NURSE = User(name="kim", role="nurse", ward="A")
READ = Request(
    id="1", user=NURSE, action="read", record=Record(link="ab", ward="A"), purpose="treatment", time_s=0.0, hour=9
)


def test_the_engine_equals_the_rules_in_plain_code() -> None:
    policies = Policies.ward()
    requests = random_requests(1500, np.random.default_rng(1))
    found = [policies.judge(request).allowed for request in requests]
    assert found == [expected(request) for request in requests]
    assert 0.05 < np.mean(found) < 0.6
    # Every rule must matter in the comparison, or it would not be compared.
    assert np.array([permits(request) for request in requests]).any(axis=0).all()
    assert np.array([any(permits(r)) and np.array(forbids(r)) for r in requests if any(permits(r))]).any(axis=0).all()


def test_what_forbids_wins_and_names_itself() -> None:
    policies = Policies.ward()
    allowed = policies.judge(READ)
    assert allowed.allowed
    assert allowed.policies == ("clinician-reads-own-ward-on-shift",)
    ended = policies.judge(replace(READ, user=replace(NURSE, active=False)))
    assert not ended.allowed
    assert ended.policies == ("no-account-that-ended",)
    assert policies.judge(replace(READ, action="export")).policies == ()


def test_a_rule_that_cannot_be_judged_denies() -> None:
    # 2^63 - 1 + 1 overflows: the engine skips such a rule, and the permit would stand alone.
    text = (
        '@id("all") permit (principal, action, resource);\n'
        '@id("broken") forbid (principal, action, resource) when { context.hour + 9223372036854775807 > 0 };'
    )
    ruling = Policies(text).judge(READ)
    assert not ruling.allowed
    assert "overflow" in ruling.errors[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('@id("a") permit (principal, action, resource);\n' * 2, "two rules have the id 'a'"),
        ("permit (principal, action, resource);", "rule 1 has no id"),
        ("permit everything", "not Cedar policies"),
        ("// only words", "no rule at all"),
        ('@id("a") permit (principal, action, resource) when { principal.rolle == "nurse" };', "access.cedarschema"),
        ('@id("a") permit (principal == ?principal, action, resource);', "templates"),
    ],
)
def test_bad_policies_are_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Policies(text)


def test_policies_are_read_from_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no policy file"):
        Policies.read(tmp_path)
    (tmp_path / "b.cedar").write_text('@id("b") permit (principal, action, resource);')
    (tmp_path / "a.cedar").write_text('@id("a") forbid (principal, action == Action::"write", resource);')
    policies = Policies.read(tmp_path)
    assert policies.ids == ("a", "b")
    assert policies.judge(READ).allowed
    assert policies.judge(replace(READ, action="write")).policies == ("a",)
    (tmp_path / "c.cedar").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        Policies.read(tmp_path)


def test_names_cannot_steer_the_engine() -> None:
    strange = replace(READ, user=replace(NURSE, name='kim"; permit (principal, action, resource); //'))
    assert Policies.ward().judge(strange).allowed
    assert not Policies.ward().judge(replace(strange, user=replace(strange.user, role='nurse" || true'))).allowed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"purpose": "  "}, "no purpose"),
        ({"action": "delete"}, "action 'delete'"),
        ({"hour": 24}, "hour 24"),
        ({"time_s": float("nan")}, "time nan"),
        ({"record": Record(link="ab", ward="A", sensitivity=9)}, "sensitivity 9"),
        ({"record": Record(link="", ward="A")}, "record ''"),
        ({"user": replace(NURSE, name="a\nb")}, "control signs"),
        ({"emergency": True, "reason": "urgent"}, "needs a reason"),
    ],
)
def test_impossible_requests_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        replace(READ, **change)  # type: ignore[arg-type]
