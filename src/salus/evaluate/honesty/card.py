"""The honesty card: what was measured of a generator, what it may not exceed, and the verdict with its evidence."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from salus.schema.errors import ReleaseError, StoreError

FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a generator may not exceed.

    Attributes:
        share: Largest share of synthetic samples closer to a seen than to an unseen sample.
        membership: Largest AUROC of an attack on membership.
        copies: Largest excess of copies among synthetic samples over those among unseen ones.
        planted: Least share of planted copies that the audit must find.
        modes: Fewest modes kept, of ten.
        coverage: Least coverage, as a share of what seen samples reach.
        spread: Least spread of synthetic samples, as a share of the real ones' spread.
    """

    share: float = 0.55
    membership: float = 0.55
    copies: float = 0.01
    planted: float = 0.99
    modes: int = 9
    coverage: float = 0.10
    spread: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure.

    Attributes:
        key: Short name.
        group: `privacy`, `coverage`, `likeness`, `use` or `rules`.
        text: What it is, in words.
        value: NaN where it could not be measured.
        low: Lower end of its 95 % interval; NaN for none.
        high: Upper end.
        goal: What it must keep to, in words; empty for a figure that is only printed.
        met: Whether it does; None where it is only printed.
        note: What else must be known to read it.
    """

    key: str
    group: str
    text: str
    value: float
    low: float = math.nan
    high: float = math.nan
    goal: str = ""
    met: bool | None = None
    note: str = ""

    def words(self) -> str:
        """Return value and interval."""
        if math.isnan(self.value):
            return "not measured"
        value = f"{self.value:.0f}" if self.key == "modes" else f"{self.value:.3f}"
        return value if math.isnan(self.low) else f"{value} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule and how it fares on unseen real and on synthetic samples.

    Attributes:
        source: `real` or `synthetic`: what it was learnt on.
        words: The rule.
        real_coverage: Share of unseen real samples that it covers.
        real_error: Share of those that it answers wrongly.
        made_coverage: Share of synthetic samples.
        made_error: Share of those.
    """

    source: str
    words: str
    real_coverage: float
    real_error: float
    made_coverage: float
    made_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HonestyCard:
    """What is known of a generator's honesty.

    Attributes:
        subject: System and data, in words.
        kind: `rows`, `series` or `images`.
        counts: How many samples were looked at, by side.
        figures: Everything measured.
        columns: `(name, distance)` of each column or cell, worst first.
        modes: `(name, real share, synthetic share)` of each mode.
        relevance: `(column, on real, on synthetic)`: how much each column tells of the class.
        rules: Rules learnt on real and on synthetic samples.
        distances: Histogram: `edges`, and counts `seen` and `unseen` of synthetic samples by distance to the nearest.
        reasons: Why release is refused; empty where it is not.
        override: The written reason for which it was released all the same.
        unmeasured: What was not looked at.
    """

    subject: str
    kind: str
    counts: Mapping[str, int]
    figures: tuple[Figure, ...]
    columns: tuple[tuple[str, float], ...] = ()
    modes: tuple[tuple[str, float, float], ...] = ()
    relevance: tuple[tuple[str, float, float], ...] = ()
    rules: tuple[RuleRow, ...] = ()
    distances: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    override: str = ""
    unmeasured: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Return `released`, `refused` or `released against the audit`."""
        if not self.reasons:
            return "released"
        return "released against the audit" if self.override else "refused"

    def figure(self, key: str) -> Figure:
        """Return a figure by name; one with NaN where it was not measured."""
        missing = Figure(key=key, group="", text=key, value=math.nan)
        return next((found for found in self.figures if found.key == key), missing)

    def released(self, override: str = "") -> "HonestyCard":
        """Return the card if its generator may be released, with the written reason where the audit is overruled.

        Raises:
            ReleaseError: Release is refused and no reason of at least ten letters is given.
        """
        if not self.reasons:
            return self
        if len(override.strip()) < 10:
            asked = "the reason must say why, in ten letters or more" if override.strip() else ""
            raise ReleaseError(
                f"{self.subject}: release is refused: {'; '.join(self.reasons)}; train a generator that keeps within "
                "the limits, or release it all the same with --anyway 'REASON', which the card will keep"
                + (f" ({asked})" if asked else "")
            )
        return dataclasses.replace(self, override=override.strip())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; a figure that is no number is None."""
        found = dataclasses.asdict(self)
        found["form"], found["verdict"] = FORM, self.verdict
        plain: dict[str, Any] = _plain(found)
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "HonestyCard":
        """Read what `to_dict` gave.

        Raises:
            StoreError: Another form, or something missing.
        """
        if data.get("form") != FORM:
            raise StoreError(f"honesty card of form {data.get('form')!r}; this version reads form {FORM}")
        try:
            figures = tuple(Figure(**{k: _number(k, v) for k, v in row.items()}) for row in data["figures"])
            return cls(
                subject=data["subject"],
                kind=data["kind"],
                counts=dict(data["counts"]),
                figures=figures,
                columns=tuple((str(n), _nan(v)) for n, v in data["columns"]),
                modes=tuple((str(n), _nan(a), _nan(b)) for n, a, b in data["modes"]),
                relevance=tuple((str(n), _nan(a), _nan(b)) for n, a, b in data["relevance"]),
                rules=tuple(_rule(row) for row in data["rules"]),
                distances={key: tuple(map(float, values)) for key, values in data["distances"].items()},
                reasons=tuple(data["reasons"]),
                override=data["override"],
                unmeasured=tuple(data["unmeasured"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"honesty card cannot be read ({error}); write it anew") from error

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return json.dumps(self.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n"


_TEXTS = ("source", "words")
_NUMBERS = ("value", "low", "high")


def _number(key: str, value: Any) -> Any:
    return _nan(value) if key in _NUMBERS else value


def _rule(row: Mapping[str, Any]) -> RuleRow:
    values: dict[str, Any] = {key: value if key in _TEXTS else _nan(value) for key, value in row.items()}
    return RuleRow(**values)


def _nan(value: Any) -> float:
    return math.nan if value is None else float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
