"""Run cases against targets, each in a child with a limit of 5 s and 512 MB, and keep what they find."""

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.case import CUTS, build
from fuzz.targets import TARGETS
from salus.data.guard import Guard

CASE = "fuzz.case:case"
SECONDS, MEGABYTES = 5.0, 512
REFUSED = ("escape", "device", "link", "root", "list", "objects", "itself", "claim", "frames", "length")
"""Bombs that no reader may read; what merely swells may be read as far as its header declares."""
VALUES, TEXT = 2**24, 2**26
"""The readers' own limits while fuzzing: 16 million values and 64 MB of text, so that 512 MB suffice for the largest
file that a reader accepts."""


@dataclass(slots=True, kw_only=True)
class Found:
    """What a run found.

    Attributes:
        cases: How many ran.
        verdicts: `read`, `refused` and faults, counted.
        faults: Each fault, with the item that makes it again.
        seconds: Of the whole run.
        slowest_s: The longest case.
        peak_mb: The largest child.
    """

    cases: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    slowest_s: float = 0.0
    peak_mb: int = 0


def run(names: Sequence[str], count: int, *, seed: int = 0, first: int = 0, out: Path | None = None) -> Found:
    """Run `count` cases of every good file of some targets, and all their bombs.

    Args:
        names: Targets.
        count: Cases for each target, shared by its good files.
        seed: Another seed makes other damage.
        first: Number of the first case; from 100 on no cuts are made.
        out: Folder that gains the file of each fault; None keeps none.
    """
    found = Found()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="salus-fuzz-good-") as place:
        os.environ |= {"SALUS_MAX_VALUES": str(VALUES), "SALUS_MAX_TEXT_BYTES": str(TEXT)}
        items = list(_items(Path(place), names, count, seed, first))
        limits: dict[str, Any] = {"seconds": SECONDS, "memory": MEGABYTES * 2**20, "extra": 3 * 2**30}
        with Guard(CASE, **limits) as guard:
            for one in guard.run(items):
                _judge(one, found, out)
    found.seconds = time.monotonic() - start
    return found


def _items(place: Path, names: Sequence[str], count: int, seed: int, first: int) -> Iterator[dict[str, Any]]:
    for name in names:
        target = TARGETS[name]
        home = place / name
        home.mkdir(parents=True)
        target.make(home / "good")
        goods = sorted(path for path in (home / "good").iterdir() if path.is_dir())
        if count < 2 * len(goods):  # too few cases for all: every seed takes others
            goods = [
                goods[(seed + k * len(goods) // max(1, count // 2)) % len(goods)] for k in range(max(1, count // 2))
            ]
        share = max(1, count // len(goods))
        for good in goods:
            yield {"target": name, "good": str(good), "number": -1, "seed": seed}
            cuts = min(CUTS, (share + 1) // 2) if first < CUTS else 0
            # Fewer than a hundred cuts are spread over the length; another seed takes other places.
            numbers = sorted({(k * CUTS // cuts + seed) % CUTS for k in range(cuts)})
            numbers += range(max(CUTS, first), max(CUTS, first) + share - len(numbers))
            for number in numbers:
                yield {"target": name, "good": str(good), "number": number, "seed": seed}
        if target.bombs is not None:
            target.bombs(home / "bombs")
            for bomb in sorted((home / "bombs").iterdir()):
                yield {"target": name, "good": str(bomb), "number": -1, "seed": seed, "bomb": True}


def _judge(one: Any, found: Found, out: Path | None) -> None:
    item, said = one.item, one.value or {}
    found.cases += 1
    found.slowest_s = max(found.slowest_s, one.seconds)
    peak = int(said.get("peak_mb", 0))
    found.peak_mb = max(found.peak_mb, peak)
    fault = one.failure and f"{one.failure}: {one.detail}"
    if not fault and said["verdict"] == "fault":
        fault = said["error"]
    if not fault and peak > MEGABYTES:
        fault = f"memory: {peak} MB"
    if not fault and said["verdict"] == "refused" and item["number"] < 0 and not item.get("bomb"):
        fault = f"the good file was refused ({said['error']})"
    if not fault and said["verdict"] == "read" and item.get("bomb") and Path(item["good"]).name in REFUSED:
        fault = "what leads out of the folder was read"
    verdict = "fault" if fault else said["verdict"]
    found.verdicts[verdict] += 1
    if fault:
        row = {"target": item["target"], "good": Path(item["good"]).name, "number": item["number"],
               "seed": item["seed"], "fault": fault, "trace": said.get("trace", "")}  # fmt: skip
        found.faults.append(row)
        if out is not None:
            _keep(item, row, out)


def _keep(item: dict[str, Any], row: dict[str, Any], out: Path) -> None:
    place = out / item["target"] / f"{row['good']}-{item['seed']}-{item['number']}"
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    build(item, place)
    (place.parent / f"{place.name}.fault.json").write_text(json.dumps(row, indent=1), encoding="utf-8")
