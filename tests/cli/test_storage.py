"""Runs that were altered, cut off or stopped, and disks that are full: named, refused, and mended by running again."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from own_files import TABLE, Said, Salus, refused


@pytest.mark.parametrize("name", ["weights.safetensors", "config.json", "fingerprint.json", "card.json"])
@pytest.mark.parametrize("how", ["altered", "cut", "gone"])
def test_an_artifact_that_is_not_as_it_was_written(
    salus: Salus, runs: Path, files: Path, tmp_path: Path, name: str, how: str
) -> None:
    import shutil

    run = tmp_path / "run"
    shutil.copytree(runs / "table", run)
    data = (run / name).read_bytes()
    if how == "gone":
        (run / name).unlink()
    else:
        (run / name).write_bytes(data[:-9] if how == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    refused(salus("predict", run, files / "new.csv", "-o", tmp_path / "out"), 6, name)
    refused(salus("verify", run), 6, "1 of")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run(salus: Salus, files: Path, tmp_path: Path) -> None:
    refused(salus("predict", tmp_path / "none", files / "new.csv", "-o", tmp_path / "out"), 6, "no such folder")
    refused(salus("predict", files, files / "new.csv", "-o", tmp_path / "out"), 6, "SHA256SUMS")
    refused(salus("verify", tmp_path), 6, "SHA256SUMS")
    refused(salus("report", tmp_path), 6, "results.json")


def test_a_loss_that_is_not_finite_stops_the_training(salus: Salus, tmp_path: Path) -> None:
    said = salus(
        "fit", "mlp", "wdbc", "-o", tmp_path / "run", "--size", "tiny", "--set", "learning_rate=1e30", "--json"
    )
    refused(said, 5, "loss", "learning rate")
    assert not (tmp_path / "run" / "SHA256SUMS").exists()


def test_runs_are_never_overwritten(salus: Salus, runs: Path, files: Path, tmp_path: Path) -> None:
    spec = f"{files}/{TABLE}"
    refused(salus("fit", "logistic", spec, "-o", runs / "table"), 2, "finished run")
    assert salus("fit", "logistic", spec, "-o", runs / "table", "--resume").code == 0
    (tmp_path / "holiday.txt").write_text("mine")
    refused(salus("fit", "logistic", spec, "-o", tmp_path), 2, "holiday.txt", "empty")
    refused(salus("fit", "logistic", spec, "-o", tmp_path / "holiday.txt"), 6, "is a file")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(salus: Salus, files: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    refused(salus("fit", "logistic", f"{files}/{TABLE}", "-o", closed / "run"), 6, "not allowed")


def test_an_unfinished_run_asks_for_resume_and_another_training_is_refused(
    salus: Salus, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["fit", "mlp", f"{files}/{TABLE}", "--size", "tiny", "-o", tmp_path / "run"]
    with monkeypatch.context() as patch:

        def stop(*arguments: Any, **named: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr("salus.store.artifact.save", stop)
        said = salus(*words)
        assert said.code == 130
        assert "--resume" in said.err
    refused(salus(*words), 2, "unfinished", "--resume")
    refused(salus(*words, "--resume", "--seed", "1", "--json"), 6, "another training")
    assert salus(*words, "--resume").code == 0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) != []
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing_half_written(
    salus: Salus, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    words = ["fit", "mlp", f"{files}/{TABLE}", "--size", "tiny", "-o", tmp_path / "run"]
    real, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 2:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        said = salus(*words, "--json")
    refused(said, 6, "no space left" if number == errno.ENOSPC else "quota", "again")
    left = [path.name for path in (tmp_path / "run").iterdir()]
    assert not [name for name in left if name.endswith(".part")]
    assert "SHA256SUMS" not in left
    assert salus(*words, "--resume").code == 0
    assert salus("verify", tmp_path / "run").code == 0


def test_a_full_disk_while_answers_are_written(
    salus: Salus, runs: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    picture = files / "volumes" / "noisy0.nii.gz"
    refused(salus("predict", runs / "volumes", picture, "-o", tmp_path / "out"), 6, "no space left")
    refused(salus("explain", runs / "volumes", picture, "-o", tmp_path / "maps"), 6, "no space left")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_a_limit_on_file_size_is_met_as_a_full_disk_is(files: Path, tmp_path: Path) -> None:
    """The weights library reports the operating system's error in words of its own."""
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        f"sys.argv = ['salus', 'fit', 'mlp', {f'{files}/{TABLE}'!r}, '--size', 'tiny'];"
        f"sys.argv += ['-o', {str(tmp_path / 'run')!r}];"
        "from salus.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False)
    refused(Said(done.returncode, done.stdout, done.stderr), 6, "larger than a file may be")
    assert not list((tmp_path / "run").rglob("*.safetensors"))
