"""A survey of a messy folder: what is there, what is broken, doubtful, copied, and whom it names."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from salus.data.survey.gather import in_bytes
from salus.data.survey.report import Concern, Report
from salus.data.survey.store import Store
from salus.data.survey.survey import survey
from salus.data.survey.walk import walk
from salus.schema.errors import DataError, StoreError

sys.path.insert(0, str(Path(__file__).parent))
from messy import SECRETS, picture, write_messy


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALUS_CACHE", str(place))
        yield place


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_messy(tmp_path_factory.mktemp("messy"))


@pytest.fixture(scope="module")
def report(messy: Path, cache: Path) -> Report:
    return survey(messy, workers=1)


def told(report: Report, *words: str) -> Concern:
    """Return the one concern that holds all the words."""
    found = [one for one in report.concerns if all(word in one.what for word in words)]
    assert len(found) == 1, [one.what for one in report.concerns]
    return found[0]


def test_holdings_count_every_file_once(report: Report) -> None:
    holds = {one.kind: one.files for one in report.holds}
    assert holds["DICOM objects"] == 9
    assert holds["pictures"] == 29
    assert holds["volumes (NIfTI, NRRD, MetaImage)"] == 2
    assert holds["tables"] == holds["texts"] == holds["health records (FHIR)"] == holds["other files"] == 1
    facts = dict(report.facts)
    assert facts["Files"] == "44"
    assert facts["Patients"] == "1"
    assert facts["Series"] == "2"


def test_broken_files_are_named_with_reason_and_remedy(report: Report) -> None:
    broken = {one.path: one for one in report.broken}
    assert set(broken) == {"skin/benign/cut.png", "skin/benign/empty.png", "volumes/cut.nii.gz"}
    assert report.broken_count == 3
    assert "empty file" in broken["skin/benign/empty.png"].why
    for one in broken.values():
        assert one.why
        assert one.remedy
        assert "/" not in one.why
    assert not report.passed


def test_geometry_of_series_and_volumes(report: Report) -> None:
    rows = {one.name: one for one in report.series}
    assert rows["ct/whole"].shape == "5 x 128 x 128"
    assert rows["ct/whole"].spacing.startswith("2.5 x ")
    assert not rows["ct/whole"].severity
    assert rows["ct/hole"].severity == "error"
    assert told(report, "missing").severity == "error"
    assert told(report, "nisotrop").which == ("volumes/thick.nii.gz",)


def test_copies_are_classed_by_what_they_cross(report: Report) -> None:
    equal = told(report, "equal files stand in several folders")
    assert equal.which == ("skin/benign/3.png = skin/malignant/again.png",)
    near = told(report, "nearly equal inputs are kept twice")
    assert len(near.which) == 1
    assert near.which[0].startswith("skin/benign/4.png ~ skin/benign/near.jpg")


def test_identifiers_are_found_and_never_shown(report: Report) -> None:
    places = {one.what.split(":")[0]: one.severity for one in report.concerns if one.area == "identity"}
    for place in ("PatientName", "PatientBirthDate", "EXIF GPS", "EXIF Artist", "Patient.name", "column 'last_name'",
                  "column 'e_mail'", "NIfTI descrip"):  # fmt: skip
        assert place in places
    assert places["PatientName"] == places["EXIF Artist"] == "error"
    assert places["PatientID"] == places["column 'mrn'"] == "warning"
    text = json.dumps(report.to_dict())
    for secret in SECRETS:
        assert secret not in text


def test_what_the_survey_keeps_names_no_one(report: Report, cache: Path) -> None:
    kept = b"".join(path.read_bytes() for path in (cache / "check").iterdir())
    assert b"skin/benign" in kept
    for secret in SECRETS:
        assert secret.encode() not in kept


def test_spellings_in_tables_and_links_out(report: Report) -> None:
    assert "'High'" in told(report, "'grade'", "several ways").what
    assert told(report, "passed over").which == ("out: a link that leads out of the folder",)


def test_examples_are_drawn(report: Report) -> None:
    assert len(report.examples) >= 10
    assert all(one.png for one in report.examples)


def test_a_second_survey_reads_only_what_changed(messy: Path, cache: Path, report: Report) -> None:
    told_of: list[tuple[str, int, int]] = []
    path = messy / "skin" / "benign" / "5.png"
    before = path.read_bytes()
    stamp = path.stat()
    try:
        path.write_bytes(before[:150])
        again = survey(messy, workers=1, watch=lambda *seen: told_of.append(seen))
        assert {one.path for one in again.broken} == {one.path for one in report.broken} | {"skin/benign/5.png"}
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert survey(messy, workers=1).to_dict() == report.to_dict()


@pytest.mark.slow
def test_a_killed_survey_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(90):
        Image.fromarray(picture(i, 256)).save(folder / f"{i:04}.png")
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "cache"))
    code = (
        "from pathlib import Path; from salus.data.survey.survey import survey; import sys;"
        "survey(Path(sys.argv[1]), workers=1, watch=lambda *seen: print(*seen, flush=True))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        what, done, _ = line.split()
        if what == "looking" and int(done) >= 30:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with Store(folder) as store:
        kept = next(store.rows("SELECT COUNT(*) FROM file"))[0]
    seen: list[int] = []
    whole = survey(folder, workers=1, watch=lambda what, done, total: seen.append(done) if what == "looking" else None)
    assert dict(whole.facts)["Files"] == "90"
    assert 0 < kept < 90
    assert seen[-1] == 90
    assert not whole.broken


def test_a_file_that_hangs_or_crashes_its_reader_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    (tmp_path / "slow.png").write_bytes(b"x")
    Image.fromarray(picture(1)).save(tmp_path / "fine.png")
    found = survey(tmp_path, workers=1, seconds=1e-9)
    assert {one.path for one in found.broken} == {"slow.png", "fine.png"}
    assert "takes longer" in found.broken[0].why


def test_walking_is_bounded_and_stays_inside(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "file").write_text("x")
    (tmp_path / "a" / "same").symlink_to(tmp_path / "a" / "file")
    os.mkfifo(tmp_path / "pipe")
    passed: list[tuple[str, str]] = []
    assert [found.path for found in walk(tmp_path, passed)] == ["a/file", "a/same"]
    assert {path for path, _ in passed} == {"pipe", "a/b/loop"}
    with pytest.raises(DataError, match="no such folder"):
        list(walk(tmp_path / "absent"))


def test_a_cache_that_cannot_be_written_or_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "data" / "a.png")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="SALUS_CACHE"):
        survey(tmp_path / "data", workers=1)
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "cache"))
    with Store(tmp_path / "data") as store:
        place = store.path
    place.write_bytes(b"no database" * 100)
    assert survey(tmp_path / "data", workers=1).passed


def test_folders_of_one_kind_give_classes_and_their_looks_give_them_away(tmp_path: Path, cache: Path) -> None:
    for part in ("train", "test"):
        for number, name in enumerate(("covid", "normal", "Normal ")):
            if (part, number) == ("test", 2):
                continue
            (tmp_path / part / name).mkdir(parents=True)
            for i in range(12 if part == "train" else 3):
                image = Image.fromarray(picture(hash((part, number, i)) % 2**31, 96 if number else 64))
                image.save(tmp_path / part / name / f"{i}{'.jpg' if number == 0 else '.png'}")
    (tmp_path / "test" / "covid" / "leak.jpg").write_bytes((tmp_path / "train" / "covid" / "0.jpg").read_bytes())
    found = survey(tmp_path, workers=1)
    assert found.labels == {"covid": 16, "normal": 15, "Normal ": 12}
    assert told(found, "one class under several names").severity == "error"
    looks = told(found, "told apart without a look")
    assert any(text.startswith("ending") for text in looks.which)
    assert any(text.startswith("shape") for text in looks.which)
    assert told(found, "equal files stand in several parts").severity == "error"
    assert told(found, "'test' has no sample of").which == ("Normal ",)


def test_equal_looks_give_nothing_away(tmp_path: Path, cache: Path) -> None:
    for number, name in enumerate(("a class", "b class")):
        (tmp_path / name).mkdir()
        for i in range(15):
            Image.fromarray(picture(31 * number + i)).save(tmp_path / name / f"{i}.png")
    found = survey(tmp_path, workers=1)
    assert not [one for one in found.concerns if one.severity != "note"]
    assert found.passed
    (fit,) = [one for one in found.fitness if one.task == "classification"]
    assert fit.verdict == "with limits"


def test_sizes_in_words() -> None:
    assert [in_bytes(n) for n in (0, 1500, 2 * 10**9)] == ["0 bytes", "1.5 kB", "2 GB"]
