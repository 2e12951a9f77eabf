"""What cluster_gan owes beside its scores: clusters that come back and what they mean, and a collapse that is seen."""

import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from salus.contract.batch import Batch
from salus.contract.dataset import Dataset
from salus.evaluate.honesty.examine import examine_system
from salus.metrics.ranking import auroc
from salus.nets.row_clusters import bootstrap_rand, reduce
from salus.schema.sample import Sample
from salus.study.cell import DONE
from salus.study.context import CheckContext, CheckRow, TrainedCell
from salus.systems.gan.cluster_gan import ClusterGAN

PART, ARM = "icu", "cluster_gan"
POINTS, HEALTHY, COLLAPSED = "points", "cluster_gan", "driven"
BOOTSTRAPS, STABLE = 50, 0.6


def stability(context: CheckContext) -> list[CheckRow]:
    """Cluster bootstrap samples of each seed's first training part and compare; more clusters than found beside it."""
    kept, forced, numbers = [], [], []
    for cell, system in _trained(context, PART, ARM):
        learned = system.fingerprint["clusters"]
        low = reduce(_whole(system, cell.train).inputs["row"].numpy(), learned)
        k = int(learned["k"])
        numbers.append(k)
        kept.append(float(np.mean(bootstrap_rand(low, k, learned["kind"], BOOTSTRAPS, seed=1))) if k > 1 else 1.0)
        forced.append(float(np.mean(bootstrap_rand(low, k + 4, learned["kind"], 10, seed=1))))
    lowest = min(kept, default=0.0)
    return [
        CheckRow(
            kind="M",
            text=f"clusters of the stays come back: mean adjusted Rand index over {BOOTSTRAPS} bootstraps at least "
            f"{STABLE:g}, or fewer clusters",
            figure=f"lowest {lowest:.3f} of {len(kept)} seeds, with {_numbers(numbers)} clusters",
            met=bool(kept) and lowest >= STABLE,
        ),
        CheckRow(
            kind="R",
            text="the same with four clusters more (10 bootstraps)",
            figure=f"{np.mean(forced):.3f}" if forced else "no training",
        ),
    ]


def meaning(context: CheckContext) -> list[CheckRow]:
    """Print how many die in each cluster, what the cluster alone is worth, and whether the head knows it."""
    shares, alone, agreed = [], [], []
    for cell, system in _trained(context, PART, ARM):
        batch = _whole(system, cell.test)
        truth, found = batch.target["label"].numpy(), batch.inputs["cluster"].numpy()
        rates = _rates(_whole(system, cell.train), system.groups_found)
        order = np.argsort(rates)
        shares.append([float(truth[found == k].mean()) if (found == k).any() else float("nan") for k in order])
        alone.append(_area(rates[found], truth))
        agreed.append(float(np.mean(system.critic.cluster_of(batch.inputs["row"]).numpy() == found)))
    words = "; ".join(", ".join(f"{100 * share:.1f} %" for share in row) for row in shares)
    return [
        CheckRow(kind="R", text="deaths in each cluster of the test part, by seed", figure=words or "no training"),
        CheckRow(kind="R", text="AUROC of death told by the cluster alone", figure=_mean(alone)),
        CheckRow(kind="R", text="share of test stays whose cluster the head names", figure=_mean(agreed)),
    ]


def collapse(context: CheckContext) -> list[CheckRow]:
    """See that a generator driven into collapse sets off the alarm and is refused, and that the healthy one is not."""
    rows = []
    for arm, bad in ((HEALTHY, False), (COLLAPSED, True)):
        alarms, refused, cells = 0, 0, 0
        for cell, system in _trained(context, POINTS, arm):
            facts = json.loads((cell.folder / DONE).read_text(encoding="utf-8"))
            samples = [_samples(part) for part in (cell.train, cell.test)]
            card = examine_system(system, *samples, subject=arm, seed=cell.seed).card
            cells += 1
            alarms += bool(facts["alarms"])
            refused += bool(card.reasons)
        rows.append(
            CheckRow(
                kind="M",
                text=f"ten modes, {arm}: "
                + ("alarm in training, and refused for release" if bad else "no alarm, and released"),
                figure=f"alarm in {alarms}, refused in {refused} of {cells} trainings",
                met=bool(cells) and (alarms, refused) == ((cells, cells) if bad else (0, 0)),
            )
        )
    return rows


def _trained(context: CheckContext, part: str, arm: str) -> Iterator[tuple[TrainedCell, ClusterGAN]]:
    """Yield the first fold of each seed."""
    for cell in context.systems(part, arm):
        if cell.fold == 0:
            assert isinstance(cell.system, ClusterGAN)  # noqa: S101
            yield cell, cell.system


def _whole(system: ClusterGAN, data: Dataset) -> Batch:
    return system.collate(_samples(data))


def _samples(data: Dataset) -> list[Sample]:
    return [data[i] for i in range(len(data))]


def _rates(batch: Batch, k: int) -> NDArray[np.float64]:
    label, cluster = batch.target["label"].numpy(), batch.inputs["cluster"].numpy()
    sizes = np.bincount(cluster, minlength=k)
    found: NDArray[np.float64] = np.bincount(cluster, weights=label == 1, minlength=k) / np.maximum(sizes, 1)
    return found


def _area(value: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float(auroc(value, truth == 1)[0])


def _numbers(values: list[int]) -> str:
    return ", ".join(map(str, sorted(set(values)))) or "no"


def _mean(values: list[float]) -> str:
    if not values:
        return "no training"
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f} over {len(values)} seeds)"
