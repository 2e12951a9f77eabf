"""The cache: mapped, checked, bounded. And the fingerprint that names its entries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.data.cache import cache_folder, cache_key, cached, clear
from salus.data.fingerprint import fingerprint, sample_hash
from salus.schema.errors import DataError
from salus.schema.sample import Image, Note, Row, Sample, Waveform


class Maker:
    def __init__(self, size: int = 1000) -> None:
        self.calls, self.size = 0, size

    def __call__(self) -> Mapping[str, np.ndarray]:
        self.calls += 1
        return {"x": np.arange(self.size, dtype=np.float32), "none": np.zeros((0, 3))}


def test_an_entry_is_made_once_and_mapped(tmp_path: Path) -> None:
    make = Maker()
    key = cache_key("content", {"size": 3})
    first = cached(key, make, tmp_path)
    again = cached(key, make, tmp_path)
    assert make.calls == 1
    assert isinstance(again["x"], np.memmap)
    assert (again["x"] == first["x"]).all()
    assert again["none"].shape == (0, 3)
    with pytest.raises(ValueError, match="read-only"):
        again["x"][0] = 1
    assert cache_key("content", {"size": 4}) != key
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("damage", ["flip", "cut", "index", "gone"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: str) -> None:
    make = Maker()
    key = cache_key("c", {})
    cached(key, make, tmp_path)
    file = tmp_path / key / "0.npy"
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[-5] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(data[:-5])
    elif damage == "index":
        (tmp_path / key / "index.json").write_text("{")
    else:
        file.unlink()
    assert cached(key, make, tmp_path)["x"][-1] == 999
    assert make.calls == 2
    cached(key, make, tmp_path)
    assert make.calls == 2


def test_the_bound_removes_the_least_used(tmp_path: Path) -> None:
    keys = [cache_key("c", {"n": n}) for n in range(4)]
    for number, key in enumerate(keys):
        cached(key, Maker(), tmp_path, max_bytes=10_000)
        import os

        os.utime(tmp_path / key, (number, number))
    assert not (tmp_path / keys[0]).exists()
    assert (tmp_path / keys[3]).exists()
    large = cached(cache_key("c", {"n": 9}), Maker(100_000), tmp_path, max_bytes=10_000)
    assert len(large["x"]) == 100_000
    assert clear(tmp_path) > 0
    assert not list(tmp_path.iterdir())


def test_the_folder_is_a_setting_and_objects_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "c"))
    assert cache_folder() == tmp_path / "c"
    cached("abc", Maker())
    assert (tmp_path / "c" / "abc").is_dir()
    with pytest.raises(DataError, match="only plain numbers"):
        cached("abd", lambda: {"x": np.array([{}], dtype=object)})
    with pytest.raises(DataError, match="use cache_key"):
        cached("../abd", Maker())


def samples(**changes: Any) -> ListDataset:
    values: dict[str, Any] = {"id": "a", "patient": "p", "array": np.ones((1, 2, 2)), "target": 0} | changes
    first = Sample(
        id=values["id"],
        patient=values["patient"],
        inputs={"image": Image(array=values["array"])},
        target=values["target"],
    )
    second = Sample(
        id="b",
        patient="q",
        inputs={
            "row": Row(values={"age": 3.0, "sex": "f", "bp": float("nan")}),
            "note": Note(text="x"),
            "waveform": Waveform(array=np.zeros((1, 3)), rate_hz=2.0, leads=("I",)),
        },
        target={"label": 1},
        meta={"site": "north"},
    )
    return ListDataset([first, second])


def test_the_hash_changes_with_every_part_and_with_nothing_else() -> None:
    base = fingerprint(samples())
    assert base == fingerprint(samples())
    assert base == fingerprint(samples(array=np.ones((1, 2, 2)).astype(">f8")))
    changed = [
        {"id": "c"},
        {"patient": "q2"},
        {"target": 1},
        {"target": "0"},
        {"array": np.ones((1, 4, 1))},
        {"array": np.ones((1, 2, 2), np.float32)},
        {"array": np.array([[[1, 1], [1, 1 + 1e-12]]])},
    ]
    hashes = {fingerprint(samples(**change)).sha256 for change in changed}
    assert len(hashes) == len(changed)
    assert base.sha256 not in hashes
    assert (base.samples, base.patients, base.sites) == (2, 2, {"": 1, "north": 1})


def test_nesting_and_neighbours_are_not_confused() -> None:
    groups = [
        (["a", "b"],),
        (["ab"],),
        (["a", ["b"]],),
        ("a", "b"),
        ("ab", ""),
        (1, "2"),
        ("1", 2),
        (True,),
        (1,),
        (None,),
    ]
    assert len({sample_hash(*group) for group in groups}) == len(groups)
    assert sample_hash({"a": 1, "b": 2}) == sample_hash({"b": 2, "a": 1})
    with pytest.raises(DataError, match="cannot be fingerprinted"):
        sample_hash(object())
