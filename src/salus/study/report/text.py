"""What a study found, in plain sentences that follow from its figures."""

from collections.abc import Sequence

from salus.study.report.words import interval, metric_label, p_value, plural, score
from salus.study.result import ArmResult, Comparison, PartResult, StudyResult

BITS = "bits_per_pixel"


def summary(result: StudyResult) -> list[str]:
    """Return the answer in plain sentences: who is best, by how much, how sure, and which conditions hold."""
    sentences = [sentence for part in result.parts for sentence in part_summary(part, named=len(result.parts) > 1)]
    return sentences + bar_summary(result)


def part_summary(part: PartResult, *, named: bool = False) -> list[str]:
    """Return the sentences of one question."""
    ranked = ranking(part)
    if not ranked:
        return [f"{part.title}: no arm gave a score."]
    best, metric = ranked[0], metric_label(part.primary)
    top = best.metrics[part.primary]
    start = f"{part.title}: " if named else ""
    direction = "highest" if part.directions.get(part.primary, 1) > 0 else "lowest"
    sentences = [
        f"{start}{_opening(best.label)} reached the {direction} {metric}, {score(top.value, part.primary)} "
        f"(95 % interval {interval(top.low, top.high, part.primary)}{_basis(part, len(top.seeds))}){_spent(best)}."
    ]
    if len(ranked) > 1:
        sentences.append(_against(part, best, ranked[1], "the next best arm, "))
    sentences += _baseline(part, ranked)
    return sentences + _cautions(part)


def bar_summary(result: StudyResult) -> list[str]:
    """Return how many conditions of the study hold, and name those that do not."""
    required = [bar for bar in result.bars if bar.kind == "M" and bar.met is not None]
    if not required:
        return []
    failed = [bar for bar in required if not bar.met]
    if not failed:
        count = (
            "The one required condition is" if len(required) == 1 else f"All {len(required)} required conditions are"
        )
        return [f"{count} met."]
    met = f"{len(required) - len(failed)} of {plural(len(required), 'required condition')} met"
    return [f"{met}; not met: " + "; ".join(f"{bar.text} ({bar.figure})" for bar in failed) + "."]


def ranking(part: PartResult) -> list[ArmResult]:
    """Return the arms that have the primary metric, best first."""
    sign = part.directions.get(part.primary, 1)
    scored = [arm for arm in part.arms if part.primary in arm.metrics]
    finite = [arm for arm in scored if arm.metrics[part.primary].value == arm.metrics[part.primary].value]
    return sorted(finite, key=lambda arm: -sign * arm.metrics[part.primary].value)


def compared(part: PartResult, a: str, b: str) -> Comparison | None:
    """Return the comparison of two arms by the primary metric, turned so that `a` comes first."""
    for row in part.comparisons:
        if row.metric == part.primary and {row.a, row.b} == {a, b}:
            if row.a == a:
                return row
            verdict = {"a": "b", "b": "a"}.get(row.verdict, row.verdict)
            return Comparison(
                a=a, b=b, metric=row.metric, difference=-row.difference, low=-row.high, high=-row.low,
                p=row.p, p_holm=row.p_holm, test=row.test, verdict=verdict,
            )  # fmt: skip
    return None


def unit(part: PartResult) -> str:
    """Return what the data call a patient: `patient`, or what stands for one."""
    return str(part.data.get("unit") or "patient")


def patients_tested(part: PartResult) -> int:
    """Return how many patients the test parts of one seed hold together; 0 where the split does not say."""
    rows = part.split.get("parts") or []
    found = []
    for row in rows:
        side = row.get("test")
        number = side.get("patients") if isinstance(side, dict) else row.get("test_patients")
        found.append(int(number or 0))
    seeds = {row.get("seed") for row in rows}
    return sum(found) // max(len(seeds), 1)


def _basis(part: PartResult, seeds: int) -> str:
    patients = patients_tested(part)
    words = [plural(patients, f"test {unit(part)}")] if patients else []
    words += [plural(seeds, "seed")] if seeds else []
    return f"; {', '.join(words)}" if words else ""


def _against(part: PartResult, best: ArmResult, other: ArmResult, words: str) -> str:
    """Compare two arms; difference positive means `best` is better."""
    value = score(other.metrics[part.primary].value, part.primary)
    row = compared(part, best.name, other.name)
    if row is None or _unequal(best, other):
        return f"The next best arm was {other.label} with {value}{_spent(other)}."
    margin = f"{score(row.difference, part.primary, signed=True)}, 95 % interval "
    margin += f"{interval(row.low, row.high, part.primary, signed=True)}, p = {p_value(row.p_holm)} after correction"
    margin = margin.replace("p = <", "p <")
    if row.verdict == "tie":
        return f"Against {words}{other.label} ({value}), this is a tie: difference {margin}."
    verb = "better" if row.verdict == "a" else "worse"
    return f"It is {verb} than {words}{other.label} ({value}): difference {margin}."


def _baseline(part: PartResult, ranked: Sequence[ArmResult]) -> list[str]:
    """Say how the best system stands against the best baseline, unless the first sentences said so."""
    systems = [arm for arm in ranked if arm.role == "system"]
    baselines = [arm for arm in ranked if arm.role == "baseline"]
    if not systems or not baselines:
        return [] if baselines else ["No baseline stands beside it, so the figure has nothing to be compared with."]
    system, baseline = systems[0], baselines[0]
    if {ranked[0].name, ranked[1].name} == {system.name, baseline.name}:
        return []
    row = compared(part, system.name, baseline.name)
    if row is None or _unequal(system, baseline):
        return []
    margin = f"{score(row.difference, part.primary, signed=True)}, "
    margin += f"95 % interval {interval(row.low, row.high, part.primary, signed=True)}"
    verdict = {"a": "beats", "b": "falls behind", "tie": "does not beat"}[row.verdict]
    apart = row.low > 0 or row.high < 0
    tail = f" (a tie{' after correction' if apart else ''})" if row.verdict == "tie" else ""
    return [f"{_opening(system.label)} {verdict} the strongest baseline, {baseline.label}: difference {margin}{tail}."]


def _spent(arm: ArmResult) -> str:
    """Say what an answer cost to send, where the question is one of compression."""
    return f" at {arm.metrics[BITS].value:.2f} bits a pixel" if BITS in arm.metrics else ""


def _unequal(a: ArmResult, b: ArmResult) -> bool:
    """Tell whether two arms spend different numbers of bytes, so that neither is the better one."""
    if BITS not in a.metrics or BITS not in b.metrics:
        return False
    first, second = a.metrics[BITS].value, b.metrics[BITS].value
    return not abs(first - second) <= 0.05 * max(first, second)


def _opening(label: str) -> str:
    """Start a sentence with a label; a name such as `vitals_cnn` stays as it is written."""
    first = label.split(" ", maxsplit=1)[0]
    return label[:1].upper() + label[1:] if first.replace("-", "").isalpha() and first.islower() else label


def _cautions(part: PartResult) -> list[str]:
    lines = []
    if part.data.get("simulated"):
        lines.append("The data are simulated: the figures say what the method can do, not what it does on patients.")
    allowed = [row for row in part.firewall if row.get("overridden")]
    if allowed:
        names = ", ".join(str(row["rule"]) for row in allowed)
        reasons = "; ".join(dict.fromkeys(str(row["reason"]) for row in allowed if row.get("reason")))
        why = f"(firewall overridden: {names}{'; ' if reasons else ''}{reasons})"
        if part.question.get("kind") == "verification" and names == "patient":
            # Nobody can be recognised who was never enrolled: the same people on both sides are the question itself.
            lines.append(f"The people asked about were enrolled {why}: the figures say nothing about strangers.")
        else:
            lines.append(
                f"This split leaks and was scored all the same {why}: "
                "the figures flatter and must not be read as performance on new patients."
            )
    spent = sorted(arm.metrics[BITS].value for arm in part.arms if BITS in arm.metrics)
    if len(spent) > 1 and spent[0] < 0.95 * spent[-1]:
        lines.append(
            f"The arms spend {spent[0]:.2f} to {spent[-1]:.2f} bits a pixel: more bytes give a better picture, "
            "so read the conditions at equal bytes, not this order."
        )
    patients = patients_tested(part)
    if 0 < patients < 10:
        lines.append(f"With {plural(patients, f'test {unit(part)}')} the intervals mean little.")
    missing = [f"{arm.label} ({arm.missing})" for arm in part.arms if arm.missing]
    if missing:
        lines.append(f"Some answers are missing and count as wrong: {', '.join(missing)}.")
    return lines
