"""NHANES: the merge on a tiny copy, and the class counts of the real files."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from salus.data.catalogue import nhanes_2017_2018
from salus.data.catalogue.nhanes_2017_2018 import DEFINING, ENTRY, FIVE, LEAKED, adults
from salus.data.library import load
from salus.schema.errors import DataError


def write(folder, **tables):
    for name, columns in tables.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv.gz", index=False)


def tiny(folder):
    """Six people: an adult of each kind, a child, and an adult without HbA1c; files in different orders."""
    seqn = [1, 2, 3, 4, 5, 6]
    nan = np.nan
    write(
        folder,
        DEMO_J={
            "SEQN": seqn, "RIAGENDR": [1, 2, 1, 2, 1, 2], "RIDAGEYR": [40, 50, 60, 18, 10, 30],
            "RIDRETH3": [1, 3, 4, 6, 3, 3], "INDFMPIR": [5.4e-79, 2, nan, 5, 1, 1],
        },
        BPX_J={
            "SEQN": seqn[::-1], "BPXPLS": [70] * 6, "BPXSY1": [110, 110, 118, 120, 131, 110][::-1],
            "BPXSY2": [nan, nan, nan, 126, nan, nan][::-1],
            "BPXDI1": [70, 5.4e-79, 79, 70, 70, 70][::-1], "BPXDI2": [nan, 80, nan, nan, nan, nan][::-1],
        },
        BMX_J={"SEQN": seqn, "BMXWT": [80] * 6, "BMXHT": [170] * 6, "BMXBMI": [30, 29, nan, 31, 20, 25],
               "BMXWAIST": [90] * 6},
        GHB_J={"SEQN": [1, 2, 3, 4, 5], "LBXGH": [6.5, 5.0, 5.7, 5.0, 7.0]},
        GLU_J={"SEQN": [4], "LBXGLU": [99.0]},
        HDL_J={"SEQN": seqn, "LBDHDD": [50] * 6},
        TCHOL_J={"SEQN": seqn, "LBXTC": [200] * 6},
        TRIGLY_J={"SEQN": [2], "LBXTR": [100.0], "LBDLDL": [120.0]},
    )  # fmt: skip


def test_merge_and_readings(tmp_path):
    tiny(tmp_path)
    table = adults(tmp_path)
    assert table["seqn"].tolist() == [1, 2, 3, 4]  # the child and the one without HbA1c are left out
    # Person 2: readings 0 (unheard) and 80. The files are written last person first.
    assert table["diastolic_mmhg"].tolist() == [70, 80, 79, 70]
    assert table["systolic_mmhg"].tolist() == [110, 110, 118, 123]
    assert table["income_ratio"][0] == 0.0
    assert np.isnan(table["income_ratio"][2])
    assert table["sex"].tolist() == ["male", "female", "male", "female"]
    assert np.isnan(table["ldl_mg_dl"][0])


def test_targets_by_hand(tmp_path):
    tiny(tmp_path)
    for target, labels in {
        "diabetes": [1, 0, 0, 0],
        "hypertension": [0, 1, 0, 0],
        "obesity": [1, 0, 1],  # the third has no body-mass index and is left out
        "five_classes": [FIVE.index(c) for c in ("diabetes", "hypertension", "pre-diabetes", "pre-hypertension")],
    }.items():
        loaded = ENTRY.load(tmp_path, {"target": target, "inputs": "clean"})
        assert [loaded.dataset[i].target for i in range(len(loaded.dataset))] == labels
        columns = set(loaded.dataset[0].inputs["row"].values)
        assert not columns & set(DEFINING[target])
        assert loaded.defining == DEFINING[target]
        leaky = ENTRY.load(tmp_path, {"target": target, "inputs": "leaky"})
        assert set(leaky.dataset[0].inputs["row"].values) == columns | set(LEAKED[target])
        assert "LEAK" in leaky.notes[-1]
    assert loaded.dataset[0].meta["group_age"] == "40-59"
    bare = ENTRY.load(tmp_path, {"target": "diabetes", "inputs": "no_ethnicity"})
    assert "ethnicity" not in bare.dataset[0].inputs["row"].values


def test_missing_file_or_column_is_named(tmp_path):
    tiny(tmp_path)
    write(tmp_path, GHB_J={"SEQN": [1]})
    with pytest.raises(DataError, match="LBXGH"):
        adults(tmp_path)
    (tmp_path / "GHB_J.csv.gz").unlink()
    with pytest.raises(DataError, match="GHB_J"):
        adults(tmp_path)


@pytest.mark.realdata
def test_class_counts_of_the_real_files(data_root):
    loaded = load(nhanes_2017_2018.ENTRY.name, {"target": "five_classes"})
    counts = Counter(FIVE[loaded.dataset[i].target] for i in range(len(loaded.dataset)))
    assert len(loaded.dataset) == 5009
    expected = {
        "diabetes": 825, "hypertension": 1748, "pre-diabetes": 947, "pre-hypertension": 299, "normal": 1190
    }  # fmt: skip
    assert counts == expected
    assert len({loaded.dataset[i].patient for i in range(5009)}) == 5009
