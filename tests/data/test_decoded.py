"""Decoding once."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from salus.data import decoded
from salus.data.decoded import read_decoded
from salus.data.open import Content, read_any
from salus.schema.errors import DataError
from salus.schema.sample import Image


def test_a_volume_is_decoded_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "cache"))
    calls: list[Path] = []

    def counted(path: Path, rate_hz: float | None, limit: int | None) -> Content:
        calls.append(path)
        return read_any(path, rate_hz, limit)

    monkeypatch.setattr(decoded, "read_any", counted)
    path = tmp_path / "a.nii.gz"
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nib.save(nib.Nifti1Image(array, np.diag([1.0, 2, 3, 1])), path)
    plain, first, second = read_any(path), read_decoded(path), read_decoded(path)
    assert len(calls) == 1
    for image in (first, second):
        assert isinstance(image, Image)
        assert isinstance(plain, Image)
        assert (image.array == plain.array).all()
        assert image.array.dtype == plain.array.dtype
        assert image.array.flags.writeable
        assert image.spacing_mm == plain.spacing_mm
        assert image.affine == pytest.approx(plain.affine)
        assert (image.unit, image.modality) == (plain.unit, plain.modality)
    nib.save(nib.Nifti1Image(array + 1, np.eye(4)), path)
    changed = read_decoded(path)
    assert isinstance(changed, Image)
    assert changed.array.max() == 24
    assert len(calls) == 2
    path.write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"a\.nii\.gz"):
        read_decoded(path)


def test_what_decodes_fast_leaves_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "cache"))
    np.save(tmp_path / "a.npy", np.zeros((4, 4)))
    read_decoded(tmp_path / "a.npy")
    assert not (tmp_path / "cache").exists()
