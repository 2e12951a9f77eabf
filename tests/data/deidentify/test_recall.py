"""The self-measurement: what it says of the program, and that it would say otherwise of a worse one."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pydicom
import pydicom.data
import pytest

from salus.data.deidentify import planted, recall
from salus.data.deidentify.file import Cleaned, RefusedError, clean_file
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.profile import rules
from salus.data.deidentify.recall import ACTIONS, Recall, measure

KEY = Key(b"k" * 32)
TEST_FILES = Path(pydicom.data.__file__).parent / "test_files"
SOME = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "reportsi.dcm", "examples_overlay.dcm", "MR_small_RLE.dcm",
        "image_dfl.dcm", "MR_small_bigendian.dcm", "liver_1frame.dcm", "waveform_ecg.dcm")  # fmt: skip
PLANS = (
    Plan(),
    Plan(shift_dates=True, clean_descriptors=True, clean_structured=True, clean_graphics=True, clean_pixels=True),
    Plan(retain_uids=True, retain_device=True, retain_institution=True, retain_dates=True, retain_safe_private=True,
         retain_characteristics=True),
)  # fmt: skip


def left(found: Recall) -> dict[str, int]:
    return {row.kind: row.left for row in found.rows if row.left}


@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.letters or "basic")
def test_no_planted_identity_survives(plan: Plan) -> None:
    chosen = SOME if plan == Plan() else SOME[:4]
    found = measure([TEST_FILES / name for name in chosen], plan, KEY)
    rows = {row.kind: row for row in found.rows}
    assert (found.files, found.refused) == (len(chosen), 0)
    assert rows[ACTIONS].share >= 0.9993, rows[ACTIONS].which
    assert rows[ACTIONS].planted > 600 * len(chosen)
    assert not left(found)
    assert rows["own name, nested"].planted == 12 * len(chosen)
    assert rows["own name, nested"].low < 1 == rows["own name, nested"].high


def test_a_cleaner_that_does_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def idle(source: Path, target: Path, plan: Plan, key: Key) -> Cleaned:
        shutil.copy(source, target)
        return Cleaned(place=None)  # type: ignore[arg-type]

    monkeypatch.setattr(recall, "clean_file", idle)
    found = measure([TEST_FILES / "CT_small.dcm"], Plan(), KEY)
    rows = {row.kind: row for row in found.rows}
    assert rows[ACTIONS].share < 0.1
    assert all(row.left == row.planted for row in found.rows if row.kind != ACTIONS)


@pytest.mark.parametrize(
    ("broken", "kinds"),
    [
        ("clean_nested", {"name in a listed sequence", "other name, nested"}),
        ("keep_private", {"name in a private attribute"}),
        ("keep_meta", {"name in preamble or file meta"}),
    ],
)
def test_each_gap_shows_as_its_kind(broken: str, kinds: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(source: Path, target: Path, plan: Plan, key: Key) -> Cleaned:
        clean_file(source, target, plan, key)
        before, after = pydicom.dcmread(source), pydicom.dcmread(target)
        if broken == "clean_nested":
            after.AnatomicRegionSequence = before.AnatomicRegionSequence
            after.ContentSequence = before.ContentSequence
        elif broken == "keep_private":
            for element in before.group_dataset(0x0009):
                after.add(element)
        else:
            after.preamble, after.file_meta = before.preamble, before.file_meta
        after.save_as(target, enforce_file_format=True)
        return Cleaned(place=None)  # type: ignore[arg-type]

    monkeypatch.setattr(recall, "clean_file", leaky)
    assert kinds <= set(left(measure([TEST_FILES / "CT_small.dcm"], Plan(), KEY)))


def errors_of(path: Path) -> Counter[str]:
    """Return what the validator calls errors, without values and UIDs; empty where it cannot read the file at all."""
    done = subprocess.run(["dciodvfy", path], capture_output=True, timeout=60, check=False)
    lines = (done.stderr + done.stdout).decode("latin-1").splitlines()
    if any("dataset read failed" in line for line in lines):
        return Counter({"unreadable": 1})
    plain = (re.sub(r"<[^>]*>|(?<=UID )[\d.]+", "*", line) for line in lines if line.startswith("Error"))
    return Counter(plain)


def new_errors(files: list[Path], plan: Plan, target: Path) -> dict[str, list[str]]:
    found = {}
    written = 0
    for path in files:
        try:
            clean_file(path, target, plan, KEY)
        except RefusedError:
            continue
        written += 1
        before, after = errors_of(path), errors_of(target)
        if "unreadable" not in before and (new := sorted(set(after) - set(before))):
            found[path.name] = new
    assert written > 0.8 * len(files)
    return found


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian dicom3tools) is not installed")
@pytest.mark.parametrize("plan", PLANS[::2], ids=["basic", "retain"])
def test_the_validator_finds_no_new_errors(plan: Plan, tmp_path: Path) -> None:
    assert new_errors([TEST_FILES / name for name in SOME], plan, tmp_path / "out.dcm") == {}


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian dicom3tools) is not installed")
@pytest.mark.parametrize("pixels", [False, True], ids=["headers", "pixels"])
def test_the_validator_finds_no_new_errors_in_real_files(data_root: Path, tmp_path: Path, pixels: bool) -> None:
    folder = data_root / "dicom"
    if not folder.is_dir():
        pytest.skip("no set of DICOM files below SALUS_DATA")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".csv", ".md")]
    plan = Plan(shift_dates=True, clean_descriptors=True, clean_pixels=pixels)
    assert new_errors(files, plan, tmp_path / "out.dcm") == {}


def test_unlisted_attributes_are_not_in_the_table() -> None:
    from pydicom.datadict import tag_for_keyword

    assert not [name for name in planted.UNLISTED if tag_for_keyword(name) in rules()]
