"""`salus fit`, `evaluate`, `predict` and `explain`: one system, one dataset."""

from pathlib import Path
from typing import Annotated, Any

import typer

from salus.cli.show import emit_json, table
from salus.schema.errors import UsageError

Run = Annotated[Path, typer.Argument(help="Folder that `salus fit -o` wrote.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def fit(
    system: Annotated[str, typer.Argument(help="System, see `salus systems`.")],
    data: Annotated[str, typer.Argument(help="Dataset name[:option=value,...], manifest, table or folder.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the run.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="Setting, key=value; repeat for more.")] = None,
    size: Annotated[str, typer.Option(help="small, paper or tiny.")] = "small",
    seed: Annotated[int, typer.Option(help="Seed of the split and of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a killed run stopped.")] = False,
    init: Annotated[str, typer.Option(help="Weights to start from: FILE.safetensors, FILE.pth.")] = "",
    workers: Annotated[int, typer.Option(help="Reading processes.")] = 0,
    allow: Annotated[list[str] | None, typer.Option(help="Override a firewall rule: RULE=REASON.")] = None,
    as_json: JSON = False,
) -> None:
    """Train one system; kill it at any moment and --resume goes on."""
    from salus import api
    from salus.schema.config import parse_settings
    from salus.train.progress import Bar

    reasons = {key: str(value) for key, value in parse_settings(allow or []).items()}
    artifact = api.fit(
        system,
        data,
        out,
        size=size,
        settings=parse_settings(settings or []),
        seed=seed,
        device=device,
        resume=resume,
        init=init,
        allow=reasons,
        workers=workers,
        progress=None if as_json else Bar(),
    )
    facts = artifact.facts
    if as_json:
        emit_json({"run": str(out), **facts})
        return
    table(("test metric", "value"), [(name, f"{value:.4f}") for name, value in facts.get("test", {}).items()])
    typer.echo(f"{facts['split'][2]} test samples, seed {facts['seed']}; a study gives intervals. Run: {out}")
    typer.echo(f"next: salus predict {out} YOUR_FILE -o answers    salus explain {out} YOUR_FILE -o maps")


def evaluate(
    run: Run,
    data: Annotated[str, typer.Argument(help="Dataset the run has not seen.")],
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples of patients.")] = 1000,
    as_json: JSON = False,
) -> None:
    """Score a run on data it has not seen (external validation), with 95 % patient-bootstrap intervals."""
    from salus import api

    found = api.evaluate(api.load(run), data, resamples=resamples)
    if as_json:
        emit_json({name: {"value": v, "low": low, "high": high} for name, (v, low, high) in found.items()})
        return
    rows = [(name, f"{v:.4f}", f"[{low:.4f}, {high:.4f}]") for name, (v, low, high) in found.items()]
    table(("metric", "value", "95 % interval"), rows)


def predict(
    run: Run,
    inputs: Annotated[list[Path], typer.Argument(help="Files of your own: PNG, DICOM, NIfTI, WFDB, CSV, text ...")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the answers.")],
    rate_hz: Annotated[
        float | None, typer.Option(help="Sampling rate of a waveform table without a time column.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Predict files of the user's own; a file that cannot be answered is named with its reason."""
    from salus import api
    from salus.store.answers import write_answers

    artifact = api.load(run)
    samples = [sample for path in inputs for sample in read_samples(artifact.system, path, rate_hz)]
    values, reasons = api.predict(artifact, samples)
    rows = write_answers(artifact.system, samples, values, reasons, artifact.operating, out)
    if as_json:
        emit_json(rows)
    else:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        table(columns, [[row.get(column, "") for column in columns] for row in rows[:40]])
        typer.echo(f"{len(rows)} answers in {out}" + (" (the first 40 are shown)" if len(rows) > 40 else ""))
        typer.secho("Not for clinical use.", dim=True)
    failed = [row for row in rows if row.get("error")]
    if failed:
        typer.secho(f"{len(failed)} of {len(rows)} inputs were not answered: {failed[0]['error']}", fg="red", err=True)
        raise typer.Exit(3)


def explain(
    run: Run,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="One file of your own.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the maps.")],
    method: Annotated[str, typer.Option(help="auto, integrated_gradients, grad_cam, saliency, perturbation.")] = "auto",
    row: Annotated[int, typer.Option(help="Which row or sentence of the file, from 0.")] = 0,
    rate_hz: Annotated[float | None, typer.Option(help="Sampling rate of a waveform table.")] = None,
    as_json: JSON = False,
) -> None:
    """Attribute one answer to its input, with completeness, sanity and deletion figures."""
    from salus import api
    from salus.explain.picture import write_attribution

    artifact = api.load(run)
    samples = read_samples(artifact.system, source, rate_hz)
    if not 0 <= row < len(samples):
        raise UsageError(f"{source} holds {len(samples)} samples; --row {row} is not one of them")
    attribution = api.explain(artifact, samples[row], method)
    figures = write_attribution(attribution, samples[row], out)
    if as_json:
        emit_json(figures)
        return
    table(("figure", "value"), list(figures.items()))


def read_samples(system: Any, path: Path, rate_hz: float | None) -> list[Any]:
    """Read a file as samples of the kind the system takes.

    Raises:
        DataError: The file holds another kind of data.
    """
    from salus.data.open import read_any
    from salus.schema.errors import DataError
    from salus.schema.sample import Sample

    content = read_any(path, rate_hz=rate_hz)
    items = content if isinstance(content, list) else [content]
    samples = []
    for number, item in enumerate(items):
        kind = type(item).__name__
        name = next((n for n, words in type(system).card.inputs if words.split()[0].rstrip(":,") == kind), None)
        if name is None:
            wanted = "; ".join(f"{n}: {words}" for n, words in type(system).card.inputs)
            raise DataError(f"{path} holds {kind} data; {type(system).__name__} takes {wanted}")
        label = path.name if len(items) == 1 else f"{path.name}#{number}"
        samples.append(Sample(id=label, patient=label, inputs={name: item}, meta={"path": str(path)}))
    return samples
