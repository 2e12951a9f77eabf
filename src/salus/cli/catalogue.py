"""`salus data ls / get`: what the catalogue has, and fetching it."""

import dataclasses
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salus.cli.show import emit_json, table, width

if TYPE_CHECKING:
    from salus.data.entry import Entry, Remote


def ls(
    modality: Annotated[str | None, typer.Option(help="Only table, image, volume, signal, text or record.")] = None,
    task: Annotated[str | None, typer.Option(help="Only sets that this question can be asked of.")] = None,
    here: Annotated[bool, typer.Option("--here", help="Only sets that can be used now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
) -> None:
    """List the catalogue by kind of data: what is here, its questions and its licence."""
    from salus.data.library import data_folder, entry, names
    from salus.schema.errors import UsageError

    every = [entry(name) for name in names()]
    found = [item for item in every if _fits(item, modality, task)]
    if not found:
        kinds, tasks = sorted({e.modality for e in every}), sorted({t for e in every for t in e.tasks})
        raise UsageError(f"no dataset fits; modalities are {', '.join(kinds)}; tasks are {', '.join(tasks)}")
    status = {item.name: where(item) for item in found}
    found = [item for item in found if not here or status[item.name] != "-"]
    if as_json:
        emit_json([{**about(item), "present": status[item.name] == "yes", "here": status[item.name]} for item in found])
        return
    if markdown:
        from salus.cli.reference import page

        typer.echo(page(found), nl=False)
        return
    order = ("image", "volume", "signal", "record", "table", "text")
    found.sort(key=lambda item: (order.index(item.modality) if item.modality in order else len(order), item.name))
    rows = [
        (item.name, status[item.name], item.kind, item.modality, ", ".join(item.tasks), short(item.licence))
        for item in found
    ]
    table(("name", "here", "kind", "data", "task", "licence"), rows, drop=("licence", "kind"), least={"licence": 24})
    typer.echo(textwrap.fill(_total(found, status), width()))
    typer.echo(f"data folder: {data_folder()} (SALUS_DATA)")
    typer.echo("`salus data show NAME` tells all of one.")


def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Dataset of the catalogue, as NAME or NAME:size=64.")],
) -> None:
    """Fetch a dataset from its official source, verify its checksum, resume if it was cut off."""
    from salus.data.fetch import fetch
    from salus.data.library import entry, files_of, folder_of, parse_spec, present
    from salus.schema.errors import UsageError
    from salus.train.progress import Bar

    head, options = parse_spec(name)
    found = entry(head)
    files, folder = files_of(found, options), folder_of(found)
    if found.kind != "mirror":
        typer.echo(f"{head} is {found.kind}: nothing to fetch")
        return
    if present(found, options):
        typer.echo(f"{name} is here: {folder}")
        return
    if not files:
        raise UsageError(f"{head} has no address to fetch from; get it from {found.homepage} and put it at {folder}")
    typer.echo(f"licence: {found.licence}")
    bar, current = Bar(), ""

    def watch(path: str, done: int, total: int) -> None:
        nonlocal current
        if path != current:
            current = path
            bar.begin(path, total >> 10)
        bar.step(done >> 10, "kB")

    try:
        fetched = fetch(found, folder, watch, files=files)
    finally:
        bar.end()
    for remote, path in zip(files, fetched, strict=True):
        typer.echo(verified(remote, path))
    typer.echo(f"{name}: {folder}")


def verified(remote: "Remote", path: Path) -> str:
    """Say what vouches for a fetched file."""
    from salus.data.fingerprint import file_sha256

    if remote.sha256:
        return f"{remote.path}: SHA-256 is the expected one"
    if remote.md5:
        return f"{remote.path}: MD5 is the publisher's (it finds damage, not malice)"
    return (
        f"{remote.path}: nothing verifies it, the publisher gives no checksum; note this one to compare later: "
        f"SHA-256 {file_sha256(path)}"
    )


def about(found: "Entry") -> dict[str, Any]:
    """Return what the catalogue says of a dataset, as JSON values."""
    told = {f.name: getattr(found, f.name) for f in dataclasses.fields(found) if f.name not in ("load", "files")}
    told["options"] = {key: list(values) for key, values in told["options"].items()}
    told["files"] = [{f.name: getattr(remote, f.name) for f in dataclasses.fields(remote)} for remote in found.files]
    return told


def where(found: "Entry") -> str:
    """Return `yes` for what can be used now, `-` for what cannot, else which variants are here (`size=64`)."""
    from salus.data.library import present, variants_here

    return "yes" if present(found) else ", ".join(variants_here(found)) or "-"


def short(licence: str) -> str:
    """Return a licence without what stands in brackets behind it."""
    return licence.partition(" (")[0]


def _fits(found: "Entry", modality: str | None, task: str | None) -> bool:
    return (modality is None or found.modality == modality) and (task is None or task in found.tasks)


def _total(found: list["Entry"], status: dict[str, str]) -> str:
    kinds = Counter(item.modality for item in found)
    usable = sum(status[item.name] != "-" for item in found)
    noun = "dataset" if len(found) == 1 else "datasets"
    return f"{len(found)} {noun}, {usable} here: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
