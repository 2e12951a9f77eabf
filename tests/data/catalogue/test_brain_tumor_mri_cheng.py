"""Reading the brain tumour slices: windows for patients, series, crops, refused tables."""

import csv

import numpy as np
import pytest
from PIL import Image as Picture

from salus.data.catalogue.brain_tumor_mri_cheng import CLASSES, ENTRY, group
from salus.data.library import load
from salus.schema.errors import DataError

FIELDS = (
    "file",
    "original_index",
    "class_name",
    "block",
    "suggested_split",
    "box_cx",
    "box_cy",
    "box_w",
    "box_h",
)


def write(folder, rows):
    (folder / "images").mkdir(exist_ok=True)
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, FIELDS)
        table.writeheader()
        table.writerows(rows)


@pytest.fixture
def small(tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    for number, (name, split) in enumerate((n, s) for n in CLASSES for s in ("train", "val", "test")):
        base = rng.integers(0, 255, (32, 32)).astype(np.uint8)
        for k in range(4):
            index = 100 * number + 2 * k
            path = f"images/{index:04d}_{name}.png"
            rows.append(
                dict(zip(FIELDS, (path, index, name, f"{name}_{split}", split, 0.5, 0.25, 0.25, 0.125), strict=True))
            )
            picture = base if k < 3 else rng.integers(0, 255, (32, 32)).astype(np.uint8)
            picture = np.kron(picture, np.ones((16, 16), np.uint8))
            picture[128 - 32 : 128 + 32, 256 - 64 : 256 + 64] = 255
            (tmp_path / "images").mkdir(exist_ok=True)
            Picture.fromarray(picture).save(tmp_path / path)
    write(tmp_path, rows)
    return tmp_path, rows


def test_slices_carry_split_window_run_and_box(small):
    loaded = ENTRY.load(small[0], {"view": "slice"})
    assert len(loaded.dataset) == 36
    first = loaded.dataset[0]
    assert first.inputs["image"].array.shape == (1, 128, 128)
    assert first.inputs["image"].spacing_mm == (1.96, 1.96)
    assert first.meta["box"] == (0.5, 0.25, 0.25, 0.125)
    samples = [loaded.dataset[i] for i in range(36)]
    assert {s.meta["split"] for s in samples} == {"train", "valid", "test"}
    owners = {}
    for s in samples:
        owners.setdefault(s.patient, set()).add(s.meta["split"])
    assert all(len(splits) == 1 for splits in owners.values())
    assert [s.target for s in samples] == [0] * 12 + [1] * 12 + [2] * 12


def test_series_are_runs_that_look_alike(small):
    loaded = ENTRY.load(small[0], {"view": "series"})
    shapes = [loaded.dataset[i].inputs["image"].array.shape[1] for i in range(len(loaded.dataset))]
    assert shapes == [3, 1] * 9
    assert len(loaded.dataset[0].inputs["image"].spacing_mm) == 3
    assert len({loaded.dataset[i].id for i in range(18)}) == 18


def test_a_crop_is_centred_on_the_box(small):
    loaded = ENTRY.load(small[0], {"view": "crop"})
    array = loaded.dataset[0].inputs["image"].array[0]
    assert array[60:68, 16:112].min() > 200
    assert "the place is given" in loaded.notes[-1]


def test_windows_span_the_mean_number_of_slices_and_never_cut_a_run():
    rng = np.random.default_rng(0)
    other = rng.standard_normal((12, 50))
    same = np.repeat(other[:1], 6, axis=0) + 0.01 * rng.standard_normal((6, 50))
    places = [("a", 5 * i) for i in range(6)] + [("a", 30 + 5 * i) for i in range(6)] + [("b", 200)]
    runs, windows = group(places, np.concatenate((same, other[1:8])))
    assert runs == [0] * 6 + [1, 2, 3, 4, 5, 6, 7]
    assert windows == [0] * 6 + [1, 1, 1, 2, 2, 2, 3]


def test_bad_tables_and_pictures_are_refused(small, tmp_path):
    folder, rows = small
    with pytest.raises(DataError, match="is missing"):
        ENTRY.load(folder / "nowhere", {})
    write(folder, [{**rows[0], "class_name": "cyst"}])
    with pytest.raises(DataError, match="'cyst'"):
        ENTRY.load(folder, {})
    write(folder, rows)
    (folder / rows[3]["file"]).write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be read"):
        ENTRY.load(folder, {})
    (folder / "labels.csv").write_text("file,block\nx,y\n")
    with pytest.raises(DataError, match="lacks"):
        ENTRY.load(folder, {})


@pytest.mark.realdata
@pytest.mark.slow
def test_the_real_set_is_as_documented(data_root):
    loaded = load("brain_tumor_mri_cheng", {"view": "series"})
    samples = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    assert sum(s.inputs["image"].array.shape[1] for s in samples) == 645
    assert max(s.inputs["image"].array.shape[1] for s in samples) <= 6
    sides = {name: {s.patient for s in samples if s.meta["split"] == name} for name in ("train", "valid", "test")}
    assert not sides["train"] & sides["test"]
    assert not sides["train"] & sides["valid"]
    assert len(sides["test"]) >= 20
