"""The catalogue of datasets. The folder is the register: `data/catalogue/<name>.py` holds one `ENTRY`."""

import difflib
import importlib
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from salus.data.entry import Entry, Loaded, Remote
from salus.schema.errors import DataError, UsageError

ASK = "ask"
"""Option of every dataset: another question than its own (`salus.data.asked`)."""


def data_folder() -> Path:
    """Return `$SALUS_DATA`, or the user's data folder for Salus."""
    chosen = os.environ.get("SALUS_DATA")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "salus"


@cache
def names() -> tuple[str, ...]:
    """Return the names of all datasets in the catalogue; imports nothing."""
    folder = Path(__file__).parent / "catalogue"
    return tuple(sorted(path.stem for path in folder.glob("*.py") if not path.name.startswith("_")))


def entry(name: str) -> Entry:
    """Return one dataset's entry.

    Raises:
        UsageError: The catalogue has no dataset of that name.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see `salus data ls`, or give a path"
        raise UsageError(f"no dataset named {name!r}; {hint}")
    found = importlib.import_module(f"salus.data.catalogue.{name}").ENTRY
    assert isinstance(found, Entry)  # noqa: S101
    return found


def choose(found: Entry, options: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return every option of an entry with its value: the given ones, else the first allowed.

    Raises:
        UsageError: Unknown option or value.
    """
    chosen = {key: values[0] for key, values in found.options.items() if values}
    for key, value in (options or {}).items():
        allowed = found.options.get(key)
        if allowed is None:
            raise UsageError(
                f"dataset {found.name!r} has no option {key!r}; it has {', '.join(found.options) or 'none'}"
            )
        if allowed and value not in allowed:
            raise UsageError(f"dataset {found.name!r}, option {key}={value!r}: expected one of {', '.join(allowed)}")
        chosen[key] = value
    return chosen


def files_of(found: Entry, options: Mapping[str, str] | None = None) -> tuple[Remote, ...]:
    """Return the files that a load with these options needs, in the entry's order.

    Raises:
        UsageError: Unknown option or value.
    """
    chosen = choose(found, options)
    return tuple(
        remote for remote in found.files if all(chosen.get(key) == value for key, value in remote.when.items())
    )


def present(found: Entry, options: Mapping[str, str] | None = None) -> bool:
    """Tell whether the dataset can be loaded now with these options (or with none).

    Raises:
        UsageError: Unknown option or value.
    """
    return found.kind != "mirror" or all(_there(found, files_of(found, options)))


def variants_here(found: Entry) -> tuple[str, ...]:
    """Return which values of the option that chooses files are here, as `key=value`; empty where no option does."""
    settings = dict.fromkeys((key, value) for remote in found.files for key, value in remote.when.items())
    return tuple(f"{key}={value}" for key, value in settings if present(found, {key: value}))


def folder_of(found: Entry) -> Path:
    """Return the folder that the dataset's files are in, or will be fetched to."""
    return data_folder() / (found.folder or found.name)


def _there(found: Entry, files: tuple[Remote, ...]) -> Iterator[bool]:
    folder = folder_of(found)
    yield folder.is_dir()
    for remote in files:  # a transfer that was broken off leaves a part behind
        target = folder / remote.path
        yield not target.with_name(f".{target.name}.part").exists()
        yield not remote.when or target.is_file()
    if found.folder and files:  # several datasets live in it, so each is told by its first file
        yield (folder / files[0].path).is_file()


def load(name: str, options: Mapping[str, str] | None = None) -> Loaded:
    """Load a dataset of the catalogue.

    Args:
        name: Its name.
        options: Some of the entry's options.

    Raises:
        UsageError: Unknown name, option or value.
        DataError: The files are not there, or not as documented.
    """
    found = entry(name)
    asked = "" if ASK in found.options else dict(options or {}).get(ASK, "")
    chosen = choose(found, {key: value for key, value in (options or {}).items() if key != ASK or not asked})
    folder = folder_of(found)
    if not present(found, chosen):
        raise DataError(f"dataset {name!r} is not in {data_folder()}; {_remedy(found, chosen)}")
    return _asked(found.load(folder, chosen), asked)


def _remedy(found: Entry, chosen: Mapping[str, str]) -> str:
    """Return what to do about files that are not there."""
    needed = files_of(found, chosen)
    settings = ",".join(
        dict.fromkeys(
            f"{key}={value}"
            for remote in needed
            for key, value in remote.when.items()
            if found.options[key][:1] != (value,)
        )
    )
    spec = f"{found.name}:{settings}" if settings else found.name
    how = f"run `salus data get {spec}`" if needed else f"get it from {found.homepage} and put it at {folder_of(found)}"
    other = variants_here(found)
    also = f", or take what is here: {found.name}:{other[0]}" if other else ""
    return f"{how}{also}, or point SALUS_DATA to the folder that holds it"


_OPTIONS = re.compile(r"[A-Za-z_]\w*=[^,]*(,[A-Za-z_]\w*=[^,]*)*")


def open_data(spec: str) -> Loaded:
    """Open what a user names: a dataset of the catalogue, a manifest, a table, or a folder.

    Args:
        spec: `name`, `name:option=value,option=value`, or a path, with `:target=COLUMN,patient=COLUMN` behind a
            table's. A name of the catalogue goes before a folder of that name; write `./name` for the folder.
            `ask=synthesis` with any of them asks for synthetic samples in place of their own question.

    Raises:
        UsageError: Neither a dataset nor a path, or an unknown option.
        DataError: What is there cannot be used as it is.
    """
    head, options = parse_spec(spec)
    if head in names():
        return load(head, options)
    path = Path(head).expanduser()
    if not path.exists():
        if not re.fullmatch(r"\w+", head):
            raise DataError(f"{head}: no such file or folder; check the path, or see `salus data ls`")
        entry(head)  # raises with the nearest name
    from salus.data.bring import open_path

    # Records have an `ask` of their own: which outcome.
    asked = options.pop(ASK) if options.get(ASK) == "synthesis" else ""
    return _asked(open_path(path, options), asked)


def _asked(loaded: Loaded, kind: str) -> Loaded:
    if not kind:
        return loaded
    from salus.data.asked import ask

    return ask(loaded, kind)


def parse_spec(spec: str) -> tuple[str, dict[str, str]]:
    """Cut `head:key=value,key=value` into its parts; what does not look like options belongs to the head.

    >>> parse_spec("wards.csv:target=died,patient=mrn")
    ('wards.csv', {'target': 'died', 'patient': 'mrn'})
    """
    head, sign, tail = spec.rpartition(":")
    if not sign or not head or not _OPTIONS.fullmatch(tail):
        return spec, {}
    pairs = (pair.partition("=") for pair in tail.split(","))
    return head, {key: value for key, _, value in pairs}
