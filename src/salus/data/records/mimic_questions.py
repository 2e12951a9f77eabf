"""What is asked of a MIMIC record: death in hospital from the first day, or return within 30 days of discharge."""

from collections.abc import Mapping

from salus.data.entry import Loaded
from salus.data.records.questions import TimelineDataset, at_each, died, hours_in, leaving, returned
from salus.data.records.summary import Summary
from salus.data.records.timeline import Timelines
from salus.schema.question import Question

OPTIONS = {"target": ("mortality", "readmission"), "hours": ("24", "48"), "inputs": ("table", "events")}
CHOSEN_COHORT = "A demo of 100 patients that were chosen and not sampled: shares say nothing of any hospital."


def asked_of_mimic(timelines: Timelines, options: Mapping[str, str], summary: Summary) -> Loaded:
    """Ask for `target=mortality` after so many `hours` of a stay, or `target=readmission` at discharge.

    Args:
        timelines: Of MIMIC-III or MIMIC-IV.
        options: As in `OPTIONS`; `inputs=events` gives `Events` under `events`, `inputs=table` a `Row` under `row`.
        summary: Makes the row.
    """
    if options["target"] == "readmission":
        asked = at_each(timelines, leaving, returned(timelines, days=30))
        classes = ("no return", "return in 30 days")
        notes = ["Asked of everyone who left alive; a return to another hospital or a death at home counts as none."]
    else:
        hours = float(options["hours"])
        asked = at_each(timelines, hours_in(hours), died)
        classes = ("survived", "died in hospital")
        notes = [f"Asked {hours:.0f} hours after admission of everyone still in hospital and alive then."]
    left_out = sorted(f"{why}: {count}" for why, count in timelines.findings.items())
    table = options["inputs"] == "table"
    return Loaded(
        dataset=TimelineDataset(timelines, asked, form=summary if table else None, name="row" if table else "events"),
        question=Question(kind="classification", classes=classes, positive=classes[1]),
        notes=(CHOSEN_COHORT, *notes, *([f"Left out: {'; '.join(left_out)}."] if left_out else [])),
    )
