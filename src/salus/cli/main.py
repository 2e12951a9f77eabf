"""The command line. Nothing heavy is imported before a command needs it, so `--help` answers at once."""

import os
import sys
from typing import Annotated

import typer

import salus
from salus.cli import data, evidence, listing, sealed, training
from salus.cli.synthesize import synthesize
from salus.schema.errors import LeakError, SalusError

STOPPED = "stopped; run the same command again to go on (fit: with --resume)"

app = typer.Typer(
    name="salus",
    help="One workbench for medical deep learning: published systems, one protocol, evidence one can believe.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", short_help="Compare systems on real data that came along; two minutes.")(evidence.demo)
app.command("systems", short_help="The catalogue of systems; with a NAME, all of one.")(listing.systems)
app.add_typer(data.app, name="data", short_help="Datasets: list, fetch, describe, check.")
app.command("fit", short_help="Train one system; --resume goes on after a kill.")(training.fit)
app.command("evaluate", short_help="Score a run on data it has not seen.")(training.evaluate)
app.command("predict", short_help="Answer files of your own.")(training.predict)
app.command("explain", short_help="Show what one answer rests on, and whether to trust it.")(training.explain)
app.command("synthesize", short_help="Synthetic samples with an honesty card, refused if they copy.")(synthesize)
app.command("seal", short_help="Code a picture and seal it for one reader.")(sealed.seal)
app.command("unseal", short_help="Open a sealed picture and rebuild it.")(sealed.unseal)
app.add_typer(sealed.app, name="keys", short_help="Keys that seal and open.")
app.command("study", short_help="Run a comparison: train, score, compare, report.")(evidence.study)
app.command("report", short_help="Write the HTML report of a study again.")(evidence.report)
app.command("verify", short_help="Check that nothing in an evidence folder was altered.")(evidence.verify)
app.command("doctor", short_help="What this machine has, and what will work.")(listing.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"salus {salus.__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Hold the options of the program itself."""


def main() -> None:
    """Run the command line; every error is one message and a non-zero exit."""
    os.environ.setdefault("KMP_WARNINGS", "0")
    try:
        app(prog_name="salus")
    except LeakError as error:
        _fail(f"{error}\n(on the command line: --allow 'RULE=REASON')", error.exit_code)
    except SalusError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail(STOPPED, 130)
    except SystemExit as stop:  # Typer turns a KeyboardInterrupt into this, and says nothing
        if stop.code == 130:
            _fail(STOPPED, 130)
        raise
    except MemoryError:
        _fail("not enough memory; use fewer --jobs, a smaller batch_size (--set), or size tiny", 9)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        _fail(
            f"{error.filename or 'input/output'}: {error.strerror or error}; check the path, its rights and the disk", 6
        )
    except Exception as error:
        if os.environ.get("SALUS_DEBUG"):
            raise
        _fail(f"this is a fault of Salus, not yours: {type(error).__name__}: {error}\nSALUS_DEBUG=1 shows where.", 70)


def _fail(message: str, code: int) -> None:
    typer.secho("error: ", fg="red", bold=True, err=True, nl=False)
    typer.echo(message, err=True)
    raise SystemExit(code) from None


if __name__ == "__main__":
    main()
