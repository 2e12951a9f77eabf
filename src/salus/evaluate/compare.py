"""Is the difference real? Paired tests, their correction for many pairs, verdicts and ranks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salus.evaluate.bootstrap import Replicates, interval
from salus.metrics.ranking import delong
from salus.schema.errors import DataError

ALPHA = 0.05
"""A difference is called real below this, after correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Arm `a` less arm `b` on one metric, signed so that positive means `a` is better.

    Attributes:
        a: Arm name.
        b: Arm name.
        metric: Which metric.
        difference: Mean over seeds.
        low: Lower end of the paired bootstrap's interval.
        high: Upper end.
        p: Two-sided, before correction.
        p_holm: After Holm's correction over the pairs compared together.
        test: Which test gave `p`.
        verdict: `"a"`, `"b"` or `"tie"`.
        dropped: Resamples on which one of the arms had no figure.
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    test: str
    verdict: str
    dropped: int = 0


def differences(a: Replicates, b: Replicates, metric: str, direction: int) -> NDArray[np.float64]:
    """Return `a` less `b` on every resample `(R,)`, positive where `a` is better.

    Raises:
        DataError: The arms were not resampled alike.
    """
    if a.patients != b.patients or a.seed != b.seed or len(a.resampled[metric]) != len(b.resampled[metric]):
        only = sorted(set(a.patients) ^ set(b.patients))[:3]
        raise DataError(
            f"arms cannot be paired: their patients or resamples differ (in one alone: {', '.join(only) or 'none'}); "
            "test both on the same split with the same number of resamples"
        )
    return direction * (a.resampled[metric] - b.resampled[metric])


def bootstrap_p(resampled: ArrayLike) -> float:
    """Return the two-sided p-value of no difference from resampled differences `(R,)`.

    Twice the smaller share of resamples on either side of zero, with one added above and below the line, so that no
    finite number of resamples gives zero. NaN are left out; one where nothing is left.

    Source:
        Davison and Hinkley 1997, equation 4.11, on the percentile interval that holds zero at its end.
    """
    values = np.asarray(resampled, dtype=np.float64)
    usable = values[np.isfinite(values)]
    if not len(usable):
        return 1.0
    smaller = min(int((usable <= 0).sum()), int((usable >= 0).sum()))
    return float(min(1.0, 2 * (smaller + 1) / (len(usable) + 1)))


def compare(
    arms: Mapping[str, Replicates],
    metric: str,
    direction: int,
    pairs: Iterable[tuple[str, str]] | None = None,
    level: float = 0.95,
) -> list[Difference]:
    """Compare arms of one part on one metric by the paired patient bootstrap, Holm-corrected over the pairs.

    Args:
        arms: Replicates by arm name, all made with the same seed and number of resamples.
        metric: Which metric.
        direction: +1 where higher is better, -1 where lower is (`Task.directions[metric]`).
        pairs: Which arms to compare; None for all pairs in the order of `arms`.
        level: Of the intervals.
    """
    names = list(arms)
    chosen = list(pairs) if pairs is not None else [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    drawn = [differences(arms[a], arms[b], metric, direction) for a, b in chosen]
    p_values = [bootstrap_p(values) for values in drawn]
    corrected = holm(p_values)
    found = []
    for (a, b), values, p, p_holm in zip(chosen, drawn, p_values, corrected, strict=True):
        low, high = interval(values, level)
        found.append(
            Difference(
                a=a,
                b=b,
                metric=metric,
                difference=direction * (arms[a].values[metric] - arms[b].values[metric]),
                low=low,
                high=high,
                p=p,
                p_holm=float(p_holm),
                test="paired patient bootstrap",
                verdict=verdict(low, high, float(p_holm)),
                dropped=int((~np.isfinite(values)).sum()),
            )
        )
    return found


def verdict(low: float, high: float, p_holm: float) -> str:
    """Return `"a"` or `"b"` where the interval leaves out zero and the corrected p is at most 0.05, else `"tie"`."""
    if not (np.isfinite(low) and np.isfinite(high)) or low <= 0 <= high or p_holm > ALPHA:
        return "tie"
    return "a" if low > 0 else "b"


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return p-values corrected for being several, in the order given.

    Source:
        Holm 1979.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * (len(values) - np.arange(len(values))))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def ranks(names: Sequence[str], compared: Iterable[Difference]) -> dict[str, int]:
    """Return each arm's rank: one more than the number of arms found better than it; arms that tie can share a rank."""
    beaten = dict.fromkeys(names, 0)
    for row in compared:
        if row.verdict in ("a", "b"):
            beaten[row.b if row.verdict == "a" else row.a] += 1
    return {name: 1 + count for name, count in beaten.items()}


def delong_test(scores_a: ArrayLike, scores_b: ArrayLike, positive: ArrayLike) -> tuple[float, float]:
    """Test whether two scores of the same rows have one AUROC.

    Valid for one row a patient; rows of one patient hang together and make the test too sure, so take the patient
    bootstrap there.

    Args:
        scores_a: `(N,)`.
        scores_b: `(N,)`.
        positive: `(N,)`.

    Returns:
        AUROC of `a` less that of `b`, and the two-sided p-value.

    Source:
        DeLong, DeLong and Clarke-Pearson 1988.
    """
    from scipy.stats import norm

    pair: NDArray[Any] = np.stack([np.asarray(scores_a, dtype=np.float64), np.asarray(scores_b, dtype=np.float64)])
    areas, covariance = delong(pair, positive)
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    if variance <= 1e-15:
        return difference, 1.0 if abs(difference) < 1e-12 else 0.0
    return difference, float(2 * norm.sf(abs(difference) / np.sqrt(variance)))


def corrected_resampled_t(values: ArrayLike, train_size: float, test_size: float) -> tuple[float, float]:
    """Test whether the mean of per-fold differences is zero, allowing for the overlap of training parts.

    Args:
        values: `(J,)`, difference of two arms on each (seed, fold) cell.
        train_size: Patients in a training part.
        test_size: Patients in a test part.

    Returns:
        t with J - 1 degrees of freedom, and the two-sided p-value.

    Raises:
        DataError: Fewer than two cells.

    Source:
        Nadeau and Bengio 2003, doi:10.1023/A:1024068626366, section 3.
    """
    from scipy.stats import t as student

    folds = np.asarray(values, dtype=np.float64)
    if len(folds) < 2:
        raise DataError(f"a test over folds needs at least two differences, got {len(folds)}")
    variance = (1 / len(folds) + test_size / train_size) * folds.var(ddof=1)
    if variance == 0:
        return (0.0, 1.0) if folds.mean() == 0 else (float(np.copysign(np.inf, folds.mean())), 0.0)
    t = float(folds.mean() / np.sqrt(variance))
    return t, float(2 * student.sf(abs(t), len(folds) - 1))
