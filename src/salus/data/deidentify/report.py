"""What a run did, as a page and as JSON: counts, never values, never names of input files."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from salus.data.deidentify.keyed import Key
from salus.data.deidentify.ledger import Ledger
from salus.data.deidentify.plan import EDITION, Plan
from salus.data.deidentify.recall import Recall
from salus.schema.files import write_text

NAME = "deid-report"


def summary(ledger: Ledger, plan: Plan, key: Key, measured: Recall | None = None) -> dict[str, Any]:
    """Return what a run did as plain data.

    Args:
        ledger: Entries and counts of the run.
        plan: What was kept and cleaned.
        key: Only its fingerprint is told.
        measured: What planted identifiers showed, where that was asked for.
    """
    import salus

    written = Counter(entry.kind for entry in ledger.entries.values() if entry.place)
    refused = Counter(entry.reason for entry in ledger.entries.values() if entry.reason)
    return {
        "salus": salus.__version__,
        "edition": EDITION,
        "options": list(plan.options),
        "codes": [list(code) for code in plan.codes],
        "dates": plan.dates,
        "key": key.fingerprint,
        "written": dict(sorted(written.items())),
        "refused": dict(refused.most_common()),
        "notes": dict(sorted(ledger.notes.items())),
        "attributes": [[name, what, number] for (name, what), number in sorted(ledger.tally.items())],
        "measured": None if measured is None else asdict(measured),
    }


def write_report(folder: Path, facts: dict[str, Any]) -> Path:
    """Write `deid-report.json` and `deid-report.html` into a folder and return the page's path."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("salus.data.deidentify", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = folder / f"{NAME}.html"
    write_text(folder / f"{NAME}.json", json.dumps(facts, indent=1))
    write_text(page, environment.get_template("report.html").render(**facts))
    return page
