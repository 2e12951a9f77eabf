"""Gait windows of UMAFall: who is in, sides by trial, one clock for all tags."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salus.data.catalogue import umafall_gait
from salus.schema.errors import DataError

LEADS = ("ax", "ay", "az", "gx", "gy", "gz")


def made(folder: Path, trials: dict[int, list[int]], late_ms: int = 0) -> None:
    """Write walks of 10 s; the wrist starts later, and every lead carries the time of its own stamp."""
    rows, listed = [], []
    for person, numbers in trials.items():
        for trial in numbers:
            listed.append({"trial": trial, "subject": person, "kind": "ADL", "activity": "Walking"})
            for sensor in (1, 3, 4):
                start = late_ms if sensor == 3 else 0
                for step in range(200):
                    stamp = start + 50 * step
                    rows.append({"trial": trial, "sensor": sensor, "t_ms": stamp, **dict.fromkeys(LEADS, stamp / 1e5)})
    pd.DataFrame(listed).to_csv(folder / "trials.csv", index=False)
    pd.DataFrame(rows).to_parquet(folder / "tags_acc_gyro_20hz.parquet")


def test_people_sides_and_windows(tmp_path: Path) -> None:
    made(tmp_path, {3: [10, 11, 12], 5: [20, 21], 7: [30], 8: [40, 41, 42]})
    loaded = umafall_gait.load(tmp_path, {"rotation": "0"})
    assert loaded.question.classes == ("person 03", "person 05", "person 08")
    sides = defaultdict(set)
    for number in range(len(loaded.dataset)):
        sample = loaded.dataset[number]
        sides[sample.meta["recording"]].add(sample.meta["split"])
        assert sample.inputs["gait"].array.shape == (18, 80)
    assert all(len(own) == 1 for own in sides.values())
    assert {name: own.pop() for name, own in sides.items()} == {
        "walk-010": "test", "walk-011": "valid", "walk-012": "train", "walk-020": "test", "walk-021": "train",
        "walk-040": "test", "walk-041": "train", "walk-042": "train",
    }  # fmt: skip


def test_every_walk_is_verified_in_some_rotation(tmp_path: Path) -> None:
    made(tmp_path, {3: [10, 11, 12], 5: [20, 21], 8: [40, 41, 42]})
    tested = set()
    for rotation in "012":
        data = umafall_gait.load(tmp_path, {"rotation": rotation}).dataset
        samples = [data[n] for n in range(len(data))]
        tested |= {s.meta["recording"] for s in samples if s.meta["split"] == "test"}
        assert {s.target for s in samples if s.meta["split"] == "train"} == {0, 1, 2}
    assert len(tested) == 8


def test_tags_that_start_late_are_put_on_one_clock(tmp_path: Path) -> None:
    made(tmp_path, {3: [10, 11], 5: [20, 21]}, late_ms=500)
    wave = umafall_gait.load(tmp_path, {}).dataset[0].inputs["gait"]
    assert np.ptp(wave.array, axis=0).max() < 1e-6  # every lead shows the same moment
    assert wave.array[0, 0] == pytest.approx(0.005)


def test_too_few_people_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"trials\.csv is not in"):
        umafall_gait.load(tmp_path, {})
    made(tmp_path, {3: [10, 11], 5: [20]})
    with pytest.raises(DataError, match="1 people with two walking trials"):
        umafall_gait.load(tmp_path, {})
