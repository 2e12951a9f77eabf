"""An artifact loads without data, and refuses to load when anything in it was cut, altered or taken away."""

from pathlib import Path

import pytest
import torch

from made import make_data
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.evaluate.predict import answer
from salus.schema.errors import StoreError
from salus.store.artifact import load, save
from salus.store.checksums import verify_checksums, write_checksums
from salus.systems import registry
from salus.tasks.registry import make

FILES = ("card.json", "config.json", "fingerprint.json", "weights.safetensors")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, System, ListDataset]:
    """Save an untrained small network."""
    kind = registry.find("mlp")
    data, question = make_data(kind)
    torch.manual_seed(0)
    system = registry.create("mlp", make(question), data, kind.tiny).eval()
    folder = tmp_path_factory.mktemp("run")
    save(system, folder, operating={"threshold": 0.4}, facts={"seed": 1})
    return folder, system, data


def copied(saved: tuple[Path, System, ListDataset], place: Path) -> Path:
    place.mkdir()
    for path in saved[0].iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return place


def test_loading_needs_the_folder_alone(saved: tuple[Path, System, ListDataset]) -> None:
    folder, system, data = saved
    artifact = load(folder)
    assert artifact.name == "mlp"
    assert artifact.operating == {"threshold": 0.4}
    assert artifact.facts == {"seed": 1}
    first, second = answer(system, data), answer(artifact.system, data)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))  # type: ignore[union-attr]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_file_is_refused_by_name(
    saved: tuple[Path, System, ListDataset], tmp_path: Path, name: str, damage: str
) -> None:
    folder = copied(saved, tmp_path / "run")
    path = folder / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    with pytest.raises(StoreError, match=name.replace(".", r"\.")):
        load(folder)


def test_an_unfinished_folder_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        load(tmp_path / "nothing")
    with pytest.raises(StoreError, match="SHA256SUMS"):
        load(tmp_path)


def test_a_checksum_list_cannot_point_outside(saved: tuple[Path, System, ListDataset], tmp_path: Path) -> None:
    folder = copied(saved, tmp_path / "run")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../../etc/passwd\n", encoding="utf-8")
    with pytest.raises(StoreError, match="not a checksum line"):
        load(folder)


def test_verify_names_what_changed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/x.txt", "y.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    write_checksums(tmp_path)
    assert verify_checksums(tmp_path) == []
    (tmp_path / "a/x.txt").write_text("other", encoding="utf-8")
    (tmp_path / "y.txt").unlink()
    assert verify_checksums(tmp_path) == ["a/x.txt was altered or cut short", "y.txt is missing"]
