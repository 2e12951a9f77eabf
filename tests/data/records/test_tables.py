"""MIMIC, OMOP and Synthea on tables that are written here: what is known when."""

import pytest

from made_records import at, mimic_iv, write
from salus.data.records.mimic_iii import read_mimic_iii
from salus.data.records.mimic_iv import read_mimic_iv
from salus.data.records.omop import read_omop
from salus.data.records.questions import at_each, died, hours_in, leaving, returned
from salus.data.records.synthea import read_synthea
from salus.schema.errors import DataError


def test_mimic_iv_rows_are_known_when_they_were_written(tmp_path):
    mimic_iv(tmp_path)
    lines = read_mimic_iv(tmp_path)
    line = lines["7"]
    known = [
        ("mimic-lab|50912", at(1, 13)),  # stored two hours after it was drawn
        ("mimic-lab|51464=NEG", at(1, 12)),
        ("mimic-item|225158", at(1, 18)),  # the amount is whole when the infusion has ended
        ("drug|Aspirin", at(1, 12)),
        ("icd9cm|0039", at(5, 15)),  # for the bill, at discharge
        ("specimen|SWAB", at(2)),  # a date without a time, when the day has ended
        ("organism|E. COLI", at(5)),
        ("antibiotic|CEFAZOLIN=S", at(5)),
        ("omr|Blood Pressure systolic", at(2)),
        ("admission|URGENT", at(1, 10)),
    ]
    for code, moment in known:
        assert code not in line.before(moment).codes, code
        assert code in line.before(moment.replace(minute=1)).codes, code
    late = line.before(at(2, 21)).values  # without a time of storing: 10.3 hours after 11:00
    assert 2.2 not in late
    assert 2.2 in line.before(at(2, 22)).values
    assert lines.findings == {"omr: not a number": 1}
    assert lines.displays["mimic-lab|50912"] == "Creatinine"
    # the second patient is dead at hour 20, though discharged on day 4: nobody asks at hour 24
    assert [(a.patient, a.target) for a in at_each(lines, hours_in(24), died)] == [("7", 0), ("7", 0)]
    assert [a.target for a in at_each(lines, leaving, returned(lines, 30))] == [1, 0]


def test_a_damaged_mimic_folder_is_named(tmp_path):
    mimic_iv(tmp_path)
    (tmp_path / "hosp" / "patients.csv.gz").unlink()
    with pytest.raises(DataError, match="no table patients"):
        read_mimic_iv(tmp_path)
    mimic_iv(tmp_path)
    write(tmp_path / "hosp", labevents={"subject_id": [7]})
    with pytest.raises(DataError, match=r"labevents.*no column itemid"):
        read_mimic_iv(tmp_path)
    with pytest.raises(DataError, match="no table"):
        read_mimic_iii(tmp_path)


def test_mimic_iii_knows_orders_late_and_hides_old_age(tmp_path):
    write(
        tmp_path,
        PATIENTS={"subject_id": [1, 2], "gender": ["M", "F"], "dob": ["1850-01-01 00:00:00", "2100-01-01 00:00:00"]},
        ADMISSIONS={"subject_id": [1, 2], "hadm_id": [10, 20], "admittime": ["2150-01-01 10:00:00", "not a time"],
                    "dischtime": ["2150-01-05 10:00:00"] * 2, "deathtime": ["", ""], "admission_type": ["URGENT"] * 2,
                    "hospital_expire_flag": [0, 0], "ethnicity": ["X", "X"], "diagnosis": ["SEPSIS", ""]},
        PRESCRIPTIONS={"subject_id": [1], "startdate": ["2150-01-01 00:00:00"], "drug": ["Aspirin"],
                       "dose_val_rx": ["325-650"], "dose_unit_rx": ["mg"]},
        DIAGNOSES_ICD={"subject_id": [1], "hadm_id": [10], "icd9_code": ["4019"]},
        INPUTEVENTS_MV={"subject_id": [1], "starttime": ["2150-01-01 12:00:00"], "endtime": ["2150-01-01 18:00:00"],
                        "itemid": [1], "amount": [5], "amountuom": ["ml"]},
        INPUTEVENTS_CV={"subject_id": [1], "charttime": ["2150-01-01 12:00:00"], "itemid": [2], "amount": [5],
                        "amountuom": ["ml"]},
    )  # fmt: skip
    lines = read_mimic_iii(tmp_path)
    seen = lines["1"].before(at(1, 23))
    assert seen.codes[:2] == ("person|age=over 89", "person|sex=M")
    assert "person|age" not in seen.codes
    assert "admission-diagnosis|SEPSIS" in seen.codes
    assert not {"drug|Aspirin", "icd9cm|4019"} & set(seen.codes)
    assert "drug|Aspirin" in lines["1"].before(at(2, 0, 1)).codes
    assert "mimic-item|2" in lines["1"].before(at(1, 12, 1)).codes
    assert "mimic-item|1" not in lines["1"].before(at(1, 18)).codes
    assert lines.findings == {"admissions.admittime: not a time": 2, "admissions: no admission or discharge time": 1}


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_omop_tables(tmp_path, ending):
    write(
        tmp_path, ending,
        person={"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [2100], "month_of_birth": [5]},
        visit_occurrence={"visit_occurrence_id": [9], "person_id": [1], "visit_concept_id": [9201],
                          "visit_start_date": ["2150-01-01"], "visit_end_date": ["2150-01-03"],
                          "visit_start_datetime": ["2150-01-01 08:00:00"], "discharged_to_source_value": ["HOME"]},
        condition_occurrence={"person_id": [1], "condition_concept_id": [201826],
                              "condition_start_date": ["2150-01-01"], "visit_occurrence_id": [9]},
        drug_exposure={"person_id": [1], "drug_concept_id": [0], "drug_exposure_start_date": ["2150-01-01"],
                       "drug_source_value": ["ASA 81"], "quantity": [2.0]},
        measurement={"person_id": [1, 1], "measurement_concept_id": [3004501, 3004501],
                     "measurement_date": ["2150-01-01"] * 2,
                     "measurement_datetime": ["2150-01-01 09:00:00", "2150-01-01 00:00:00"],
                     "value_as_number": [90.0, None], "unit_concept_id": [8840, 0], "value_source_value": ["", "high"]},
        observation={"person_id": [1], "observation_concept_id": [77], "observation_date": ["2150-01-01"],
                     "value_as_string": ["never"], "value_as_concept_id": [5]},
        procedure_occurrence={"person_id": [1], "procedure_concept_id": [88], "procedure_date": ["2150-01-02"]},
        death={"person_id": [1], "death_date": ["2150-01-09"]},
        concept={"concept_id": [201826, 3004501, 8840, 9201, 5],
                 "concept_name": ["Type 2 diabetes", "Glucose", "mg/dL", "Inpatient", "Never smoker"],
                 "vocabulary_id": ["SNOMED", "LOINC", "UCUM", "Visit", "SNOMED"],
                 "concept_code": ["44054006", "2345-7", "mg/dL", "IP", "266919005"]},
    )  # fmt: skip
    lines = read_omop(tmp_path, lab_delay_h=2)
    line = lines["1"]
    assert line.encounters[0].outcome == {"place": "source|HOME"}
    assert line.encounters[0].kind == "IP"
    events = line.before(at(1, 11, 1))
    assert ("loinc|2345-7", 90.0, "mg/dL") in zip(events.codes, events.values, events.units, strict=True)
    assert "loinc|2345-7" not in line.before(at(1, 11)).codes  # two hours for the laboratory
    assert "loinc|2345-7=high" not in line.before(at(2)).codes  # midnight stands for a date
    assert "loinc|2345-7=high" in line.before(at(2, 2, 1)).codes
    assert "concept|77=Never smoker" in line.before(at(2, 0, 1)).codes
    assert "source|ASA 81" in line.before(at(2, 0, 1)).codes
    assert "snomed|44054006" not in line.before(at(4)).codes  # the visit ends on the third, at some hour
    assert "snomed|44054006" in line.before(at(4, 0, 1)).codes
    assert line.after(at(4)).has("person|death")
    assert not line.after(at(4)).has("person|death", until_h=24)
    assert lines.displays["snomed|44054006"] == "Type 2 diabetes"


def test_units_are_converted_on_request_only(tmp_path):
    mimic_iv(tmp_path)
    lines = read_mimic_iv(tmp_path)

    def change(code, unit):
        return (88.42, 0.0, "umol/L") if (code, unit) == ("mimic-lab|50912", "mg/dL") else None

    events = lines.converted(change)["7"].before(at(1, 14))
    place = events.codes.index("mimic-lab|50912")
    assert events.values[place] == pytest.approx(97.262)
    assert events.units[place] == "umol/L"
    assert "umol/L" not in lines["7"].before(at(1, 14)).units


def test_synthea_conditions_wait_for_their_encounter(tmp_path):
    rows = {"PATIENT": ["p"], "ENCOUNTER": ["e"], "DESCRIPTION": ["words"]}
    write(
        tmp_path, ".csv",
        patients={"Id": ["p"], "BIRTHDATE": ["2100-01-01"], "DEATHDATE": [""], "GENDER": ["F"]},
        encounters={"Id": ["e"], "START": ["2150-01-01T10:00:00Z"], "STOP": ["2150-01-02T10:00:00Z"], "PATIENT": ["p"],
                    "ENCOUNTERCLASS": ["wellness"], "CODE": ["1"], "DESCRIPTION": ["visit"], "REASONCODE": ["2"]},
        conditions={**rows, "START": ["2150-01-01"], "CODE": ["3"]},
        observations={**rows, "DATE": ["2150-01-01T11:00:00Z"], "CODE": ["4"], "VALUE": ["never"], "UNITS": [""],
                      "TYPE": ["text"]},
        procedures={**rows, "START": ["2150-01-01T11:00:00Z"], "STOP": ["2150-01-01T12:00:00Z"], "CODE": ["5"]},
    )  # fmt: skip
    line = read_synthea(tmp_path)["p"]
    for code, moment in (("snomed|3", at(2, 10)), ("snomed|2", at(2, 10)), ("loinc|4=never", at(1, 11)),
                         ("snomed|5", at(1, 12)), ("snomed|1", at(1, 10))):  # fmt: skip
        assert code not in line.before(moment).codes, code
        assert code in line.before(moment.replace(minute=1)).codes, code
