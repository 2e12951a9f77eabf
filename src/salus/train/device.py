"""Which device, which arithmetic, how many threads."""

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import torch

from salus.schema.errors import UsageError


def choose_device(name: str = "auto") -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.

    Raises:
        UsageError: The device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"no device named {name!r}; use auto, cpu, cuda or cuda:N") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"device {name!r}: this machine has {torch.cuda.device_count()} CUDA devices; use --device auto"
        )
    return device


@cache
def has_bf16(kind: str = "cpu") -> bool:
    """Tell whether bfloat16 products run in hardware (AVX-512 BF16 or AMX; Ampere and later)."""
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def resolve_precision(precision: str, device: torch.device) -> str:
    """Return `fp32`, `bf16` or `fp16` for a recipe's wish on this device.

    Raises:
        UsageError: fp16 on a processor, where it only loses accuracy.
    """
    if precision == "auto":
        return "bf16" if has_bf16(device.type) else "fp32"
    if precision == "fp16" and device.type != "cuda":
        raise UsageError("precision fp16 needs a CUDA device; use bf16, fp32 or auto")
    return precision


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which losses are computed."""
    if precision == "fp32":
        return nullcontext()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float16
    return torch.autocast(device.type, dtype=dtype)


def set_threads(count: int | None = None) -> int:
    """Give torch `count` threads, or those of OMP_NUM_THREADS, or all usable cores; return the number."""
    if count is None:
        count = int(os.environ.get("OMP_NUM_THREADS", "0")) or len(os.sched_getaffinity(0))
    torch.set_num_threads(max(1, count))
    return torch.get_num_threads()
