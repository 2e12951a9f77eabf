"""The verbs, as functions: `create`, `fit`, `predict`, `evaluate`, `explain`, `save`, `load`, `study`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salus.schema.errors import DataError, UsageError

if TYPE_CHECKING:
    from salus.contract.dataset import Dataset
    from salus.contract.system import System
    from salus.contract.task import Task
    from salus.evaluate.honesty.card import HonestyCard
    from salus.explain.attribution import Attribution
    from salus.schema.config import Config
    from salus.schema.question import Question
    from salus.schema.sample import Sample
    from salus.store.artifact import Artifact
    from salus.study.result import StudyResult
    from salus.train.progress import Progress


def create(name: str, task: Task, train: Dataset, config: Config | None = None) -> System:
    """Build an untrained system by name for a task, measured on the training part."""
    from salus.systems import registry

    return registry.create(name, task, train, config)


def configure(name: str, size: str = "small", settings: Mapping[str, Any] | None = None) -> Config:
    """Return a system's settings at a size (`small`, `paper`, `tiny`) with some of them changed.

    Raises:
        ConfigError: Unknown setting or impossible value.
        UsageError: Unknown system or size.
    """
    from salus.systems import registry

    kind = registry.find(name)
    sizes = {"small": kind.small, "tiny": kind.tiny, "paper": kind.config_type()}
    if size not in sizes:
        raise UsageError(f"no size {size!r}; use small, paper or tiny")
    return sizes[size].replace(settings or {})


def fit(
    name: str,
    data: str,
    folder: Path,
    *,
    size: str = "small",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    init: str = "",
    allow: Mapping[str, str] | None = None,
    drop_duplicates: bool = False,
    workers: int = 0,
    progress: Progress | None = None,
) -> Artifact:
    """Train one system on a dataset and leave an artifact in `folder`.

    The data is divided by patient into training, validation and test parts (its official split where it has one);
    validation chooses the epoch and the operating point, and the test part is scored once, at the end.

    Args:
        name: System.
        data: Dataset of the catalogue, manifest, table or folder (`salus data ls`).
        folder: Where the artifact and the training state go.
        size: `small`, `paper` or `tiny`.
        settings: Changes to the config.
        seed: Of the split and of everything random.
        device: `auto`, `cpu`, `cuda`, `cuda:N`.
        resume: Go on where a killed run stopped.
        init: Standard weights to start from: `file.safetensors`, `file.pth` or `hub:owner/name/file`.
        allow: Firewall rules to override, with the reason.
        drop_duplicates: Leave out byte-equal copies across the parts (the test part keeps its own).
        workers: Reading processes.
        progress: Who watches.

    Raises:
        LeakError: The split leaks.
        StoreError: The folder holds something else, or cannot be written.
        SalusError: Everything else that a user can mend.
    """
    from salus.contract.dataset import Subset
    from salus.data.library import open_data
    from salus.data.suit import suit
    from salus.evaluate.firewall import duplicates_to_drop, enforce, inspect
    from salus.evaluate.predict import answers, score
    from salus.store.artifact import load, save
    from salus.store.claim import refuse_foreign
    from salus.systems import registry
    from salus.tasks.registry import make
    from salus.train.device import set_threads
    from salus.train.fit import fit as train_system
    from salus.train.run import CHECKPOINT, seed_torch

    set_threads()
    if (folder / "SHA256SUMS").is_file() and (folder / "weights.safetensors").is_file():
        if resume:
            return load(folder)
        raise UsageError(f"{folder} already holds a finished run; choose another -o, or remove it")
    if (folder / CHECKPOINT).is_file() and not resume:
        raise UsageError(f"{folder} holds an unfinished run; add --resume to go on, or choose another -o")
    refuse_foreign(folder)
    config = configure(name, size, settings)
    loaded = open_data(data)
    task = make(loaded.question)
    split = divide(loaded.dataset, task, seed)
    dropped = duplicates_to_drop(loaded.dataset, [split]) if drop_duplicates else ()
    split = split.without(dropped)
    enforce(inspect(loaded.dataset, [split], defining=loaded.defining, allow=allow or {}))
    dataset = suit(loaded.dataset, registry.find(name).card.inputs)
    train, valid, test = (Subset(dataset, part) for part in (split.train, split.valid, split.test))
    seed_torch(seed, 77)
    system = registry.create(name, task, train, config)
    facts: dict[str, Any] = {"data": data, "seed": seed, "size": size, "split": [len(train), len(valid), len(test)]}
    facts["dropped"] = [loaded.dataset[i].id for i in dropped]
    facts["notes"] = list(loaded.notes)
    if init:
        facts["init"] = initialise(system, init)
    result = train_system(
        system,
        train,
        valid,
        score=score,
        seed=seed,
        device=device,
        folder=folder,
        resume=resume,
        workers=workers,
        progress=progress,
    )
    system.cpu()
    on_valid, on_test = answers(system, valid), answers(system, test)
    operating = task.operate(on_valid.values, on_valid.truth) if len(valid) else {}
    facts.update(
        best_epoch=result.best_epoch,
        best_seconds=result.best_seconds,
        seconds=result.seconds,
        steps=result.steps,
        valid=result.valid,
        alarms=list(result.alarms),
        test=task.score(on_test.values, on_test.truth, operating) if len(test) else {},
        test_ids=list(on_test.ids),
    )
    save(system, folder, operating=operating, facts=facts)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return load(folder)


def divide(dataset: Dataset, task: Task, seed: int) -> Any:
    """Return one patient-disjoint split: the official one if samples carry it, else the first of five folds."""
    from salus.data.cohort import cohort_of
    from salus.data.few_labels import taught
    from salus.data.split import kfold, official

    cohort = cohort_of(dataset, task.stratum)
    if any(cohort.splits):
        return taught(official(cohort, valid_share=0.2, seed=seed), cohort)
    return taught(kfold(cohort, folds=5, seed=seed, valid_share=0.2)[0], cohort)


def initialise(system: System, source: str) -> dict[str, Any]:
    """Load standard weights into the sub-module that the card names; return the key-by-key report."""
    from salus.nets.pretrained import load_pretrained

    place = type(system).card.pretrained
    if not place:
        raise UsageError(f"{type(system).__name__} takes no standard weights; leave --init out")
    report = load_pretrained(system.get_submodule(place), source)
    return {**dataclasses.asdict(report), "lines": report.lines()}


def evaluate(artifact: Artifact, data: str, *, resamples: int = 1000) -> dict[str, tuple[float, float, float]]:
    """Score a fitted system on data it has not seen (external validation): metric to value, low, high.

    Samples that stood in its own training or test part under the same name are refused only by name; use data of
    another site.
    """
    from salus.data.library import open_data
    from salus.data.suit import suit
    from salus.evaluate.bootstrap import Cell, estimate
    from salus.evaluate.predict import answers

    loaded = open_data(data)
    task = artifact.system.task
    if loaded.question.kind != task.kind or loaded.question.classes != task.question.classes:
        raise DataError(
            f"{data} asks {_asked(loaded.question)}; the run answers {_asked(task.question)}; "
            "give data with the same question"
        )
    found = answers(artifact.system, suit(loaded.dataset, type(artifact.system).card.inputs))
    marks = task.judge(found.values, found.truth, artifact.operating)
    rows = estimate(task, [Cell(patients=found.patients, marks=marks)], resamples)
    return {name: (row.value, row.low, row.high) for name, row in rows.items()}


def _asked(question: Question) -> str:
    return f"{question.kind} ({', '.join(question.classes)})" if question.classes else question.kind


def predict(artifact: Artifact, samples: Sequence[Sample]) -> tuple[list[Any], list[str]]:
    """Answer samples; one that cannot be answered gets None and its reason stands in the second list.

    A system that restores single slices answers a volume slice by slice.
    """
    from salus.contract.dataset import ListDataset
    from salus.data.slicewise import slices_of, takes_slices, together
    from salus.data.suit import suit
    from salus.evaluate.predict import answers

    wishes = type(artifact.system).card.inputs
    apart = artifact.system.task.kind == "restoration" and takes_slices(wishes)
    pieces = [slices_of(sample) if apart else [sample] for sample in samples]
    found = answers(artifact.system, suit(ListDataset([one for piece in pieces for one in piece]), wishes))
    values: list[Any] = []
    reasons: list[str] = []
    start = 0
    for piece in pieces:
        stop = start + len(piece)
        said = [found.reasons.get(i, "") for i in range(start, stop)]
        whole = len(piece) == 1
        value, why = (found.values[start], said[0]) if whole else together(found.values[start:stop], said)
        values.append(value)
        reasons.append(why)
        start = stop
    return values, reasons


def synthesize(artifact: Artifact, folder: Path, count: int, **options: Any) -> tuple[HonestyCard, str]:
    """Audit a generator and write its samples as a dataset (`salus.study.synthesis.release`); refused if it copies."""
    from salus.study.synthesis import release

    return release(artifact, divide, folder, count, **options)


def explain(artifact: Artifact, sample: Sample, method: str = "auto") -> Attribution:
    """Attribute one answer to the parts of its input, with the figures that say whether to trust the map."""
    from salus.data.suit import names_for, renamed
    from salus.explain.attribution import attribute

    names = names_for(sample.inputs, type(artifact.system).card.inputs)
    return attribute(artifact.system, renamed(sample, names), method)


def save(system: System, folder: Path, **facts: Any) -> None:
    """Write a fitted system to a folder (`salus.store.artifact.save`)."""
    from salus.store.artifact import save as save_artifact

    save_artifact(system, folder, facts=facts)


def load(folder: Path | str) -> Artifact:
    """Rebuild a fitted system from its folder alone (`salus.store.artifact.load`)."""
    from salus.store.artifact import load as load_artifact

    return load_artifact(Path(folder))


def study(file: Path | str, folder: Path | str, *, jobs: int = 0) -> StudyResult:
    """Run a study file and leave its evidence in `folder` (`salus.study.run.run_study`)."""
    from salus.study.plan import read_plan
    from salus.study.run import run_study

    return run_study(read_plan(Path(file)), Path(folder), jobs=jobs, shown=False, command=f"salus study {file}")
