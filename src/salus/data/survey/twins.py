"""Copies in a folder: equal byte for byte, and nearly equal to look at."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from salus.data.survey.gather import SAMPLES
from salus.data.survey.labels import Layout
from salus.data.survey.report import Concern, Report
from salus.data.survey.store import Store
from salus.metrics.likeness import close_pairs

MOST = 400_000
"""Small copies that are compared; more are thinned evenly, and it is said."""
_NAMED = 20
_KINDS = ",".join(f"'{kind}'" for kind in SAMPLES)
_SAYS = {
    "parts": ("error", "stand in several parts of the split", "keep one of each: the split leaks"),
    "labels": ("error", "stand under several classes", "one class is wrong: correct or remove them"),
    "folders": ("warning", "stand in several folders", "keep one of each; if folders are classes, one is wrong"),
    "patients": ("warning", "belong to several patients", "keep one of each, or correct the patient"),
    "plain": ("note", "are kept twice or more", "keep one of each, they add nothing"),
}


def exact(store: Store, report: Report, root: Path, layout: Layout) -> set[str]:
    """Report files with equal content; return the paths of all but the first of each group."""
    query = (
        f"SELECT digest FROM file WHERE kind IN ({_KINDS}, 'table') AND digest<>'' AND size>0 "  # noqa: S608 - constants
        "GROUP BY digest HAVING COUNT(*)>1"
    )
    groups: dict[str, list[str]] = {kind: [] for kind in _SAYS}
    counts: Counter[str] = Counter()
    copies: set[str] = set()
    for (digest,) in list(store.rows(query)):
        rows = list(store.rows("SELECT path, patient FROM file WHERE digest=? ORDER BY path", (digest,)))
        for members in _confirmed(rows, digest, root):
            kind = kind_of_group(members, layout)
            counts[kind] += 1
            copies.update(path for path, _ in members[1:])
            if len(groups[kind]) < _NAMED:
                more = f" (+{len(members) - 2})" if len(members) > 2 else ""
                groups[kind].append(f"{members[0][0]} = {members[1][0]}{more}")
    for kind, (severity, words, remedy) in _SAYS.items():
        if counts[kind]:
            what = f"{counts[kind]:,} group{'s' * (counts[kind] > 1)} of equal files {words}"
            report.concerns.append(
                Concern(
                    severity=severity,
                    area="copies",
                    what=what,
                    count=counts[kind],
                    which=tuple(groups[kind]),
                    remedy=remedy,
                )
            )
    return copies


def near(store: Store, report: Report, copies: set[str], layout: Layout) -> None:
    """Report pictures, volumes and signals that are nearly equal; of a DICOM series its middle file stands for all."""
    lengths = [row[0] for row in store.rows("SELECT DISTINCT LENGTH(likeness) FROM file WHERE likeness<>''")]
    groups: dict[str, list[str]] = {kind: [] for kind in _SAYS}
    counts: Counter[str] = Counter()
    for length in sorted(lengths):
        rows = [row for row in _chosen(store, length, report) if row[0] not in copies]
        if len(rows) < 2:
            continue
        values = _small_copies(store, rows)
        pairs, alike = close_pairs(values)
        for (i, j), r in zip(pairs.tolist(), alike.tolist(), strict=True):
            kind = kind_of_group([rows[i][:2], rows[j][:2]], layout)
            counts[kind] += 1
            if len(groups[kind]) < _NAMED:
                groups[kind].append(f"{rows[i][0]} ~ {rows[j][0]} (r {r:.4f})")
    for kind, (severity, words, remedy) in _SAYS.items():
        if counts[kind]:
            what = f"{counts[kind]:,} pair{'s' * (counts[kind] > 1)} of nearly equal inputs {words}"
            # A near copy is a reason to look, not a proof.
            softer = "warning" if severity == "error" and kind != "parts" else severity
            report.concerns.append(
                Concern(
                    severity=softer,
                    area="copies",
                    what=what,
                    count=counts[kind],
                    which=tuple(groups[kind]),
                    remedy=f"look at them; {remedy}",
                )
            )


def kind_of_group(members: Sequence[tuple[str, str]], layout: Layout) -> str:
    """Return what a group of `(path, patient)` copies crosses: a key of `_SAYS`, `plain` where it is nothing."""
    named = [layout.place(path) for path, _ in members]
    if len({part for part, _ in named}) > 1:
        return "parts"
    if layout.classes and len({label for _, label in named}) > 1:
        return "labels"
    if len({patient for _, patient in members if patient}) > 1:
        return "patients"
    return "folders" if len({path.rpartition("/")[0] for path, _ in members}) > 1 else "plain"


def _confirmed(rows: list[tuple[str, str]], digest: str, root: Path) -> Iterator[list[tuple[str, str]]]:
    """Part a group whose members were hashed by their ends only into groups of equal content."""
    if not digest.startswith("~"):
        yield rows
        return
    whole: dict[str, list[tuple[str, str]]] = {}
    for path, patient in rows:
        try:
            with (root / path).open("rb") as handle:
                key = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError:
            continue
        whole.setdefault(key, []).append((path, patient))
    yield from (members for members in whole.values() if len(members) > 1)


def _chosen(store: Store, length: int, report: Report) -> list[tuple[str, str]]:
    """Return (path, patient) of every file without a series, and of the middle one of each series."""
    middle = (
        "SELECT path, patient FROM (SELECT path, patient, "
        "ROW_NUMBER() OVER (PARTITION BY CASE WHEN series='' THEN path ELSE series END ORDER BY path) AS place, "
        "COUNT(*) OVER (PARTITION BY CASE WHEN series='' THEN path ELSE series END) AS many "
        "FROM file WHERE LENGTH(likeness)=? AND problem='') WHERE place=(many+1)/2 ORDER BY path"
    )
    rows = [(str(path), str(patient)) for path, patient in store.rows(middle, (length,))]
    step = max(1, -(-len(rows) // MOST))
    if step > 1:
        report.notes.append(f"Of {len(rows):,} inputs of one kind every {step}th was compared for near copies.")
    return rows[::step]


def _small_copies(store: Store, rows: Sequence[tuple[str, str]]) -> NDArray[np.uint8]:
    """Return the small copies `(N, F)` of files, one byte a value."""
    found: NDArray[np.uint8] | None = None
    for place, (path, _) in enumerate(rows):
        text = next(store.rows("SELECT likeness FROM file WHERE path=?", (path,)))[0]
        one = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
        if found is None:
            found = np.zeros((len(rows), len(one)), np.uint8)
        found[place] = one[: found.shape[1]]
    assert found is not None  # noqa: S101 - there are two rows at least
    return found
