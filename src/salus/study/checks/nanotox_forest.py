"""What the forest of toxicity owes beside its scores: an exact router, a domain that warns, and readable reasons."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.data.synthetic.nano_dose import COLUMNS, RANGES, expected, planted_importance
from salus.explain.tables import mean_squared_error, not_falling, partial_dependence, permutation_importance
from salus.explain.tree_shapley import tree_shapley
from salus.metrics.ranking import auroc
from salus.nets.forest import FlatForest
from salus.schema.sample import Row, Sample
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.systems.cnn.nanotox_forest import NanotoxForest

Table = NDArray[np.float64]
ARM, DOSE = "forest", "log10_dosage"
SLACK = 0.02
ROUTED, EXPLAINED, BACKGROUND = 20, 3, 40
THINNED = 3
"""Every third simulated row is asked."""
GRID = np.linspace(0.0, np.log10(RANGES["dose_ug_kg"][1]), 20)


def router(context: CheckContext) -> list[CheckRow]:
    """Compare the vectorised router with scikit-learn's own answers, with and without gaps."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    rng, worst, rows = np.random.default_rng(36), 0.0, 0
    for part, make in (("toxic", RandomForestClassifier), ("viability", RandomForestRegressor)):
        for cell, system in _cells(context, part, seeds=1):
            table, asked = (system.encoder.measured(_table(system, data)) for data in (cell.train, cell.test))  # type: ignore[union-attr]
            truth = np.array([sample.target for sample in _samples(cell.train)])
            for gaps in (0.0, 0.2):
                table[rng.random(table.shape) < gaps] = np.nan
                asked[rng.random(asked.shape) < gaps] = np.nan
                forest = make(ROUTED, max_features="sqrt", random_state=cell.fold).fit(table, truth)
                wanted = forest.predict_proba(asked) if hasattr(forest, "classes_") else forest.predict(asked)[:, None]
                worst = max(worst, float(np.abs(FlatForest().take(forest).probabilities(asked) - wanted).max()))
                rows += len(asked)
    return [
        CheckRow(
            kind="M",
            text="the router gives scikit-learn's answers to 1e-6, rows with gaps included",
            figure=f"largest difference {worst:.1e} over {rows} answers",
            met=bool(rows > 0 and worst < 1e-6),
        )
    ]


def domain(context: CheckContext) -> list[CheckRow]:
    """Push test rows out of each column's training range, name unknown words, and see whether they are flagged."""
    flagged = asked = 0
    inside: list[bool] = []
    scores: list[tuple[float, bool]] = []
    for cell, system in _cells(context, "toxic"):
        samples = _samples(cell.test)
        now = [not why for why in system.outside(samples)]
        inside += now
        chances = _ask(system, _table(system, cell.test))
        scores += [(float(p), s.target == 1) for p, s in zip(chances, samples, strict=True)]
        if cell.seed == 0:
            pushed = list(_pushed(system, samples[0], _table(system, cell.train)))
            flagged += sum(bool(why) for why in system.outside(pushed))
            asked += len(pushed)
    areas = [_area([s for s, kept in zip(scores, inside, strict=True) if kept is wanted]) for wanted in (True, False)]
    return [
        CheckRow(
            kind="M",
            text="every query outside a column's training range, or with an unknown oxide or cell line, is flagged",
            figure=f"{flagged} of {asked}",
            met=asked > 0 and flagged == asked,
        ),
        CheckRow(
            kind="R",
            text="toxic, dose curves apart: share of test rows inside the domain, AUROC inside and outside",
            figure=f"{np.mean(inside):.3f} inside; {areas[0]:.3f} inside, {areas[1]:.3f} outside" if inside else "none",
        ),
    ]


def importance(context: CheckContext) -> list[CheckRow]:
    """Compare permutation importance with what was planted, and print what toxicity and viability rest on."""
    from scipy.stats import spearmanr

    found, shares = [], []
    for cell, system in _cells(context, "planted", seeds=1):
        table, truth = _table(system, cell.test)[::THINNED], _truth(cell.test)[::THINNED]
        rng = np.random.default_rng([36, cell.seed, cell.fold])
        mine = permutation_importance(partial(_ask, system), table, truth, mean_squared_error, rng, repeats=5)
        planted = planted_importance(_natural(table), rng)
        found.append(float(spearmanr(mine, planted).statistic))
        shares.append(mine / mine.sum())
    figure = f"mean {np.mean(found):.3f}, lowest {min(found):.3f} over {len(found)} trainings" if found else "none"
    rows = [
        CheckRow(
            kind="M",
            text="simulated: Spearman of planted and permutation importance at least 0.8",
            figure=figure,
            met=bool(found) and float(np.mean(found)) >= 0.8,
        ),
    ]
    if shares:
        rows.append(_ranked("simulated: share of the importance", COLUMNS, np.mean(shares, axis=0)))
    for part in ("toxic", "viability"):
        columns, mean = _real_importance(context, part)
        if columns:
            rows.append(
                _ranked(f"{part}: rise of the squared error when a column is exchanged, test rows", columns, mean)
            )
    return rows


def dose_curve(context: CheckContext) -> list[CheckRow]:
    """See that the simulated response never falls with the dose, and draw dose curves, simulated and real."""
    curves, falls = [], []
    truth: Table = np.zeros(0)
    for cell, system in _cells(context, "planted", seeds=1):
        table = _table(system, cell.test)[::THINNED]
        curves.append(partial_dependence(partial(_ask, system), table, 0, GRID))
        falls.append(not_falling(curves[-1]))
        if cell.seed == 0 and cell.fold == 0:
            truth = partial_dependence(lambda rows: expected(_natural(rows)), table, 0, GRID)
    oxides = _oxide_curves(context)
    if curves:
        _draw_curves(context.folder / "dose_curves.png", curves, truth, oxides)
    figure = f"mean largest fall {np.mean(falls):.4f}, worst {max(falls):.4f} of the rise" if falls else "none"
    rows = [
        CheckRow(
            kind="M",
            text=f"simulated: the forest's response falls nowhere with the dose (by more than {SLACK:.0%} of its rise)",
            figure=figure,
            met=bool(falls) and max(falls) <= SLACK,
        )
    ]
    if oxides:
        ends = ", ".join(f"{name} {curve[0]:.0f} to {curve[-1]:.0f} %" for name, (_, curve) in sorted(oxides.items()))
        text = "viability from the lowest to the highest dose measured, rows of each oxide, mean over trainings"
        rows.append(CheckRow(kind="R", text=text, figure=ends))
    return rows


def shapley(context: CheckContext) -> list[CheckRow]:
    """Explain some test rows by exact Shapley values of the forest, and see that they add up to the answer."""
    gaps, shares = [], []
    names: tuple[str, ...] = ()
    for cell, system in _cells(context, "toxic", seeds=1):
        assert system.encoder is not None  # noqa: S101
        names, sources = system.encoder.columns, np.array(system.encoder.sources)
        step = max(1, len(cell.train) // BACKGROUND)
        others = system.encoder.measured(_table(system, cell.train)[::step])
        asked = system.encoder.measured(_table(system, cell.test))
        forest = system.forest.forests[0]
        assert isinstance(forest, FlatForest)  # noqa: S101
        base = forest.probabilities(others)[:, 1].mean()
        for row in asked[:: max(1, len(asked) // EXPLAINED)][:EXPLAINED]:
            values = tree_shapley(forest, row, others, output=1)
            gaps.append(abs(values.sum() - (forest.probabilities(row[None])[0, 1] - base)))
            shares.append([np.abs(values[sources == c].sum()) for c in range(len(names))])
    if not gaps:
        return [CheckRow(kind="R", text="Shapley values of the forest", figure="none")]
    return [
        CheckRow(
            kind="M",
            text="Shapley values add up to the answer less the background's mean to 1e-6",
            figure=f"largest gap {max(gaps):.1e} over {len(gaps)} rows",
            met=bool(max(gaps) < 1e-6),
        ),
        _ranked("toxic: mean |Shapley value| of the probability", names, np.mean(shares, axis=0)),
    ]


def _cells(context: CheckContext, part: str, seeds: int = 99) -> Iterator[tuple[TrainedCell, NanotoxForest]]:
    if part not in {known.name for known in context.plan.parts}:
        return
    for cell in context.systems(part, ARM):
        if isinstance(cell.system, NanotoxForest) and cell.seed < seeds:
            yield cell, cell.system


def _samples(data: Dataset) -> list[Sample]:
    return [data[i] for i in range(len(data))]


def _table(system: NanotoxForest, data: Dataset) -> Table:
    return np.asarray(system.collate(_samples(data)).inputs["row"].numpy(), dtype=np.float64)


def _truth(data: Dataset) -> Table:
    return np.array([float(sample.target) for sample in _samples(data)])


def _ask(system: NanotoxForest, table: Table) -> Table:
    """Return values `(N,)`, or the probability of the last class."""
    with torch.inference_mode():
        output = system(Batch(("",) * len(table), {"row": torch.from_numpy(table)}))
    decoded = np.asarray(system.decode(output), dtype=np.float64)
    return decoded if decoded.ndim == 1 else decoded[:, -1]


def _natural(table: Table) -> Table:
    """Return rows of `nano_dose` with their dose as measured."""
    found = table.copy()
    found[:, 0] = 10 ** found[:, 0]
    return found


def _pushed(system: NanotoxForest, sample: Sample, table: Table) -> Iterator[Sample]:
    """Yield copies of a row with one column each a hundredth of its range below or above it, or an unknown word."""
    assert system.encoder is not None  # noqa: S101
    values = sample.inputs["row"].values
    for place, column in enumerate(system.encoder.columns):
        changed: list[Any] = ["unobtainium"]
        if place not in system.encoder.categorical:
            low, high = float(table[:, place].min()), float(table[:, place].max())
            margin = 0.01 * max(high - low, abs(high), 1e-6)
            changed = [low - margin, high + margin]
        for number, value in enumerate(changed):
            row = Row(values={**values, column: value})
            yield Sample(id=f"{sample.id} {column} {number}", patient=sample.patient, inputs={"row": row})


def _area(pairs: list[tuple[float, bool]]) -> float:
    scores, positive = np.array([s for s, _ in pairs]), np.array([p for _, p in pairs], dtype=bool)
    if positive.all() or not positive.any():
        return float("nan")
    return float(auroc(scores, positive)[0])


def _real_importance(context: CheckContext, part: str) -> tuple[tuple[str, ...], Table]:
    columns: tuple[str, ...] = ()
    found = []
    for cell, system in _cells(context, part, seeds=1):
        assert system.encoder is not None  # noqa: S101
        columns, rng = system.encoder.columns, np.random.default_rng([36, cell.fold])
        table, truth = _table(system, cell.test), _truth(cell.test)
        ask = partial(_ask, system)
        found.append(permutation_importance(ask, table, truth, mean_squared_error, rng, repeats=1))
    return columns, np.mean(found, axis=0) if found else np.zeros(0)


def _ranked(text: str, names: tuple[str, ...], values: Table) -> CheckRow:
    order = np.argsort(-values)[:6]
    return CheckRow(kind="R", text=text, figure=", ".join(f"{names[k]} {values[k]:.3g}" for k in order))


def _oxide_curves(context: CheckContext) -> dict[str, tuple[Table, Table]]:
    """Return the mean viability over doses of each oxide's rows, inside the doses it was measured at."""
    found: dict[str, list[tuple[Table, Table]]] = {}
    for cell, system in _cells(context, "viability", seeds=1):
        assert system.encoder is not None  # noqa: S101
        place = system.encoder.columns.index(DOSE)
        oxides = np.array([str(sample.inputs["row"].values["NPs"]) for sample in _samples(cell.train)])
        table = _table(system, cell.train)
        for oxide in sorted(set(oxides)):
            rows = table[oxides == oxide][::2]
            doses = np.linspace(rows[:, place].min(), rows[:, place].max(), 8)
            curve = partial_dependence(partial(_ask, system), rows, place, doses)
            found.setdefault(oxide, []).append((doses, curve))
    return {
        name: (np.mean([d for d, _ in pairs], axis=0), np.mean([c for _, c in pairs], axis=0))
        for name, pairs in found.items()
    }


def _draw_curves(path: Path, curves: list[Table], truth: Table, oxides: dict[str, tuple[Table, Table]]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for number, curve in enumerate(curves):
        left.plot(GRID, curve, color="0.75", lw=0.7, label="forest, each training" if number == 0 else None)
    left.plot(GRID, np.mean(curves, axis=0), color="C0", label="forest, mean")
    left.plot(GRID, truth, color="C3", ls="--", label="planted")
    left.set(title="Simulated", xlabel="log10 dose in µg/kg", ylabel="neutrophils, fold of control")
    for name, (doses, curve) in sorted(oxides.items()):
        right.plot(doses, curve, label=name)
    right.set(title="NanoTox, rows of each oxide", xlabel="log10 dose as given", ylabel="viability in %", ylim=(0, 110))
    for axis in (left, right):
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
