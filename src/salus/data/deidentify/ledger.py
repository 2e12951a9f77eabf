"""What a run has done so far, kept in the output folder under keyed names, so that a killed run goes on."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salus.data.deidentify.dicom import Tally
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan
from salus.schema.errors import DataError
from salus.schema.files import write_text

FOLDER = ".deid"
_EVERY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the input.

    Attributes:
        mark: Keyed hash of its path, size and time: says nothing without the key.
        place: Where its result lies below the output, empty where there is none.
        reason: Why there is none.
        kind: `dicom`, `table`, `text` or `volume`.
    """

    mark: str
    place: str = ""
    reason: str = ""
    kind: str = ""


@dataclass(slots=True)
class Ledger:
    """Entries and counts of a run; both are on the disk up to the last checkpoint."""

    folder: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    tally: Tally = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    _open: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry, tally: Tally, notes: tuple[str, ...]) -> None:
        """Write one file down; every two hundred of them reach the disk."""
        self.entries[entry.mark] = entry
        self._open.append(entry)
        self.tally.update(tally)
        self.notes.update(notes)
        if len(self._open) >= _EVERY:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Bring everything to the disk: the results, then their entries, then how many of them the counts cover."""
        os.sync()
        with (self.folder / "entries.jsonl").open("a", encoding="utf-8") as out:
            for entry in self._open:
                out.write(json.dumps([entry.mark, entry.place, entry.reason, entry.kind]) + "\n")
        self._open.clear()
        counts = [[*key, number] for key, number in sorted(self.tally.items())]
        state = {"entries": len(self.entries), "tally": counts, "notes": dict(self.notes)}
        write_text(self.folder / "counts.json", json.dumps(state))


def open_ledger(out: Path, plan: Plan, key: Key) -> Ledger:
    """Open the ledger of an output folder, or begin one.

    Raises:
        DataError: The folder was begun with other options or another key, or its ledger is damaged.
    """
    folder = out / FOLDER
    made_by = {"plan": plan.fingerprint, "key": key.fingerprint}
    head = folder / "run.json"
    if not head.is_file():
        if out.is_dir() and any(child.name != FOLDER for child in out.iterdir()):
            raise DataError(f"{out}: not empty and not of an earlier run; choose a new output folder")
        folder.mkdir(parents=True, exist_ok=True)
        write_text(head, json.dumps(made_by))
        return Ledger(folder)
    try:
        found = json.loads(head.read_text(encoding="utf-8"))
        if found != made_by:
            raise DataError(f"{out}: begun with other options or another key; repeat those, or choose a new folder")
        return _restored(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: damaged ({error}); remove the output folder and run again") from error


def _restored(folder: Path) -> Ledger:
    ledger = Ledger(folder)
    counts = folder / "counts.json"
    state: dict[str, Any] = json.loads(counts.read_text(encoding="utf-8")) if counts.is_file() else {"entries": 0}
    lines = folder / "entries.jsonl"
    kept = lines.read_text(encoding="utf-8").splitlines()[: state["entries"]] if lines.is_file() else []
    for line in kept:
        mark, place, reason, kind = json.loads(line)
        ledger.entries[mark] = Entry(mark=mark, place=place, reason=reason, kind=kind)
    # Lines after the last checkpoint are done again: their counts are not in the sum.
    write_text(lines, "".join(f"{line}\n" for line in kept))
    ledger.tally = Counter({(name, what): number for name, what, number in state.get("tally", [])})
    ledger.notes = Counter(state.get("notes", {}))
    return ledger
