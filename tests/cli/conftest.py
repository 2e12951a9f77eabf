"""The program run in this process, and small files of every kind that a user may bring."""

import sys
from pathlib import Path

import pytest

from own_files import TABLE, Said, Salus, write_files


@pytest.fixture
def salus(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Salus:
    """Run the program with arguments, as `main` runs it."""
    from salus.cli.main import main

    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["salus", *map(str, words)])
        code = 0
        capsys.readouterr()
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return run


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a table, pictures in class folders, volumes, waveforms and tagged text."""
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def runs(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a fitted run of pictures and one of volumes."""
    from salus import api

    place = tmp_path_factory.mktemp("runs")
    api.fit("thumbnail_logistic", str(files / "pictures"), place / "pictures")
    api.fit("total_variation", str(files / "volumes"), place / "volumes")
    api.fit("logistic", f"{files}/{TABLE}", place / "table")
    return place
