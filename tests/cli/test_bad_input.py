"""Everything a user can get wrong: one message that names it, an exit code, no traceback, nothing half-written."""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from own_files import Salus, refused, write_csv


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
