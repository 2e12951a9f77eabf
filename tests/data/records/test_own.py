"""Records of the user's own: recognised, asked, and never answered from the future."""

import json
import re
from pathlib import Path

import pytest

from made_records import at, mimic_iv, write
from salus.data.library import open_data
from salus.data.open import read_any
from salus.data.records.own import read_records, record_form
from salus.data.records.questions import at_each, leaving, returned
from salus.data.records.timeline import Timelines
from salus.data.records.units import in_units, mixed_units
from salus.schema.errors import DataError, UnitError, UsageError


def fhir(folder, later=()):
    """Write three patients with two visits each; a diabetes follows the first visit of the first."""
    folder.mkdir(exist_ok=True)
    resources = []
    for name in ("a", "b", "c"):
        about = {"subject": {"reference": f"Patient/{name}"}}
        resources.append({"resourceType": "Patient", "id": name, "birthDate": "2100-01-01", "gender": "male"})
        for number, month in enumerate((1, 3)):
            resources.append({
                "resourceType": "Encounter", "id": f"{name}{number}", "status": "finished", "class": {"code": "AMB"},
                "period": {"start": f"2150-{month:02d}-01T10:00:00Z", "end": f"2150-{month:02d}-01T11:00:00Z"}, **about,
            })  # fmt: skip
        unit, value = ("mg/dL", 180.0) if name == "a" else ("mmol/L", 5.0)
        resources.append({
            "resourceType": "Observation", "id": f"o{name}", "status": "final", **about,
            "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
            "effectiveDateTime": "2150-01-01T10:30:00Z",
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
        })  # fmt: skip
    resources.append({
        "resourceType": "Condition", "id": "x", "subject": {"reference": "Patient/a"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": "Diabetes"}]},
        "onsetDateTime": "2150-01-20T00:00:00Z", "recordedDate": "2150-01-21T00:00:00Z",
    })  # fmt: skip
    resources += later
    (folder / "all.ndjson").write_text("\n".join(json.dumps(r) for r in resources))


def test_a_folder_is_told_by_its_files(tmp_path):
    fhir(tmp_path / "f")
    mimic_iv(tmp_path / "m")
    write(tmp_path / "o", person={"a": [1]}, visit_occurrence={"a": [1]})
    (tmp_path / "n").mkdir()
    forms = [record_form(tmp_path / name) for name in ("f", "m", "o", "n", "f/all.ndjson", "nothing")]
    assert forms == ["fhir", "mimic_iv", "omop", "", "fhir", ""]
    assert len(read_records(tmp_path / "m")) == 2
    with pytest.raises(DataError, match="no records"):
        read_records(tmp_path / "n")
    with pytest.raises(DataError, match="no column"):
        read_records(tmp_path / "o")
    assert len(read_any(tmp_path / "f")) == 3


def test_questions_of_an_own_folder(tmp_path):
    fhir(tmp_path / "f")
    loaded = open_data(f"{tmp_path}/f:ask=snomed|44054006,within_days=30,values=loinc|2345-7")
    answers = {(s.patient, s.target) for s in (loaded.dataset[i] for i in range(len(loaded.dataset)))}
    assert answers == {("a", 1), ("b", 0), ("c", 0)}  # no whole month follows the second visits
    assert loaded.question.positive == "Diabetes"
    assert loaded.dataset[0].inputs["row"].values["loinc|2345-7_last"] == 180.0
    for options, why in (
        ("", "what is asked"), (":ask=death,when=1", "no option"), (":ask=death,at=soon", "expected a number"),
        (":ask=readmission,within_days=-1", "expected a number"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            open_data(f"{tmp_path}/f{options}")
    with pytest.raises(DataError, match=r"two different answers.*AMB"):
        open_data(f"{tmp_path}/f:ask=snomed|1")
    mimic_iv(tmp_path / "m")
    back = at_each(read_records(tmp_path / "m"), leaving, returned(read_records(tmp_path / "m"), 30))
    assert [one.target for one in back] == [1, 0]


def test_resources_known_later_change_no_input(tmp_path):
    late = [
        {"resourceType": "Observation", "id": "z1", "status": "final", "subject": {"reference": "Patient/a"},
         "code": {"coding": [{"system": "http://loinc.org", "code": "0-0"}]}, "issued": "2150-01-05T00:00:00Z",
         "effectiveDateTime": "2140-01-01T00:00:00Z", "valueInteger": 9},
        {"resourceType": "Observation", "id": "z2", "status": "final", "subject": {"reference": "Patient/a"},
         "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
         "effectiveDateTime": "2150-01-05T00:00:00Z",
         "valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "mmol/L"}},
        {"resourceType": "Encounter", "id": "z3", "status": "finished", "class": {"code": "IMP"},
         "subject": {"reference": "Patient/a"}, "period": {"start": "2150-01-04T00:00:00Z"}},
    ]  # fmt: skip
    fhir(tmp_path / "one")
    fhir(tmp_path / "two", later=late)
    one, two = (read_records(tmp_path / name)["a"].before(at(4)) for name in ("one", "two"))
    assert one.codes == two.codes
    assert one.units == two.units
    assert one.times_h.tolist() == two.times_h.tolist()
    assert len(read_records(tmp_path / "two")["a"].before(at(6)).codes) == len(one.codes) + 3


def test_values_of_a_code_come_into_one_unit(tmp_path):
    fhir(tmp_path / "f")
    lines = read_records(tmp_path / "f")
    assert isinstance(lines, Timelines)
    assert mixed_units(lines) == {"loinc|2345-7": {"mg/dL": 1, "mmol/L": 2}}
    with pytest.raises(UnitError, match=r"loinc\|2345-7.*molar mass"):
        in_units(lines, {"loinc|2345-7": "mmol/L"})
    same = in_units(lines, {"loinc|2345-7": "mmol/L"}, {"loinc|2345-7": 180.156})
    assert not mixed_units(same)
    events = same["a"].before(at(2))
    assert events.values[events.codes.index("loinc|2345-7")] == pytest.approx(9.991, abs=1e-3)


def test_the_how_to_runs_as_it_is_printed(tmp_path, capsys):
    text = (Path(__file__).parents[3] / "docs/how-to/read-health-records.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    fhir(tmp_path / "f")
    names = {"folder": tmp_path / "f"}
    exec(code, names)
    assert "loinc|2345-7" in capsys.readouterr().out
    assert names["inputs"].codes[-1] == "loinc|2345-7"
    assert sorted(one.target for one in names["asked"]) == [0, 0, 0, 0, 0, 1]
    assert len(names["dataset"][0].inputs["events"].codes) >= 3
