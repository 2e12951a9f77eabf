"""Events as one line of a table: last, lowest and highest value of chosen codes, counts and words of chosen systems."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from salus.data.records.timeline import AGE
from salus.schema.sample import Events, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Which columns to make; the same for every sample, chosen before any data is seen.

    Attributes:
        values: From code to column: gives `<column>_last`, `_min` and `_max`, NaN where never measured.
        counts: From system (the part of a code before `|`) to column: gives `<column>_count`.
        full: Give `<column>_mean` and `<column>_count` too (a count is 0 where the value was never measured).
        words: From code or system to column: the last word met; for a system what follows `|`, for a code what follows
            `=`; empty where never met.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    full: bool = False

    def __call__(self, events: Events) -> Row:
        """Return the line of a table that sums up what was known."""
        row: dict[str, float | str] = {"age_years": float("nan")}
        seen: dict[str, list[float]] = {code: [] for code in self.values}
        counts = dict.fromkeys(self.counts, 0)
        words = dict.fromkeys(self.words, "")
        for code, value in zip(events.codes, events.values.tolist(), strict=True):
            if code == AGE:
                row["age_years"] = round(value, 2)
                continue
            if code in seen and np.isfinite(value):
                seen[code].append(value)
            system, _, rest = code.partition("|")
            if system in counts:
                counts[system] += 1
            if system in words:
                words[system] = rest
            plain, sign, word = code.partition("=")
            if sign and plain in words:
                words[plain] = word
        row.update({self.words[key]: word for key, word in words.items()})
        for code, name in self.values.items():
            found = seen[code] or [float("nan")]
            row |= {f"{name}_last": found[-1], f"{name}_min": min(found), f"{name}_max": max(found)}
            if self.full:
                row |= {f"{name}_mean": sum(found) / len(found), f"{name}_count": float(len(seen[code]))}
        row.update({f"{name}_count": float(counts[system]) for system, name in self.counts.items()})
        return Row(values=row)
