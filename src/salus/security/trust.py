"""Trust in a user over time: a share of good conduct that fades towards not knowing.

Source:
    Josang and Ismail 2002, The Beta Reputation System, Bled eConference, equations 5 and 10 (forgetting).
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from salus.schema.errors import ConfigError, DataError, StoreError
from salus.schema.files import write_text

DAY_S = 86_400.0
LARGEST = 2**28


@dataclass(slots=True)
class _Marks:
    good: float
    bad: float
    time_s: float


class TrustBook:
    """Good and bad marks of users, each fading by a factor a day.

    Args:
        decay: Share of a mark that is left after a day, in (0, 1].

    Raises:
        ConfigError: A decay outside (0, 1].
    """

    def __init__(self, decay: float = 0.98) -> None:
        if not 0 < decay <= 1:
            raise ConfigError(f"decay {decay!r}: expected above 0 and at most 1, the share left after a day")
        self.decay = decay
        self._marks: dict[str, _Marks] = {}

    def __len__(self) -> int:
        """Return how many users have marks."""
        return len(self._marks)

    def record(self, user: str, good: bool, time_s: float, weight: float = 1.0) -> None:
        """Add one mark.

        Raises:
            DataError: A weight that is no positive number, or a time before the user's last mark.
        """
        if not (math.isfinite(weight) and weight > 0):
            raise DataError(f"mark of user {user!r}: weight {weight!r}; expected a positive number")
        left, alpha, beta = self._faded(user, time_s)
        if left is None:
            left = self._marks[user] = _Marks(0.0, 0.0, time_s)
        left.good, left.bad, left.time_s = alpha + weight * good, beta + weight * (not good), time_s

    def trust(self, user: str, time_s: float) -> float:
        """Return trust in (0, 1): 0.5 for a user nobody knows.

        Raises:
            DataError: A time before the user's last mark: the clock runs backwards.
        """
        _, alpha, beta = self._faded(user, time_s)
        return (alpha + 1) / (alpha + beta + 2)

    def save(self, path: Path) -> None:
        """Write the book as JSON, whole or not at all."""
        rows = {user: [marks.good, marks.bad, marks.time_s] for user, marks in sorted(self._marks.items())}
        write_text(path, json.dumps({"decay": self.decay, "marks": rows}))

    @classmethod
    def load(cls, path: Path) -> "TrustBook":
        """Read what `save` wrote.

        Raises:
            StoreError: No such file, or not a book of trust.
        """
        try:
            if path.stat().st_size > LARGEST:
                raise StoreError(f"{path}: larger than {LARGEST >> 20} MB; this is no book of trust")
            content = json.loads(path.read_text(encoding="utf-8"))
            book = cls(float(content["decay"]))
            for user, row in content["marks"].items():
                good, bad, time_s = (float(value) for value in row)
                if not (math.isfinite(good + bad + time_s) and good >= 0 and bad >= 0):
                    raise ValueError(f"marks of {user!r}: {row}")
                book._marks[user] = _Marks(good, bad, time_s)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError) as error:
            raise StoreError(f"{path}: no book of trust ({error}); restore it from a backup") from error
        return book

    def _faded(self, user: str, time_s: float) -> tuple[_Marks | None, float, float]:
        if not math.isfinite(time_s):
            raise DataError(f"user {user!r}: time {time_s!r}; expected seconds since 1970")
        marks = self._marks.get(user)
        if marks is None:
            return None, 0.0, 0.0
        if time_s < marks.time_s:
            raise DataError(
                f"user {user!r}: time {time_s:.0f} s lies before the last mark at {marks.time_s:.0f} s; the clock runs "
                "backwards: set it right"
            )
        share = self.decay ** ((time_s - marks.time_s) / DAY_S)
        return marks, marks.good * share, marks.bad * share
