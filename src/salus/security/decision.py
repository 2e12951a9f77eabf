"""Allow, step up or deny: policy and identity and trust, each of which can only take away.

Source:
    Thilagam et al. 2022, Secure IoT healthcare architecture with deep learning-based access control system,
    J. Nanomaterials 2022:2638613; the combination is this project's.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from salus.schema.errors import ConfigError, DataError
from salus.security.policy import Policies
from salus.security.request import SENSITIVITIES, Request
from salus.security.trust import TrustBook

Outcome = Literal["allow", "step_up", "deny"]
CLOCK_SLACK_S = 2.0
"""Requests of several devices may come this much out of order."""


class Audit(Protocol):
    """Where every decision is written down, such as `salus.security.ledger.Ledger`."""

    def append(self, event: Mapping[str, object], time_s: float, detail: str = "") -> object:
        """Write one event; `detail` stays off the chain and may be erased."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What networks and devices say of the one who asks.

    Attributes:
        score: Cosine to the enrolled mean of the person the account belongs to; None where nobody is enrolled.
        risk: Probability of misuse; None where it was not computed.
        second_factor: A card, key or code was shown and checked; it stands in for the score, for nothing else.
    """

    score: float | None
    risk: float | None = None
    second_factor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where the gate opens.

    Attributes:
        score: Least score (tau), fixed on validation data.
        trust: Least trust (theta) for each sensitivity, not falling.
        risk: Highest misuse risk.
    """

    score: float
    trust: tuple[float, ...] = (0.2, 0.35, 0.5, 0.6)
    risk: float = 0.9

    def __post_init__(self) -> None:
        if not (math.isfinite(self.score) and 0 <= self.risk <= 1):
            raise ConfigError(f"thresholds: score {self.score!r}, risk {self.risk!r}; expected a number and 0 to 1")
        if len(self.trust) != len(SENSITIVITIES) or list(self.trust) != sorted(self.trust):
            raise ConfigError(f"thresholds: trust {self.trust}; expected {len(SENSITIVITIES)} values that do not fall")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate says, and why.

    Attributes:
        outcome: `allow`, `step_up` (show a second factor or ask a supervisor, then ask again) or `deny`.
        reasons: One sentence each; empty for a plain `allow`.
        policies: Ids of the rules that decided.
        trust: Trust in the user at this moment.
        permitted: The policies permit it, whatever else is missing.
        glass_broken: The request was allowed as an emergency and is to be reviewed.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    policies: tuple[str, ...]
    trust: float
    permitted: bool = True
    glass_broken: bool = False


def decide(request: Request, evidence: Evidence, policies: Policies, thresholds: Thresholds, trust: float) -> Decision:
    """Decide one request: allow = policy and score >= tau and trust >= theta(sensitivity) and risk <= rho.

    A policy that denies is final: no score, trust or second factor reaches past it. In an emergency that the policy
    permits, trust and risk are not asked, identity still is.
    """
    ruling = policies.judge(request)

    def answer(outcome: Outcome, *reasons: str) -> Decision:
        broken = outcome == "allow" and request.emergency
        return Decision(
            outcome=outcome,
            reasons=reasons,
            policies=ruling.policies,
            trust=trust,
            permitted=ruling.allowed,
            glass_broken=broken,
        )

    if not ruling.allowed:
        if ruling.errors:
            return answer("deny", f"a policy could not be judged: {ruling.errors[0]}")
        named = ", ".join(ruling.policies)
        return answer("deny", f"forbidden by {named}" if named else "no policy permits it")
    if evidence.score is None and not evidence.second_factor:
        return answer("deny", f"{request.user.name} is not enrolled")
    if evidence.score is not None and not math.isfinite(evidence.score):
        return answer("deny", "the identity score is not a number")
    if evidence.risk is not None and not 0 <= evidence.risk <= 1:
        return answer("deny", "the misuse risk is no probability")
    wanting = _wanting(request, evidence, thresholds, trust)
    return answer("step_up", *wanting) if wanting else answer("allow")


def _wanting(request: Request, evidence: Evidence, thresholds: Thresholds, trust: float) -> list[str]:
    found = []
    if not evidence.second_factor and evidence.score is not None and evidence.score < thresholds.score:
        found.append(f"identity score {evidence.score:.3f} below {thresholds.score:.3f}")
    if request.emergency:
        return found
    least = thresholds.trust[request.record.sensitivity]
    if not trust >= least:
        found.append(f"trust {trust:.3f} below {least:.3f} for sensitivity {request.record.sensitivity}")
    if evidence.risk is not None and evidence.risk > thresholds.risk:
        found.append(f"misuse risk {evidence.risk:.3f} above {thresholds.risk:.3f}")
    return found


class Gate:
    """Decides requests in order of time, refuses replays, and writes every decision down before giving it.

    Args:
        policies: The rules.
        book: Trust in users; a request that policy denies is a bad mark.
        thresholds: Where the gate opens.
        audit: Where decisions go; if it cannot be written, no decision is given.
        memory_s: For how long request ids are kept; older requests are refused as stale.
    """

    def __init__(
        self,
        policies: Policies,
        book: TrustBook,
        thresholds: Thresholds,
        audit: Audit | None = None,
        memory_s: float = 300.0,
    ) -> None:
        self.policies, self.book, self.thresholds, self.audit = policies, book, thresholds, audit
        self.memory_s = memory_s
        self._ids: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()
        self._latest = -math.inf

    def decide(self, request: Request, evidence: Evidence) -> Decision:
        """Decide one request and write it down.

        Raises:
            DataError: The clock runs backwards.
            StoreError: The decision cannot be written down; then nothing is allowed.
        """
        if request.time_s < self._latest - CLOCK_SLACK_S:
            raise DataError(
                f"request {request.id!r}: time {request.time_s:.0f} s lies before the last request at "
                f"{self._latest:.0f} s; the clock runs backwards: set it right"
            )
        now = max(request.time_s, self._latest)
        trust = self.book.trust(request.user.name, now)
        if request.id in self._ids:
            decision = Decision(
                outcome="deny",
                reasons=(f"request {request.id!r} was asked before: a replay",),
                policies=(),
                trust=trust,
            )
        else:
            decision = decide(request, evidence, self.policies, self.thresholds, trust)
        if self.audit is not None:
            self.audit.append(_event(request, evidence, decision), now, detail=request.reason)
        self._remember(request.id, now)
        if not decision.permitted and self._identified(evidence):
            self.book.record(request.user.name, False, now)
        return decision

    def _identified(self, evidence: Evidence) -> bool:
        """Tell whether it is the user: an impostor's requests must not cost the user they claim to be any trust."""
        return evidence.second_factor or (evidence.score is not None and evidence.score >= self.thresholds.score)

    def _remember(self, name: str, now: float) -> None:
        self._latest = now
        if name not in self._ids:
            self._ids.add(name)
            self._order.append((now, name))
        while self._order and self._order[0][0] < now - self.memory_s:
            self._ids.discard(self._order.popleft()[1])


def _event(request: Request, evidence: Evidence, decision: Decision) -> dict[str, object]:
    """Return what the ledger keeps for good: pseudonyms, outcome and grounds, no words of the user."""
    return {
        "request": request.id,
        "user": request.user.name,
        "role": request.user.role,
        "action": request.action,
        "record": request.record.link,
        "purpose": request.purpose,
        "emergency": request.emergency,
        "outcome": decision.outcome,
        "reasons": list(decision.reasons),
        "policies": list(decision.policies),
        "trust": round(decision.trust, 6),
        "score": _rounded(evidence.score),
        "risk": _rounded(evidence.risk),
        "second_factor": evidence.second_factor,
    }


def _rounded(value: float | None) -> float | None:
    return round(value, 6) if value is not None and math.isfinite(value) else None
