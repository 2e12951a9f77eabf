"""`salus systems` and `salus doctor`: what there is."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

import salus
from salus.cli.show import emit_json, facts, table
from salus.schema.errors import UsageError

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def systems(
    name: Annotated[str | None, typer.Argument(help="One system, shown in full.")] = None,
    task: Annotated[str | None, typer.Option(help="Only systems that answer this task.")] = None,
    modality: Annotated[
        str | None, typer.Option(help="Only systems for table, image, volume, signal, text ...")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Show the catalogue of systems: family, task, inputs, paper, what the review says, deviations, limits."""
    from salus.systems import registry

    if name is not None:
        _one_system(name, as_json)
        return
    cards = {known: registry.find(known).card for known in registry.names()}
    chosen = {
        known: card
        for known, card in cards.items()
        if (task is None or task in card.tasks) and (modality is None or modality in card.modalities)
    }
    if not chosen:
        tasks = sorted({t for card in cards.values() for t in card.tasks})
        kinds = sorted({m for card in cards.values() for m in card.modalities})
        raise UsageError(f"no system fits; tasks are {', '.join(tasks)}; modalities are {', '.join(kinds)}")
    if as_json:
        emit_json({known: dataclasses.asdict(card) for known, card in chosen.items()})
        return
    rows = [
        (known, card.family, ", ".join(card.tasks), _kinds(card.modalities), card.title)
        for known, card in sorted(chosen.items(), key=lambda item: (item[1].family == "baseline", item[1].family))
    ]
    table(("name", "family", "task", "data", "what"), rows, drop=("family", "data"), least={"what": 28})
    typer.echo("`salus systems NAME` tells more of one.")


def _kinds(modalities: tuple[str, ...]) -> str:
    return "any" if len(modalities) > 3 else ", ".join(modalities)


def _one_system(name: str, as_json: bool) -> None:
    from salus.systems import registry

    kind = registry.find(name)
    card = dataclasses.asdict(kind.card)
    small = kind.small.to_dict()
    if as_json:
        emit_json({"name": name, **card, "paper": kind.config_type().to_dict(), "small": small})
        return
    shown = {key: value for key, value in card.items() if value not in ("", None, ())}
    rows: list[tuple[str, Any]] = [("name", name)]
    for key, value in shown.items():
        if key in ("inputs", "reported"):
            rows.append((key, [f"{first}: {second}" for first, second in value]))
        elif key in ("tasks", "modalities"):
            rows.append((key, ", ".join(value)))
        else:
            rows.append((key.replace("_", " "), [f"- {item}" for item in value] if type(value) is tuple else value))
    paper = kind.config_type().to_dict()
    rows.append(("settings", [_setting(key, value, small[key]) for key, value in paper.items()]))
    rows.append(("last result", _last_result(name)))
    facts(rows)


def _setting(name: str, paper: Any, small: Any) -> str:
    return f"{name} = {json.dumps(paper)}" + ("" if small == paper else f"   (small: {json.dumps(small)})")


def _last_result(name: str) -> str | list[str]:
    """Return what the system's page in this checkout says was measured, and where it stands."""
    page = Path("docs/results") / f"{name}.md"
    if not page.is_file():
        return f"none here; `salus study studies/{name}.toml -o OUT` makes one"
    told = page.read_text(encoding="utf-8").partition("## Answer")[2].partition("\n## ")[0].replace("\\_", "_")
    sentences = [line.removeprefix("- ") for line in told.splitlines() if line.startswith("- ")]
    return [str(page), *(f"- {line}" for line in sentences if " reached the " in line or " conditions " in line)]


def doctor(as_json: JSON = False) -> None:
    """Say what this machine has (cores, memory, GPU, codecs, data) and what will work."""
    found = _machine()
    if as_json:
        emit_json(found)
        return
    missing = [name for name, there in found["libraries"].items() if not there]
    decoders, undecodable = found["dicom_decoders"], found["dicom_missing"]
    facts(
        [
            ("salus", f"{salus.__version__}, Python {found['python']}, torch {found['torch']}"),
            ("cores", found["cores"]),
            ("memory free", f"{found['memory_free_gb']} GB"),
            ("disk free here", f"{found['disk_free_gb']} GB"),
            ("GPU", ", ".join(found["gpus"]) or "none; everything runs on the processor"),
            ("bf16 in hardware", found["bf16_in_hardware"]),
            ("DICOM", f"{len(decoders)} of {len(decoders) + len(undecodable)} transfer syntaxes are read"),
            *([("", [f"not read: {name}" for name in undecodable])] if undecodable else []),
            ("libraries", f"missing: {', '.join(missing)}" if missing else "all there"),
            ("data folder", f"{found['data_folder']} (SALUS_DATA)"),
            ("datasets here", f"{', '.join(found['data_present'])} ({len(found['data_present'])} of {found['data']})"),
        ]
    )
    for problem in found["problems"]:
        typer.secho(f"! {problem}", fg="yellow")
    if not found["problems"]:
        typer.echo("No problem found.")


def _machine() -> dict[str, Any]:
    import importlib.util
    import os
    import platform
    import shutil

    import psutil
    import torch

    from salus.data.codecs import decodable
    from salus.data.library import data_folder, entry, names, present
    from salus.train.device import has_bf16

    problems = []
    if importlib.util.find_spec("torchvision") is not None:
        try:
            importlib.import_module("torchvision")
        except (RuntimeError, ImportError) as error:
            problems.append(
                f"torchvision does not fit this torch ({error}); `pip uninstall torchvision`, Salus needs none"
            )
    memory = psutil.virtual_memory().available / 2**30
    if memory < 4:
        problems.append(f"only {memory:.1f} GB of memory are free; run studies with --jobs 1")
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    if free < 2:
        problems.append(f"only {free:.1f} GB of disk are free here; studies write up to 1 GB")
    optional = ("tensorboard", "onnxruntime", "captum", "wfdb", "pyarrow", "nilearn")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_free_gb": round(memory, 1),
        "disk_free_gb": round(free, 1),
        "salus": salus.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "bf16_in_hardware": has_bf16("cuda" if torch.cuda.is_available() else "cpu"),
        "dicom_decoders": [name for name, there in decodable().items() if there],
        "dicom_missing": [name for name, there in decodable().items() if not there],
        "libraries": {name: importlib.util.find_spec(name) is not None for name in optional},
        "data_folder": str(data_folder()),
        "data": len(names()),
        "data_present": [name for name in names() if present(entry(name))],
        "problems": problems,
    }
