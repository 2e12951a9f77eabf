"""Volumes and slides cut short or changed anywhere give an image or one sentence, never another error."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile

from salus.data.export.volume import write_nifti, write_nrrd
from salus.data.readers.metaimage import read_metaimage
from salus.data.readers.nifti import read_nifti
from salus.data.readers.nrrd import read_nrrd
from salus.data.readers.slide import read_slide
from salus.schema.errors import DataError
from salus.schema.sample import Image

LIMIT = 2_000_000
EACH = 150


def nifti(packed: bool) -> bytes:
    buffer = io.BytesIO()
    volume = nib.Nifti1Image(np.arange(240, dtype=np.int16).reshape(4, 5, 6, 2), np.diag([2.0, 2, 3, 1]))
    volume.header.set_slope_inter(0.5, 3)
    buffer.write(volume.to_bytes())
    return gzip.compress(buffer.getvalue(), mtime=0) if packed else buffer.getvalue()


def metaimage() -> bytes:
    fields = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
    )
    fields += "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\nElementSpacing = 1 1 2\nDimSize = 4 5 6\n"
    return (fields + "ElementType = MET_SHORT\nElementDataFile = LOCAL\n").encode() + bytes(240)


def slide(compression: str) -> bytes:
    buffer = io.BytesIO()
    array = (np.indices((96, 80)).sum(axis=0)[..., None] * (1, 2, 3)).astype(np.uint8)
    with tifffile.TiffWriter(buffer, bigtiff=compression == "deflate", ome=False) as writer:
        form = {"tile": (32, 32), "photometric": "rgb", "compression": compression}
        writer.write(array, subifds=1, resolution=(40000, 40000), resolutionunit=3, **form)
        writer.write(array[::2, ::2].copy(), subfiletype=1, **form)
    return buffer.getvalue()


def nrrd(folder: Path) -> bytes:
    image = Image(array=np.arange(120, dtype=np.int16).reshape(1, 4, 5, 6), affine=np.diag([-1.0, -1, 2, 1]))
    write_nrrd(folder / "seed.nrrd", image)
    return (folder / "seed.nrrd").read_bytes()


CASES: dict[str, tuple[str, Callable[[Path], bytes], Callable[..., Image]]] = {
    "nifti": ("a.nii", lambda _: nifti(False), read_nifti),
    "packed nifti": ("a.nii.gz", lambda _: nifti(True), read_nifti),
    "nrrd": ("a.nrrd", nrrd, read_nrrd),
    "metaimage": ("a.mha", lambda _: metaimage(), read_metaimage),
    "jpeg slide": ("a.tif", lambda _: slide("jpeg"), read_slide),
    "deflate slide": ("a.tif", lambda _: slide("deflate"), read_slide),
    "jpeg 2000 slide": ("a.tif", lambda _: slide("jpeg2000"), read_slide),
}


def mutated(seed: bytes, rng: np.random.Generator) -> bytes:
    """Flip bits, overwrite a run, splice, or blow up a number; most changes hit the header."""
    data = bytearray(seed)
    for _ in range(int(rng.integers(1, 5))):
        place = int(rng.integers(0, min(len(data), 700) if rng.random() < 0.7 else len(data)))
        kind = int(rng.integers(0, 4))
        if kind == 0:
            data[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            data[place : place + 4] = rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00" * 4, b"9999"])
        elif kind == 2:
            other = int(rng.integers(0, len(data)))
            data[place : place + 16] = data[other : other + 16]
        else:
            del data[place : place + int(rng.integers(1, 40))]
    return bytes(data)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_cut_short_or_changed(tmp_path: Path, name: str) -> None:
    file, make, read = CASES[name]
    seed = make(tmp_path)
    path = tmp_path / file
    path.write_bytes(seed)
    assert read(path, limit=LIMIT).array.size
    said: list[str] = []
    rng = np.random.default_rng(0)
    cuts = [seed[: len(seed) * share // 100] for share in range(100)]
    for content in [*cuts, *(mutated(seed, rng) for _ in range(EACH))]:
        path.write_bytes(content)
        try:
            assert np.isfinite(read(path, limit=LIMIT).array.sum(dtype=np.float64))
        except DataError as error:
            said.append(str(error))
    assert len(said) >= 90  # nearly every cut leaves something out
    assert all(words.startswith(str(tmp_path)) and "\n" not in words for words in said)


def test_writers_leave_no_half_file(tmp_path: Path) -> None:
    image = Image(array=np.zeros((1, 2, 3, 4), np.complex64))
    for write, name in ((write_nifti, "a.nii"), (write_nrrd, "a.nrrd")):
        with pytest.raises(DataError, match="real numbers"):
            write(tmp_path / name, image)
        with pytest.raises(DataError, match="ends in"):
            write(tmp_path / "a.img", Image(array=np.zeros((1, 2, 3, 4), np.uint8)))
    assert not list(tmp_path.iterdir())
