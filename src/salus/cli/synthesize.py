"""`salus synthesize`: a fitted generator's samples as a dataset, with its honesty card and a privacy statement."""

from pathlib import Path
from typing import Annotated

import typer

from salus.cli.show import emit_json, table


def synthesize(
    run: Annotated[Path, typer.Argument(help="Folder of a generator that `salus fit -o` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New folder for the dataset.")],
    count: Annotated[int, typer.Option("-n", "--count", help="How many samples.")],
    classes: Annotated[list[str] | None, typer.Option("--class", help="Class to make; repeat for more.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    anyway: Annotated[str, typer.Option(help="Written reason to release what the audit refuses.")] = "",
    evidence: Annotated[
        Path | None, typer.Option(help="HTML page with the nearest real people; never give it away.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Audit a generator against people it never saw and write synthetic samples with the card; refused if it copies."""
    from salus import api

    card, spec = api.synthesize(
        api.load(run), out, count, classes=classes or (), seed=seed, anyway=anyway, evidence=evidence
    )
    if as_json:
        emit_json({"dataset": spec, "card": card.to_dict()})
        return
    rows = [
        (figure.text, figure.words(), figure.goal, "" if figure.met is None else "kept" if figure.met else "not kept")
        for figure in card.figures
    ]
    if rows:
        table(("honesty card", "figure [95 %]", "limit", ""), rows)
    colour = "green" if card.verdict == "released" else "red"
    typer.secho(f"verdict: {card.verdict}", fg=colour, bold=True)
    for reason in card.reasons:
        typer.echo(f"- {reason}")
    typer.echo(f"samples, card and privacy statement in {out}; read them with: salus data show {spec}")
    typer.secho("Synthetic, not declared anonymous. Not for clinical use.", dim=True)
