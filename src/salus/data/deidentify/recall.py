"""How well a plan works on a user's own files, measured with planted identities.

Two judges: the table says for each planted attribute whether its action was right, and a search through the bytes of
the result, which knows no table, says what is left.
"""

import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from salus.data.deidentify.burned import Drawn, can_draw, draw_name, still_there
from salus.data.deidentify.file import RefusedError, clean_file, plain_bytes
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.planted import Expected, Planted, plant

ACTIONS = "actions of the table"
PIXELS = "name burned into pixels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one kind of planted identifiers.

    Attributes:
        kind: In words.
        planted: How many.
        left: How many were found in the results, or met the wrong action.
        share: Caught share.
        low: Lower end of Wilson's 95 % interval of the share.
        high: Upper end.
        which: For actions, the attributes that went wrong.
    """

    kind: str
    planted: int
    left: int
    share: float
    low: float
    high: float
    which: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A measurement: `files` went through, `refused` of them gave no result and so no survivors."""

    files: int
    refused: int
    rows: tuple[Row, ...]


def measure(
    files: Sequence[Path], plan: Plan, key: Key, *, seed: int = 0, watch: Callable[[int, int], None] | None = None
) -> Recall:
    """Plant identities in copies of DICOM files, run the plan on them and count survivors.

    Args:
        files: Originals; only read. Those that the plan refuses as they are, are passed over.
        plan: As for the real run.
        key: As for the real run.
        seed: Chooses the invented identities.
        watch: Called with (done, all) after each file.
    """
    planted, left, wrong = Counter[str](), Counter[str](), Counter[str]()
    refused = gone = 0
    with tempfile.TemporaryDirectory(prefix="salus-deid-") as home:
        for count, file in enumerate(files, 1):
            try:
                result = _one(file, Path(home), plan, key, np.random.default_rng([seed, count]))
            except RefusedError:
                refused += 1
                continue
            gone += 1
            planted.update(result.planted)
            left.update(result.left)
            wrong.update(result.wrong)
            if watch is not None:
                watch(count, len(files))
    rows = [_row(kind, planted[kind], left[kind], wrong if kind == ACTIONS else None) for kind in sorted(planted)]
    return Recall(files=gone, refused=refused, rows=tuple(rows))


@dataclass(frozen=True, slots=True)
class Judged:
    """Counts by kind of what was planted and what is left, and by attribute of wrong actions."""

    planted: Counter[str]
    left: Counter[str]
    wrong: Counter[str]


def _one(file: Path, home: Path, plan: Plan, key: Key, rng: np.random.Generator) -> Judged:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source, target = home / "planted.dcm", home / "clean.dcm"
        try:
            dataset = pydicom.dcmread(file, force=True)
            made = plant(dataset, rng, plan.letters)
            word = made.plants[0].needle
            drawn = draw_name(dataset, word, rng) if plan.clean_pixels and can_draw(dataset) else None
            dataset.save_as(source, enforce_file_format=True)
        except Exception as error:  # a file that cannot be written with plants cannot be measured
            raise RefusedError(f"cannot be planted ({type(error).__name__})") from error
        clean_file(source, target, plan, key)
        return judge(made, drawn, pydicom.dcmread(target), target.read_bytes(), plan)


def judge(made: Planted, drawn: Drawn | None, result: Any, written: bytes, plan: Plan) -> Judged:
    """Judge a result by what was planted; it need not come from this program.

    Args:
        made: What was planted in the header.
        drawn: What was drawn into the pixels, None for nothing.
        result: pydicom data set of the result.
        written: Its bytes on the disk.
        plan: Whose actions are right.
    """
    found = Judged(Counter(), Counter(), Counter())
    small = plain_bytes(written, str(result.file_meta.get("TransferSyntaxUID", ""))).lower()
    for each in made.plants:
        found.planted[each.kind] += 1
        found.left[each.kind] += any(form in small for form in _forms(each.needle))
    for expected in made.expected:
        found.planted[ACTIONS] += 1
        if not _right(expected, result, plan):
            found.left[ACTIONS] += 1
            found.wrong[expected.rule.keyword] += 1
    if drawn is not None:
        found.planted[PIXELS] += 1
        found.left[PIXELS] += still_there(result, drawn)
    return found


def _forms(needle: str) -> tuple[bytes, ...]:
    words = (needle.lower(), needle.upper())
    return tuple({word.encode(code).lower() for word in words for code in ("utf-8", "utf-16-le", "utf-16-be")})


def _right(expected: Expected, result: Any, plan: Plan) -> bool:
    """Judge an attribute by its row alone: any of the row's choices is right, an untouched value never is."""
    action, _ = expected.rule.action(plan.letters)
    choices = set(action.rstrip("*").split("/"))
    if expected.tag not in result:
        return bool(choices & {"X", "C"})
    element = result[expected.tag]
    same = str(element.value) == str(expected.value)
    if "K" in choices:
        return same or element.VR == "SQ"
    if element.VR == "SQ":
        return "X" not in choices or len(choices) > 1
    if "U" in choices:
        return not same and str(element.value).startswith("2.25.")
    if "C" in choices:
        return not same or element.VR not in ("DA", "DT", "AE")  # what is left in texts, the bytes tell
    return choices != {"X"} and not same and (bool(choices & {"Z"}) or not element.is_empty)


def _row(kind: str, planted: int, left: int, wrong: Counter[str] | None) -> Row:
    from scipy.stats import binomtest

    interval = binomtest(planted - left, planted).proportion_ci(method="wilson")
    which = tuple(f"{name} ({number})" for name, number in wrong.most_common(10)) if wrong else ()
    return Row(
        kind=kind, planted=planted, left=left, share=(planted - left) / planted, low=float(interval.low),
        high=float(interval.high), which=which,
    )  # fmt: skip
