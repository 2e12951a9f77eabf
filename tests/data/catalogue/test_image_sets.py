"""Image sets of the catalogue: counts as documented, one frame, no look into the future; refused where incomplete."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from salus.data import library
from salus.data.catalogue.breakhis_100x import ENTRY as BREAKHIS
from salus.data.catalogue.cxr_covid19_hannover import laboratory
from salus.data.catalogue.fundus_hrf import ENTRY as FUNDUS
from salus.data.catalogue.fundus_hrf import reduced
from salus.data.catalogue.hippocampus_msd_task04 import ENTRY as HIPPOCAMPUS
from salus.data.catalogue.hippocampus_msd_task04 import part_of
from salus.data.catalogue.ms_longitudinal_mri import ENTRY as SCLEROSIS
from salus.data.catalogue.ms_longitudinal_mri import read_itk_affine
from salus.data.cohort import cohort_of
from salus.data.split import official
from salus.schema.errors import DataError
from salus.tasks.registry import make


def loaded(name: str, **options: str):
    if not library.present(library.entry(name)):
        pytest.skip(f"{name} is not there")
    return library.load(name, options)


def test_patches_of_embedded_pictures_never_cross_a_split() -> None:
    data = library.load("skimage_pictures")
    who = cohort_of(data.dataset, make(data.question).stratum)
    split = official(who)
    assert (len(split.train), len(split.valid), len(split.test)) == (141, 30, 25)
    sample = data.dataset[150]
    assert sample.inputs["image"].array.shape == sample.target.shape == (1, 96, 96)
    assert sample.target.dtype == np.float32
    assert 0 <= sample.target.min() < sample.target.max() <= 1
    again = library.load("skimage_pictures").dataset[150]
    assert (again.inputs["image"].array == sample.inputs["image"].array).all()
    errors = {}
    for photons in ("10", "100"):
        other = library.load("skimage_pictures", {"photons": photons}).dataset[190]
        noise = other.inputs["image"].array - other.target
        errors[photons] = noise.var() / (other.target.mean() / int(photons))
    assert all(ratio == pytest.approx(1, abs=0.1) for ratio in errors.values())  # Poisson: variance is mean / photons


def test_the_part_of_a_volume_hangs_on_its_name_alone() -> None:
    names = [f"hippocampus_{k:03d}" for k in range(400)]
    counts = Counter(part_of(name, 0) for name in names)
    assert counts["train"] > 200
    assert min(counts.values()) > 50
    tests = [{name for name in names if part_of(name, fold) == "test"} for fold in range(5)]
    assert sum(map(len, tests)) == len(set().union(*tests)) == 400


def test_values_measured_after_the_image_are_not_known() -> None:
    row = {
        "crp_offset": "0.0",
        "crp_val": "46.0",
        "ldh_offset": "1",
        "ldh_val": "200",
        "po2_offset": "-3",
        "po2_val": "inf",
    }
    found = laboratory(row)
    assert found["crp"] == 46
    assert np.isnan([found[name] for name in ("ldh", "po2", "pco2")]).all()


def test_blocks_are_averaged_whole() -> None:
    array = np.arange(48, dtype=np.uint8).reshape(1, 6, 8)
    assert reduced(array, 3)[0, 0].tolist() == [4, 6, 8, 10]
    for height in (4, 12):
        with pytest.raises(DataError, match="cannot be reduced"):
            reduced(array, height)


def test_an_itk_transform_is_read_as_simpleitk_reads_it(tmp_path: Path) -> None:
    import SimpleITK as sitk  # noqa: N813 - its own name for itself

    rng = np.random.default_rng(0)
    theirs = sitk.AffineTransform(3)
    theirs.SetMatrix((np.eye(3) + 0.1 * rng.normal(size=(3, 3))).ravel().tolist())
    theirs.SetTranslation((3.0, -4.0, 5.0))
    theirs.SetCenter((10.0, 20.0, -30.0))
    sitk.WriteTransform(theirs, str(tmp_path / "t.txt"))
    affine = read_itk_affine(tmp_path / "t.txt")
    flip = np.array([-1.0, -1.0, 1.0])
    for point in rng.uniform(-50, 50, (5, 3)):
        there = flip * np.array(theirs.TransformPoint((flip * point).tolist()))
        assert affine[:3] @ (*point, 1) == pytest.approx(there)
    for text in ("", "Transform: x\nParameters: 1 2 3\nFixedParameters: 0 0 0\n", "Parameters: " + "x " * 12):
        (tmp_path / "bad.txt").write_text(text)
        with pytest.raises(DataError, match="no single affine transform"):
            read_itk_affine(tmp_path / "bad.txt")


def test_incomplete_folders_are_refused(tmp_path: Path) -> None:
    for entry in (HIPPOCAMPUS, SCLEROSIS, FUNDUS, BREAKHIS):
        with pytest.raises(DataError, match="get the data set again"):
            entry.load(tmp_path, {})
    (tmp_path / "labels.csv").write_text("id,image,vessel_mask,class_name\n1,../../x.jpg,m.png,healthy\n")
    with pytest.raises(DataError, match="leads out of"):
        FUNDUS.load(tmp_path, {})
    (tmp_path / "labels.csv").write_text("id,image,vessel_mask,class_name\n1,x.jpg,m.png,cataract\n")
    with pytest.raises(DataError, match="unknown class cataract"):
        FUNDUS.load(tmp_path, {})


@pytest.mark.realdata
def test_the_hippocampus_lies_where_its_outline_lies(data_root: Path) -> None:
    data = loaded("hippocampus_msd_task04")
    assert len(data.dataset) == 193
    shapes = []
    for index in range(0, 193, 24):
        sample = data.dataset[index]
        image, mask = sample.inputs["image"], sample.target["label"]
        shapes.append(image.array.shape[1:])
        assert image.array.shape[1:] == mask.shape
        assert set(np.unique(mask)) == {0, 1, 2}
        front, back = (np.argwhere(mask == k).mean(axis=0) for k in (1, 2))
        forward = image.affine[:3, :3] @ (front - back)[::-1]
        assert forward[1] > 0, "the anterior part must lie further to the front"
        assert image.spacing_mm == (1.0, 1.0, 1.0)
    assert all(26 <= d <= 47 and 41 <= h <= 59 and 31 <= w <= 43 for d, h, w in shapes)


@pytest.mark.realdata
@pytest.mark.slow
def test_two_studies_agree_once_they_share_a_frame(data_root: Path) -> None:
    data = loaded("ms_longitudinal_mri")
    assert len(data.dataset) == 3
    for index, expected in enumerate((0.94, 0.72, 0.96)):  # as measured when the set was put together
        sample = data.dataset[index]
        first, second = sample.inputs["image"].array[0]
        inside = (first > 0) & (second > 0)
        assert np.corrcoef(first[inside], second[inside])[0, 1] == pytest.approx(expected, abs=0.03)
        assert sample.target["label"].shape == first.shape
        assert 0 < sample.target["label"].mean() < 0.02
        assert (first[sample.target["label"] > 0] > 0).mean() > 0.95


@pytest.mark.realdata
def test_fundus_vessels_are_darker_than_their_surroundings(data_root: Path) -> None:
    data = loaded("fundus_hrf", question="vessels", height="584")
    counts = Counter(data.dataset.peek(k).meta["group_diagnosis"] for k in range(len(data.dataset)))
    assert counts == {"diabetic_retinopathy": 7, "glaucoma": 7, "healthy": 6}
    for index in (0, 7, 19):
        sample = data.dataset[index]
        green, mask = sample.inputs["image"].array[1].astype(float), sample.target > 0
        assert green.shape == mask.shape == (584, 876)
        near = (np.pad(mask, 6)[:-12, 6:-6] | np.pad(mask, 6)[12:, 6:-6]) & ~mask
        assert green[mask].mean() < green[near].mean()
        assert 0.03 < mask.mean() < 0.2


@pytest.mark.realdata
def test_breakhis_cases_stay_together_and_heights_tell_nothing(data_root: Path) -> None:
    data = loaded("breakhis_100x")
    who = cohort_of(data.dataset, make(data.question).stratum)
    assert (len(who), len(set(who.patients)), len(set(who.recordings))) == (351, 18, 21)
    assert Counter(who.labels) == {"benign": 177, "malignant": 174}
    assert Counter(who.splits) == {"train": 256, "valid": 29, "test": 66}
    low = [k for k, slide in enumerate(who.recordings) if slide.startswith("14-12465")]
    assert len(low) == 17
    assert {data.dataset[k].inputs["image"].array.shape for k in (0, 200, low[0])} == {(3, 228, 350)}
    for fold in range(5):
        parts = cohort_of(loaded("breakhis_100x", split=f"fold{fold}").dataset, make(data.question).stratum)
        benign = {
            p
            for p, s, y in zip(parts.patients, parts.splits, parts.labels, strict=True)
            if s == "test" and y == "benign"
        }
        assert len(benign) == 1
        sides = [
            {p for p, s in zip(parts.patients, parts.splits, strict=True) if s == name}
            for name in ("train", "valid", "test")
        ]
        assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]


@pytest.mark.realdata
def test_radiographs_are_grey_and_counted_as_documented(data_root: Path) -> None:
    data = loaded("cxr_covid19_hannover")
    who = cohort_of(data.dataset, make(data.question).stratum)
    assert (len(who), len(set(who.patients))) == (84, 23)
    assert Counter(who.labels) == {"ap": 67, "pa": 17}
    for index in range(0, 84, 9):
        image = data.dataset[index].inputs["image"]
        assert image.array.shape[0] == 1
        assert image.array.shape[2] == 640
        assert image.array.std() > 10
    course = loaded("cxr_covid19_hannover", question="course", laboratory="yes")
    labels = {}
    for index in range(len(course.dataset)):
        sample = course.dataset.peek(index)
        labels.setdefault(sample.patient, set()).add(sample.target)
    assert sum(1 in found for found in labels.values()) == 10
    values = course.dataset[0].inputs["row"].values
    assert len(values) == 8
    assert np.isnan(values["crp"])  # measured ten days after the image
