"""De-identification of tables: plans, actions, counts, formats and refusals."""

import csv
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salus.data.deidentify.table import TableReport, deidentify_table
from salus.schema.errors import ConfigError, DataError

HEAD = [
    "MRN", "First", "Last", "DOB", "admit_date", "ZIP", "Age", "Gender", "Phone", "note", "glucose", "contact", "when",
    "year_date",
]  # fmt: skip
ROWS = [
    ["0017", "Mary", "Smith", "1931-04-02", "03/04/2019", "05901", "93", "F", "617-555-0143",
     "Dr. Ortiz saw Mary Smith on 3/5/2019.", "5.4", "a@example.org", "2019-03-04", "2019"],
    ["0018", "John", "Nguyen", "1961-05-02", "03/05/2019", "2138", "58", "M", "617-555-0144",
     "Well today.", "6.1", "b@example.org", "2019-03-05", "2019"],
    ["0017", "Mary", "Smith", "1931-04-02", "04/04/2019", "05901", "93", "F", "",
     "Doing fine.", "", "a@example.org", "2019-04-04", "2018"],
]  # fmt: skip


def replace(kind: str, value: str) -> str:
    return f"{kind}:{sum(map(ord, value)) % 9973}"


def write(path: Path, rows: list[list[str]] = ROWS) -> Path:
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as handle:
        csv.writer(handle, delimiter="\t" if ".tsv" in path.name else ",").writerows([HEAD, *rows])
    return path


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t" if ".tsv" in path.name else ","))


def actions(report: TableReport) -> dict[str, str]:
    return {column.column: column.action for column in report.columns}


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
def test_columns_go_by_name_and_by_content(tmp_path: Path, name: str) -> None:
    report = deidentify_table(write(tmp_path / name), tmp_path / f"out-{name}", replace=replace)
    assert actions(report) == {
        "MRN": "pseudonym:mrn", "First": "drop", "Last": "drop", "DOB": "date", "admit_date": "date", "ZIP": "zip",
        "Age": "age", "Gender": "sex", "Phone": "drop", "note": "text", "glucose": "keep", "contact": "drop",
        "when": "date", "year_date": "keep",
    }  # fmt: skip
    rows = read(tmp_path / f"out-{name}")
    assert rows[0]["MRN"] == rows[2]["MRN"] == replace("mrn", "0017") != rows[1]["MRN"]
    assert [row["ZIP"] for row in rows] == ["000", "021", "000"]
    assert [row["Age"] for row in rows] == ["90", "58", "90"]
    assert [row["glucose"] for row in rows] == ["5.4", "6.1", ""]
    assert rows[0]["when"] == replace("date", "2019-03-04")
    whole = str(rows)
    for secret in ("Smith", "Mary", "Ortiz", "617-555", "0017", "1931", "example.org", "05901"):
        assert secret not in whole
    assert report.written
    assert report.rows == 3


def test_parquet_and_its_numbers(tmp_path: Path) -> None:
    table = pa.table({"subject_id": [7, 8, 9], "anchor_age": [91, 40, 55], "value": [0.5, None, 2.25]})
    pq.write_table(table, tmp_path / "a.parquet")
    deidentify_table(tmp_path / "a.parquet", tmp_path / "b.parquet", replace=replace)
    assert pq.read_table(tmp_path / "b.parquet").to_pydict() == {
        "subject_id": [replace("mrn", n) for n in "789"], "anchor_age": ["90", "40", "55"],
        "value": ["0.5", "", "2.25"],
    }  # fmt: skip


def test_small_groups_are_counted(tmp_path: Path) -> None:
    rows = [["x", "", "", "", "", "02139", "50", "F", *[""] * 6]] * 7 + [
        ["y", "", "", "", "", "02139", "51", "F", *[""] * 6]
    ]
    report = deidentify_table(write(tmp_path / "a.csv", rows), tmp_path / "b.csv", replace=replace)
    assert report.quasi == ("ZIP", "Age", "Gender")
    assert (report.smallest, report.unique, report.small) == (1, 1, 1)
    assert "1 of 8 rows share ZIP, Age, Gender" in report.notes[0]


def test_a_dry_run_writes_nothing_and_plans_the_same(tmp_path: Path) -> None:
    source = write(tmp_path / "a.csv")
    dry = deidentify_table(source, tmp_path / "b.csv", replace=replace, dry_run=True)
    assert not (tmp_path / "b.csv").exists()
    wet = deidentify_table(source, tmp_path / "b.csv", replace=replace)
    assert dry.columns == wet.columns
    assert not dry.written


def test_a_dictionary_overrules_the_guess(tmp_path: Path) -> None:
    source = write(tmp_path / "a.csv")
    report = deidentify_table(
        source, tmp_path / "b.csv", replace=replace, dictionary={"glucose": "drop", "DOB": "year"}
    )
    assert actions(report)["glucose"] == "drop"
    assert read(tmp_path / "b.csv")[0]["DOB"] == "1931"
    with pytest.raises(ConfigError, match="no column 'x'"):
        deidentify_table(source, tmp_path / "b.csv", replace=replace, dictionary={"x": "drop"})
    with pytest.raises(ConfigError, match="no action 'hide'"):
        deidentify_table(source, tmp_path / "b.csv", replace=replace, dictionary={"DOB": "hide"})
    with pytest.raises(ConfigError, match="same file"):
        deidentify_table(source, source, replace=replace)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    for name, data, message in (
        ("a.csv", b"a,b\n1\n", "line 2 has 1 cells"),
        ("b.csv", b"a,a\n1,2\n", "named twice: a"),
        ("c.csv", b"", "empty table"),
        ("d.csv", b"a\n\xff\n", "not UTF-8"),
        ("e.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("f.parquet", b"PAR1", "not a readable Parquet"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=message):
            deidentify_table(tmp_path / name, tmp_path / f"out-{name}", replace=replace)
        assert not (tmp_path / f"out-{name}").exists()


@pytest.mark.realdata
def test_no_name_or_number_of_synthea_survives(data_root: Path, tmp_path: Path) -> None:
    source = data_root / "synthea" / "csv" / "patients.csv.gz"
    before = read(source)
    deidentify_table(source, tmp_path / "out.csv", replace=replace)
    whole = (tmp_path / "out.csv").read_text(encoding="utf-8")
    for row in before:
        for column in (
            "Id",
            "BIRTHDATE",
            "SSN",
            "DRIVERS",
            "PASSPORT",
            "FIRST",
            "LAST",
            "ADDRESS",
            "CITY",
            "LAT",
            "LON",
        ):
            if row[column]:
                assert f",{row[column]}," not in whole
                assert not whole.startswith(f"{row[column]},")
