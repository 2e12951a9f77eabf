"""The results page in Markdown: every figure of a study in tables, for the documentation."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from salus.schema.files import write_text
from salus.study.report import words
from salus.study.report.html import checksums
from salus.study.report.sections import plain_settings
from salus.study.report.text import summary, unit
from salus.study.result import ArmResult, PartResult, StudyResult


def write_page(folder: Path, result: StudyResult, path: Path) -> Path:
    """Write the Markdown page of a study.

    Args:
        folder: The study's folder, for the checksums of what the page was made from.
        result: What the study found.
        path: Where the page goes, such as `docs/results/<name>.md`.

    Returns:
        `path`.
    """
    lines = [f"# {_text(result.title)}", "", _text(result.asked.strip()), ""]
    lines += ["## Answer", "", *(f"- {_text(line)}" for line in summary(result)), ""]
    if result.bars:
        verdicts = {None: "printed", True: "met", False: "**not met**"}
        rows = [(bar.kind, bar.text, bar.figure, verdicts[bar.met]) for bar in result.bars]
        lines += ["## Conditions", "", *_table(("kind", "condition", "what came out", "verdict"), rows), ""]
    for part in result.parts:
        lines += _part(part)
    for name, extra in result.extras.items():
        lines += [f"## {_text(name)}", "", *_table(("what", "figure"), extra), ""]
    lines += _reproduce(folder, result)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines).rstrip() + "\n")
    return path


def _part(part: PartResult) -> list[str]:
    lines = [f"## {_text(part.title)}", "", *_data(part), ""]
    head = ("rank", "arm", "role", *(words.metric_label(name) for name in part.directions))
    rows: list[tuple[str, ...]] = []
    for arm in sorted(part.arms, key=lambda arm: (arm.rank or 99, arm.label)):
        rows.append((str(arm.rank or ""), arm.label, arm.role, *(_score(arm, name) for name in part.directions)))
    lines += [f"### Scores, mean over seeds [95 % interval over {unit(part)}s]", "", *_table(head, rows), ""]
    rows = [
        (arm.label, *(words.score(value, part.primary) for value in arm.metrics[part.primary].seeds))
        for arm in part.arms
        if part.primary in arm.metrics
    ]
    most = max((len(row) for row in rows), default=1) - 1
    padded = [row + ("",) * (most + 1 - len(row)) for row in rows]
    title = f"### {words.metric_label(part.primary)} of each seed"
    lines += [title, "", *_table(("arm", *(f"seed {k}" for k in range(most))), padded), ""]
    return lines + _comparisons(part) + _costs(part) + _settings(part) + _warnings(part)


def _data(part: PartResult) -> list[str]:
    data, split = part.data, part.split
    lines = []
    if data.get("simulated"):
        lines.append("- **Simulated data.**")
    lines.append(f"- Data: {_text(data.get('title') or data.get('name', ''))} ({_text(data.get('name', ''))})")
    if data.get("options"):
        lines.append(f"- Options: {_text(words.settings(data['options']))}")
    lines.append(f"- Size: {data.get('samples', '?')} samples of {data.get('patients', '?')} {unit(part)}s")
    if data.get("classes"):
        counts = ", ".join(f"{name} {count}" for name, count in data["classes"].items())
        lines.append(f"- Classes: {_text(counts)}")
    for key, label in (("licence", "Licence"), ("citation", "Citation"), ("fingerprint", "Data fingerprint")):
        if data.get(key):
            value = _text(data[key])
            lines.append(f"- {label}: {f'`{value}`' if key == 'fingerprint' else value}")
    lines += [f"- Note: {_text(note)}" for note in data.get("notes") or ()]
    kind, folds, seeds = split.get("kind", "?"), split.get("folds", 1), split.get("seeds", "?")
    lines.append(f"- Split: {kind}, {folds} fold(s), {seeds} seed(s), by {split.get('unit', 'patient')}")
    if split.get("labelled"):
        share = 100 * float(split.get("label_share", 1.0))
        lines.append(
            f"- Labels: {share:.3g} % of the training patients show theirs ({split['labelled']} samples in the first "
            "fold); validation is cut to as many"
        )
    if split.get("imbalance"):
        lines.append(f"- Classes: the rarest is thinned until the commonest is {split['imbalance']:g} times as common")
    for finding in part.firewall:
        if not finding.get("passed"):
            state = "overridden" if finding.get("overridden") else "refused"
            reason = f": {finding['reason']}" if finding.get("reason") else ""
            lines.append(f"- **Firewall rule {_text(finding.get('rule'))} {state}**{_text(reason)}")
    if part.firewall and all(finding.get("passed") for finding in part.firewall):
        lines.append("- Firewall: every rule passed")
    return lines


def _comparisons(part: PartResult) -> list[str]:
    if not part.comparisons:
        return []
    labels = {arm.name: arm.label for arm in part.arms}
    rows = [
        (
            labels.get(row.a, row.a),
            labels.get(row.b, row.b),
            words.score(row.difference, row.metric, signed=True),
            words.interval(row.low, row.high, row.metric, signed=True),
            words.p_value(row.p),
            words.p_value(row.p_holm),
            {"a": "better", "b": "worse"}.get(row.verdict, "tie"),
            row.test.partition("; ")[2],
        )
        for row in part.comparisons
    ]
    test = part.comparisons[0].test.partition("; ")[0]
    title = f"### Paired differences, {words.metric_label(part.comparisons[0].metric)} ({test})"
    head = (
        "first",
        "second",
        "difference",
        "95 % interval",
        "p",
        "p, Holm",
        "the first is",
        "other tests, uncorrected",
    )
    return [title, "", *_table(head, rows), ""]


def _costs(part: PartResult) -> list[str]:
    kinds = [kind for kind in words.COSTS if any(math.isfinite(getattr(arm.cost, kind)) for arm in part.arms)]
    if not kinds:
        return []
    rows = [(arm.label, *(words.cost(kind, getattr(arm.cost, kind)) for kind in kinds)) for arm in part.arms]
    return ["### Cost", "", *_table(("arm", *(words.COSTS[kind] for kind in kinds)), rows), ""]


def _settings(part: PartResult) -> list[str]:
    rows = []
    for arm in part.arms:
        config = arm.settings.get("config")
        full = words.settings(config) if isinstance(config, dict) else ""
        size = str(arm.settings.get("size", ""))
        rows.append((arm.label, arm.system, size, plain_settings(arm), full))
    return ["### Settings", "", *_table(("arm", "system", "size", "set", "configuration"), rows), ""]


def _warnings(part: PartResult) -> list[str]:
    lines = [f"- {_text(text)}" for text in part.warnings]
    lines += [f"- {_text(arm.label)}: {_text(text)}" for arm in part.arms for text in arm.warnings]
    lines += [
        f"- {_text(arm.label)}: {words.plural(arm.missing, 'missing answer')}" for arm in part.arms if arm.missing
    ]
    return ["### Read with care", "", *lines, ""] if lines else []


def _reproduce(folder: Path, result: StudyResult) -> list[str]:
    lines = ["## Again", "", "```sh", result.command, "```", ""]
    rows = [(name, str(value)) for name, value in result.environment.items()]
    rows += [(f"SHA-256 of {name}", digest) for name, digest in checksums(folder)]
    if result.seconds:
        rows.append(("computing time", words.duration(result.seconds)))
    return [*lines, *_table(("what", "value"), rows), "", "Research use only; not for clinical decisions."]


def _score(arm: ArmResult, name: str) -> str:
    row = arm.metrics.get(name)
    if row is None:
        return ""
    return f"{words.score(row.value, name)} [{words.interval(row.low, row.high, name).replace(' to ', ', ')}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(_text(cell) for cell in head) + " |", "|" + " --- |" * len(head)]
    verbatim = ("**not met**",)
    for row in rows:
        lines.append("| " + " | ".join(cell if cell in verbatim else _text(cell) for cell in row) + " |")
    return lines


def _text(value: object) -> str:
    """Return one line that Markdown shows as it is: no table breaks, no HTML, no emphasis by accident."""
    text = " ".join(str(value).split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for sign in "|*_`":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("](", "]\\(")
