"""The how-to is followed to the letter: its two files are written, and the contract and its test run on them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_26th_system_is_one_file_and_one_test(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "how-to" / "add-a-system.md").read_text(encoding="utf-8")
    system, test = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src/salus/systems/cnn/lenet.py").write_text(system, encoding="utf-8")
    place = tmp_path / "tests/systems/cnn"
    place.mkdir(parents=True, exist_ok=True)
    (place / "test_lenet.py").write_text(test, encoding="utf-8")
    run = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-k",
        "lenet",
        "tests/contract",
        "tests/systems/cnn",
    ]
    found = subprocess.run(
        run,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path / "src"), "PATH": ""},
    )
    assert found.returncode == 0, found.stdout[-3000:]
    assert re.search(r"\b1[0-9] passed", found.stdout), found.stdout[-500:]
    lint = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--config",
        str(ROOT / "pyproject.toml"),
        "src/salus/systems/cnn/lenet.py",
    ]
    assert subprocess.run(lint, cwd=tmp_path, check=False, capture_output=True).returncode == 0
