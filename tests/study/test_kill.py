"""SIGKILL at random moments: a training and a study go on and end as if nothing had happened.

`SALUS_KILLS` sets the number of moments (2 by default; 20 is what a release is checked with).
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MOMENTS = int(os.environ.get("SALUS_KILLS", "2"))
PLAN = """
name = "killed"
title = "Killed"
asked = "Does a kill change anything?"
[protocol]
folds = 2
seeds = 2
resamples = 200
[[part]]
name = "wdbc"
data = "wdbc"
[[part.arm]]
system = "vitals_cnn"
set = { epochs = 8 }
[[part.arm]]
system = "logistic"
role = "baseline"
"""


def salus(*words: str, kill_after: float | None = None) -> int:
    """Run the command line; kill it and all its children after some seconds if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "salus.cli.main", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        _, errors = process.communicate(timeout=kill_after)
        assert process.returncode == 0, errors.decode()
    except subprocess.TimeoutExpired:
        # Only the parent: its children must end by themselves.
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        return -9
    return process.returncode


def killed(words: tuple[str, ...], folder: Path, seconds: float, rng: random.Random) -> None:
    """Start a run and kill it at a random moment; a run that was faster than the kill is begun anew."""
    longest = 0.9
    while salus(*words, "-o", str(folder), kill_after=rng.uniform(0.15, longest) * seconds) != -9:
        shutil.rmtree(folder)
        longest = max(0.3, 0.8 * longest)


def timed(*words: str) -> float:
    start = time.monotonic()
    assert salus(*words) == 0
    return time.monotonic() - start


def weights(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_training_killed_at_random_moments_ends_with_the_same_weights(tmp_path: Path) -> None:
    words = ("fit", "vitals_cnn", "wdbc", "--set", "epochs=25", "--set", "patience=25", "--json")
    seconds = timed(*words, "-o", str(tmp_path / "whole"))
    rng = random.Random(1)
    for number in range(MOMENTS):
        folder = tmp_path / f"run{number}"
        killed(words, folder, seconds, rng)
        salus(*words, "-o", str(folder), "--resume")
        assert weights(folder) == weights(tmp_path / "whole"), number


def figures(folder: Path) -> Any:
    """Return the results without what the clock and the way there change."""
    result = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    for part in result["parts"]:
        for arm in part["arms"]:
            for name in ("fit_s", "best_s", "latency_ms", "peak_mb"):
                arm["cost"].pop(name)
    return result["parts"]


def marks(folder: Path) -> dict[str, Any]:
    found = {}
    for path in sorted(folder.rglob("marks.npz")):
        with np.load(path) as arrays:
            found[str(path.relative_to(folder))] = arrays["marks"]
    return found


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_study_killed_at_random_moments_ends_with_the_same_tables(tmp_path: Path) -> None:
    plan = tmp_path / "killed.toml"
    plan.write_text(PLAN, encoding="utf-8")
    words = ("study", str(plan), "-j", "2", "--json")
    seconds = timed(*words, "-o", str(tmp_path / "whole"))
    whole = marks(tmp_path / "whole")
    rng = random.Random(2)
    for number in range(MOMENTS):
        folder = tmp_path / f"study{number}"
        killed(words, folder, seconds, rng)
        salus(*words, "-o", str(folder))
        again = marks(folder)
        assert again.keys() == whole.keys()
        assert all(np.array_equal(values, again[name]) for name, values in whole.items()), number
        assert json.dumps(figures(folder)) == json.dumps(figures(tmp_path / "whole")), number
