"""Record sets of the catalogue: every documented count, and no answer among the inputs."""

import gzip
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from salus.data.catalogue.diabetes_130us import ENTRY as DIABETES
from salus.data.catalogue.nhamcs_ed_2010 import ENTRY as NHAMCS
from salus.data.catalogue.pima_diabetes import ENTRY as PIMA
from salus.data.catalogue.uci_heart_disease import ENTRY as HEART
from salus.data.cohort import cohort_of
from salus.data.library import load
from salus.schema.errors import DataError
from salus.schema.sample import Events, Waveform

pytestmark = pytest.mark.realdata


def systems(timelines):
    found = Counter()
    for code, count in timelines.counts().items():
        found[code.partition("|")[0]] += count
    return found


def targets(dataset):
    return Counter(dataset.peek(i).target for i in range(len(dataset)))


def rows(path):
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return sum(1 for _ in handle) - 1


def test_mimic_iv_counts(data_root):
    loaded = load("mimic_iv_demo", {"inputs": "events"})
    lines = loaded.dataset.timelines
    found = systems(lines)
    assert len(lines) == 100
    assert sum(len(line.encounters) for line in lines.values()) == 275
    assert found["icu-in"] == found["icu-out"] == 140
    assert found["mimic-lab"] == 107_727
    assert found["drug"] == 18_087
    assert not lines.findings
    back = load("mimic_iv_demo", {"target": "readmission"})
    assert targets(back.dataset) == {0: 207, 1: 53}
    assert targets(loaded.dataset) == {0: 231, 1: 14}


def test_mimic_iv_first_day_holds_no_later_row(data_root):
    dataset = load("mimic_iv_demo", {"inputs": "events"}).dataset
    for index in range(0, len(dataset), 10):
        one = dataset.asked[index]
        events = dataset[index].inputs["events"]
        assert isinstance(events, Events)
        stay = one.encounter
        others = [e for e in dataset.timelines[one.patient].encounters if e.stop <= one.at]
        billed = [code for code in events.codes if code.startswith(("icd9cm", "icd10cm", "drg-"))]
        assert not billed or others  # bill codes come from earlier stays alone
        assert sum(code.startswith("discharge|") for code in events.codes) == len(others)
        assert stay.start < one.at < stay.stop


def test_mimic_iii_counts(data_root):
    loaded = load("mimic_iii_demo")
    lines = loaded.dataset.timelines
    found = systems(lines)
    assert len(lines) == 100
    assert sum(len(line.encounters) for line in lines.values()) == 129
    assert found["icu-in"] == 136
    assert found["icd9cm"] == 1761
    assert found["drug"] == 10_398
    row = loaded.dataset[0].inputs["row"].values
    assert row["drug_order_count"] >= 0
    assert not any("icd" in name or "discharge" in name for name in row)


def test_synthea_counts(data_root):
    loaded = load("synthea", {"inputs": "events"})
    lines = loaded.dataset.timelines
    folder = data_root / "synthea" / "csv"
    assert len(lines) == 59
    assert sum(len(line.encounters) for line in lines.values()) == 2590
    found = systems(lines)
    assert found["loinc"] == rows(folder / "observations.csv.gz") == 21_697
    assert found["rxnorm"] == rows(folder / "medications.csv.gz") == 1772
    assert rows(folder / "procedures.csv.gz") == 4637
    assert found["cvx"] == 891
    assert not lines.findings
    assert len(load("synthea", {"source": "fhir"}).dataset.timelines) == 6
    assert targets(loaded.dataset) == {0: 886, 1: 120}


@pytest.mark.slow
def test_physionet_2012_counts(data_root):
    loaded = load("physionet2012_icu", {"inputs": "hourly"})
    dataset = loaded.dataset
    assert len(dataset) == 3996
    assert targets(dataset) == {0: 3442, 1: 554}
    table = pd.read_parquet(data_root / "physionet2012_icu" / "set_a.parquet")
    assert len(table) == 1_750_434
    names = table["Parameter"].astype(str)
    described = int(names.isin(["Age", "Gender", "Height"]).sum())
    found = systems(dataset.timelines)
    odd = sum(count for why, count in dataset.timelines.findings.items() if "outside" in why)
    heights = dataset.timelines.counts()["icu|Height"]
    # nothing is lost unsaid: every row is an event, a descriptor, or counted as impossible
    assert found["icu"] - heights + described + odd - (3996 - heights) == 1_750_434
    wave = dataset[0].inputs["signal"]
    assert isinstance(wave, Waveform)
    assert wave.array.shape == (37, 48)
    # the means by hand, from the table itself
    first = table[(table["RecordID"] == int(dataset.asked[0].patient)) & (names == "HR")]
    hours = (first["minute"].clip(upper=2879) // 60).to_numpy()
    wanted = first["Value"].groupby(hours).mean()
    assert np.allclose(wave.array[wave.leads.index("HR")][wanted.index], wanted, atol=1e-3)


@pytest.mark.slow
def test_physionet_2012_summaries_are_the_table_s_own_figures(data_root):
    dataset = load("physionet2012_icu", {"inputs": "summary"}).dataset
    table = pd.read_parquet(data_root / "physionet2012_icu" / "set_a.parquet")
    for index in (0, 1111, 3995):
        sample = dataset[index]
        row = sample.inputs["row"].values
        assert len(row) == 188  # height, age, sex and five figures of 37 series
        for code, name in (("HR", "hr"), ("Platelets", "platelets"), ("TroponinI", "troponini")):
            own = table[(table["RecordID"] == int(sample.patient)) & (table["Parameter"].astype(str) == code)]
            values = own.sort_values("minute", kind="stable")["Value"].to_numpy()
            assert row[f"{name}_count"] == len(values)
            if len(values):
                found = [row[f"{name}_{what}"] for what in ("last", "min", "max", "mean")]
                assert np.allclose(found, [values[-1], values.min(), values.max(), values.mean()], rtol=1e-5)
            else:
                assert all(np.isnan(row[f"{name}_{what}"]) for what in ("last", "min", "max", "mean"))


def test_diabetes_counts(data_root):
    loaded = load("diabetes_130us", {"rows": "all", "target": "three_classes"})
    assert len(loaded.dataset) == 101_766
    assert targets(loaded.dataset) == {0: 54_864, 1: 35_545, 2: 11_357}
    people = Counter(loaded.dataset.patients)
    assert len(people) == 71_518
    assert sum(count > 1 for count in people.values()) == 16_773
    row = loaded.dataset[1].inputs["row"].values
    assert row["diag_2"] == "250.01"
    assert not {"readmitted", "race", "patient_nbr", "encounter_id", "weight"} & set(row)
    first = load("diabetes_130us", {"rows": "first"}).dataset
    assert len(first) == len(set(first.patients)) == 69_990


def test_nhamcs_counts(data_root):
    loaded = load("nhamcs_ed_2010")
    dataset = loaded.dataset
    assert len(dataset) == 26_426
    assert len(set(dataset.patients)) == 263
    assert len(load("nhamcs_ed_2010", {"target": "long_visit"}).dataset) == 25_388  # visits with a length
    length = load("nhamcs_ed_2010", {"target": "length_of_visit"})
    assert length.question.unit == "min"
    assert np.median(length.dataset.targets) == 154
    row = dataset[0].inputs["row"].values
    assert not {"WAITTIME", "LOV", "ADMITHOS", "BOARDED", "DIAG1"} & set(row)
    for name in ("temperature_f", "diastolic_mmhg", "pulse_bpm"):
        values = np.asarray(dataset.columns[name])
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) < 300
    assert np.nanmax(dataset.columns["temperature_f"]) < 110
    assert dataset[0].meta["survey_weight"] > 0
    assert "weight" not in dataset[0].meta  # training would draw by it


def test_heart_and_pima_counts(data_root):
    heart = load("uci_heart_disease", {"target": "severity"}).dataset
    sites = np.array(heart.metas["site"])
    grades = np.array(heart.targets)
    assert Counter(sites.tolist()) == {"cleveland": 303, "hungarian": 294, "switzerland": 123, "va": 200}
    for site, wanted in (
        ("cleveland", [164, 55, 36, 35, 13]), ("switzerland", [8, 48, 32, 30, 5]), ("va", [51, 56, 41, 42, 10]),
    ):  # fmt: skip
        assert np.bincount(grades[sites == site], minlength=5).tolist() == wanted
    assert ((grades > 0) & (sites == "hungarian")).sum() == 106
    assert np.isnan(heart.columns["cholesterol_mg_dl"][sites == "switzerland"]).all()
    assert np.nanmin(heart.columns["systolic_at_rest_mmhg"]) > 0
    held = load("uci_heart_disease", {"hold_out": "va"}).dataset
    assert {held[i].meta["split"] for i in range(len(held)) if held[i].meta["site"] == "va"} == {"test"}
    pima = load("pima_diabetes").dataset
    assert targets(pima) == {0: 500, 1: 268}
    assert int(np.isnan(pima.columns["insulin_u_ml"]).sum()) == 374
    assert int(np.isnan(pima.columns["glucose_mg_dl"]).sum()) == 5
    assert not np.isnan(pima.columns["pregnancies"]).any()


@pytest.mark.parametrize("name", ["mimic_iv_demo", "mimic_iii_demo", "synthea", "uci_heart_disease", "nhamcs_ed_2010"])
def test_a_cohort_can_be_made(data_root, name):
    loaded = load(name)
    cohort = cohort_of(loaded.dataset, str)
    assert len(cohort) == len(loaded.dataset)


@pytest.mark.parametrize("entry", [DIABETES, NHAMCS, PIMA, HEART], ids=lambda entry: entry.name)
def test_a_missing_file_is_named(entry, tmp_path):
    with pytest.raises(DataError, match=r"no such file|no table"):
        entry.load(tmp_path, {key: values[0] for key, values in entry.options.items()})
