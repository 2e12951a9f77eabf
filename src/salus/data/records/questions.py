"""Ask questions of timelines: where to stand, what to predict. Inputs come from `before`, truths from `after`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from salus.data.records.timeline import Encounter, Future, Timeline, Timelines
from salus.schema.sample import Events, Sample

Rule = Callable[[Timeline, Encounter], datetime | None]
"""Where to stand at an encounter; None where the question does not arise."""
Truth = Callable[[Future, Encounter, datetime], Any]
"""What came of it; None where it is not known."""
Form = Callable[[Events], Any]
"""Turns what was known into another input (a `Row` of summaries); it is given nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: at an encounter, at a moment."""

    patient: str
    encounter: Encounter
    at: datetime
    target: Any
    meta: Mapping[str, Any] = field(default_factory=dict)


class TimelineDataset:
    """Samples that are cut from timelines when asked for; nothing is copied before.

    Args:
        timelines: Of a cohort.
        asked: Where to stand; one sample each.
        window_h: Only what happened at most so many hours before; None takes all.
        form: Makes the input of the events; None gives the events.
        name: Name of the input.
    """

    def __init__(
        self,
        timelines: Timelines,
        asked: Sequence[Asked],
        window_h: float | None = None,
        form: Form | None = None,
        name: str = "events",
    ) -> None:
        self.timelines, self.asked, self.window_h, self.form, self.name = timelines, list(asked), window_h, form, name

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.asked)

    def __getitem__(self, index: int, /) -> Sample:
        """Return sample `index`: what was known before its moment."""
        one = self.asked[index]
        events = self.timelines[one.patient].before(one.at, self.window_h)
        return _sample(one, {self.name: events if self.form is None else self.form(events)})

    def peek(self, index: int, /) -> Sample:
        """Return sample `index` without its inputs."""
        return _sample(self.asked[index], {})


def at_each(timelines: Timelines, rule: Rule, truth: Truth) -> list[Asked]:
    """Ask at every encounter where the rule names a moment and the truth is known.

    Args:
        timelines: Of a cohort.
        rule: Such as `hours_in(24)` or `leaving`.
        truth: Gets what was not known at that moment, and the encounter.

    Returns:
        In the order of patients and of time; `meta` holds `at` and, where the record names one, `site`.
    """
    asked = []
    sited = any(encounter.site for timeline in timelines.values() for encounter in timeline.encounters)
    for patient, timeline in timelines.items():
        for encounter in timeline.encounters:
            at = rule(timeline, encounter)
            if at is None:
                continue
            target = truth(timeline.after(at), encounter, at)
            if target is not None:
                meta = {"at": at.isoformat(), **({"site": encounter.site} if sited else {})}
                asked.append(Asked(patient=patient, encounter=encounter, at=at, target=target, meta=meta))
    return asked


def hours_in(hours: float) -> Rule:
    """Stand so many hours after the admission, at encounters that still last then: who left before is not asked."""

    def rule(timeline: Timeline, encounter: Encounter) -> datetime | None:
        at = encounter.start + timedelta(hours=hours)
        return at if encounter.stop is None or encounter.stop > at else None

    return rule


def leaving(timeline: Timeline, encounter: Encounter) -> datetime | None:
    """Stand at the discharge of everyone who left alive."""
    return None if encounter.outcome.get("died") == "1" else encounter.stop


def died(future: Future, encounter: Encounter, at: datetime) -> int | None:
    """Return 1 for a death in this stay, 0 for a discharge, None where the record does not say."""
    word = encounter.outcome.get("died", "")
    return int(word) if word in ("0", "1") else None


def returned(timelines: Timelines, days: float) -> Truth:
    """Return a truth: 1 where another encounter of the patient begins within so many days of the moment."""

    def truth(future: Future, encounter: Encounter, at: datetime) -> int:
        until = at + timedelta(days=days)
        others = timelines[encounter.patient].encounters
        return int(any(at <= other.start <= until and other.id != encounter.id for other in others))

    return truth


def _sample(one: Asked, inputs: Mapping[str, Any]) -> Sample:
    return Sample(
        id=f"{one.encounter.id} {one.at.isoformat()}", patient=one.patient, inputs=inputs, target=one.target,
        meta=one.meta,
    )  # fmt: skip
