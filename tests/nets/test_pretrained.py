"""Standard weights: every key is accounted for, nothing is run and nothing is fetched."""

import hashlib
import os

import pytest
import torch
from safetensors.torch import save_file

from salus.nets.pretrained import load_pretrained, resolve
from salus.nets.vgg import VGG
from salus.schema.errors import DataError, ShapeError, UsageError

SIZES = {"widths": (4, 6), "depths": (1, 1)}


@pytest.fixture
def source():
    torch.manual_seed(1)
    return VGG(3, 10, hidden=8, **SIZES)


def grey():
    torch.manual_seed(2)
    return VGG(1, None, hidden=None, **SIZES)


def test_a_colour_file_fits_a_grey_encoder_without_its_head(tmp_path, source):
    path = tmp_path / "vgg.safetensors"
    save_file({f"module.backbone.{key}": value for key, value in source.state_dict().items()}, path)
    encoder = grey()
    report = load_pretrained(encoder, str(path))
    torch.testing.assert_close(
        encoder.features[0].weight[:, 0], source.features[0].weight.mean(dim=1), rtol=1e-6, atol=1e-7
    )
    torch.testing.assert_close(encoder.features[3].weight, source.features[3].weight)
    assert set(report.loaded) == {"features.0.bias", "features.3.weight", "features.3.bias"}
    assert report.reshaped == ("features.0.weight (mean over 3 colours)",)
    assert len(report.dropped) == 6
    assert report.missing == report.unexpected == report.mismatched == ()
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "reshaped (1)" in "\n".join(report.lines())


def test_missing_unexpected_and_mismatched_keys_are_named(tmp_path, source):
    state = source.state_dict()
    del state["features.3.bias"]
    state["features.3.weight"] = torch.zeros(6, 4, 5, 5)
    state["features.99.weight"] = torch.zeros(1)
    torch.save({"state_dict": state}, tmp_path / "w.pth")
    report = load_pretrained(grey(), str(tmp_path / "w.pth"))
    assert report.unexpected == ("features.99.weight",)
    assert report.missing == ("features.3.weight", "features.3.bias")
    assert report.mismatched == ("features.3.weight ((6, 4, 5, 5), here (6, 4, 3, 3))",)


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trap_was_run",)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Trap()}, "evil.pth")
    with pytest.raises(DataError, match="weights alone"):
        load_pretrained(grey(), "evil.pth")
    assert not (tmp_path / "trap_was_run").exists()


def test_damaged_and_strange_files_are_refused(tmp_path, source):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x00\x00")
    with pytest.raises(DataError, match="cannot be read"):
        load_pretrained(grey(), str(tmp_path / "cut.safetensors"))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(DataError, match="no state dictionary"):
        load_pretrained(grey(), str(tmp_path / "list.pth"))
    save_file({"conv1.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(ShapeError, match="none of its 1 keys"):
        load_pretrained(grey(), str(tmp_path / "other.safetensors"))
    state = source.state_dict()
    state["features.3.bias"] = torch.full((6,), float("nan"))
    save_file(state, tmp_path / "nan.safetensors")
    with pytest.raises(DataError, match=r"features\.3\.bias"):
        load_pretrained(grey(), str(tmp_path / "nan.safetensors"))
    with pytest.raises(UsageError, match="expected a"):
        resolve_and_load(tmp_path)


def resolve_and_load(folder):
    (folder / "w.bin").write_bytes(b"x")
    load_pretrained(grey(), str(folder / "w.bin"))


def test_hub_addresses_are_found_locally_or_refused(tmp_path, monkeypatch, source):
    monkeypatch.setenv("SALUS_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with pytest.raises(DataError, match="nothing is fetched"):
        resolve("hub:owner/name/w.safetensors")
    snapshot = tmp_path / "hf" / "hub" / "models--owner--name" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    save_file(source.state_dict(), snapshot / "w.safetensors")
    assert resolve("hub:owner/name/w.safetensors") == snapshot / "w.safetensors"
    (tmp_path / "owner" / "name").mkdir(parents=True)
    save_file(source.state_dict(), tmp_path / "owner" / "name" / "w.safetensors")
    assert resolve("hub:owner/name/w.safetensors") == tmp_path / "owner" / "name" / "w.safetensors"
    assert load_pretrained(grey(), "hub:owner/name/w.safetensors").loaded
    for bad in ("hub:owner/name", "hub:owner/../w.pth", "hub:owner//w.pth"):
        with pytest.raises(UsageError, match="expected hub:"):
            resolve(bad)
    with pytest.raises(DataError, match="is not there"):
        resolve(str(tmp_path / "absent.pth"))
