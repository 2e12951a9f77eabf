"""Who asks for what, why, and under which circumstances: the one thing that policies, trust and audit look at."""

import math
import re
from dataclasses import dataclass

from salus.schema.errors import DataError

ACTIONS = ("read", "write", "export")
SENSITIVITIES = (0, 1, 2, 3)
"""Plain, medical, sensitive (mental health, infection), secret (staff and well-known people)."""
LONGEST = 256
LEAST_REASON = 10
"""Letters of a reason for breaking the glass."""
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A member of staff as the hospital's directory knows them.

    Attributes:
        name: Account, at most 256 letters.
        role: `physician`, `nurse`, `therapist`, `clerk`, `auditor`, `researcher`, or one of the site's own.
        ward: Where they work.
        clearance: Highest sensitivity they may see, 0 to 3.
        active: False once the account has ended.
    """

    name: str
    role: str
    ward: str
    clearance: int = 1
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is asked for.

    Attributes:
        link: Pseudonym of the patient, never the identity.
        ward: Where the patient lies.
        sensitivity: 0 to 3, see `SENSITIVITIES`.
    """

    link: str
    ward: str
    sensitivity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One wish of one user.

    Attributes:
        id: Unique; a second request with this id is a replay.
        user: Who asks.
        action: `read`, `write` or `export`.
        record: What for.
        purpose: `treatment`, `billing`, `audit`, `research`, or one of the site's own; never empty.
        time_s: Seconds since 1970, UTC.
        hour: Hour of the ward's clock, 0 to 23.
        on_shift: The roster has the user on duty now.
        care_relation: The user treats this patient.
        device_managed: The device is the hospital's and up to date.
        reads_last_hour: Records the user opened in the last hour.
        emergency: The user breaks the glass.
        reason: Why, in words; needed with `emergency`.
    """

    id: str
    user: User
    action: str
    record: Record
    purpose: str
    time_s: float
    hour: int
    on_shift: bool = True
    care_relation: bool = False
    device_managed: bool = True
    reads_last_hour: int = 0
    emergency: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.purpose.strip():
            raise DataError(f"request {self.id!r}: no purpose; say why, such as treatment, billing or audit")
        for what, name in (
            ("id", self.id), ("user", self.user.name), ("role", self.user.role), ("ward", self.user.ward),
            ("record", self.record.link), ("ward", self.record.ward), ("purpose", self.purpose),
        ):  # fmt: skip
            if not _NAME.fullmatch(name):
                raise DataError(
                    f"request {self.id[:LONGEST]!r}: {what} {name[:40]!r} is empty, longer than {LONGEST} letters or "
                    "holds control signs; give a plain name"
                )
        if self.action not in ACTIONS:
            raise DataError(f"request {self.id!r}: action {self.action!r}; expected one of {', '.join(ACTIONS)}")
        for what, level in (("sensitivity", self.record.sensitivity), ("clearance", self.user.clearance)):
            if level not in SENSITIVITIES:
                raise DataError(f"request {self.id!r}: {what} {level!r}; expected 0 to {SENSITIVITIES[-1]}")
        if not math.isfinite(self.time_s) or self.hour not in range(24) or self.reads_last_hour < 0:
            raise DataError(
                f"request {self.id!r}: time {self.time_s!r}, hour {self.hour!r}, {self.reads_last_hour!r} reads; "
                "expected finite seconds, an hour from 0 to 23 and a count"
            )
        if self.emergency and len(self.reason.strip()) < LEAST_REASON:
            raise DataError(
                f"request {self.id!r}: breaking the glass needs a reason of at least {LEAST_REASON} letters, got "
                f"{self.reason.strip()!r}; say what the emergency is"
            )
