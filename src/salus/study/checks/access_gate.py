"""What the gate promises whatever networks say: policy first, a log that shows changes, milliseconds."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from salus.schema.errors import SalusError
from salus.security.chain import verify
from salus.security.decision import Evidence, Gate, Thresholds
from salus.security.envelope import Opener, Sealer, Seen
from salus.security.keys import Keyring, make_identity
from salus.security.ledger import Ledger
from salus.security.policy import Policies
from salus.security.request import Request
from salus.security.trust import TrustBook
from salus.study.checks.ward_rules import expected, forbids, permits, random_requests
from salus.study.context import CheckContext, CheckRow, TrainedCell

REQUESTS = 10_000
DECISIONS = 1_000
ENTRIES = 1_000
USERS = (1_000, 10_000, 100_000)
THRESHOLDS = Thresholds(score=0.5)


def policy(context: CheckContext) -> list[CheckRow]:
    """Compare the engine with the rules in plain code, and try to talk it into what it denies."""
    policies, requests = Policies.ward(), random_requests(REQUESTS, np.random.default_rng(38))
    truth = [expected(request) for request in requests]
    found = [policies.judge(request).allowed for request in requests]
    used = int(np.any([[*permits(r), *forbids(r)] for r in requests], axis=0).sum())
    overridden = tried = 0
    for request, allowed in zip(requests, truth, strict=True):
        if allowed:
            continue
        gate = Gate(policies, _trusting(request), THRESHOLDS)
        decision = gate.decide(request, Evidence(score=1.0, risk=0.0, second_factor=True))
        tried += 1
        overridden += decision.outcome != "deny"
    equal = sum(a == b for a, b in zip(found, truth, strict=True))
    return [
        _must(
            f"policy engine equals the rules in plain code on {REQUESTS:,} generated requests",
            f"{equal:,} equal; {sum(truth):,} allowed; {used} of {len(policies.ids)} rules came into play",
            equal == REQUESTS and used == len(policies.ids),
        ),
        _must(
            "no request that policy denies is ever allowed: sure identity, no risk, full trust and a second factor",
            f"{overridden} of {tried:,} allowed or stepped up",
            overridden == 0 and tried > 0,
        ),
    ]


def tampering(context: CheckContext) -> list[CheckRow]:
    """Change, repeat, move, cut and forge what is logged, asked and sealed; all of it must be refused."""
    with tempfile.TemporaryDirectory() as folder:
        key = Ed25519PrivateKey.generate()
        authorities = {"gate": key.public_key()}
        ledger = Ledger(Path(folder) / "audit.jsonl", authorities, name="gate", key=key)
        start = time.perf_counter()
        for number in range(ENTRIES):
            ledger.append({"request": f"r{number}", "outcome": "allow"}, float(number))
        seconds = time.perf_counter() - start
        entry = ledger.append({"request": "e", "outcome": "allow"}, float(ENTRIES), detail="words about a patient")
        erased = ledger.erase(entry) and verify(ledger.path, authorities).count == ENTRIES + 1
        whole = ledger.path.read_bytes()
        lines = whole.splitlines(keepends=True)
        swapped = [*lines[:5], lines[6], lines[5], *lines[7:]]
        attempts: dict[str, Callable[[], object]] = {
            "a letter changed": lambda: _verified(ledger, whole.replace(b"allow", b"alloy", 1)),
            "an entry left out": lambda: _verified(ledger, b"".join(lines[:7] + lines[8:])),
            "an entry repeated": lambda: _verified(ledger, b"".join([*lines, lines[3]])),
            "entries swapped": lambda: _verified(ledger, b"".join(swapped)),
            "the end cut off": lambda: _verified(ledger, b"".join(lines[:-5])),
            "another signer": lambda: verify(_kept(ledger, whole), {"gate": Ed25519PrivateKey.generate().public_key()}),
            **_sealed_attempts(),
        }
        refused = {name: _refused(attempt) for name, attempt in attempts.items()}
    missed = [name for name, held in refused.items() if not held]
    return [
        _must(
            "tampering, gaps, replays, swaps, foreign signatures, reused nonces and wrong recipients fail closed",
            f"{sum(refused.values())} of {len(refused)} refused" + (f"; not: {', '.join(missed)}" if missed else ""),
            not missed,
        ),
        _must(
            f"ledger: {ENTRIES:,} signed entries written through to the disk in 5 s", f"{seconds:.2f} s", seconds <= 5.0
        ),
        _must("ledger: valid after private words were erased", "valid" if erased else "broken", erased),
    ]


def speed(context: CheckContext) -> list[CheckRow]:
    """Time whole decisions of 1,000 users, networks and audit included, and let the number of users grow."""
    policies, rng = Policies.ward(), np.random.default_rng(5)
    requests = random_requests(DECISIONS, rng, users=USERS[0])
    gait, risk = _first(context, "gait_0", "access_trust"), _first(context, "ward_log", "access_risk")
    walks, rows = [gait.test[i] for i in range(20)], [risk.test[i] for i in range(20)]
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        key = Ed25519PrivateKey.generate()
        audit = Ledger(Path(folder) / "audit.jsonl", {"gate": key.public_key()}, name="gate", key=key)
        gate = Gate(policies, TrustBook(), THRESHOLDS, audit)
        for number, request in enumerate(requests):
            start = time.perf_counter()
            with torch.inference_mode():
                score = float(gait.system(gait.system.collate([walks[number % 20]]))[0].max())
                chance = torch.softmax(risk.system(risk.system.collate([rows[number % 20]]))[0].double(), dim=0)
            gate.decide(request, Evidence(score=score, risk=float(chance[-1])))
            spent.append(1000 * (time.perf_counter() - start))
    slow = float(np.percentile(spent, 95))
    seconds = [_deciding_s(policies, requests, users) for users in USERS]
    each = [1e6 * total / users for total, users in zip(seconds, USERS, strict=True)]
    slope = float(np.polyfit(np.log(USERS), np.log(seconds), 1)[0])
    return [
        _must(
            "95th percentile of a decision with 1,000 users at most 50 ms: gait, risk, policy, trust, signed entry",
            f"{slow:.1f} ms, median {np.median(spent):.1f} ms, {DECISIONS:,} decisions",
            slow <= 50.0,
        ),
        _must(
            f"processor time grows linearly to {USERS[-1]:,} users, one request each (exponent at most 1.1)",
            f"exponent {slope:.3f}; {', '.join(f'{t:.0f}' for t in each)} microseconds a decision with "
            f"{', '.join(f'{n:,}' for n in USERS)} users",
            slope <= 1.1,
        ),
    ]


def _deciding_s(policies: Policies, models: list[Request], users: int) -> float:
    gate = Gate(policies, TrustBook(), THRESHOLDS)
    for number in range(users):  # everybody has a history before the clock starts
        gate.book.record(f"user {number:06d}", True, 0.0)
    evidence = Evidence(score=0.9, risk=0.1)
    spent = 0.0
    for number in range(users):
        model = models[number % len(models)]
        user = replace(model.user, name=f"user {number:06d}")
        request = replace(model, id=f"r{number}", user=user, time_s=number * 0.01)
        start = time.process_time()
        gate.decide(request, evidence)
        spent += time.process_time() - start
    return spent


def _trusting(request: Request) -> TrustBook:
    book = TrustBook()
    book.record(request.user.name, True, 0.0, weight=1e6)
    return book


def _first(context: CheckContext, part: str, arm: str) -> TrainedCell:
    cell = next(context.systems(part, arm))
    cell.system.eval()
    return cell


def _kept(ledger: Ledger, content: bytes) -> Path:
    ledger.path.write_bytes(content)
    return ledger.path


def _verified(ledger: Ledger, content: bytes) -> object:
    return verify(_kept(ledger, content), ledger.authorities, ledger.head)


def _sealed_attempts() -> dict[str, Callable[[], object]]:
    """Attacks on a sealed message; the one good opening before them shows that the message itself is fine."""
    ring, sender, reader, stranger = Keyring(), *(make_identity(name) for name in ("clinic", "reader", "stranger"))
    for identity in (sender, reader, stranger):
        ring.add(identity.public)
    message = Sealer(sender, ring).seal(b"record", b"head", reader.public.id)
    seen = Seen()
    Opener([reader], ring, seen).open(message)
    changed = message[:-70] + bytes([message[-70] ^ 1]) + message[-69:]
    stuck = Sealer(sender, ring, random=lambda size: b"\x07" * size)

    def again() -> None:
        for _ in range(2):
            stuck.seal(b"record", b"head", reader.public.id)

    return {
        "a sealed message changed": lambda: Opener([reader], ring, Seen()).open(changed),
        "a sealed message replayed": lambda: Opener([reader], ring, seen).open(message),
        "a sealed message for somebody else": lambda: Opener([stranger], ring, Seen()).open(message),
        "a nonce reused": again,
    }


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except SalusError:
        return True
    return False


def _must(text: str, figure: str, met: bool) -> CheckRow:
    return CheckRow(kind="M", text=text, figure=figure, met=bool(met))
