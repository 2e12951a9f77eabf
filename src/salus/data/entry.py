"""What the catalogue knows of a dataset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from salus.contract.dataset import Dataset
from salus.schema.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One file at its official address.

    Attributes:
        url: Where the publisher offers it.
        path: Where it goes below the dataset's folder.
        sha256: Hexadecimal; empty where the publisher gives none and nobody measured it.
        size: Bytes, 0 where unknown.
        unpack: True for a zip or tar archive whose members are wanted.
        md5: Hexadecimal, where the publisher gives only this; it finds damage, not malice.
        when: Option values (`{"size": "64"}`) that need this file; empty for one that every load needs.
    """

    url: str
    path: str
    sha256: str = ""
    size: int = 0
    unpack: bool = False
    md5: str = ""
    when: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A dataset ready for a study.

    Attributes:
        dataset: The samples.
        question: What is asked of them.
        defining: Input columns that define the target and must not be inputs; the firewall looks for them.
        notes: Sentences a report must print (one template is not a population, ...).
        unit: What `Sample.patient` names, in one word or two: `patient`, or what stands for one where the source does
            not say who is who (`sentence block`, `index window`, `image`).
    """

    dataset: Dataset
    question: Question
    defining: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unit: str = "patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dataset of the catalogue.

    Attributes:
        name: Folder name below `$SALUS_DATA` and the name on the command line.
        title: One line.
        modality: `table`, `image`, `volume`, `signal`, `text` or `record`.
        tasks: Questions it can be asked (`salus.tasks` kinds).
        licence: As the publisher states it.
        citation: Work to cite.
        homepage: Official address for people.
        patient: What decides `Sample.patient`, in words.
        split: How it must be split, in words.
        traps: What goes wrong with it.
        options: Settings of `load` with their allowed values; the first is the default. An empty tuple of
            values allows any text.
        files: What `salus data get` fetches; empty for embedded and simulated sets.
        kind: `mirror` needs files below `$SALUS_DATA`, `embedded` ships inside a dependency, `simulated` is computed.
        folder: Folder below `$SALUS_DATA` where it is not the name, because several datasets share it.
        load: Called with the dataset's folder and the chosen options.
    """

    name: str
    title: str
    modality: str
    tasks: tuple[str, ...]
    licence: str
    citation: str
    load: Callable[[Path, Mapping[str, str]], Loaded]
    homepage: str = ""
    patient: str = ""
    split: str = ""
    traps: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[Remote, ...] = ()
    kind: str = "mirror"
    folder: str = ""
