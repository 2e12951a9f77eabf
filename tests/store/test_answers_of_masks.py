"""Masks that were answered are written on the grid of their image."""

from types import SimpleNamespace

import nibabel as nib
import numpy as np

from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.store.answers import write_answers
from salus.tasks.segmentation import Segmentation


def test_a_mask_lies_where_its_image_lies(tmp_path):
    affine = np.array([[-0.7, 0, 0, 31.0], [0, -0.9, 0, -17.0], [0, 0, 2.5, 55.0], [0, 0, 0, 1]])
    image = Image(array=np.zeros((2, 3, 4, 5), np.float32), spacing_mm=(2.5, 0.9, 0.7), affine=affine)
    task = Segmentation(Question(kind="segmentation", classes=("background", "organ", "lesion")))
    mask = np.zeros((3, 4, 5), np.int64)
    mask[1, 2, 3], mask[2, 3, 4] = 1, 2
    samples = [
        Sample(id="a/b", patient="p", inputs={"image": image}),
        Sample(id="c", patient="q", inputs={"image": image}),
    ]
    rows = write_answers(SimpleNamespace(task=task), samples, [mask, None], ["", "too large"], {}, tmp_path)
    assert rows[0] == {"sample": "a/b", "file": "00000_a_b.nii.gz", "voxels_organ": 1, "voxels_lesion": 1}
    assert rows[1] == {"sample": "c", "error": "too large"}
    volume = nib.load(tmp_path / "00000_a_b.nii.gz")
    assert np.allclose(volume.affine, affine)
    assert volume.get_data_dtype() == np.uint8
    assert np.asarray(volume.dataobj)[3, 2, 1] == 1
    flat = Sample(id="d", patient="r", inputs={"image": Image(array=np.zeros((3, 4, 5), np.uint8))})
    assert write_answers(SimpleNamespace(task=task), [flat], [mask[1]], [""], {}, tmp_path)[0]["voxels_organ"] == 1
