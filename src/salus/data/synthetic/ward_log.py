"""A hospital's access log, simulated: staff with roles, wards and shifts, patients, and three planted kinds of misuse.

Honest work has its own oddities, so that no column alone tells misuse: nurses of the pool lend a hand elsewhere, people
on call look from home at night, auditors and clerks read in bulk, colleagues forget to log out. Planted: *snooping* (a
patient one does not treat, often of another ward or a sensitive record), *shared login* (somebody else works under the
account: off the owner's roster, far from the last badge, two sessions at once) and *bulk reading off hours*.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROLES = ("nurse", "physician", "therapist", "clerk", "auditor")
ROLE_SHARES = (0.5, 0.22, 0.1, 0.13, 0.05)
WARDS = ("medicine", "surgery", "neurology", "paediatrics", "intensive care", "oncology")
DEVICES = ("ward terminal", "own laptop", "shared tablet", "remote")
SHIFTS = ("day", "evening", "night", "office")
SHIFT_START = {"day": 7, "evening": 14, "night": 22, "office": 8}
SHIFT_HOURS = 8
KINDS = ("none", "snooping", "shared login", "bulk off hours")
DAYS = 30
MISUSE_SHARE = 0.06
READS = {"nurse": 7.0, "physician": 9.0, "therapist": 5.0, "clerk": 26.0, "auditor": 60.0}
"""Records opened an hour by honest staff, on average."""
DECAY = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class WardLog:
    """N requests in order of user and time, with their planted truth.

    Attributes:
        rows: One mapping a request: the circumstances a gate can see.
        kinds: `(N,)`, number in `KINDS`; 0 is honest.
        users: `(N,)`, number of the account.
        times_s: `(N,)`, seconds from the log's start.
    """

    rows: list[dict[str, float | str]]
    kinds: NDArray[np.int64]
    users: NDArray[np.int64]
    times_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Staff:
    role: str
    ward: str
    shift: str
    floats: bool
    on_call: bool
    misuser: bool


def simulate(rng: np.random.Generator, users: int = 300, requests_each: int = 30) -> WardLog:
    """Simulate a month of a hospital.

    Args:
        rng: Source of everything random.
        users: Accounts.
        requests_each: Requests of each account.
    """
    rows: list[dict[str, float | str]] = []
    kinds, owners, times = [], [], []
    for user in range(users):
        staff = _staff(rng)
        good = bad = last = 0.0
        for time_s, shift in _times(staff, requests_each, rng):
            chance = MISUSE_SHARE / 0.3 if staff.misuser else 0.0
            kind = int(rng.choice((1, 2, 3), p=(0.45, 0.3, 0.25))) if rng.random() < chance else 0
            fade = DECAY ** ((time_s - last) / 86400)
            good, bad, last = good * fade, bad * fade, time_s
            row = _honest(staff, time_s, shift, rng)
            if kind:
                row.update(_misuse(kind, staff, row, rng))
            row["trust"] = (good + 1) / (good + bad + 2)
            rows.append(row)
            kinds.append(kind)
            owners.append(user)
            times.append(time_s)
            # Reviews find a fifth of the misuse, and blame honest work once in two hundred times.
            blamed = rng.random() < (0.2 if kind else 0.005)
            good, bad = good + 0.3 * (not blamed), bad + blamed
    return WardLog(rows=rows, kinds=np.array(kinds), users=np.array(owners), times_s=np.array(times))


def _staff(rng: np.random.Generator) -> _Staff:
    role = str(rng.choice(ROLES, p=ROLE_SHARES))
    office = role in ("clerk", "auditor")
    shift = "office" if office else str(rng.choice(("day", "evening", "night"), p=(0.5, 0.3, 0.2)))
    return _Staff(
        role=role,
        ward=str(rng.choice(WARDS)),
        shift=shift,
        floats=bool(role in ("nurse", "therapist") and rng.random() < 0.2),
        on_call=bool(role == "physician" and rng.random() < 0.5),
        misuser=bool(rng.random() < 0.3),
    )


def _times(staff: _Staff, count: int, rng: np.random.Generator) -> list[tuple[float, bool]]:
    """Return when requests come, in order, and whether each falls into the owner's shift."""
    found = []
    for _ in range(count):
        day = int(rng.integers(DAYS))
        call = staff.on_call and rng.random() < 0.25
        start = rng.uniform(0, 24) if call else SHIFT_START[staff.shift] + rng.uniform(-0.3, SHIFT_HOURS + 0.5)
        within = 0 <= (start - SHIFT_START[staff.shift]) % 24 <= SHIFT_HOURS
        found.append((day * 86400 + start * 3600, bool(within)))
    return sorted(found)


def _honest(staff: _Staff, time_s: float, on_shift: bool, rng: np.random.Generator) -> dict[str, float | str]:
    away = not on_shift and staff.on_call
    elsewhere = rng.random() < (0.6 if staff.floats else 0.3 if staff.role in ("clerk", "auditor") else 0.06)
    device = str(rng.choice(DEVICES, p=(0.1, 0.2, 0.0, 0.7) if away else (0.6, 0.17, 0.2, 0.03)))
    treats = staff.role in ("nurse", "physician", "therapist")
    relation = treats and rng.random() < (0.55 if elsewhere else 0.88)
    near = rng.lognormal(2.6, 0.7) + (rng.lognormal(4.0, 0.6) if elsewhere else 0.0)
    return {
        "role": staff.role,
        "ward": staff.ward,
        "own_ward": float(not elsewhere),
        "device": device,
        "managed": float(rng.random() < (0.75 if device == "remote" else 0.98)),
        "hour": float((time_s / 3600) % 24 // 1),
        "on_shift": float(on_shift),
        "care_relation": float(relation),
        "sensitivity": float(rng.choice(4, p=(0.3, 0.5, 0.16, 0.04))),
        "distance_m": float(rng.lognormal(8.5, 0.8) if device == "remote" else near),
        "badge_minutes": float(rng.lognormal(6.0, 0.8) if away else rng.lognormal(4.2, 0.9)),
        "sessions": float(1 + rng.binomial(1, 0.08) + rng.binomial(1, 0.02)),
        "reads_last_hour": float(rng.poisson(READS[staff.role] * rng.lognormal(0.0, 0.4))),
        "denials_last_day": float(rng.poisson(0.25)),
    }


def _misuse(kind: int, staff: _Staff, row: dict[str, float | str], rng: np.random.Generator) -> dict[str, float | str]:
    if kind == 1:
        return {
            "own_ward": float(rng.random() < 0.2),
            "care_relation": 0.0,
            "sensitivity": float(rng.choice(4, p=(0.05, 0.3, 0.35, 0.3))),
            "reads_last_hour": float(rng.poisson(READS[staff.role] * 0.6)),
            "denials_last_day": float(rng.poisson(0.9)),
            "distance_m": float(rng.lognormal(4.2, 0.7)),
            "badge_minutes": float(rng.lognormal(4.4, 0.9)),
        }
    hour = float((SHIFT_START[staff.shift] + SHIFT_HOURS + rng.uniform(1, 14)) % 24 // 1)
    if kind == 2:
        return {
            "hour": hour,
            "on_shift": 0.0,
            "device": str(rng.choice(DEVICES, p=(0.6, 0.02, 0.36, 0.02))),
            "own_ward": float(rng.random() < 0.5),
            "care_relation": float(rng.random() < 0.2),
            "distance_m": float(rng.lognormal(3.2, 0.9)),
            "badge_minutes": float(rng.lognormal(6.2, 0.6)),
            "sessions": float(1 + rng.binomial(1, 0.6) + rng.binomial(1, 0.1)),
        }
    return {
        "hour": float(rng.choice((22, 23, 0, 1, 2, 3, 4, 5))),
        "on_shift": float(staff.shift == "night"),
        "device": str(rng.choice(DEVICES, p=(0.35, 0.2, 0.05, 0.4))),
        "managed": float(rng.random() < 0.6),
        "own_ward": float(rng.random() < 0.4),
        "care_relation": 0.0,
        "reads_last_hour": float(rng.poisson(55 * rng.lognormal(0.0, 0.5))),
        "denials_last_day": float(rng.poisson(0.8)),
        "badge_minutes": float(rng.lognormal(5.6, 0.9)),
    }
