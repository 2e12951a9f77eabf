"""The ward's rules a second time, as plain code: what the policy engine is compared with, and random requests."""

from dataclasses import replace

import numpy as np

from salus.security.request import ACTIONS, Record, Request, User

ROLES = ("physician", "nurse", "therapist", "clerk", "auditor", "researcher", "visitor")
WARDS = ("A", "B", "C")
PURPOSES = ("treatment", "billing", "audit", "research", "curiosity")
CLINICIANS = ("physician", "nurse")


def expected(request: Request) -> bool:
    """Return whether `ward.cedar` allows a request: every rule tried, whatever forbids wins."""
    return any(permits(request)) and not any(forbids(request))


def permits(request: Request) -> list[bool]:
    """Return each permitting rule's verdict, in the order of the file."""
    user, record = request.user, request.record
    clinician, reads = user.role in CLINICIANS, request.action == "read"
    treats = request.purpose == "treatment"
    return [
        clinician and treats and request.care_relation and request.action in ("read", "write"),
        clinician and treats and reads and user.ward == record.ward and request.on_shift and record.sensitivity <= 1,
        clinician and treats and reads and request.emergency,
        user.role == "therapist" and treats and reads and request.care_relation,
        user.role == "clerk" and request.purpose == "billing" and reads and record.sensitivity == 0,
        user.role == "auditor" and request.purpose == "audit" and reads and request.device_managed,
        user.role == "researcher" and request.purpose == "research" and reads and record.sensitivity == 0,
        user.role == "physician" and treats and request.action == "export" and request.care_relation,
    ]


def forbids(request: Request) -> list[bool]:
    """Return each forbidding rule's verdict, in the order of the file."""
    user = request.user
    return [
        not user.active,
        request.record.sensitivity > user.clearance and not request.emergency,
        request.action in ("write", "export") and not request.device_managed,
        request.action == "export" and not 6 <= request.hour < 22,
        request.action == "read" and request.reads_last_hour > 120 and user.role != "auditor",
    ]


def random_requests(count: int, rng: np.random.Generator, users: int = 1000) -> list[Request]:
    """Return requests that reach every rule: half of them are drawn near a rule that permits."""
    staff = [_user(number, rng) for number in range(users)]
    return [_request(number, staff[int(rng.integers(users))], rng) for number in range(count)]


def _user(number: int, rng: np.random.Generator) -> User:
    return User(
        name=f"user {number:06d}",
        role=str(rng.choice(ROLES)),
        ward=str(rng.choice(WARDS)),
        clearance=int(rng.integers(0, 4)),
        active=bool(rng.random() < 0.95),
    )


def _request(number: int, user: User, rng: np.random.Generator) -> Request:
    emergency = bool(rng.random() < 0.1)
    request = Request(
        id=f"request {number:06d}",
        user=user,
        action=str(rng.choice(ACTIONS, p=(0.6, 0.25, 0.15))),
        record=Record(
            link=f"{int(rng.integers(5000)):04x}", ward=str(rng.choice(WARDS)), sensitivity=int(rng.integers(4))
        ),
        purpose=str(rng.choice(PURPOSES)),
        time_s=float(number),
        hour=int(rng.integers(24)),
        on_shift=bool(rng.random() < 0.6),
        care_relation=bool(rng.random() < 0.4),
        device_managed=bool(rng.random() < 0.8),
        reads_last_hour=int(rng.choice([0, 3, 40, 120, 121, 400])),
        emergency=emergency,
        reason="patient collapsed in the corridor" if emergency else "",
    )
    wish = {"clerk": "billing", "auditor": "audit", "researcher": "research"}.get(user.role, "treatment")
    return replace(request, purpose=wish) if rng.random() < 0.5 else request
