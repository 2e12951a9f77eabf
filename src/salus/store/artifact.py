"""A fitted system as a folder: card, config, fingerprint, weights, checksums. No pickle; loading needs no dataset."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import salus
from salus.contract.system import System
from salus.schema.errors import SalusError, StoreError
from salus.schema.files import write_text, write_with
from salus.schema.question import Question
from salus.store.checksums import NAME, verify_checksums, write_checksums
from salus.systems import registry
from salus.tasks.registry import make

WEIGHTS = "weights.safetensors"
JSON_LIMIT = 256 << 20
NOT_EVIDENCE = ("checkpoint.safetensors", "tensorboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What `load` gives back.

    Attributes:
        system: Ready to answer, in evaluation mode.
        name: Its name in the registry.
        operating: What was fixed on validation data (threshold, temperature).
        facts: Everything else that was saved: training figures, dataset, seed, versions.
    """

    system: System
    name: str
    operating: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def save(
    system: System,
    folder: Path,
    *,
    operating: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write a fitted system to a folder; the checksum list comes last, so an unfinished folder is never loaded.

    Raises:
        StoreError: The folder cannot be written, or the disk is full.
    """
    from safetensors.torch import save_file

    (folder / NAME).unlink(missing_ok=True)
    tensors = {n: t.detach().cpu().contiguous().clone() for n, t in system.state_dict().items()}
    write_with(folder / WEIGHTS, lambda path: save_file(tensors, path))
    write_json(folder / "card.json", dataclasses.asdict(type(system).card))
    write_json(folder / "fingerprint.json", dict(system.fingerprint))
    write_json(
        folder / "config.json",
        {
            "salus": salus.__version__,
            "system": name_of(system),
            "config": system.config.to_dict(),
            "question": system.task.question.to_dict(),
            "operating": dict(operating or {}),
            "facts": dict(facts or {}),
        },
    )
    write_checksums(folder, leave_out=NOT_EVIDENCE)


def load(folder: Path) -> Artifact:
    """Rebuild a fitted system from its folder alone.

    Raises:
        StoreError: A file is missing, cut short or altered (named), or the weights do not fit the system.
        UsageError: This installation has no system of that name.
    """
    from safetensors.torch import load_file

    if not folder.is_dir():
        raise StoreError(f"{folder}: no such folder; give the folder that `salus fit -o` wrote")
    problems = verify_checksums(folder)
    if problems:
        raise StoreError(f"{folder}: {'; '.join(problems[:5])}; restore the folder from a copy or fit again")
    facts = read_json(folder / "config.json")
    try:
        kind = registry.find(str(facts["system"]))
        config = kind.config_type.from_dict(facts["config"])
        task = make(Question.from_dict(facts["question"]))
        system = kind(task, config, read_json(folder / "fingerprint.json"))
        system.load_state_dict(load_file(folder / WEIGHTS))
        found = Artifact(system=system, name=facts["system"], operating=facts["operating"], facts=facts["facts"])
    except SalusError:
        raise
    except (
        Exception
    ) as error:  # checksums do not speak for a folder that someone signed anew; safetensors has own kinds
        raise StoreError(
            f"{folder}: the artifact does not fit salus {salus.__version__} ({error}); "
            f"it was written by salus {facts.get('salus', 'of unknown version')}"
        ) from error
    system.eval()
    return found


def name_of(system: System) -> str:
    """Return a system's name in the registry.

    Raises:
        StoreError: The class is in no registry, so nobody could load it again.
    """
    kind = type(system)
    for name, place in registry.names().items():
        if place in (kind.__module__, f"{kind.__module__}:{kind.__qualname__}"):
            return name
    raise StoreError(
        f"{kind.__qualname__} is not registered; put its file into systems/<family>/ or name it in the entry-point "
        "group salus.systems"
    )


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(data, indent=1, sort_keys=True) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of bounded size.

    Raises:
        StoreError: Missing, too large or not a JSON object.
    """
    try:
        if path.stat().st_size > JSON_LIMIT:
            raise StoreError(f"{path}: larger than {JSON_LIMIT >> 20} MB; this is not a file that Salus wrote")
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(data, dict):
        raise StoreError(f"{path}: holds {type(data).__name__} where an object is expected")
    return data
