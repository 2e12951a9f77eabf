"""The two sets of DICOM pictures: pydicom's own, and the corpus below SALUS_DATA."""

import os
from pathlib import Path

import numpy as np
import pytest

from salus.data import library
from salus.data.catalogue.dicom_corpus import ENTRY
from salus.data.catalogue.pydicom_pictures import patches
from salus.schema.errors import DataError


@pytest.mark.filterwarnings("ignore")
def test_pictures_of_pydicom_keep_scans_together() -> None:
    loaded = library.load("pydicom_pictures")
    samples = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    scans: dict[int, set[str]] = {}
    for sample in samples:
        scans.setdefault(sample.target, set()).add(sample.patient)
        image = sample.inputs["image"]
        assert (image.array.shape, image.array.dtype) == ((1, 32, 32), np.uint8)
        assert image.modality == loaded.question.classes[sample.target]
    assert {target: len(people) >= 2 for target, people in scans.items()} == {0: True, 1: True, 2: True}
    assert len({sample.id for sample in samples}) == len(samples) > 60
    again = library.load("pydicom_pictures").dataset[5]
    np.testing.assert_array_equal(again.inputs["image"].array, samples[5].inputs["image"].array)


def test_empty_squares_are_no_patches() -> None:
    picture = np.zeros((64, 96), np.uint8)
    picture[:32, :32] = np.arange(32, dtype=np.uint8) * 8
    assert len(patches(picture)) == 1
    assert patches(np.zeros((20, 20), np.uint8)) == []


@pytest.mark.realdata
@pytest.mark.slow
def test_the_corpus_has_its_documented_files(data_root: Path) -> None:
    if not library.present(library.entry("dicom_corpus")):
        pytest.skip(f"no dicom folder in {os.environ['SALUS_DATA']}")
    loaded = library.load("dicom_corpus")
    samples = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    counts = [sum(sample.target == index for sample in samples) for index in range(4)]
    assert counts == [5, 16, 27, 8]
    assert all(sample.inputs["image"].array.shape == (1, 64, 64) for sample in samples)
    assert sum(sample.id.startswith("ct_same") for sample in samples) == 1


def test_a_broken_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"MANIFEST\.csv: cannot be read"):
        ENTRY.load(tmp_path, {})
    (tmp_path / "MANIFEST.csv").write_text("file,modality\na,CT\n")
    with pytest.raises(DataError, match="needs columns"):
        ENTRY.load(tmp_path, {})
