import numpy as np
import pandas as pd
import pytest

from salus.data.catalogue.umafall import ENTRY, read_streams
from salus.data.library import load
from salus.schema.errors import DataError


def _write(folder, kinds=("ADL", "Fall")):
    pd.DataFrame(
        {"trial": [0, 4], "subject": [1, 2], "kind": list(kinds), "activity": ["Aplausing", "lateralFall"]}
    ).to_csv(folder / "trials.csv", index=False)
    rows = []
    for trial in (0, 4):
        for sensor in (2, 3):
            if (trial, sensor) == (0, 3):
                continue  # the wrist was not worn
            for i in range(40):
                late = 30 if i % 3 else 0
                ay = 3.0 if (trial, i) == (4, 25) else 1.0
                rows.append((trial, sensor, 10 + 50 * i + late, 0.0, ay, 0.0, 1.0, 2.0, 3.0))
    columns = ["trial", "sensor", "t_ms", "ax", "ay", "az", "gx", "gy", "gz"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "tags_acc_gyro_20hz.parquet")
    phone = [(4, 20 * (i // 4), 0.0, 1.0, 0.0) for i in range(100)]  # four packets share a stamp
    pd.DataFrame(phone, columns=["trial", "t_ms", "ax", "ay", "az"]).to_parquet(folder / "phone_acc_200hz.parquet")


def test_one_sample_per_trial_of_a_place(tmp_path):
    _write(tmp_path)
    loaded = ENTRY.load(tmp_path, {"place": "waist"})
    daily, fall = loaded.dataset[0], loaded.dataset[1]
    assert (daily.id, daily.patient, daily.target) == ("waist-000", "person-01", {"label": 0, "peak_s": None})
    assert daily.meta["group_activity"] == "Clapping"
    assert fall.target == {"label": 1, "peak_s": 1.25}
    assert fall.inputs["signal"].array.shape == (6, 40)
    assert fall.inputs["signal"].units[3] == "deg/s"
    assert [s.id for s in ENTRY.load(tmp_path, {"place": "wrist"}).dataset.samples] == ["wrist-004"]


def test_phone_bursts_become_an_even_stream(tmp_path):
    _write(tmp_path)
    stream = read_streams(tmp_path, "phone")[4]
    assert stream.rate_hz == 200.0
    assert stream.array.shape[0] == 3
    assert abs(stream.array.shape[1] - 100) <= 5
    assert not np.isnan(stream.array).any()


def test_damaged_sets_are_named(tmp_path):
    with pytest.raises(DataError, match=r"trials\.csv is not in"):
        ENTRY.load(tmp_path, {})
    _write(tmp_path, kinds=("ADL", "Flight"))
    with pytest.raises(DataError, match="kind 'Flight'"):
        ENTRY.load(tmp_path, {"place": "waist"})
    pd.DataFrame({"trial": [1]}).to_parquet(tmp_path / "phone_acc_200hz.parquet")
    with pytest.raises(DataError, match="expected columns trial, t_ms"):
        ENTRY.load(tmp_path, {"place": "phone"})
    (tmp_path / "tags_acc_gyro_20hz.parquet").unlink()
    with pytest.raises(DataError, match="keep its file names"):
        ENTRY.load(tmp_path, {"place": "waist"})


@pytest.mark.realdata
@pytest.mark.slow
def test_the_real_set(data_root):
    loaded = load("umafall", {"place": "waist"})
    assert len(loaded.dataset) == 426
    assert sum(s.target["label"] for s in loaded.dataset.samples) == 77
    assert len({s.patient for s in loaded.dataset.samples}) == 13
    assert np.mean([np.isnan(s.inputs["signal"].array).mean() for s in loaded.dataset.samples]) < 0.01
    assert len(load("umafall", {"place": "phone"}).dataset) == 482
