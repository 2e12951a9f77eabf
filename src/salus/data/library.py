"""The catalogue of datasets. The folder is the register: `data/catalogue/<name>.py` holds one `ENTRY`."""

import difflib
import importlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from salus.data.entry import Entry, Loaded
from salus.schema.errors import DataError, UsageError


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


def present(found: Entry) -> bool:
    """Tell whether the dataset can be loaded now."""
    return found.kind != "mirror" or (data_folder() / found.name).is_dir()


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
    chosen = {key: values[0] for key, values in found.options.items() if values}
    for key, value in (options or {}).items():
        allowed = found.options.get(key)
        if allowed is None:
            raise UsageError(f"dataset {name!r} has no option {key!r}; it has {', '.join(found.options) or 'none'}")
        if allowed and value not in allowed:
            raise UsageError(f"dataset {name!r}, option {key}={value!r}: expected one of {', '.join(allowed)}")
        chosen[key] = value
    folder = data_folder() / name
    if not present(found):
        raise DataError(
            f"dataset {name!r} is not in {data_folder()}; "
            + (
                f"run `salus data get {name}`"
                if found.files
                else f"get it from {found.homepage} and put it at {folder}"
            )
            + ", or point SALUS_DATA to the folder that holds it"
        )
    return found.load(folder, chosen)
