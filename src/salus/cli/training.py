"""`salus fit`, `evaluate`, `predict` and `explain`: one system, one dataset."""

from pathlib import Path
from typing import Annotated, Any

import typer

from salus.cli.show import emit_json, facts, table
from salus.schema.errors import DataError, UsageError

Run = Annotated[Path, typer.Argument(help="Folder that `salus fit -o` wrote.")]
SHOWN = 40
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
    drop_duplicates: Annotated[bool, typer.Option("--drop-duplicates", help="Leave out byte-equal copies.")] = False,
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
        drop_duplicates=drop_duplicates,
        workers=workers,
        progress=None if as_json else Bar(),
    )
    about = artifact.facts
    if as_json:
        emit_json({"run": str(out), **about})
        return
    table(("test metric", "value"), [(name, f"{value:.4f}") for name, value in about.get("test", {}).items()])
    for note in about.get("notes", ()):
        typer.secho(f"note: {note}", fg="yellow")
    for alarm in about.get("alarms", ()):
        typer.secho(f"alarm: {alarm}", fg="red")
    typer.echo(f"{about['split'][2]} test samples, seed {about['seed']}; a study gives intervals. Run: {out}")
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
    from salus.cli.inputs import read_inputs
    from salus.store.answers import write_answers

    artifact = api.load(run)
    given = read_inputs(artifact.system, inputs, rate_hz)
    asked = [number for number in range(len(given.samples)) if number not in given.broken]
    found, why = api.predict(artifact, [given.samples[number] for number in asked])
    values: list[Any] = [None] * len(given.samples)
    reasons = [given.broken.get(number, "") for number in range(len(given.samples))]
    for number, value, reason in zip(asked, found, why, strict=True):
        values[number], reasons[number] = value, reason
    rows = write_answers(artifact.system, given.samples, values, reasons, artifact.operating, out)
    if as_json:
        emit_json(rows)
    else:
        _show_answers(rows, out, given.aside)
    _complain(rows, out)


def _show_answers(rows: list[dict[str, Any]], out: Path, aside: list[str]) -> None:
    if aside:
        typer.echo(f"not used, because training did not have them: {', '.join(aside)}")
    answered = [row for row in rows if not row.get("error")]
    columns = list(dict.fromkeys(key for row in answered for key in row))
    if answered:
        cells = [[row.get(column, "") for column in columns] for row in answered[:SHOWN]]
        table(columns, cells, drop=[column for column in columns[2:] if column.startswith("p_")][::-1])
    more = f" (the first {SHOWN} are shown)" if len(answered) > SHOWN else ""
    typer.echo(f"{len(answered)} answers in {out / 'answers.csv'}{more}")
    typer.secho("Not for clinical use.", dim=True)


def _complain(rows: list[dict[str, Any]], out: Path) -> None:
    failed = [row for row in rows if row.get("error")]
    if failed:
        raise DataError(
            f"{len(failed)} of {len(rows)} inputs were not answered; the first: {failed[0]['error']} "
            f"(every reason stands in {out / 'answers.csv'})"
        )


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
    from salus.cli.inputs import read_inputs
    from salus.explain.picture import write_attribution

    artifact = api.load(run)
    samples = read_inputs(artifact.system, [source], rate_hz).samples
    if not 0 <= row < len(samples):
        raise UsageError(f"{source} holds {len(samples)} samples; --row {row} is not one of them")
    attribution = api.explain(artifact, samples[row], method)
    figures = write_attribution(attribution, samples[row], out)
    if as_json:
        emit_json(figures)
        return
    facts([(name.replace("_", " "), value) for name, value in figures.items()])
    typer.echo(f"picture and numbers in {out}")
