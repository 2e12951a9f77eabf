"""De-identification of DICOM headers against other tools, on the same planted files.

    python -m benchmarks.deid_dicom [--folder FOLDER] [--python INTERPRETER]

`INTERPRETER` has the other tools installed (dicom-anonymizer, dicognito, deid); without it, or for a tool it lacks,
the table says that it was absent. Two figures a tool: right actions of the basic profile's table, and planted
identifiers left in the bytes. The second knows no table. Other tools are judged by what the basic profile asks, which
some of them do not claim to follow.
"""

import argparse
import subprocess
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data

from salus.data.deidentify.file import clean_file
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.planted import Planted, plant
from salus.data.deidentify.recall import ACTIONS, Judged, judge
from salus.data.deidentify.walk import dicom_files
from salus.schema.errors import DataError

TOOLS = ("dicom-anonymizer", "dicognito", "deid")


def planted_files(files: list[Path], home: Path) -> dict[str, Planted]:
    """Write copies with planted identities; files that cannot be written again are passed over."""
    made = {}
    for number, path in enumerate(files):
        try:
            dataset = pydicom.dcmread(path)
            done = plant(dataset, np.random.default_rng([7, number]))
            dataset.save_as(home / f"{number:04}.dcm", enforce_file_format=True)
            clean_file(home / f"{number:04}.dcm", home / "tried", Plan(), Key(b"b" * 32))
            made[f"{number:04}.dcm"] = done
        except (DataError, ValueError, TypeError, AttributeError):
            (home / f"{number:04}.dcm").unlink(missing_ok=True)
    (home / "tried").unlink(missing_ok=True)
    return made


def counted(made: dict[str, Planted], out: Path) -> Judged:
    """Judge every file that a tool wrote."""
    total = Judged(Counter(), Counter(), Counter())
    for name, done in made.items():
        found = [path for path in out.rglob("*") if path.is_file() and path.name == name]
        if found:
            one = judge(done, None, pydicom.dcmread(found[0]), found[0].read_bytes(), Plan())
            for sums, part in zip(
                (total.planted, total.left, total.wrong), (one.planted, one.left, one.wrong), strict=True
            ):
                sums.update(part)
    return total


def run(tool: str, source: Path, out: Path, interpreter: str | None) -> str:
    """Let a tool write into `out`; return why it could not, empty where it could."""
    if tool == "salus":
        for path in sorted(source.iterdir()):
            clean_file(path, out / path.name, Plan(), Key(b"b" * 32))
        return ""
    if interpreter is None:
        return "absent"
    script = Path(__file__).with_name("_deid_rivals.py")
    done = subprocess.run([interpreter, script, tool, source, out], capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1][:80] if lines else "failed")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    test_files = Path(pydicom.data.__file__).parent / "test_files"
    parser.add_argument("--folder", type=Path, default=test_files, help="DICOM files; pydicom's own by default.")
    parser.add_argument("--python", help="Interpreter that has the other tools.")
    parser.add_argument("--files", type=int, default=40)
    given, _ = parser.parse_known_args()
    warnings.simplefilter("ignore")
    print(f"{'tool':18} {'files':>5} {'seconds':>8} {'actions':>8} {'right':>9} {'planted':>8} {'left':>6}  note")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name, "in")
        home.mkdir()
        made = planted_files(dicom_files(given.folder)[: given.files], home)
        for tool in ("salus", *TOOLS):
            out = Path(name, tool)
            out.mkdir()
            begun = time.perf_counter()
            note = run(tool, home, out, given.python)
            seconds = time.perf_counter() - begun
            total = counted(made, out)
            actions, wrong = total.planted[ACTIONS], total.left[ACTIONS]
            needles = sum(total.planted.values()) - actions
            left = sum(total.left.values()) - wrong
            files = len([path for path in out.rglob("*") if path.is_file()])
            share = f"{100 * (1 - wrong / actions):.2f} %" if actions else "-"
            print(f"{tool:18} {files:5} {seconds:8.1f} {actions:8} {share:>9} {needles:8} {left:6}  {note}")
            for kind, number in sorted(total.left.items()) if not note else ():
                if number and kind != ACTIONS:
                    print(f"{'':27} left: {number} of {total.planted[kind]} {kind}")


if __name__ == "__main__":
    main()
