"""A manifest of images and masks asks for segmentation; masks that cannot belong are refused."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from salus.data.library import open_data
from salus.schema.errors import DataError, UsageError
from salus.tasks.registry import make

AFFINE = np.array([[-0.8, 0, 0, 10.0], [0, -0.8, 0, 20.0], [0, 0, 2.5, 5.0], [0, 0, 0, 1]])


def written(place: Path, mask: np.ndarray | None = None, affine: np.ndarray = AFFINE) -> str:
    rng = np.random.default_rng(0)
    lines = ["path,patient,target"]
    for k in range(3):
        label = np.zeros((6, 7, 4), np.float32)
        label[1:3, 2:5, 1:3], label[3:5, 2:5, 1:3] = 1, 2
        nib.save(nib.Nifti1Image(rng.normal(size=label.shape).astype(np.float32), AFFINE), place / f"i{k}.nii.gz")
        nib.save(nib.Nifti1Image(label if mask is None else mask, affine), place / f"m{k}.nii.gz")
        lines.append(f"i{k}.nii.gz,p{k},m{k}.nii.gz")
    (place / "manifest.csv").write_text("\n".join(lines))
    return f"{place / 'manifest.csv'}:structures=liver+tumour"


def test_masks_become_targets_with_their_spacing(tmp_path: Path) -> None:
    loaded = open_data(written(tmp_path))
    assert loaded.question.classes == ("background", "liver", "tumour")
    sample = loaded.dataset[1]
    assert sample.target["label"].dtype == np.uint8
    assert sample.target["spacing_mm"] == pytest.approx((2.5, 0.8, 0.8))
    task = make(loaded.question)
    assert task.stratum(sample.target) == "liver+tumour"
    assert task.score([sample.target["label"]], [sample.target])["dice"] == 1
    assert loaded.dataset.peek(1).target is None


@pytest.mark.parametrize(
    ("mask", "affine", "why"),
    [
        (np.full((6, 7, 4), 3, np.uint8), AFFINE, "mask values 3; expected 0"),
        (np.full((6, 7, 4), 0.5, np.float32), AFFINE, r"mask values 0\.5"),
        (np.zeros((6, 7, 5), np.uint8), AFFINE, "use one grid"),
        (np.zeros((6, 7, 4), np.uint8), AFFINE @ np.diag([-1.0, 1, 1, 1]), "lies up to 8 mm away"),
    ],
)
def test_masks_that_do_not_belong_are_refused(tmp_path: Path, mask: np.ndarray, affine: np.ndarray, why: str) -> None:
    loaded = open_data(written(tmp_path, mask, affine))
    with pytest.raises(DataError, match=why):
        loaded.dataset[0]


def test_impossible_structures_are_refused(tmp_path: Path) -> None:
    manifest = written(tmp_path).split(":")[0]
    for names in ("liver+", "liver+liver", "background"):
        with pytest.raises(UsageError, match="structures"):
            open_data(f"{manifest}:structures={names}")
    Path(manifest).write_text("path,patient,target\n" + "".join(f"i{k}.nii.gz,p{k},{'ab'[k % 2]}\n" for k in range(3)))
    with pytest.raises(UsageError, match="targets are no image files"):
        open_data(f"{manifest}:structures=liver")
