"""Everything a user can get wrong: one message that names it, an exit code, no traceback, nothing half-written."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from own_files import Said, Salus, write_csv

TABLE = "table.csv:target=diagnosis,patient=patient"


def refused(said: Said, code: int, *words: str) -> None:
    """Check that a command ended with one message that holds the words."""
    assert said.code == code, said.err
    assert said.err.count("error:") == 1
    assert "Traceback" not in said.err
    assert "fault of Salus" not in said.err
    for word in words:
        assert word in said.err.replace("\n", " "), said.err


@pytest.mark.parametrize(
    ("words", "code", "parts"),
    [
        (["fit", "vital_cnn", "wdbc"], 2, ["vital_cnn", "vitals_cnn"]),
        (["fit", "logistic", "wdcb"], 2, ["wdcb", "wdbc"]),
        (["fit", "logistic", "no/such.csv:target=x"], 3, ["no/such.csv", "no such file"]),
        (["fit", "logistic", "wdbc:fold=3"], 2, ["fold"]),
        (["fit", "mlp", "wdbc", "--set", "epoch=3"], 2, ["epoch", "epochs"]),
        (["fit", "mlp", "wdbc", "--set", "epochs=many"], 2, ["epochs", "many", "int"]),
        (["fit", "mlp", "wdbc", "--set", "epochs"], 2, ["epochs", "="]),
        (["fit", "mlp", "wdbc", "--size", "huge"], 2, ["huge", "small, paper or tiny"]),
        (["fit", "mlp", "wdbc", "--device", "tpu"], 2, ["tpu"]),
        (["fit", "mlp", "wdbc", "--init", "no.pth"], 2, ["--init"]),
        (["fit", "small_cnn", "wdbc"], 3, ["image"]),
        (["fit", "logistic", "{files}/table.csv"], 2, ["which column is the target", "diagnosis"]),
        (["fit", "logistic", "{files}/table.csv:target=diagnose"], 3, ["diagnose", "diagnosis"]),
        (["fit", "logistic", "{files}/table.csv:target=radius"], 3, ["radius", "measurement"]),
        (["fit", "logistic", "{files}/table.csv:goal=radius"], 2, ["goal", "target"]),
        (["fit", "lexicon_tagger", "{files}/text.iob:block=none"], 2, ["block", "none"]),
        (["fit", "logistic", "{files}/motion/manifest.csv:target=fall"], 3, ["fall"]),
        (["fit", "small_cnn", "{files}/motion"], 3, ["image"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_what_does_not_exist_is_named_with_what_does(
    salus: Salus, files: Path, tmp_path: Path, words: list[str], code: int, parts: list[str]
) -> None:
    out = tmp_path / "run"
    refused(salus(*[word.format(files=files) for word in words], "-o", out), code, *parts)
    assert not out.exists() or not any(out.iterdir())


@pytest.mark.parametrize("words", [["systems", "fal_edge"], ["data", "show", "wdcb"], ["data", "get", "umafal"]])
def test_listings_offer_the_nearest_name(salus: Salus, words: list[str]) -> None:
    refused(salus(*words), 2, "did you mean")


def _one_class(place: Path) -> str:
    write_csv(place / "t.csv", ["a", "y"], [[i, "yes"] for i in range(20)])
    return f"{place}/t.csv:target=y"


def _small_class(place: Path) -> str:
    write_csv(place / "t.csv", ["a", "y"], [[i, "yes" if i < 3 else "no"] for i in range(30)])
    return f"{place}/t.csv:target=y"


def _one_patient(place: Path) -> str:
    write_csv(place / "t.csv", ["p", "a", "y"], [["anna", i, i % 2] for i in range(30)])
    return f"{place}/t.csv:target=y,patient=p"


def _no_label(place: Path) -> str:
    write_csv(place / "t.csv", ["a", "y"], [[i, "" if i == 4 else i % 2] for i in range(30)])
    return f"{place}/t.csv:target=y"


def _no_row(place: Path) -> str:
    (place / "t.csv").write_text("a,y\n")
    return f"{place}/t.csv:target=y"


def _ragged(place: Path) -> str:
    (place / "t.csv").write_text("a,y\n1,0\n2,1,7\n")
    return f"{place}/t.csv:target=y"


def _empty_class(place: Path) -> str:
    (place / "a").mkdir()
    (place / "b").mkdir()
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 4, 2), np.float32), np.eye(4)), place / "a" / "x.nii.gz")
    return str(place)


def _only_outside(place: Path) -> str:
    (place / "t.iob").write_text("word\tO\n\nword\tO\n")
    return f"{place}/t.iob"


def _missing_file(place: Path) -> str:
    write_csv(place / "manifest.csv", ["path", "patient", "target"], [["x.png", "p", "a"], ["y.png", "q", "b"]])
    return str(place)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (_one_class, ["one class", "yes"]),
        (_small_class, ["'yes'", "3 patients", "5"]),
        (_one_patient, ["1 patient only", "two or more"]),
        (_no_label, ["line 6"]),
        (_no_row, ["t.csv", "at least one row"]),
        (_ragged, ["t.csv"]),
        (_empty_class, ["'b'", "fill it"]),
        (_only_outside, ["tag"]),
        (_missing_file, ["line 2", "x.png"]),
    ],
)
def test_data_that_carry_no_training(
    salus: Salus, tmp_path: Path, make: Callable[[Path], str], parts: list[str]
) -> None:
    place = tmp_path / "data"
    place.mkdir()
    spec = make(place)
    refused(salus("fit", "logistic", spec, "-o", tmp_path / "run"), 3, *parts)
    assert not (tmp_path / "run").exists()
    assert salus("data", "check", spec).code == 3


def test_one_word_among_numbers_is_pointed_out(salus: Salus, tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", ["a", "y"], [["<5" if i == 7 else i, i % 2] for i in range(40)])
    said = salus("data", "check", f"{tmp_path}/t.csv:target=y", "--json")
    assert "line 9: '<5'" in said.out
    shown = salus("data", "show", f"{tmp_path}/t.csv:target=y", "--json")
    assert "line 9: '<5'" in shown.out


@pytest.fixture(scope="session")
def runs(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a fitted run of pictures and one of volumes."""
    from salus import api

    place = tmp_path_factory.mktemp("runs")
    api.fit("thumbnail_logistic", str(files / "pictures"), place / "pictures")
    api.fit("total_variation", str(files / "volumes"), place / "volumes")
    api.fit("logistic", f"{files}/{TABLE}", place / "table")
    return place


def _dicom(place: Path) -> Path:
    (place / "x.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x08\x00")
    return place / "x.dcm"


def _not_dicom(place: Path) -> Path:
    (place / "x.dcm").write_bytes(b"no image at all")
    return place / "x.dcm"


def _cut_nifti(place: Path) -> Path:
    nibabel.save(nibabel.Nifti1Image(np.random.default_rng(0).normal(size=(40, 40, 1)), np.eye(4)), place / "x.nii.gz")
    whole = (place / "x.nii.gz").read_bytes()
    (place / "x.nii.gz").write_bytes(whole[: len(whole) // 2])
    return place / "x.nii.gz"


def _nan_nifti(place: Path) -> Path:
    array = np.ones((40, 40, 1), np.float32)
    array[3, 4] = np.nan
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), place / "x.nii.gz")
    return place / "x.nii.gz"


def _cut_png(place: Path) -> Path:
    (place / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return place / "x.png"


def _unknown(place: Path) -> Path:
    (place / "x.docx").write_bytes(b"PK")
    return place / "x.docx"


@pytest.mark.parametrize(
    ("run", "make", "parts"),
    [
        ("pictures", _dicom, ["x.dcm"]),
        ("pictures", _not_dicom, ["x.dcm"]),
        ("volumes", _cut_nifti, ["x.nii.gz", "not a readable NIfTI"]),
        ("volumes", _nan_nifti, ["x.nii.gz", "1 of 1600", "NaN"]),
        ("pictures", _cut_png, ["x.png"]),
        ("pictures", _unknown, ["x.docx", "unknown kind"]),
        ("pictures", lambda place: place / "nothing.png", ["nothing.png"]),
        ("table", _nan_nifti, ["x.nii.gz", "NaN"]),
    ],
)
def test_files_that_cannot_be_read(
    salus: Salus, runs: Path, tmp_path: Path, run: str, make: Callable[[Path], Path], parts: list[str]
) -> None:
    path = make(tmp_path)
    for verb in ("predict", "explain"):
        refused(salus(verb, runs / run, path, "-o", tmp_path / "out"), 3, *parts)
        assert not (tmp_path / "out").exists()


def test_another_kind_of_data_than_the_run_takes(salus: Salus, runs: Path, files: Path, tmp_path: Path) -> None:
    picture = files / "pictures" / "clear" / "0.png"
    refused(salus("predict", runs / "table", picture, "-o", tmp_path / "out"), 3, "Image", "row")
    refused(salus("explain", runs / "table", files / "new.csv", "--row", "9", "-o", tmp_path / "out"), 2, "9")
    said = salus("explain", runs / "table", files / "new.csv", "--method", "guess", "-o", tmp_path / "out")
    refused(said, 2, "guess", "integrated_gradients")
    assert not (tmp_path / "out").exists()


def test_a_table_that_lacks_a_column_names_it(salus: Salus, runs: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "new.csv", ["radius", "ward"], [[1.0, "north"]])
    refused(salus("predict", runs / "table", path, "-o", tmp_path / "out"), 3, "texture", "1 of 1")


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
