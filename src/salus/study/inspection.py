"""Check whatever a user names: a folder of anything, a file, a manifest, a table or a dataset of the catalogue."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from salus.contract.dataset import Dataset
from salus.contract.task import Task
from salus.data.entry import Loaded
from salus.data.library import entry, folder_of, load, names, parse_spec, present
from salus.data.survey.dataset import survey_dataset
from salus.data.survey.report import Concern, Fit, Report, listed
from salus.data.survey.survey import LIMIT_S, Watch, survey
from salus.evaluate.firewall import inspect
from salus.schema.errors import DataError, SalusError
from salus.systems import registry
from salus.tasks.registry import make

Divide = Callable[[Dataset, Task, int], Any]
SAMPLES = 5_000
"""Samples of a folder up to which they are also read as a dataset and split for a trial."""


def check_anything(
    spec: str, divide: Divide, *, workers: int = 2, deep: bool = True, fresh: bool = False, seconds: float = LIMIT_S,
    watch: Watch | None = None,
) -> Report:  # fmt: skip
    """Check data of any form and return what was found.

    Args:
        spec: Dataset of the catalogue, path of a folder or file, with `:key=value` options as everywhere.
        divide: Splits a dataset for a trial (`salus.api.divide`).
        workers: Child processes that look at files.
        deep: Decode values; False reads headers only, and samples not at all.
        fresh: Forget what an earlier check of the folder found.
        seconds: Most time for one file.
        watch: Told of the progress.

    Raises:
        UsageError: Neither a dataset nor a path, or an unknown option.
        DataError: What is there cannot be looked at.
    """
    head, options = parse_spec(spec)
    how: dict[str, Any] = {"workers": workers, "deep": deep, "fresh": fresh, "seconds": seconds, "watch": watch}
    if head in names():
        report = _of_dataset(load(head, options), spec, divide, watch)
        found = entry(head)
        folder = folder_of(found)
        if found.kind == "mirror" and not found.folder and present(found) and folder.is_dir():
            report = merged(_public(survey(folder, **how)), report)
    else:
        report = _of_path(spec, Path(head).expanduser(), options, divide, how)
    report.title = spec
    report.fitness = [_with_systems(fit) for fit in report.fitness]
    report.sort()
    return report


def merged(files: Report, samples: Report) -> Report:
    """Put what the samples say beside what the files say; where both speak of copies, the files' word stands."""
    spoken = {one.area for one in files.concerns} & {"copies"}
    files.facts = [*samples.facts, *(row for row in files.facts if row[0] not in dict(samples.facts))]
    files.concerns += [one for one in samples.concerns if one.area not in spoken]
    files.labels = samples.labels or files.labels
    files.fitness = [*samples.fitness, *(fit for fit in files.fitness if fit.task not in _tasks(samples))]
    files.examples = samples.examples or files.examples
    files.notes += samples.notes
    return files


def _of_path(spec: str, path: Path, options: Mapping[str, str], divide: Divide, how: dict[str, Any]) -> Report:
    from salus.data.library import open_data

    if not path.exists():
        open_data(spec)  # raises with the nearest name
    if path.is_file():
        looked = survey(path.parent, only=path.name, **how)
        try:
            loaded = open_data(spec)
        except SalusError as error:
            if options or path.suffix.lower() in (".csv", ".tsv", ".parquet", ".iob", ".conll"):
                raise
            looked.notes.append(f"It is no dataset by itself: {error}.")
            return looked
        return merged(looked, _of_dataset(loaded, spec, divide, how["watch"]))
    report = survey(path, **how)
    listed_in = [name for name in ("manifest.csv", "manifest.parquet") if (path / name).is_file()]
    try:
        loaded = open_data(spec)
    except SalusError as error:
        # A folder of class folders with one of them empty is a dataset that needs mending; most other folders are none.
        emptied = len(report.holds) == 1 and "holds no file that can be read" in str(error)
        if listed_in or options or emptied:
            remedy = "correct it; until then nothing can be trained or judged on it"
            what = f"cannot be opened as a dataset: {error}"
            report.concerns.append(Concern(severity="error", area="labels", what=what, remedy=remedy))
        else:
            report.notes.append(f"The folder asks no question yet: {error}.")
        return report
    if not how["deep"] or len(loaded.dataset) > SAMPLES:
        report.notes.append(
            f"{len(loaded.dataset):,} samples were not read one by one and no split was tried; "
            "a study's firewall does both."
        )
        return report
    return merged(report, _of_dataset(loaded, spec, divide, how["watch"]))


def _of_dataset(loaded: Loaded, title: str, divide: Divide, watch: Watch | None) -> Report:
    task = make(loaded.question)
    report = survey_dataset(loaded, title, task.stratum, watch)
    if watch is not None:
        watch("leaks", 0, 0)
    try:
        split = divide(loaded.dataset, task, 0)
        for leak in inspect(loaded.dataset, [split], defining=loaded.defining):
            if not leak.passed:
                report.concerns.append(
                    Concern(
                        severity="error",
                        area="split",
                        what=f"leak: {leak.rule}",
                        count=leak.count,
                        which=listed(leak.evidence),
                        remedy=leak.reason or "mend the split; `salus study` refuses it as it is",
                    )
                )
    except DataError as problem:
        report.concerns.append(
            Concern(severity="error", area="split", what=f"cannot be split: {problem}", remedy="add or mend samples")
        )
    return report


def _public(report: Report) -> Report:
    """Identifiers in a published dataset are worth knowing; its publisher answered for them."""
    report.concerns = [
        dataclasses.replace(one, severity="warning") if one.area == "identity" and one.severity == "error" else one
        for one in report.concerns
    ]
    return report


def _with_systems(fit: Fit) -> Fit:
    if fit.verdict == "no":
        return fit
    cards = {name: registry.find(name).card for name in registry.names()}
    able = [
        name for name, card in cards.items()
        if fit.task in card.tasks and fit.modality in card.modalities and card.family != "baseline"
    ]  # fmt: skip
    simple = [
        name for name, card in cards.items()
        if fit.task in card.tasks and fit.modality in card.modalities and card.family == "baseline"
    ]  # fmt: skip
    return dataclasses.replace(fit, systems=(*sorted(able), *sorted(simple)))


def _tasks(report: Report) -> set[str]:
    return {fit.task for fit in report.fitness}
