"""`salus data ls / get / show / check / deid`."""

import typer

from salus.cli import catalogue, datasheet
from salus.cli.check import check
from salus.cli.deid import deid

app = typer.Typer(help="Datasets: list, fetch from the official source, describe, check.", no_args_is_help=True)
app.command("ls")(catalogue.ls)
app.command("show")(datasheet.show)
app.command("get")(catalogue.get)
app.command("check")(check)
app.command("deid")(deid)
