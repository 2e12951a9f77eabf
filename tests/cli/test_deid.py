"""`salus data deid` as a user meets it."""

import json
from pathlib import Path

import pytest

from data.deidentify.dicom_made import opened, patient, saved
from own_files import Salus


@pytest.fixture
def given(tmp_path: Path) -> Path:
    home = tmp_path / "in"
    saved(patient(opened()), home / "Zubrowska" / "1.dcm")
    saved(patient(opened("MR_small.dcm"), "Nowicka^Ewa", "H9"), home / "2.dcm")
    return home


def test_a_run_makes_a_key_a_report_and_says_what_it_did(salus: Salus, given: Path, tmp_path: Path) -> None:
    said = salus("data", "deid", given, tmp_path / "out", "--shift-dates", "--measure", 1)
    assert said.code == 0, said.err
    assert "2 dicom" in said.out
    assert "out.key" in said.out
    assert (tmp_path / "out.key").stat().st_mode & 0o777 == 0o600
    page = (tmp_path / "out" / "deid-report.html").read_text()
    assert "Modified Dates Option" in page
    assert "actions of the table" in page
    assert "Zubrowska" not in page + (tmp_path / "out" / "deid-report.json").read_text()
    again = salus("data", "deid", given, tmp_path / "out", "--shift-dates", "--json")
    facts = json.loads(again.out)
    assert facts["written"] == {"dicom": 2}
    assert facts["not_written"] == []


def test_what_is_not_written_is_named_and_changes_the_exit_code(salus: Salus, given: Path, tmp_path: Path) -> None:
    (given / "scan.pdf").write_bytes(b"%PDF")
    said = salus("data", "deid", given, tmp_path / "out")
    assert said.code == 3
    assert "scan.pdf" in said.out
    assert "scan.pdf" not in (tmp_path / "out" / "deid-report.json").read_text()


def test_a_dry_run_leaves_neither_output_nor_key(salus: Salus, given: Path, tmp_path: Path) -> None:
    said = salus("data", "deid", given, tmp_path / "out", "--dry-run")
    assert said.code == 0
    assert "would be written" in said.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--retain-dates", "--shift-dates"), "not both"),
        (("--profile", "strict"), "only basic"),
        (("--key", "OUT/key"), "would lie in the output"),
        (("--key", "IN/key"), "nothing is written below the input"),
    ],
)
def test_what_makes_no_sense_is_explained(
    words: tuple[str, ...], said: str, salus: Salus, given: Path, tmp_path: Path
) -> None:
    told = [word.replace("OUT", str(tmp_path / "out")).replace("IN", str(given)) for word in words]
    result = salus("data", "deid", given, tmp_path / "out", *told)
    assert result.code in (1, 2)
    assert said in result.err
    assert "Traceback" not in result.err
