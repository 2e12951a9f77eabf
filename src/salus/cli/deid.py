"""`salus data deid`: files without identities."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from salus.cli.show import emit_json, facts, table

_SHOWN = 15
_CHOICES = "What is kept"
_CLEANED = "What is cleaned and kept"


def deid(
    source: Annotated[Path, typer.Argument(metavar="IN", help="File, folder or zip; only read.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder, or that of a run to go on with.")],
    key: Annotated[Path | None, typer.Option("--key", help="Secret of the project; made where there is none.")] = None,
    profile: Annotated[str, typer.Option(help="basic: the basic application level confidentiality profile.")] = "basic",
    retain_uids: Annotated[bool, typer.Option("--retain-uids", help="UIDs stay.", rich_help_panel=_CHOICES)] = False,
    retain_device: Annotated[
        bool, typer.Option("--retain-device", help="Identity of the scanner stays.", rich_help_panel=_CHOICES)
    ] = False,
    retain_institution: Annotated[
        bool, typer.Option("--retain-institution", help="Identity of the hospital stays.", rich_help_panel=_CHOICES)
    ] = False,
    retain_characteristics: Annotated[
        bool, typer.Option("--retain-characteristics", help="Age to 89, sex, size, weight.", rich_help_panel=_CHOICES)
    ] = False,
    retain_dates: Annotated[
        bool, typer.Option("--retain-dates", help="Dates stay, but the birth date.", rich_help_panel=_CHOICES)
    ] = False,
    shift_dates: Annotated[
        bool, typer.Option("--shift-dates", help="Back by secret whole weeks per patient.", rich_help_panel=_CHOICES)
    ] = False,
    retain_safe_private: Annotated[
        bool,
        typer.Option(
            "--retain-safe-private", help="Private attributes on the standard's list stay.", rich_help_panel=_CHOICES
        ),
    ] = False,
    clean_pixels: Annotated[
        bool, typer.Option("--clean-pixels", help="Mask burned-in text.", rich_help_panel=_CLEANED)
    ] = False,
    clean_faces: Annotated[
        bool, typer.Option("--clean-faces", help="Remove faces from head CT and MR.", rich_help_panel=_CLEANED)
    ] = False,
    clean_graphics: Annotated[
        bool,
        typer.Option(
            "--clean-graphics", help="Overlays and annotations, without their text.", rich_help_panel=_CLEANED
        ),
    ] = False,
    clean_structured: Annotated[
        bool, typer.Option("--clean-structured", help="Content of structured reports.", rich_help_panel=_CLEANED)
    ] = False,
    clean_descriptors: Annotated[
        bool, typer.Option("--clean-descriptors", help="Descriptions and comments.", rich_help_panel=_CLEANED)
    ] = False,
    measure: Annotated[
        int, typer.Option("--measure", help="Plant made-up identities in copies of N files and count survivors.", min=0)
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all of it, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take identities out of DICOM files, tables, notes and NIfTI volumes, by DICOM PS3.15 Annex E.

    One key gives the same new UIDs, pseudonyms and dates wherever it is used. Keep it: it is not in OUT. A stopped run
    goes on when the same command is given again. Exits with 3 where a file could not be written.
    """
    from salus.data.deidentify.plan import Plan
    from salus.data.deidentify.report import summary, write_report
    from salus.data.deidentify.walk import deidentify
    from salus.schema.errors import UsageError

    if profile != "basic":
        raise UsageError(f"profile {profile!r}: only basic is there; its options are the --retain and --clean ones")
    plan = Plan(
        retain_uids=retain_uids, retain_device=retain_device, retain_institution=retain_institution,
        retain_characteristics=retain_characteristics, retain_dates=retain_dates, shift_dates=shift_dates,
        retain_safe_private=retain_safe_private, clean_pixels=clean_pixels, clean_faces=clean_faces,
        clean_graphics=clean_graphics, clean_structured=clean_structured, clean_descriptors=clean_descriptors,
    )  # fmt: skip
    secret, where = _key(key, source, out, dry_run)
    done = deidentify(source, out, plan, secret, _watch("de-identifying"), dry_run)
    measured = _measured(source, plan, secret, measure) if measure else None
    found = summary(done.ledger, plan, secret, measured)
    page = None if dry_run else write_report(out, found)
    if as_json:
        emit_json({**found, "not_written": [list(pair) for pair in done.refused], "report": str(page or "")})
    else:
        _tell(found, done, page, where, dry_run)
    if done.refused:
        raise typer.Exit(3)


def _key(path: Path | None, source: Path, out: Path, dry_run: bool) -> tuple[Any, str]:
    """Read the key, or make one where a run writes and there is none."""
    import secrets

    from salus.data.deidentify.keyed import Key, make_key, read_key
    from salus.schema.errors import UsageError

    where = path or out.with_name(f"{out.name}.key")
    if out.resolve() in where.resolve().parents:
        raise UsageError(f"{where}: the key would lie in the output, and who has both can link them; keep it elsewhere")
    if source.is_dir() and source.resolve() in where.resolve().parents:
        raise UsageError(f"{where}: nothing is written below the input; keep the key elsewhere")
    if where.exists():
        return read_key(where), str(where)
    if dry_run:
        return Key(secrets.token_bytes(32)), "none made: dry run"
    return make_key(where), f"{where} (new; only you may read it, keep it and keep it secret)"


def _measured(source: Path, plan: Any, secret: Any, count: int) -> Any:
    from salus.data.deidentify.recall import measure
    from salus.data.deidentify.walk import dicom_files

    files = dicom_files(source)
    step = max(len(files) // count, 1)
    return measure(files[::step][:count], plan, secret, watch=_watch("measuring")) if files else None


def _watch(name: str) -> Any:
    if not sys.stderr.isatty():
        return None
    from salus.train.progress import Bar

    bar, begun = Bar(), False

    def watch(done: int, total: int) -> None:
        nonlocal begun
        if not begun:
            bar.begin(name, total)
            begun = True
        bar.step(done, "files")
        if done == total:
            bar.end()

    return watch


def _tell(found: dict[str, Any], done: Any, page: Path | None, where: str, dry_run: bool) -> None:
    written = [f"{number} {kind}" for kind, number in found["written"].items()]
    rows = [
        ("would be written" if dry_run else "written", ", ".join(written) or "nothing"),
        ("already there", done.skipped),
        ("not written", len(done.refused)),
        ("profile", f"{found['edition']}, basic" + "".join(f", {name}" for name in found["options"])),
        ("key", where),
        ("report", page or "none: dry run"),
    ]
    facts(rows)
    if done.refused:
        table(("not written", "why"), done.refused[:_SHOWN], least={"why": 30})
        if len(done.refused) > _SHOWN:
            typer.echo(f"and {len(done.refused) - _SHOWN} more; --json lists all")
    if found["measured"]:
        caught = [
            (row["kind"], row["planted"], row["left"], f"{100 * row['share']:.2f} %", f"{100 * row['low']:.2f} %")
            for row in found["measured"]["rows"]
        ]
        table(("planted in copies", "number", "left", "caught", "at least (95 %)"), caught)
