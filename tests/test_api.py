"""The verbs as functions: what the command line's tests do not reach."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from made import make_data
from salus import api
from salus.schema.errors import UsageError
from salus.systems import registry
from salus.tasks.registry import make


def test_standard_weights_go_into_the_encoder_and_every_key_is_accounted_for(tmp_path: Path) -> None:
    kind = registry.find("tumor_cnn_lstm")
    data, question = make_data(kind)
    system = api.create("tumor_cnn_lstm", make(question), data, kind.tiny)
    encoder = system.get_submodule(kind.card.pretrained)
    state = {
        f"module.{name}": torch.full_like(t, 0.01) for name, t in encoder.state_dict().items() if t.is_floating_point()
    }
    save_file(state, tmp_path / "weights.safetensors")
    report = api.initialise(system, str(tmp_path / "weights.safetensors"))
    assert len(report["loaded"]) == len(state)
    assert len(report["sha256"]) == 64
    assert all(bool((p == 0.01).all()) for p in encoder.parameters())


def test_a_system_without_an_encoder_takes_no_weights(tmp_path: Path) -> None:
    kind = registry.find("mlp")
    data, question = make_data(kind)
    system = api.create("mlp", make(question), data, kind.tiny)
    with pytest.raises(UsageError, match="takes no standard weights"):
        api.initialise(system, str(tmp_path / "w.pth"))


def test_sizes_and_settings() -> None:
    assert api.configure("mlp", "paper") == registry.find("mlp").config_type()
    assert api.configure("mlp", "tiny", {"epochs": 7}).to_dict()["epochs"] == 7
    with pytest.raises(UsageError, match="no size"):
        api.configure("mlp", "giant")
