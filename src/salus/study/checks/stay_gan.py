"""What a forecast of a length of stay owes beside its scores: honest intervals at every acuity, national figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from salus.contract.dataset import Dataset
from salus.data.cohort import peek
from salus.evaluate.predict import answers
from salus.metrics.survey import Weighted, weighted_mean, weighted_quantile
from salus.schema.sample import Sample
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.systems.gan.stay_gan import StayGAN

Floats = NDArray[np.float64]
FEWEST = 500
"""Visits that an acuity level needs to be judged by itself."""
LOW, HIGH = 0.74, 0.86
LONG_MINUTES = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """Judged test answers of one seed, folds pooled: ids, acuity, absolute errors and whether the interval held."""

    ids: NDArray[Any]
    acuity: NDArray[Any]
    error: Floats
    covered: Floats


def acuity(context: CheckContext) -> list[CheckRow]:
    """Print coverage of the 80 % interval in each acuity level; every large level must be near 80 %."""
    rows = []
    for arm, kind in (("stay_gan", "M"), ("boosting", "R")):
        levels: dict[str, list[float]] = {}
        sizes: dict[str, int] = {}
        for marks in _marked(context, "stay", arm):
            for name in sorted(set(marks.acuity.tolist())):
                own = marks.acuity == name
                if own.sum() >= FEWEST:
                    levels.setdefault(name or "not recorded", []).append(float(marks.covered[own].mean()))
                    sizes[name or "not recorded"] = int(own.sum())
        means = {name: float(np.mean(values)) for name, values in levels.items()}
        words = ", ".join(f"{name} {mean:.3f} of {sizes[name]}" for name, mean in means.items())
        met = bool(means) and all(LOW <= mean <= HIGH for mean in means.values())
        text = f"{arm}: 80 % interval covers {LOW:.0%} to {HIGH:.0%} in each acuity level with at least {FEWEST} visits"
        rows.append(CheckRow(kind=kind, text=text, figure=words or "no answers", met=met if kind == "M" else None))
    return rows


def spread(context: CheckContext) -> list[CheckRow]:
    """Print what the draws alone know of their spread, before calibration, and which codes training did not know."""
    rows = []
    for arm in ("stay_gan", "no_critic"):
        inside, widths, others, cells = [], [], 0, 0
        for cell in _cells(context, "stay", arm):
            system = cell.system
            assert isinstance(system, StayGAN)  # noqa: S101
            held = system.offsets.get_buffer("ends").clone()
            moved = _answers(system, cell.test)
            with torch.no_grad():
                system.offsets.get_buffer("ends").zero_()
            bare = _answers(system, cell.test)
            system.offsets.get_buffer("ends").copy_(held)
            truth = _truth(cell.test)
            inside.append(float(np.mean((bare[:, 0] <= truth) & (truth <= bare[:, 2]))))
            widths.append(float(np.mean(bare[:, 2] - bare[:, 0]) / np.mean(moved[:, 2] - moved[:, 0])))
            table = system.space.table(_samples(cell.test))
            others += sum(system.space.others(table).values())
            cells += len(table) * len(system.space.words)
        if inside:
            figure = f"covers {np.mean(inside):.3f}; {np.mean(widths):.1%} of the calibrated width"
            text = f"{arm}: the 80 % interval of the 20 draws before calibration (first seed)"
            rows.append(CheckRow(kind="R", text=text, figure=figure))
            if arm == "stay_gan":
                text = "cells of test visits whose word or code stands in fewer than 20 training visits (read as other)"
                rows.append(CheckRow(kind="R", text=text, figure=f"{others} of {cells} ({others / cells:.2%})"))
    return rows


def leaks(context: CheckContext) -> list[CheckRow]:
    """Print how much of the logarithm's variance is explained under the right split and under each leak."""
    rows = []
    for arm in ("stay_gan", "boosting"):
        found = []
        for part in ("stay", "leak_random", "leak_later"):
            shares = []
            for cell in _cells(context, part, arm):
                said, truth = np.log1p(_answers(cell.system, cell.test)[:, 1]), np.log1p(_truth(cell.test))
                shares.append(1 - float(((said - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()))
            if shares:
                found.append(f"{part} {np.mean(shares):.3f}")
        text = f"{arm}: R2 of the log stay, hospitals apart and under each leak (first seed)"
        rows.append(CheckRow(kind="R", text=text, figure=", ".join(found) or "none"))
    return rows


def national(context: CheckContext) -> list[CheckRow]:
    """Print survey-weighted figures: what stays are, and how well they are forecast, for the nation's visits."""
    data = context.dataset("stay").dataset
    samples = [peek(data, i) for i in range(len(data))]
    meta = {s.id: (s.meta["survey_weight"], s.meta["design_stratum"], s.meta["design_unit"]) for s in samples}
    ids = [s.id for s in samples]
    stays = np.array([float(s.target) for s in samples])
    weights = np.array([float(s.meta["survey_weight"]) for s in samples])
    acuities = np.array([s.meta["group_acuity"] for s in samples])
    mean = _of(stays, ids, meta)
    long = _of((stays > LONG_MINUTES).astype(float), ids, meta)
    middle = weighted_quantile(stays, weights, 0.5)
    rows = [
        CheckRow(
            kind="R",
            text="visits of the file with a known length, weighted: mean and median minutes, share above 4 h",
            figure=f"{mean.total / 1e6:.1f} million visits: mean {mean.words()}, median {middle:.0f}, "
            f"above 4 h {100 * long.value:.1f} % (error {100 * long.error:.1f}); "
            f"unweighted mean {stays.mean():.1f}, median {np.median(stays):.0f}",
        )
    ]
    by_level = [
        f"{name or 'not recorded'} {_of(stays, ids, meta, acuities == name).words(0)}" for name in sorted(set(acuities))
    ]
    rows.append(CheckRow(kind="R", text="weighted mean minutes by acuity", figure=", ".join(by_level)))
    for part, arm in (("stay", "stay_gan"), ("weighted", "stay_gan"), ("stay", "boosting"), ("stay", "median")):
        for marks in _marked(context, part, arm, seeds=1):
            error = _of(marks.error, marks.ids.tolist(), meta)
            covered = _of(marks.covered, marks.ids.tolist(), meta)
            rows.append(
                CheckRow(
                    kind="R",
                    text=f"weighted by survey, {arm} ({part}, first seed): mean absolute error, coverage of 80 %",
                    figure=f"{error.words()} minutes (unweighted {marks.error.mean():.1f}); {covered.words(3)}",
                )
            )
    return rows


def _of(
    values: Floats, ids: list[str], meta: dict[str, tuple[Any, Any, Any]], domain: NDArray[np.bool_] | None = None
) -> Weighted:
    weights, strata, units = zip(*(meta[name] for name in ids), strict=True)
    return weighted_mean(values, weights, strata, units, domain)


def _marked(context: CheckContext, part: str, arm: str, seeds: int = 99) -> Iterator[Marked]:
    """Yield the judged test answers of each seed that has all its folds."""
    plan = context.part(part)
    for seed in range(min(seeds, plan.seeds)):
        places = [context.study / "cells" / part / arm / f"s{seed}_f{fold}" / "marks.npz" for fold in range(plan.folds)]
        if not all(place.is_file() for place in places):
            continue
        held: dict[str, list[NDArray[Any]]] = {"ids": [], "group_acuity": [], "marks": []}
        for place in places:
            with np.load(place, allow_pickle=False) as arrays:
                for name, pieces in held.items():
                    pieces.append(arrays[name])
                columns = arrays["columns"].tolist()
        marks = np.concatenate(held["marks"])
        yield Marked(
            ids=np.concatenate(held["ids"]),
            acuity=np.concatenate(held["group_acuity"]),
            error=marks[:, columns.index("absolute")],
            covered=marks[:, columns.index("covered")],
        )


def _cells(context: CheckContext, part: str, arm: str) -> Iterator[TrainedCell]:
    for cell in context.systems(part, arm):
        if cell.seed:
            return  # seeds come in order, and loading the others takes time
        yield cell


def _answers(system: Any, data: Dataset) -> Floats:
    """Return quantiles `(N, 3)`; NaN where there is no answer."""
    found = answers(system, data, batch_size=1024).values
    return np.stack([np.full(3, np.nan) if value is None else np.asarray(value, dtype=float) for value in found])


def _samples(data: Dataset) -> list[Sample]:
    return [data[i] for i in range(len(data))]


def _truth(data: Dataset) -> Floats:
    return np.array([float(peek(data, i).target) for i in range(len(data))])
