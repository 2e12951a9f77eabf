"""Standard codecs: real files that other programs read, sizes that hold, damage that is named."""

import io

import numpy as np
import pytest
from PIL import Image

from salus.schema.errors import DataError, UsageError
from salus.transforms import still_codecs

GRAIN = np.random.default_rng(0).normal(0, 6, (96, 80))
PLANE = np.clip(60 + np.add.outer(np.arange(96), np.arange(80)) + GRAIN, 0, 255).astype(np.uint8)
PLANE[30:60, 20:50] = 200


@pytest.mark.parametrize("name", still_codecs.NAMES)
def test_the_finest_that_fits_is_found(name: str) -> None:
    sizes, errors = [], []
    for most in (3000, 4000, 100_000):
        data, level = still_codecs.encode_within(name, PLANE, most)
        assert len(data) <= most
        assert data == still_codecs.encode(name, PLANE, level)
        sizes.append(len(data))
        errors.append(np.mean((still_codecs.decode(name, data, PLANE.shape).astype(float) - PLANE) ** 2))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 2.0


@pytest.mark.parametrize("name", still_codecs.NAMES)
def test_too_few_bytes_give_the_coarsest(name: str) -> None:
    data, _ = still_codecs.encode_within(name, PLANE, 1)
    assert still_codecs.decode(name, data, PLANE.shape).shape == PLANE.shape


def test_near_lossless_keeps_its_promise() -> None:
    data = still_codecs.encode("jpeg_ls", PLANE, 3)
    assert np.abs(still_codecs.decode("jpeg_ls", data, PLANE.shape).astype(int) - PLANE).max() <= 3


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000"])
def test_another_program_reads_the_file_alike(name: str) -> None:
    data, _ = still_codecs.encode_within(name, PLANE, 4000)
    theirs = np.asarray(Image.open(io.BytesIO(data)), np.int64)
    assert np.abs(theirs - still_codecs.decode(name, data, PLANE.shape)).max() <= 1


@pytest.mark.parametrize("name", still_codecs.NAMES)
@pytest.mark.parametrize("shape", [(96, 81), (40, 80), (96, 40)])
def test_another_size_than_the_header_s_is_refused(name: str, shape: tuple[int, int]) -> None:
    data, _ = still_codecs.encode_within(name, PLANE, 4000)
    with pytest.raises(DataError):
        still_codecs.decode(name, data, shape)


@pytest.mark.parametrize("name", still_codecs.NAMES)
def test_noise_is_no_picture(name: str) -> None:
    with pytest.raises(DataError, match="not a"):
        still_codecs.decode(name, b"\xff\xd8\xff" + bytes(range(200)), PLANE.shape)
    with pytest.raises(UsageError, match="no codec"):
        still_codecs.encode("gif", PLANE, 3)
