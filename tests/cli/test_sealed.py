"""`salus keys`, `seal` and `unseal` with a picture of the user's own."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image as Pillow

from own_files import Salus
from salus.contract.dataset import ListDataset
from salus.evaluate.predict import score
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.store.artifact import save
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.fit import fit


def pixels(seed: int) -> np.ndarray:
    axis = np.linspace(0, 3, 48)
    rng = np.random.default_rng(seed)
    return np.clip(120 + 90 * np.sin(axis[:, None] * rng.uniform(1, 2) + axis), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a tiny codec on grey pictures of eight bits."""
    samples = [
        Sample(
            id=f"s{i}",
            patient=f"p{i}",
            inputs={"image": Image(array=pixels(i)[None], unit="uint8")},
            target=pixels(i)[None].astype(np.float32),
        )
        for i in range(8)
    ]
    kind, data = registry.find("sealed_reconstruction"), ListDataset(samples)
    task = make(Question(kind="compression", unit="uint8", value_range=(0.0, 255.0)))
    system = registry.create("sealed_reconstruction", task, data, kind.tiny)
    fit(system, data, None, score=score, seed=0)
    folder = tmp_path_factory.mktemp("codec") / "run"
    save(system, folder)
    return folder


@pytest.fixture
def keys(salus: Salus, tmp_path: Path) -> Path:
    for name in ("clinic", "reader"):
        assert salus("keys", "new", name, "--keys", tmp_path / "keys").code == 0
    return tmp_path / "keys"


def test_a_picture_goes_out_and_comes_back(salus: Salus, run: Path, keys: Path, tmp_path: Path) -> None:
    Pillow.fromarray(pixels(3)).save(tmp_path / "own.png")
    words = ("--from", "clinic", "--to", "reader", "--keys", keys, "--pseudonym", "case 7")
    sent = salus("seal", run, tmp_path / "own.png", "-o", tmp_path / "own.sealed", *words, "--json")
    assert sent.code == 0, sent.err
    assert json.loads(sent.out)["bytes"] == (tmp_path / "own.sealed").stat().st_size
    back = salus("unseal", run, tmp_path / "own.sealed", "-o", tmp_path / "back.nii.gz", "--keys", keys, "--json")
    assert back.code == 0, back.err
    assert json.loads(back.out)["pseudonym"] == "case 7"
    rebuilt = nibabel.load(tmp_path / "back.nii.gz").get_fdata()[..., 0].T
    assert rebuilt.shape == (48, 48)
    assert np.sqrt(np.mean((rebuilt - pixels(3)) ** 2)) < 25
    again = salus("unseal", run, tmp_path / "own.sealed", "-o", tmp_path / "b.png", "--keys", keys)
    assert again.code == 8
    assert "opened before" in again.err
    assert not (tmp_path / "b.png").exists()


def test_predict_writes_the_rebuilt_picture_and_what_it_cost(salus: Salus, run: Path, tmp_path: Path) -> None:
    Pillow.fromarray(pixels(5)).save(tmp_path / "own.png")
    said = salus("predict", run, tmp_path / "own.png", "-o", tmp_path / "answers", "--json")
    assert said.code == 0, said.err
    row = json.loads(said.out)[0]
    assert row["bits_per_pixel"] == pytest.approx(8 * row["bytes_sealed"] / 48**2, abs=1e-4)
    assert (tmp_path / "answers" / row["file"]).is_file()


def test_rotation_and_revocation(salus: Salus, run: Path, keys: Path, tmp_path: Path) -> None:
    Pillow.fromarray(pixels(3)).save(tmp_path / "own.png")
    words = (run, tmp_path / "own.png", "--from", "clinic", "--to", "reader", "--keys", keys, "-o")
    for name in ("first", "second"):
        assert salus("seal", *words, tmp_path / name).code == 0
    assert salus("keys", "rotate", "reader", "--keys", keys).code == 0
    listed = json.loads(salus("keys", "list", "--keys", keys, "--json").out)
    assert [row["status"] for row in listed] == ["active", "retired", "active"]
    assert all(row["own"] == "yes" for row in listed)
    opened = ("-o", tmp_path / "b.png", "--keys", keys)
    assert salus("unseal", run, tmp_path / "first", *opened).code == 0
    assert salus("seal", *words, tmp_path / "third").code == 0
    assert salus("unseal", run, tmp_path / "third", *opened).code == 0
    assert salus("keys", "revoke", "clinic", "--reason", "left", "--keys", keys).code == 0
    refused = salus("unseal", run, tmp_path / "second", *opened)
    assert refused.code == 8
    assert "left" in refused.err


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"--to": "nobody"}, 8, "0 active identities"),
        ({"--from": "nobody"}, 8, "0 active identities"),
        ({"--keys": "none"}, 8, "cannot be read"),
        ({"--pseudonym": "longer than sixteen bytes"}, 2, "at most 16"),
    ],
)
def test_what_cannot_be_sealed_is_named(
    salus: Salus, run: Path, keys: Path, tmp_path: Path, change: dict[str, str], code: int, words: str
) -> None:
    Pillow.fromarray(pixels(3)).save(tmp_path / "own.png")
    given = {"--from": "clinic", "--to": "reader", "--keys": str(keys), **change}
    flat = [word for pair in given.items() for word in pair]
    said = salus("seal", run, tmp_path / "own.png", "-o", tmp_path / "o", *flat)
    assert said.code == code, said.err
    assert words in said.err
    assert not (tmp_path / "o").exists()


def test_a_key_cannot_leave_its_folder_by_its_name(salus: Salus, tmp_path: Path) -> None:
    said = salus("keys", "new", "../evil", "--keys", tmp_path / "keys")
    assert said.code == 2
    assert not (tmp_path / "evil.key").exists()


def test_somebody_else_s_public_file_is_trusted(salus: Salus, keys: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert salus("keys", "new", "far", "--keys", other).code == 0
    assert salus("keys", "trust", other / "far.key.pub", "--keys", keys).code == 0
    names = [row["name"] for row in json.loads(salus("keys", "list", "--keys", keys, "--json").out)]
    assert names == ["clinic", "reader", "far"]
    assert salus("keys", "rotate", "far", "--keys", keys).code == 8
