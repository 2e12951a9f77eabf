"""Rules of the house that no other tool checks."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src" / "salus").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT / "src" / "salus")))
def test_a_file_holds_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_no_room_is_called_utils() -> None:
    assert not [p for p in FILES if p.stem in ("utils", "helpers", "misc", "common")]


def test_packages_compute_nothing_when_imported() -> None:
    for path in FILES:
        if path.name == "__init__.py" and path.parent.name != "salus":
            assert not path.read_text(encoding="utf-8").strip(), path


@pytest.mark.parametrize("module", ["salus", "salus.cli.main", "salus.data.library", "salus.schema.sample"])
def test_light_modules_import_nothing_heavy(module: str) -> None:
    heavy = ("torch", "pandas", "scipy", "sklearn", "matplotlib")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_study_file_reads_as_a_plan() -> None:
    from salus.study.plan import read_plan

    for path in (ROOT / "studies").glob("*.toml"):
        assert read_plan(path).parts
