"""Training state in one file: tensors and JSON in the safetensors format, no pickle, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from salus.schema.errors import StoreError
from salus.schema.files import write_with


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write named tensors and JSON facts to one file, by a temporary name.

    Raises:
        StoreError: The disk is full or the folder cannot be written; the former checkpoint stays.
    """
    from safetensors.torch import save_file

    solid = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    write_with(path, lambda name: save_file(solid, name, metadata={"facts": json.dumps(facts)}))


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Raises:
        StoreError: The file is truncated or altered.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as handle:
            facts = json.loads(handle.metadata()["facts"])
            return {name: handle.get_tensor(name) for name in handle.keys()}, facts  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise StoreError(f"{path}: not a complete checkpoint ({error}); delete it and start this run again") from error


def pack_optimizer(name: str, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Split an optimizer's state into tensors (keys `name/index/entry`) and JSON."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    scalars: dict[str, dict[str, Any]] = {}
    for index, entries in state["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{name}/{index}/{key}"] = value
            elif value is not None:
                scalars.setdefault(str(index), {})[key] = value
    return tensors, {"groups": state["param_groups"], "scalars": scalars}


def unpack_optimizer(
    name: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> None:
    """Give an optimizer back the state that `pack_optimizer` took."""
    state: dict[int, dict[str, Any]] = {int(i): dict(entries) for i, entries in facts["scalars"].items()}
    for full, tensor in tensors.items():
        if full.startswith(f"{name}/"):
            _, index, key = full.split("/", 2)
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": facts["groups"]})
