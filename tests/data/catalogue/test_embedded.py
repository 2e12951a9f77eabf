"""The sets that ship inside dependencies, and the shape of every catalogue entry of this kind."""

import os
from pathlib import Path

import numpy as np
import pytest

from salus.data import library
from salus.data.catalogue.mni152 import rician
from salus.data.cohort import cohort_of
from salus.data.medmnist import read_thumbnails
from salus.data.split import official
from salus.schema.errors import DataError, UsageError


def test_wdbc_counts_malignant_as_one() -> None:
    loaded = library.load("wdbc")
    targets = [loaded.dataset[i].target for i in range(len(loaded.dataset))]
    assert (len(targets), sum(targets)) == (569, 212)
    row = loaded.dataset[0].inputs["row"].values
    assert len(row) == 30
    assert row["mean_radius"] == pytest.approx(17.99)
    assert loaded.dataset[0].target == 1


def test_mni_slices_keep_their_distance_between_parts() -> None:
    loaded = library.load("mni152", {"spacing": "2mm"})
    who = cohort_of(loaded.dataset, lambda target: "all")
    split = official(who)
    place = np.array([int(name[1:]) for name in who.ids])
    for one, two in ((split.train, split.test), (split.train, split.valid), (split.valid, split.test)):
        assert np.abs(place[one][:, None] - place[two][None]).min() > 4
    sample = loaded.dataset[50]
    assert sample.inputs["image"].array.shape == sample.target.shape == (1, 112, 96)
    assert 0 <= sample.target.min() < sample.target.max() <= 1
    again = library.load("mni152", {"spacing": "2mm"}).dataset[50]
    assert (again.inputs["image"].array == sample.inputs["image"].array).all()
    other = library.load("mni152", {"spacing": "2mm", "noise": "0.15"}).dataset[50]
    assert np.std(other.inputs["image"].array - other.target) > np.std(sample.inputs["image"].array - sample.target)
    with pytest.raises(UsageError, match="expected one of 1mm, 2mm"):
        library.load("mni152", {"spacing": "3mm"})


def test_noise_without_signal_has_the_mean_of_rayleigh() -> None:
    drawn = rician(np.zeros((1, 400, 400), np.float32), 0.05, np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.01)
    strong = rician(np.full((1, 400, 400), 1.0, np.float32), 0.05, np.random.default_rng(0))
    assert strong.std() == pytest.approx(0.05, rel=0.02)


def thumbnails(path: Path, **changes: np.ndarray) -> Path:
    arrays = {}
    for part, count in (("train", 4), ("val", 2), ("test", 3)):
        arrays[f"{part}_images"] = np.full((count, 28, 28), count, np.uint8)
        arrays[f"{part}_labels"] = (np.arange(count) % 2).astype(np.uint8)[:, None]
    np.savez(path, **{**arrays, **changes})
    return path


def test_thumbnails_keep_their_official_split_and_share_memory(tmp_path: Path) -> None:
    loaded = read_thumbnails(thumbnails(tmp_path / "x.npz"), ("no", "yes"), "DX")
    samples = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    assert [s.meta["split"] for s in samples] == ["train"] * 4 + ["valid"] * 2 + ["test"] * 3
    assert [s.target for s in samples] == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert samples[5].inputs["image"].array.shape == (1, 28, 28)
    assert samples[5].inputs["image"].array.max() == 2
    assert np.shares_memory(samples[0].inputs["image"].array, loaded.dataset[0].inputs["image"].array)
    with pytest.raises(IndexError):
        loaded.dataset[9]


def test_other_files_are_no_thumbnails(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="label 9; expected 0 to 1"):
        read_thumbnails(thumbnails(tmp_path / "a.npz", val_labels=np.array([9, 0])), ("no", "yes"), "DX")
    with pytest.raises(DataError, match="not a MedMNIST file"):
        read_thumbnails(thumbnails(tmp_path / "b.npz", val_labels=np.array([{}, 0], dtype=object)), ("no", "yes"), "DX")
    with pytest.raises(DataError, match="no such file"):
        read_thumbnails(tmp_path / "none.npz", ("no", "yes"), "DX")


def test_sets_that_share_a_folder_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_DATA", str(tmp_path))
    (tmp_path / "medmnist").mkdir()
    thumbnails(tmp_path / "medmnist" / "pneumoniamnist.npz")
    assert library.present(library.entry("pneumoniamnist"))
    assert not library.present(library.entry("retinamnist"))
    assert len(library.open_data("pneumoniamnist").dataset) == 9
    with pytest.raises(DataError, match="run `salus data get retinamnist`"):
        library.open_data("retinamnist")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "counts"),
    [("pneumoniamnist", (4708, 524, 624)), ("retinamnist", (1080, 120, 400)), ("adrenalmnist3d", (1188, 98, 298))],
)
def test_the_real_files_have_their_documented_counts(data_root: Path, name: str, counts: tuple[int, ...]) -> None:
    if not library.present(library.entry(name)):
        pytest.skip(f"{name} is not in {os.environ['SALUS_DATA']}")
    loaded = library.load(name)
    split = official(cohort_of(loaded.dataset, str))
    assert (len(split.train), len(split.valid), len(split.test)) == counts
