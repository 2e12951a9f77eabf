"""`salus data ls / get / show / check`."""

import dataclasses
from typing import Annotated, Any

import typer

from salus.cli.show import emit_json, facts, table

app = typer.Typer(help="Datasets: list, fetch from the official source, describe, check.", no_args_is_help=True)
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("ls")
def ls(as_json: JSON = False) -> None:
    """List the catalogue and what of it is here."""
    from salus.data.library import data_folder, entry, names, present

    found = [entry(name) for name in names()]
    if as_json:
        emit_json([{**_about(item), "present": present(item)} for item in found])
        return
    rows = [
        (item.name, "yes" if present(item) else "-", item.kind, item.modality, ", ".join(item.tasks), item.licence)
        for item in found
    ]
    table(("name", "here", "kind", "data", "task", "licence"), rows, drop=("licence", "kind"), least={"licence": 30})
    typer.echo(f"data folder: {data_folder()} (SALUS_DATA)")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Dataset name[:option=value,...], manifest, table or folder.")],
    as_json: JSON = False,
) -> None:
    """Describe a dataset: licence, citation, patient, split rule, traps and, if it is here, its counts."""
    from salus.data.library import entry, names, open_data, parse_spec, present

    head, _ = parse_spec(name)
    about: dict[str, Any] = {}
    here = True
    if head in names():
        found = entry(head)
        about = _about(found)
        here = present(found)
    if here:
        about.update(_content(open_data(name)))
    if as_json:
        emit_json(about)
        return
    facts([(key, value) for key, value in about.items() if value not in ("", None, (), {}, [])])
    if not here:
        typer.echo(f"not here; `salus data get {head}` fetches it" if about.get("files") else "not here")


@app.command("get")
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

    fetched = fetch(found, folder, watch, files=files)
    bar.end()
    for remote, path in zip(files, fetched, strict=True):
        typer.echo(_verified(remote, path))
    typer.echo(f"{name}: {folder}")


def _verified(remote: Any, path: Any) -> str:
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


@app.command("check")
def check(
    name: Annotated[str, typer.Argument(metavar="DATA", help="Dataset, manifest, table or folder.")],
    as_json: JSON = False,
) -> None:
    """Say what is wrong with a dataset, and whether its split would leak; exits with 3 if something must be mended."""
    from salus.api import divide
    from salus.data.check import check as check_data
    from salus.data.library import open_data
    from salus.evaluate.firewall import inspect
    from salus.schema.errors import DataError
    from salus.tasks.registry import make

    loaded = open_data(name)
    rows = [(f.severity, f.what, ", ".join(f.which[:6]), f.remedy) for f in check_data(loaded)]
    try:
        split = divide(loaded.dataset, make(loaded.question), 0)
        for leak in inspect(loaded.dataset, [split], defining=loaded.defining):
            if not leak.passed:
                rows.append(
                    ("error", f"leak: {leak.rule}", "; ".join(leak.evidence[:4]), leak.reason or "see the rule")
                )
    except DataError as problem:
        rows.append(("error", "cannot be split", str(problem), ""))
    rows += [("note", note, "", "") for note in loaded.notes]
    if as_json:
        emit_json([dict(zip(("severity", "what", "which", "remedy"), row, strict=True)) for row in rows])
    elif rows:
        table(("", "what", "which", "remedy"), rows)
    else:
        typer.echo("nothing wrong found")
    if any(row[0] == "error" for row in rows):
        raise typer.Exit(3)


def _about(found: Any) -> dict[str, Any]:
    about = {f.name: getattr(found, f.name) for f in dataclasses.fields(found) if f.name not in ("load", "files")}
    about["options"] = {k: list(v) for k, v in about["options"].items()}
    about["files"] = [f"{r.url} ({r.size:,} bytes)" for r in found.files]
    return about


def _content(loaded: Any) -> dict[str, Any]:
    """Count what a dataset holds; files are read once, for the fingerprint."""
    from salus.data.cohort import cohort_of
    from salus.data.fingerprint import fingerprint
    from salus.tasks.registry import make

    cohort = cohort_of(loaded.dataset, make(loaded.question).stratum)
    labels = list(cohort.labels)
    counts = {label: labels.count(label) for label in sorted(set(labels))}
    question = {k: v for k, v in loaded.question.to_dict().items() if v not in ("", None, [], ())}
    return {
        "samples": len(cohort.ids),
        "patients": len(set(cohort.patients)),
        **({"classes": counts} if len(counts) > 1 else {}),
        "inputs": {key: _kind(value) for key, value in loaded.dataset[0].inputs.items()},
        "question": question,
        "notes": list(loaded.notes),
        "fingerprint": fingerprint(loaded.dataset).sha256,
    }


def _kind(value: Any) -> str:
    array = getattr(value, "array", None)
    if array is not None:
        return f"{type(value).__name__} ({', '.join(map(str, array.shape))})"
    size = len(getattr(value, "values", None) or getattr(value, "tokens", None) or ())
    return f"{type(value).__name__} ({size} {'columns' if hasattr(value, 'values') else 'tokens'})"
