"""Tables of health records, written small."""

from datetime import UTC, datetime

import pandas as pd


def at(day, hour=0, minute=0, month=1):
    return datetime(2150, month, day, hour, minute, tzinfo=UTC)


def write(folder, ending=".csv.gz", **tables):
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in tables.items():
        frame = pd.DataFrame(columns)
        if ending == ".parquet":
            frame.to_parquet(folder / f"{name}.parquet")
        else:
            frame.to_csv(folder / f"{name}{ending}", index=False)


def mimic_iv(folder):
    write(
        folder / "hosp",
        patients={"subject_id": [7, 8], "gender": ["F", "M"], "anchor_age": [60, 30], "anchor_year": [2150, 2150]},
        admissions={
            "subject_id": [7, 7, 8], "hadm_id": [70, 71, 80],
            "admittime": ["2150-01-01 10:00:00", "2150-01-20 10:00:00", "2150-01-01 00:00:00"],
            "dischtime": ["2150-01-05 15:00:00", "2150-01-22 10:00:00", "2150-01-04 00:00:00"],
            "deathtime": ["", "", "2150-01-01 20:00:00"], "admission_type": ["URGENT", "ELECTIVE", "URGENT"],
            "hospital_expire_flag": [0, 0, 1], "discharge_location": ["HOME", "HOME", "DIED"], "race": ["X", "X", "Y"],
        },
        d_labitems={"itemid": [50912], "label": ["Creatinine"]},
        labevents={
            "subject_id": [7, 7, 7], "itemid": [50912, 50912, 51464], "value": ["1.1", "2.2", "NEG"],
            "charttime": ["2150-01-01 11:00:00", "2150-01-02 11:00:00", "2150-01-01 11:00:00"],
            "storetime": ["2150-01-01 13:00:00", "", "2150-01-01 12:00:00"], "valuenum": [1.1, 2.2, ""],
            "valueuom": ["mg/dL", "mg/dL", ""],
        },
        diagnoses_icd={"subject_id": [7], "hadm_id": [70], "icd_code": ["0039"], "icd_version": [9]},
        prescriptions={"subject_id": [7], "starttime": ["2150-01-01 12:00:00"], "drug": ["Aspirin"],
                       "dose_val_rx": ["81"], "dose_unit_rx": ["mg"]},
        microbiologyevents={"subject_id": [7], "chartdate": ["2150-01-01 00:00:00"], "charttime": [""],
                            "spec_type_desc": ["SWAB"], "org_name": ["E. COLI"], "storedate": ["2150-01-04 00:00:00"],
                            "storetime": [""], "ab_name": ["CEFAZOLIN"], "interpretation": ["S"]},
        omr={"subject_id": [7, 7], "chartdate": ["2150-01-01"] * 2, "result_name": ["Blood Pressure", "Weight (Lbs)"],
             "result_value": ["120/80", "?"]},
    )  # fmt: skip
    write(
        folder / "icu",
        inputevents={"subject_id": [7], "starttime": ["2150-01-01 12:00:00"], "endtime": ["2150-01-01 18:00:00"],
                     "storetime": ["2150-01-01 12:05:00"], "itemid": [225158], "amount": [500], "amountuom": ["ml"]},
    )  # fmt: skip
