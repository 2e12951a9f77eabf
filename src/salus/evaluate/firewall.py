"""The leak firewall: a split through which an answer could reach the training part is refused, with the evidence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.evaluate.duplicates import duplicates_to_drop, exact_duplicates, near_duplicates
from salus.evaluate.finding import SIDES, Finding, Split, label, shown, sides, where
from salus.evaluate.fingerprint import Facts, gather
from salus.evaluate.target_leak import target_leak
from salus.schema.errors import LeakError, UsageError

__all__ = ["RULES", "Finding", "Split", "duplicates_to_drop", "enforce", "inspect"]

RULES = {
    "patient": "one patient stands on two sides; split by patient",
    "duplicate": "byte-equal inputs stand on two sides; leave the copies out with --drop-duplicates",
    "near_duplicate": "nearly equal inputs stand on two sides; put them on one side or leave one out",
    "window": "pieces of one recording stand on two sides; split by recording",
    "target": "an input gives the answer away; leave it out",
}
"""Every rule that can refuse a split: what it means and the remedy."""
NAMED = 8
"""Lines of evidence in the error message."""


def inspect(
    dataset: Dataset,
    splits: Sequence[Split],
    *,
    defining: Sequence[str] = (),
    allow: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Search every split for ways the answer could leak.

    Args:
        dataset: Read once, sample by sample; small copies are kept, not the samples.
        splits: Folds with `.train`, `.valid` and `.test` index arrays.
        defining: Input columns that define the target.
        allow: Rule name to the reason why its leak is accepted.

    Returns:
        One finding per rule, in the order of `RULES`, and `duplicate_inside` as information.

    Raises:
        UsageError: `allow` names an unknown rule or gives no reason.
    """
    allow = allow or {}
    for rule, reason in allow.items():
        if rule not in RULES:
            raise UsageError(f"the firewall has no rule {rule!r}; it has {', '.join(RULES)}")
        if not reason.strip():
            raise UsageError(f"allowing the rule {rule!r} needs a reason; it is printed in the report")
    table = sides(splits, len(dataset))
    facts = gather(dataset, np.flatnonzero(table.any(axis=0)).tolist())
    findings = [
        _patients(facts, table),
        *exact_duplicates(facts, table),
        near_duplicates(facts, table),
        _windows(facts, table),
        target_leak(facts, defining),
    ]
    return [_allowed(finding, allow) for finding in findings]


def enforce(findings: Sequence[Finding]) -> None:
    """Refuse the split if a rule failed that nobody allowed.

    Raises:
        LeakError: Names the rules, the first samples and the remedy.
    """
    failed = [finding for finding in findings if not finding.passed and not finding.overridden]
    if not failed:
        return
    blocks = []
    for finding in failed:
        lines = [f"  {line}" for line in finding.evidence[:NAMED]]
        if finding.count > NAMED:
            lines.append(f"  ... {finding.count} in all")
        blocks.append("\n".join([f"{finding.rule} ({finding.count}): {RULES[finding.rule]}", *lines]))
    names = ", ".join(finding.rule for finding in failed)
    raise LeakError(
        f"the split leaks and is refused ({names})\n"
        + "\n".join(blocks)
        + f"\nto score it all the same, allow the rule by name with a reason, e.g. {failed[0].rule}"
    )


def _allowed(finding: Finding, allow: Mapping[str, str]) -> Finding:
    if finding.passed or finding.rule not in allow:
        return finding
    reason = "; ".join(filter(None, (allow[finding.rule], finding.reason)))
    return Finding(
        rule=finding.rule,
        passed=False,
        overridden=True,
        reason=reason,
        evidence=finding.evidence,
        count=finding.count,
    )


def _patients(facts: Facts, table: NDArray[np.int8]) -> Finding:
    members: dict[str, list[int]] = defaultdict(list)
    for index in facts.index:
        members[facts.patients[index]].append(index)
    lines = {patient: line for patient, own in members.items() if (line := _divided(facts, table, own))}
    evidence = shown(f"patient {patient!r} is in {line}" for patient, line in lines.items())
    return Finding(rule="patient", passed=not lines, evidence=evidence, count=len(lines))


def _divided(facts: Facts, table: NDArray[np.int8], own: Sequence[int]) -> str:
    """Name the sides that share these samples in the first split that divides them; empty where none does."""
    for split, row in enumerate(table[:, own]):
        present = [code for code in (1, 2, 3) if (row == code).any()]
        if len(present) > 1:
            parts = []
            for code in present:
                hits = np.asarray(own)[row == code]
                parts.append(f"{SIDES[code]} ({len(hits)} samples, first {facts.ids[int(hits[0])]!r})")
            return f"{' and '.join(parts)}{f', split {split + 1}' if len(table) > 1 else ''}"
    return ""


def _windows(facts: Facts, table: NDArray[np.int8]) -> Finding:
    members: dict[str, list[int]] = defaultdict(list)
    for index in facts.index:
        recording = facts.meta[index].get("recording")
        if recording is not None:
            members[str(recording)].append(index)
    lines, count = [], 0
    for recording, own in members.items():
        overlaps = _overlaps(facts, table, own)
        count += len(overlaps)
        lines += [f"recording {recording!r}: {line}" for line in overlaps]
        if not overlaps and (line := _divided(facts, table, own)):
            count += 1
            lines.append(f"recording {recording!r} is in {line}; no overlap in time")
    return Finding(rule="window", passed=not lines, evidence=shown(lines), count=count)


def _overlaps(facts: Facts, table: NDArray[np.int8], own: Sequence[int]) -> list[str]:
    """Return a line for each window that overlaps an earlier one of another side, in the first split where it does."""
    spans = []
    for index in own:
        meta = facts.meta[index]
        if meta.get("start_s") is not None and meta.get("stop_s") is not None:
            spans.append((float(meta["start_s"]), float(meta["stop_s"]), index))
    spans.sort()
    lines: dict[int, str] = {}
    for split, row in enumerate(table):
        latest: dict[int, tuple[float, float, int]] = {}
        for start, stop, index in spans:
            side = int(row[index])
            for other, (begin, end, before) in latest.items():
                if side and other != side and start < end:
                    text = f"{label(table, split, index, facts.ids)} ({start:g}-{stop:g} s) overlaps "
                    text += f"{label(table, split, before, facts.ids)} ({begin:g}-{end:g} s)"
                    lines.setdefault(index, where(table, split) + text)
            if side and (side not in latest or stop > latest[side][1]):
                latest[side] = (start, stop, index)
    return list(lines.values())
