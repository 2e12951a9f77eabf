"""Find and build systems. The folder is the registry: `systems/<family>/<name>.py` makes `<name>` known.

Packages outside Salus add systems through the entry-point group `salus.systems`, one entry per system class.
"""

import difflib
import importlib
import inspect
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.schema.config import Config
from salus.schema.errors import UsageError

FAMILIES = ("cnn", "gan", "rnn", "lstm", "hybrid", "baseline")


@cache
def names() -> dict[str, str]:
    """Return every system's name and where it lives: a module path, or `module:Class` of a plug-in. Imports nothing."""
    root = Path(__file__).parent
    found: dict[str, str] = {}
    for family in FAMILIES:
        for path in sorted((root / family).glob("*.py")):
            if not path.name.startswith("_"):
                found[path.stem] = f"salus.systems.{family}.{path.stem}"
    for entry in entry_points(group="salus.systems"):
        found.setdefault(entry.name, entry.value)
    return found


def family(name: str) -> str:
    """Return the family folder of a built-in system, `plug-in` for others."""
    place = names().get(name, "")
    return place.split(".")[2] if place.startswith("salus.systems.") else "plug-in"


def find(name: str) -> type[System]:
    """Import one system's module and return its class.

    Raises:
        UsageError: No system of that name.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see `salus systems`"
        raise UsageError(f"no system named {name!r}; {hint}")
    place, _, attribute = known[name].partition(":")
    module = importlib.import_module(place)
    if attribute:
        kind = getattr(module, attribute)
    else:
        own = [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and issubclass(value, System) and value.__module__ == place
        ]
        if len(own) != 1:
            raise UsageError(f"{place} defines {len(own)} systems; one file holds exactly one")
        kind = own[0]
    if not (inspect.isclass(kind) and issubclass(kind, System)):
        raise UsageError(f"{known[name]} is not a System; fix the entry point of plug-in {name!r}")
    return kind


def create(name: str, task: Task, train: Dataset, config: Config | None = None) -> System:
    """Build an untrained system for a task, measured on the training part.

    Raises:
        UsageError: The system answers other questions.
    """
    kind = find(name)
    refuse_other_question(name, kind, task)
    config = kind.config_type() if config is None else config
    return kind(task, config, kind.measure(train, config))


def refuse_other_question(name: str, kind: type[System], task: Task) -> None:
    """Refuse a task of a kind that a system's card does not name, nor any kind that it is a form of.

    Raises:
        UsageError: With the systems that answer it.
    """
    kinds = {str(vars(base)["kind"]) for base in type(task).__mro__ if "kind" in vars(base)}
    if kinds & set(kind.card.tasks):
        return
    others = [known for known in names() if kinds & set(find(known).card.tasks)]
    hint = (
        f"take {', '.join(others)}"
        if others
        else "no system answers it yet; see whether an option of the dataset asks another one (`salus data show NAME`)"
    )
    raise UsageError(f"{name} answers {', '.join(kind.card.tasks)}, and this data asks {task.kind}: {hint}")
