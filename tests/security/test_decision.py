"""Decisions: every part can only take away, replays are refused, and what cannot be written down is not allowed."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salus.schema.errors import ConfigError, DataError, StoreError
from salus.security.decision import Evidence, Gate, Thresholds, decide
from salus.security.policy import Policies
from salus.security.request import Record, Request, User
from salus.security.trust import DAY_S, TrustBook
from salus.study.checks.ward_rules import expected, random_requests

NURSE = User(name="kim", role="nurse", ward="A")
READ = Request(
    id="1", user=NURSE, action="read", record=Record(link="ab", ward="A"), purpose="treatment", time_s=0.0, hour=9
)
EMERGENCY = replace(READ, record=Record(link="cd", ward="B", sensitivity=2), emergency=True, reason="no pulse, bed 4")
TAU = Thresholds(score=0.5)


class Notes:
    """Keeps events, or fails as a full disk does."""

    def __init__(self, full: bool = False) -> None:
        self.events: list[dict[str, object]] = []
        self.details: list[str] = []
        self.full = full

    def append(self, event: object, time_s: float, detail: str = "") -> None:
        if self.full:
            raise StoreError("no space left")
        self.events.append(dict(event))  # type: ignore[call-overload]
        self.details.append(detail)


def gate(audit: Notes | None = None) -> Gate:
    return Gate(Policies.ward(), TrustBook(), TAU, audit)


def test_no_evidence_opens_what_policy_denies() -> None:
    policies = Policies.ward()
    best = Evidence(score=1.0, risk=0.0, second_factor=True)
    for request in random_requests(600, np.random.default_rng(2)):
        outcome = decide(request, best, policies, TAU, trust=1.0).outcome
        assert (outcome == "allow") == expected(request)


def test_allowing_is_exactly_policy_and_score_and_trust_and_risk() -> None:
    policies = Policies.ward()
    for request, score, trust, risk in itertools.product(
        (READ, replace(READ, action="export")), (0.4, 0.5, 0.6), (0.3, 0.35, 0.9), (0.5, 0.95)
    ):
        outcome = decide(request, Evidence(score=score, risk=risk), policies, TAU, trust).outcome
        permitted = request.action == "read"
        assert (outcome == "allow") == (permitted and score >= 0.5 and trust >= 0.35 and risk <= 0.9)
        assert (outcome == "deny") == (not permitted)


def test_reasons_name_what_is_missing() -> None:
    weak = decide(READ, Evidence(score=0.1, risk=0.99), Policies.ward(), TAU, trust=0.1)
    assert weak.outcome == "step_up"
    assert [reason.split()[0] for reason in weak.reasons] == ["identity", "trust", "misuse"]


def test_a_person_who_is_not_enrolled_is_denied_and_not_an_error() -> None:
    found = gate().decide(READ, Evidence(score=None))
    assert found.outcome == "deny"
    assert found.reasons == ("kim is not enrolled",)
    assert gate().decide(READ, Evidence(score=None, second_factor=True)).outcome == "allow"


@pytest.mark.parametrize("evidence", [Evidence(score=float("nan")), Evidence(score=0.9, risk=float("nan"))])
def test_numbers_that_are_none_deny(evidence: Evidence) -> None:
    assert gate().decide(READ, evidence).outcome == "deny"


def test_breaking_the_glass_waives_trust_but_neither_policy_nor_identity() -> None:
    policies = Policies.ward()
    assert decide(EMERGENCY, Evidence(score=0.9), policies, TAU, trust=0.0).glass_broken
    assert decide(EMERGENCY, Evidence(score=0.1), policies, TAU, trust=0.9).outcome == "step_up"
    clerk = replace(EMERGENCY, user=replace(NURSE, role="clerk"))
    assert decide(clerk, Evidence(score=0.9), policies, TAU, trust=0.9).outcome == "deny"


def test_a_replayed_request_is_denied_and_written_down() -> None:
    notes = Notes()
    door = gate(notes)
    assert door.decide(READ, Evidence(score=0.9)).outcome == "allow"
    again = door.decide(READ, Evidence(score=0.9))
    assert again.outcome == "deny"
    assert "replay" in again.reasons[0]
    assert [event["outcome"] for event in notes.events] == ["allow", "deny"]


def test_a_clock_that_runs_backwards_is_refused() -> None:
    door = gate()
    door.decide(replace(READ, time_s=1000.0), Evidence(score=0.9))
    assert door.decide(replace(READ, id="2", time_s=999.0), Evidence(score=0.9)).outcome == "allow"
    with pytest.raises(DataError, match="clock runs backwards"):
        door.decide(replace(READ, id="3", time_s=900.0), Evidence(score=0.9))


def test_nothing_is_decided_that_cannot_be_written_down() -> None:
    with pytest.raises(StoreError, match="no space"):
        gate(Notes(full=True)).decide(READ, Evidence(score=0.9))


def test_the_words_of_an_emergency_stay_off_the_chain() -> None:
    notes = Notes()
    gate(notes).decide(EMERGENCY, Evidence(score=0.9))
    assert notes.details == ["no pulse, bed 4"]
    assert "pulse" not in str(notes.events)


def test_an_impostor_costs_the_user_no_trust() -> None:
    door = gate()
    denied = replace(READ, action="export")
    door.decide(denied, Evidence(score=0.1))
    assert door.book.trust("kim", 0.0) == 0.5
    door.decide(replace(denied, id="2"), Evidence(score=0.9))
    assert door.book.trust("kim", 0.0) == pytest.approx(1 / 3)


def test_memory_of_ids_is_bounded() -> None:
    door = gate()
    for number in range(2000):
        door.decide(replace(READ, id=str(number), time_s=float(number)), Evidence(score=0.9))
    assert len(door._ids) <= 302


@pytest.mark.parametrize("settings", [{"score": float("nan")}, {"score": 0.5, "trust": (0.5, 0.4, 0.6, 0.7)}])
def test_impossible_thresholds_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="thresholds"):
        Thresholds(**settings)  # type: ignore[arg-type]


def test_trust_fades_to_not_knowing_and_follows_the_beta_mean() -> None:
    book = TrustBook()
    for _ in range(4):
        book.record("kim", True, 0.0)
    book.record("kim", False, 0.0)
    assert book.trust("kim", 0.0) == pytest.approx(5 / 7)
    left = 0.98**10
    assert book.trust("kim", 10 * DAY_S) == pytest.approx((4 * left + 1) / (5 * left + 2))
    assert book.trust("kim", 1000 * DAY_S) == pytest.approx(0.5, abs=1e-4)
    with pytest.raises(DataError, match="clock runs backwards"):
        book.trust("kim", -1.0)
    with pytest.raises(DataError, match="weight"):
        book.record("kim", True, 0.0, weight=float("inf"))
    with pytest.raises(ConfigError, match="decay"):
        TrustBook(0.0)


def test_a_book_survives_its_file_and_damage_is_named(tmp_path: Path) -> None:
    book = TrustBook(0.9)
    book.record("kim", True, 5.0)
    book.save(tmp_path / "trust.json")
    assert TrustBook.load(tmp_path / "trust.json").trust("kim", 5.0) == book.trust("kim", 5.0)
    for text in ("", "[]", '{"decay": 0.9, "marks": {"kim": [-1, 0, 0]}}', '{"decay": 7, "marks": {}}', "[" * 9999):
        (tmp_path / "trust.json").write_text(text)
        with pytest.raises(StoreError, match="no book of trust"):
            TrustBook.load(tmp_path / "trust.json")
