"""Load standard weights into an encoder, key by key, and say exactly what was loaded and what was not.

Takes state dictionaries in the published key layouts from `.safetensors` or `.pth` files. Pickled files are read with
`weights_only=True`: nothing in them is run. Nothing is fetched: a `hub:` address is looked up in local folders.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from salus.schema.errors import DataError, ShapeError, UsageError

PREFIXES = ("module.", "encoder.", "backbone.", "model.")
WRAPPERS = ("state_dict", "model", "model_state_dict", "net")
HEADS = ("fc.", "classifier.", "head.", "AuxLogits.")
_OLD_DENSE = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightReport:
    """What became of every key.

    Attributes:
        source: File that was read.
        sha256: Of the file, hexadecimal.
        loaded: Keys that were copied as they are.
        reshaped: Keys that were changed to fit, with how.
        missing: Keys of the encoder that the file does not have; they keep their start values.
        unexpected: Keys of the file that the encoder does not have.
        mismatched: Keys of both whose shapes differ, with the shapes; they keep their start values.
        dropped: Keys of the file's classification head.
    """

    source: str
    sha256: str
    loaded: tuple[str, ...] = ()
    reshaped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the report for people, one line per kind of key that occurs."""
        rows = [f"weights from {self.source} (sha256 {self.sha256[:16]}...): {len(self.loaded)} keys as they are"]
        for kind in ("reshaped", "missing", "unexpected", "mismatched", "dropped"):
            keys = getattr(self, kind)
            if keys:
                rows.append(f"{kind} ({len(keys)}): " + ", ".join(keys))
        return rows


def load_pretrained(module: nn.Module, source: str) -> WeightReport:
    """Copy weights into a module, in place.

    Args:
        module: Encoder whose keys follow the published layout.
        source: `file.safetensors`, `file.pth`, or `hub:owner/name/file`.

    Returns:
        The report of every key.

    Raises:
        UsageError: The address is malformed or the kind of file is not known.
        DataError: The file is not there, damaged, or holds something else than a state dictionary.
        ShapeError: No key of the file fits the module.
    """
    path = resolve(source)
    state = strip_prefixes(read_state(path), set(module.state_dict()))
    own = module.state_dict()
    new: dict[str, Tensor] = {}
    kinds: dict[str, list[str]] = {name: [] for name in ("loaded", "reshaped", "unexpected", "mismatched", "dropped")}
    first = next((key for key, value in own.items() if value.ndim == 4), "")
    for key, value in state.items():
        if key not in own:
            kinds["dropped" if key.startswith(HEADS) else "unexpected"].append(key)
        elif own[key].shape == value.shape:
            new[key] = value
            kinds["loaded"].append(key)
        elif key == first and value.ndim == 4 and value.shape[1] == 3 and own[key].shape == value[:, :1].shape:
            new[key] = value.float().mean(dim=1, keepdim=True)
            kinds["reshaped"].append(f"{key} (mean over 3 colours)")
        else:
            head = key.startswith(HEADS)
            kinds["dropped" if head else "mismatched"].append(
                key if head else f"{key} ({tuple(value.shape)}, here {tuple(own[key].shape)})"
            )
    if not new:
        wanted = ", ".join(list(own)[:3])
        raise ShapeError(f"{path}: none of its {len(state)} keys fits; expected keys such as {wanted}")
    for key, value in new.items():
        if not torch.isfinite(value.float()).all():
            raise DataError(f"{path}: {key} holds values that are not finite; fetch the file again")
        own[key].copy_(value)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightReport(
        source=str(path),
        sha256=digest,
        missing=tuple(key for key in own if key not in new),
        **{name: tuple(keys) for name, keys in kinds.items()},
    )


def resolve(source: str) -> Path:
    """Return the local file behind a path or a `hub:owner/name/file` address.

    A hub address is looked up in `$SALUS_WEIGHTS/owner/name/file`, then in `torch.hub`'s folder, then among the
    snapshots of a Hugging Face cache.

    Raises:
        UsageError: The address does not have three parts.
        DataError: No such file on this machine.
    """
    if not source.startswith("hub:"):
        path = Path(source)
        if not path.is_file():
            raise DataError(f"weight file {source} is not there; give the path of a .safetensors or .pth file")
        return path
    parts = source.removeprefix("hub:").split("/")
    if len(parts) < 3 or any(part in ("", ".", "..") for part in parts):
        raise UsageError(f"weights {source!r}: expected hub:owner/name/file")
    own = Path(os.environ.get("SALUS_WEIGHTS") or Path(torch.hub.get_dir()) / "salus")
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    snapshots = home / "hub" / f"models--{parts[0]}--{parts[1]}" / "snapshots"
    candidates = [own.joinpath(*parts), *sorted(snapshots.glob("/".join(["*", *map(_literal, parts[2:])])))]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise DataError(
        f"weights {source!r} are not on this machine and nothing is fetched; download the file where there is a "
        f"network, put it at {candidates[0]} (or below $SALUS_WEIGHTS), or give its path"
    )


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dictionary; a pickled file may hold it under `state_dict` or `model`.

    Raises:
        UsageError: The kind of file is not known.
        DataError: It cannot be read safely, or is no state dictionary.
    """
    import pickle

    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise UsageError(f"{path}: expected a .safetensors or .pth file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} cannot be read as weights alone ({reason}); convert it to .safetensors") from error
    for wrapper in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        raise DataError(f"{path} holds no state dictionary (names to tensors); save `model.state_dict()`")
    return {str(key): value for key, value in found.items()}


def strip_prefixes(state: Mapping[str, Tensor], wanted: set[str]) -> dict[str, Tensor]:
    """Take `module.`, `encoder.`, `backbone.` and `model.` from the front of keys that are not wanted as they are.

    Older DenseNet files call `norm1` and `conv1` of a dense layer `norm.1` and `conv.1`; those get today's names.
    """
    stripped: dict[str, Tensor] = {}
    for key, value in state.items():
        short = key
        while short not in wanted and short.startswith(PREFIXES):
            short = short[short.index(".") + 1 :]
        stripped[_OLD_DENSE.sub(r"\1\2", short)] = value
    return stripped


def _literal(part: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in part)
