"""Arrays of NPZ files: in memory or mapped, and never more than the file holds."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from salus.data.npz import read_arrays
from salus.schema.errors import DataError


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_large_arrays_are_mapped_and_equal_to_the_small_way(tmp_path: Path, cache: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {"a": rng.integers(0, 255, (50, 30, 30, 3), np.uint8), "b": rng.normal(size=(7, 2)), "c": np.zeros((0, 3))}
    np.savez_compressed(tmp_path / "x.npz", allow_pickle=False, **arrays)
    plain = read_arrays(tmp_path / "x.npz", list(arrays))
    mapped = read_arrays(tmp_path / "x.npz", list(arrays), in_memory=1000)
    assert isinstance(mapped["a"], np.memmap)
    assert not isinstance(plain["a"], np.memmap)
    for name, array in arrays.items():
        assert plain[name].dtype == array.dtype
        assert np.array_equal(plain[name], array)
        assert np.array_equal(mapped[name], array)
    assert not [place for place in cache.iterdir() if place.name.startswith(".")]


def test_a_changed_file_is_not_served_from_the_cache(tmp_path: Path, cache: Path) -> None:
    for value in (1, 2):
        np.savez(tmp_path / "x.npz", a=np.full((40, 40), value, np.uint8))
        assert read_arrays(tmp_path / "x.npz", ["a"], in_memory=10)["a"].max() == value


def member(path: Path, header: bytes, body: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body)
    return path


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,), }\n",
            "declares 1,000,000,000,000 bytes",
        ),
        (b"{'descr': '|u1', 'fortran_order': False, 'shape': (20,), }\n", "another number of bytes"),
        (b"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", "another number of bytes"),
        (b"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }\n", "no objects"),
        (b"{'descr': '|u1', 'fortran_order': False, 'shape': (-3,), }\n", "NPZ file|declares"),
        (b"rubbish\n", "not a readable NPZ file"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, header: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_arrays(member(tmp_path / "x.npz", header, b"\0" * 10), ["a"])


def test_damaged_and_other_files_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", a=np.arange(1000))
    whole = (tmp_path / "x.npz").read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "cut.npz").write_bytes(whole[:size])
        with pytest.raises(DataError):
            read_arrays(tmp_path / "cut.npz", ["a"])
    with pytest.raises(DataError, match=r"no item named 'b\.npy'"):
        read_arrays(tmp_path / "x.npz", ["b"])
    with pytest.raises(DataError, match="more than the allowed 100"):
        read_arrays(tmp_path / "x.npz", ["a"], limit=100)
