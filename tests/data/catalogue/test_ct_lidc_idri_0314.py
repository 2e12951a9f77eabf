import os
from pathlib import Path

import numpy as np
import pytest

from salus.data.catalogue.ct_lidc_idri_0314 import ENTRY
from salus.data.library import data_folder, load
from salus.schema.errors import DataError

here = pytest.mark.skipif(
    not (data_folder() / "ct_lidc_idri_0314").is_dir(), reason="SALUS_DATA holds no ct_lidc_idri_0314"
)


@pytest.mark.realdata
@here
def test_slices_come_in_hu_with_their_truth_and_split() -> None:
    loaded = load("ct_lidc_idri_0314")
    samples = [loaded.dataset[i] for i in range(len(loaded.dataset))]
    splits = [sample.meta["split"] for sample in samples]
    assert [splits.count(name) for name in ("train", "valid", "test")] == [19, 5, 7]
    assert {sample.patient for sample in samples} == {"LIDC-IDRI-0314"}
    image = samples[0].inputs["image"]
    assert image.array.shape == samples[0].target.shape == (1, 256, 256)
    assert image.spacing_mm == (1.5625, 1.5625)
    assert np.linalg.norm(image.affine[:3, :3], axis=0) == pytest.approx([1.5625, 1.5625, 1.0])
    assert (image.unit, image.modality) == ("HU", "CT")
    assert samples[0].target.min() < -950
    assert 20 < np.median(samples[10].target[samples[10].target > -50]) < 120


@pytest.mark.realdata
@here
def test_the_noise_is_fixed_and_near_the_reference_figures() -> None:
    error = {}
    for dose in ("10", "25"):
        test = [s for s in load("ct_lidc_idri_0314", {"dose": dose}).dataset.samples if s.meta["split"] == "test"]
        clipped = [np.clip(np.stack([s.inputs["image"].array, s.target]), -300, 300) for s in test]
        error[dose] = np.mean([20 * np.log10(600 / np.sqrt(np.mean((a - b) ** 2))) for a, b in clipped])
    assert error["25"] == pytest.approx(26.1, abs=0.5)
    assert error["10"] == pytest.approx(19.6, abs=0.5)


def test_a_broken_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"slices\.csv"):
        ENTRY.load(tmp_path, {})
    (tmp_path / "slices.csv").write_text("file,suggested_split\na.dcm,somewhere\n")
    with pytest.raises(DataError, match="unknown split somewhere"):
        ENTRY.load(tmp_path, {})
    (tmp_path / "slices.csv").write_text(f"name{os.linesep}a")
    with pytest.raises(DataError, match="needs columns"):
        ENTRY.load(tmp_path, {})
