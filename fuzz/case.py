"""One case, in a child process: damage a good file in a way that a number decides, read it, and say what happened."""

import gc
import os
import shutil
import tempfile
import traceback
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.mutate import cut, mutate
from fuzz.targets import TARGETS
from salus.schema.errors import SalusError

CUTS = 100
"""Cases 0 to 99 are cuts at every hundredth; what follows is chance."""


def case(item: dict[str, Any]) -> dict[str, Any]:
    """Run one case.

    Args:
        item: `target`, `good` (folder of the good file), `number`, `seed`.

    Returns:
        `verdict`: `read`, `refused` (with the error's name) or `fault` (with what was raised); `peak_mb` of the child.
    """
    warnings.simplefilter("ignore")
    target = TARGETS[item["target"]]
    with tempfile.TemporaryDirectory(prefix="salus-fuzz-") as place:
        folder = Path(place) / "case"
        build(item, folder)
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here
        said = verdict(target.read, target.entry(folder))
    said["peak_mb"] = _peak_mb()
    return said


def build(item: dict[str, Any], folder: Path) -> None:
    """Write the damaged file, and its unhurt neighbours, into a folder; the same item writes the same bytes."""
    shutil.copytree(item["good"], folder)
    number = int(item["number"])
    if number < 0:
        return
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    name = zlib.crc32(f"{item['target']}/{Path(item['good']).name}".encode())
    rng = np.random.default_rng([int(item["seed"]), name, number])
    victim = files[number % len(files)] if number < CUTS else files[int(rng.integers(len(files)))]
    data = victim.read_bytes()
    victim.write_bytes(cut(data, number / CUTS) if number < CUTS else mutate(data, victim.name, rng))


def verdict(read: Any, path: Path) -> dict[str, Any]:
    """Read a file and say what came of it."""
    try:
        read(path)
    except SalusError as error:
        said = str(error)
        if not said.strip() or len(said) > 4000:
            return {"verdict": "fault", "error": f"a message of {len(said):,} letters", "trace": said[:500]}
        return {"verdict": "refused", "error": type(error).__name__}
    except Exception as error:
        return {"verdict": "fault", "error": f"{type(error).__name__}: {error}"[:300], "trace": _where(error)}
    return {"verdict": "read"}


def _peak_mb() -> int:
    """Return the most memory that this process held since the peak was reset."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def _where(error: BaseException) -> str:
    lines = traceback.format_exception(error)
    return "".join(lines)[-1800:].replace(os.getcwd(), ".")
