"""A user's own data, from the file to the answer, for every kind of data."""

import csv
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from own_files import AFFINE, Salus

TABLE = "table.csv:target=diagnosis,patient=patient"


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as handle:
        return list(csv.DictReader(handle))


def test_a_table_is_fitted_answered_and_explained(salus: Salus, files: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fitted = salus("fit", "vitals_cnn", f"{files}/{TABLE}", "-o", run, "--size", "tiny")
    assert fitted.code == 0, fitted.err
    assert "auroc" in fitted.out
    assert "0" not in str(sorted(path.name for path in run.iterdir() if path.name.startswith("checkpoint")))
    said = salus("predict", run, files / "new.csv", "-o", tmp_path / "answers")
    assert said.code == 0
    rows = read(tmp_path / "answers" / "answers.csv")
    assert [row["sample"] for row in rows] == ["new.csv#0", "new.csv#1"]
    for row in rows:
        assert float(row["p_benign"]) + float(row["p_malignant"]) == pytest.approx(1, abs=1e-5)
        assert row["answer"] in ("benign", "malignant")
    # The same table with the patient and the answer in it: these columns are set aside, and said to be.
    said = salus("predict", run, files / "table.csv", "-o", tmp_path / "again")
    assert said.code == 0
    assert "patient, diagnosis" in said.out
    assert read(tmp_path / "again" / "answers.csv")[0]["p_benign"] == rows[0]["p_benign"]
    said = salus("explain", run, files / "new.csv", "--row", "1", "-o", tmp_path / "maps", "--json")
    assert said.code == 0
    facts = json.loads(said.out)
    assert "missing #" not in facts["largest"]
    assert "radius" in facts["largest"]
    assert "ward=north" in facts["largest"]
    assert (tmp_path / "maps" / "attribution.png").stat().st_size > 5000


def test_pictures_in_class_folders(salus: Salus, files: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fitted = salus("fit", "small_cnn", files / "pictures", "-o", run, "--size", "tiny")
    assert fitted.code == 0, fitted.err
    assert "No patient is named" in fitted.out
    both = [files / "pictures" / name / "0.png" for name in ("clear", "shadow")]
    said = salus("predict", run, *both, "-o", tmp_path / "answers")
    assert said.code == 0
    # Two files of one name keep the folder in theirs.
    assert [row["sample"] for row in read(tmp_path / "answers" / "answers.csv")] == [str(path) for path in both]
    said = salus("explain", run, both[0], "--method", "grad_cam", "-o", tmp_path / "maps", "--json")
    assert said.code == 0
    with np.load(tmp_path / "maps" / "attribution.npz") as kept:
        assert kept["values"].shape == kept["input"].shape


@pytest.mark.parametrize("system", ["total_variation", "du_gan"])
def test_a_restored_slice_lies_where_the_noisy_one_lay(salus: Salus, files: Path, tmp_path: Path, system: str) -> None:
    fitted = salus("fit", system, files / "volumes", "-o", tmp_path / "run", "--size", "tiny")
    assert fitted.code == 0, fitted.err
    said = salus("predict", tmp_path / "run", files / "volumes" / "noisy0.nii.gz", "-o", tmp_path / "answers")
    assert said.code == 0, said.err
    (row,) = read(tmp_path / "answers" / "answers.csv")
    restored = nibabel.load(tmp_path / "answers" / row["file"])
    noisy = nibabel.load(files / "volumes" / "noisy0.nii.gz")
    np.testing.assert_allclose(restored.affine, AFFINE)
    assert restored.shape == noisy.shape
    clean = nibabel.load(files / "volumes" / "clean0.nii.gz").get_fdata()
    if system == "total_variation":
        assert np.abs(restored.get_fdata() - clean).mean() < 0.6 * np.abs(noisy.get_fdata() - clean).mean()
    assert list((tmp_path / "answers").glob("*.png"))
    # What the program wrote, the program reads.
    again = salus("predict", tmp_path / "run", tmp_path / "answers" / row["file"], "-o", tmp_path / "again")
    assert again.code == 0, again.err


def test_a_volume_is_restored_slice_by_slice_and_keeps_its_place(salus: Salus, files: Path, tmp_path: Path) -> None:
    fitted = salus("fit", "total_variation", files / "volumes", "-o", tmp_path / "run")
    assert fitted.code == 0, fitted.err
    slices = [nibabel.load(files / "volumes" / f"noisy{n}.nii.gz").get_fdata(dtype=np.float32) for n in range(3)]
    volume = np.concatenate([np.atleast_3d(one) for one in slices], axis=2)
    nibabel.save(nibabel.Nifti1Image(volume, AFFINE), tmp_path / "volume.nii.gz")
    said = salus("predict", tmp_path / "run", tmp_path / "volume.nii.gz", "-o", tmp_path / "answers")
    assert said.code == 0, said.err
    (row,) = read(tmp_path / "answers" / "answers.csv")
    restored = nibabel.load(tmp_path / "answers" / row["file"])
    np.testing.assert_allclose(restored.affine, AFFINE)
    assert restored.shape == volume.shape
    one = salus("predict", tmp_path / "run", files / "volumes" / "noisy1.nii.gz", "-o", tmp_path / "one")
    assert one.code == 0, one.err
    (row,) = read(tmp_path / "one" / "answers.csv")
    alone = np.atleast_3d(nibabel.load(tmp_path / "one" / row["file"]).get_fdata())
    np.testing.assert_allclose(restored.get_fdata()[:, :, 1], alone[:, :, 0], rtol=1e-5)


def test_tagged_text_gives_spans_with_their_place_in_the_text(salus: Salus, files: Path, tmp_path: Path) -> None:
    fitted = salus("fit", "lexicon_tagger", files / "text.iob", "-o", tmp_path / "run")
    assert fitted.code == 0, fitted.err
    said = salus("predict", tmp_path / "run", files / "note.txt", "-o", tmp_path / "answers")
    assert said.code == 0, said.err
    (row,) = read(tmp_path / "answers" / "answers.csv")
    found = json.loads((tmp_path / "answers" / row["file"]).read_text())
    assert [(span["type"], span["text"]) for span in found["spans"]] == [("Drug", "heparin")]
    first, last = found["spans"][0]["characters"]
    assert (files / "note.txt").read_text()[first:last] == "heparin"


def test_a_network_tags_a_file_of_sentences(salus: Salus, files: Path, tmp_path: Path) -> None:
    fitted = salus("fit", "birnn_events", files / "text.iob", "-o", tmp_path / "run", "--size", "tiny")
    assert fitted.code == 0, fitted.err
    said = salus("predict", tmp_path / "run", files / "text.iob", "-o", tmp_path / "answers")
    assert said.code == 0, said.err
    assert len(read(tmp_path / "answers" / "answers.csv")) == 30
    assert salus("explain", tmp_path / "run", files / "note.txt", "-o", tmp_path / "maps").code == 0


@pytest.mark.parametrize("system", ["window_forest", "fall_edge"])
def test_a_waveform_reaches_a_system_that_calls_it_otherwise(
    salus: Salus, files: Path, tmp_path: Path, system: str
) -> None:
    fitted = salus("fit", system, files / "motion", "-o", tmp_path / "run", "--size", "tiny")
    assert fitted.code == 0, fitted.err
    said = salus("predict", tmp_path / "run", files / "motion" / "1.csv", "-o", tmp_path / "answers")
    assert said.code == 0, said.err
    assert read(tmp_path / "answers" / "answers.csv")[0]["answer"] in ("daily", "fall")


def test_external_data_are_scored_and_another_question_is_refused(salus: Salus, files: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert salus("fit", "logistic", f"{files}/{TABLE}", "-o", run).code == 0
    said = salus("evaluate", run, f"{files}/{TABLE}", "--resamples", "50", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)["auroc"]
    assert found["low"] <= found["value"] <= found["high"]
    refused = salus("evaluate", run, f"{files}/table.csv:target=ward,patient=patient,drop=diagnosis")
    assert refused.code == 3
    assert "north, south" in refused.err
    assert "benign, malignant" in refused.err


def test_one_unreadable_file_among_others_is_named_and_the_others_are_answered(
    salus: Salus, files: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert salus("fit", "thumbnail_logistic", files / "pictures", "-o", run).code == 0
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    said = salus("predict", run, files / "pictures" / "clear" / "1.png", broken, "-o", tmp_path / "answers")
    assert said.code == 3
    assert said.err.count("error:") == 1
    assert "1 of 2" in said.err
    first, second = read(tmp_path / "answers" / "answers.csv")
    assert first["answer"]
    assert "broken.png" in second["error"]


@pytest.mark.parametrize(
    "words",
    [
        ["systems"],
        ["systems", "fall_edge"],
        ["systems", "--task", "tagging"],
        ["data", "ls"],
        ["data", "show", "wdbc"],
        ["data", "show", "umafall"],
        ["data", "check", "wdbc"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_every_listing_is_also_json(salus: Salus, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_DATA", "/nowhere")
    said = salus(*words, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out) is not None
    assert salus(*words).code == 0


def test_data_of_every_kind_are_shown_and_checked(salus: Salus, files: Path) -> None:
    for spec in (TABLE, "pictures", "volumes", "motion", "text.iob"):
        shown = salus("data", "show", f"{files}/{spec}", "--json")
        assert shown.code == 0, shown.err
        assert json.loads(shown.out)["samples"] >= 8
        checked = salus("data", "check", f"{files}/{spec}", "--json")
        assert checked.code in (0, 3), checked.err
        assert json.loads(checked.out)["passed"] == (checked.code == 0)


def test_fetching_what_is_here_or_cannot_be_fetched_says_so(salus: Salus) -> None:
    assert "nothing to fetch" in salus("data", "get", "wdbc").out
    assert salus("data", "get", "wdbk").code == 2


def test_version_and_help(salus: Salus) -> None:
    assert salus("--version").out.startswith("salus ")
    for words in ([], ["fit"], ["data"], ["study"]):
        said = salus(*words, "--help")
        assert said.code == 0
        assert "Usage: salus" in said.out


def test_help_of_the_program_cuts_no_sentence(salus: Salus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "..." not in salus("--help").out.split("Commands:")[1]


def test_an_unchanged_study_verifies_and_an_altered_one_does_not(salus: Salus, files: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert salus("fit", "majority", f"{files}/{TABLE}", "-o", run).code == 0
    assert salus("verify", run).code == 0
    with (run / "config.json").open("a") as handle:
        handle.write(" ")
    said = salus("verify", run, "--json")
    assert said.code == 6
    assert json.loads(said.out)["problems"] == ["config.json was altered or cut short"]


def test_the_catalogue_tells_what_was_measured_last(
    salus: Salus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "docs" / "results" / "fall_edge.md"
    page.parent.mkdir(parents=True)
    page.write_text(
        "# Falls\n\n## Answer\n\n- fall\\_edge reached the highest AUROC, 0.99.\n- Something else.\n"
        "- 3 of 4 required conditions met; not met: speed.\n\n## Conditions\n\n- X reached the end.\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    told = " ".join(salus("systems", "fall_edge").out.split())
    assert "fall_edge reached the highest AUROC, 0.99." in told
    assert "3 of 4 required conditions met" in told
    assert "Something else" not in told
    assert "reached the end" not in told
    assert "`salus study studies/vitals_cnn.toml" in " ".join(salus("systems", "vitals_cnn").out.split())
