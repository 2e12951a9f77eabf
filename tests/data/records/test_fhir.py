"""FHIR: when events are known, what is refused and why, and hostile files."""

import gzip
import json
import re
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from salus.data.open import read_any
from salus.data.records.fhir import read_fhir
from salus.data.records.fhir_read import looks_like_fhir
from salus.data.records.synthea import read_synthea
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Events

PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1980-05", "gender": "female"}
ABOUT = {"subject": {"reference": "Patient/p1"}}
LOINC = {"coding": [{"system": "http://loinc.org", "code": "2345-7", "display": "Glucose"}]}
SNOMED = {"coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": "Diabetes type 2"}]}


def observation(name="o1", **more):
    found = {
        "resourceType": "Observation", "id": name, "status": "final", "code": LOINC, **ABOUT,
        "effectiveDateTime": "2020-01-01T08:00:00Z",
        "valueQuantity": {"value": 90.5, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
    }  # fmt: skip
    found.update(more)
    return {key: value for key, value in found.items() if value is not None}


def encounter(name="e1", **more):
    return {
        "resourceType": "Encounter", "id": name, "status": "finished", "class": {"code": "IMP"}, **ABOUT,
        "period": {"start": "2020-01-01T06:00:00Z", "end": "2020-01-05T12:00:00Z"}, **more,
    }  # fmt: skip


def read(folder, *resources, validate="each", **entry):
    path = folder / "b.json"
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r, **entry} for r in resources]}
    path.write_text(json.dumps(bundle))
    return read_fhir(path, validate=validate)


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def codes(lines, *parts):
    return [code for code in lines["p1"].before(at(*parts)).codes if not code.startswith("person|")]


def test_a_result_is_known_when_it_is_issued(tmp_path):
    lines = read(tmp_path, PATIENT, observation(issued="2020-01-01T10:00:00Z"))
    assert codes(lines, 2020, 1, 1, 10) == []
    events = lines["p1"].before(at(2020, 1, 1, 10, 1))
    assert events.codes == ("person|sex=female", "person|age", "loinc|2345-7")
    assert events.values[-1] == 90.5
    assert events.units[-1] == "mg/dL"
    assert lines.displays["loinc|2345-7"] == "Glucose"
    # without `issued` it is known when it was measured, and a date when it has ended everywhere
    assert codes(read(tmp_path, PATIENT, observation()), 2020, 1, 1, 8, 1) == ["loinc|2345-7"]
    dated = read(tmp_path, PATIENT, observation(effectiveDateTime="2020-01-01"))
    assert codes(dated, 2020, 1, 2, 12) == []
    assert codes(dated, 2020, 1, 2, 12, 1) == ["loinc|2345-7"]


def test_a_corrected_result_was_another_before(tmp_path):
    changed = observation(
        status="corrected", issued="2020-01-01T10:00:00Z", meta={"lastUpdated": "2020-03-01T00:00:00Z"}
    )
    lines = read(tmp_path, PATIENT, changed)
    assert codes(lines, 2020, 2, 28) == []
    assert codes(lines, 2020, 3, 2) == ["loinc|2345-7"]


def test_a_discharge_diagnosis_is_known_after_discharge(tmp_path):
    condition = {
        "resourceType": "Condition", "id": "c1", "code": SNOMED, **ABOUT, "encounter": {"reference": "Encounter/e1"},
        "onsetDateTime": "2020-01-02T00:00:00Z",
    }  # fmt: skip
    lines = read(tmp_path, PATIENT, encounter(), condition)
    assert "snomed|44054006" not in codes(lines, 2020, 1, 5, 12)
    assert "snomed|44054006" in codes(lines, 2020, 1, 5, 12, 1)
    recorded = read(tmp_path, PATIENT, encounter(), {**condition, "recordedDate": "2020-01-03T00:00:00Z"})
    assert "snomed|44054006" in codes(recorded, 2020, 1, 3, 0, 1)
    lasting = encounter()
    del lasting["period"]["end"]
    waits = read(tmp_path, PATIENT, lasting, condition)
    assert "snomed|44054006" not in codes(waits, 2030, 1, 1)
    assert waits.findings["Condition: waits for the end of its encounter"] == 1
    refuted = {**condition, "verificationStatus": {"coding": [{"code": "refuted"}]}}
    assert read(tmp_path, PATIENT, encounter(), refuted).findings["Condition: refuted or entered in error"] == 1


def test_components_words_and_contained_drugs(tmp_path):
    pressure = observation(
        valueQuantity=None,
        component=[
            {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
             "valueQuantity": {"value": 120, "unit": "mmHg"}},
            {"code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
             "valueQuantity": {"value": 80, "unit": "mmHg"}},
        ],
    )  # fmt: skip
    smoking = observation("o2", valueQuantity=None, valueCodeableConcept={"text": "Never smoked"})
    bounded = observation("o3", valueQuantity={"value": 5, "comparator": "<", "unit": "zorks"})
    drug = {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order", **ABOUT,
        "contained": [{"resourceType": "Medication", "id": "d", "code": {"text": "Aspirin 81 mg"}}],
        "medicationReference": {"reference": "#d"}, "authoredOn": "2020-01-01T07:00:00Z",
    }  # fmt: skip
    lost = {**drug, "id": "m2", "medicationReference": {"reference": "Medication/none"}}
    lines = read(tmp_path, PATIENT, pressure, smoking, bounded, drug, lost)
    events = lines["p1"].before(at(2021, 1, 1))
    found = dict(zip(events.codes, zip(events.values, events.units, strict=True), strict=True))
    assert found["loinc|8480-6"] == (120.0, "mm[Hg]")
    assert found["loinc|8462-4"] == (80.0, "mm[Hg]")
    assert "loinc|2345-7=Never smoked" in found
    assert "text|Aspirin 81 mg" in found
    assert found["loinc|2345-7"] == (5.0, "zorks")
    assert lines.findings["unit 'zorks' is not UCUM, kept as written"] == 1
    assert lines.findings["Observation: a value with < or > kept as its bound"] == 1
    assert lines.named["MedicationRequest: its medication is not here"] == ("MedicationRequest/m2",)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"status": "done"}, "status: 'done' is none of"),
        ({"status": None}, "status: required"),
        ({"code": None}, "code: required"),
        ({"code": {"coding": [{"code": 7}]}}, r"code.coding\[0\].code: '7' is no text"),
        ({"valueQuantity": {"value": "90"}}, "valueQuantity.value: '90' is no number"),
        ({"valueQuantity": {"value": True}}, "is no number"),
        ({"effectiveDateTime": "0000-01-01"}, "effectiveDateTime: time '0000-01-01' is in no calendar"),
        ({"effectiveDateTime": "2020-02-30"}, "no calendar"),
        ({"effectivePeriod": {"start": "2020-01-02", "end": "2020-01-02"}}, r"effective\[x\]: given 2 times"),
        ({"subject": "Patient/p1"}, "subject: not a Reference"),
        ({"component": [{}]}, r"component\[0\]: a component needs a code"),
        ({"id": 5}, "id: not a text"),
    ],
)
def test_one_bad_resource_is_named_and_the_rest_is_kept(tmp_path, change, why):
    lines = read(tmp_path, PATIENT, observation("good"), observation(**{"name": "bad", **change}) if "id" not in change
                 else {**observation(), **change})  # fmt: skip
    assert codes(lines, 2021, 1, 1) == ["loinc|2345-7"]
    (found,) = [text for text in lines.findings if text.startswith("Observation: ")]
    assert re.search(why, found)
    assert lines.named[found] == (("Observation/bad",) if "id" not in change else ("Observation/5",))


def test_references_repeats_and_circles(tmp_path):
    other = {"subject": {"reference": "Patient/nobody"}}
    lines = read(
        tmp_path, PATIENT, observation(), observation(), observation(valueQuantity={"value": 1}),
        observation("o2", **other), observation("o3", subject=None), observation("o4", status="cancelled"),
        observation("o5", encounter={"reference": "Encounter/none"}),
        encounter("e1", partOf={"reference": "Encounter/e2"}), encounter("e2", partOf={"reference": "Encounter/e1"}),
        {"resourceType": "Claim", "id": "x"}, {"resourceType": ["odd"]}, {"resourceType": "Bundle", "entry": []},
    )  # fmt: skip
    assert codes(lines, 2021, 1, 1).count("loinc|2345-7") == 2  # o1 once, and o5
    found = lines.findings
    assert found["Observation: repeated"] == 1
    assert found["Observation: id used twice with other content"] == 1
    assert found["Observation: refers to a patient that is not here"] == 1
    assert found["Observation: refers to no patient"] == 1
    assert found["Observation: status cancelled"] == 1
    assert found["Observation: kept, but its encounter is not here"] == 1
    assert found["Encounter: part of itself over others"] == 1
    assert found["not used: Claim"] == 1
    assert found["a bundle inside a bundle"] == 1


def test_every_way_to_refer_to_a_patient(tmp_path):
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"fullUrl": "urn:uuid:1-2", "resource": {**PATIENT, "id": "p1"}},
        *({"resource": observation(f"o{i}", subject={"reference": text})} for i, text in enumerate(
            ("urn:uuid:1-2", "Patient/p1", "https://a.example/fhir/Patient/p1", "Patient/p1/_history/3")
        ))]}  # fmt: skip
    (tmp_path / "b.json").write_text(json.dumps(bundle))
    assert len(codes(read_fhir(tmp_path / "b.json"), 2021, 1, 1)) == 4


def test_the_library_complains_and_the_resource_is_kept(tmp_path):
    lines = read(tmp_path, PATIENT, observation(bodySight="arm"))
    assert codes(lines, 2021, 1, 1) == ["loinc|2345-7"]
    assert any("kept, though not valid FHIR: Observation: bodySight" in why for why in lines.findings)
    assert not read(tmp_path, PATIENT, observation(bodySight="arm"), validate="none").findings
    with pytest.raises(UsageError, match="validate"):
        read(tmp_path, PATIENT, validate="perhaps")


def test_bulk_export_folder_reads_like_the_bundle(tmp_path):
    resources = [PATIENT, encounter(), observation(encounter={"reference": "Encounter/e1"})]
    one = read(tmp_path, *resources)
    (tmp_path / "b.json").unlink()
    (tmp_path / "Observation.ndjson").write_text(
        "\n".join(["not json", json.dumps(resources[2]), "", "[1]", json.dumps(observation("o9", status=None))]) + "\n"
    )
    with gzip.open(tmp_path / "Patient.000.ndjson.gz", "wt") as handle:
        handle.write(json.dumps(PATIENT) + "\n" + json.dumps(encounter()))
    folder = read_fhir(tmp_path)
    assert folder["p1"].before(at(2021, 1, 1)).codes == one["p1"].before(at(2021, 1, 1)).codes
    assert folder.findings["a line that is no JSON"] == 1
    assert folder.findings["a line without a resourceType"] == 1
    assert folder.named["a line that is no JSON"] == ("Observation.ndjson, line 1",)


def test_hostile_documents_end_in_one_error_quickly(tmp_path):
    began = time.monotonic()
    path = tmp_path / "b.json"
    deep = b'{"resourceType":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    for data, why in (
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "without a resourceType"),
        (b'{"resourceType": "Bundle", "entry": 3}', "entry is no list"),
        (b'{"resourceType": "Bundle"}', "no readable Patient"),
        (b'{"resourceType": "Patient", "a": NaN}', "NaN"),
        (b'{"resourceType": "Patient", "resourceType": "Observation"}', "twice"),
        (b'{"resourceType": "Patient", "a": ' + b"9" * 5000 + b"}", "not JSON"),
        (deep, "brackets inside each other"),
        (b'{"resourceType": "Patient", "id": "\xff"}', "not JSON"),
        (b'{"resourceType": "Bundle", "entry": [' + b"0," * 4_100_000 + b"0]}", "values in one JSON"),
    ):
        path.write_bytes(data)
        with pytest.raises(DataError, match=why):
            read_fhir(path)
    bomb = tmp_path / "b.ndjson.gz"
    bomb.write_bytes(gzip.compress(b" " * 40_000_000 + b"\n", 9))
    with pytest.raises(DataError, match=r"longer than|bomb"):
        read_fhir(bomb)
    whole = tmp_path / "w.json.gz"
    whole.write_bytes(gzip.compress(b" " * 70_000_000, 9))
    with pytest.raises(DataError, match="above"):
        read_fhir(whole)
    assert time.monotonic() - began < 30  # eleven documents; a hang would be minutes


def test_mutated_bundles_never_crash(tmp_path):
    path = tmp_path / "b.json"
    read(tmp_path, PATIENT, encounter(), observation(issued="2020-01-01T10:00:00Z"))
    good, rng = path.read_bytes(), np.random.default_rng(1)
    pieces = [b"null", b"[]", b"{}", b"-1e400", b'"x"', b"true", b'"0000"', b"1" * 30]
    for _ in range(400):
        data = bytearray(good)
        place = int(rng.integers(len(data)))
        if rng.random() < 0.5:
            data[place] = int(rng.integers(256))
        else:  # another kind of value after some colon
            place = good.find(b": ", place) + 2
            end = min(good.find(sign, place) for sign in (b",", b"}") if good.find(sign, place) > 0)
            data[place:end] = pieces[int(rng.integers(len(pieces)))]
        path.write_bytes(bytes(data))
        try:
            for line in read_fhir(path).values():
                line.before(at(2022, 1, 1))
        except DataError:
            pass


def test_any_opens_a_record(tmp_path):
    read(tmp_path, PATIENT, observation())
    events = read_any(tmp_path / "b.json")
    assert isinstance(events, Events)
    assert events.codes[-1] == "loinc|2345-7"
    assert looks_like_fhir(tmp_path / "b.json")
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(DataError, match="resourceType"):
        read_any(tmp_path / "x.json")
    two = {"resourceType": "Bundle", "entry": [
        {"resource": r} for r in (PATIENT, {**PATIENT, "id": "p2"}, observation(),
                                  observation("o2", subject={"reference": "Patient/p2"}))]}  # fmt: skip
    (tmp_path / "two.json").write_text(json.dumps(two))
    assert [len(e.codes) for e in read_any(tmp_path / "two.json")] == [3, 3]


@pytest.mark.realdata
def test_two_exports_of_the_same_synthetic_patients_agree(data_root):
    bundles, tables = read_fhir(data_root / "synthea/fhir_r4"), read_synthea(data_root / "synthea/csv")
    assert len(bundles) == 6
    assert not [why for why in bundles.findings if not why.startswith("not used")]
    for patient, line in bundles.items():
        other = tables[patient]
        # the two exports number their encounters anew; when they were is the same
        assert [e.start for e in line.encounters] == [e.start for e in other.encounters]
        assert sorted(e.stop for e in line.encounters) == sorted(e.stop for e in other.encounters)
        one, two = line.before(line.end()), other.before(other.end())
        for system in ("cvx|", "rxnorm|"):
            assert sorted(c for c in one.codes if c.startswith(system)) == sorted(
                c for c in two.codes if c.startswith(system)
            )
        # values agree wherever both hold a number of a code; the tables have quality-of-life scores of their own
        shared = {c for c in one.codes if c.startswith("loinc|")} & {c for c in two.codes if c.startswith("loinc|")}
        for code in shared:
            mine, theirs = (
                sorted(round(float(v), 1) for c, v in zip(e.codes, e.values, strict=True) if c == code and v == v)
                for e in (one, two)
            )
            if len(mine) == len(theirs):
                assert np.allclose(mine, theirs, atol=0.11), code
