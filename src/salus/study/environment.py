"""On what a study ran: versions, machine, code."""

import datetime
import hashlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import salus

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "scikit-image", "lightgbm", "pandas", "pydicom", "nibabel")


def describe_environment() -> dict[str, Any]:
    """Return versions, processor, memory, date (UTC) and a hash of Salus's own code, as JSON values."""
    import psutil

    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "salus": salus.__version__,
        "code": code_hash(),
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        **versions,
    }


def code_hash() -> str:
    """Return the SHA-256 over every Python file of the package, in order of path."""
    root = Path(salus.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
