"""A user's own pictures for the two-branch network: several sizes, PNG and DICOM, and each refusal in one sentence."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from dicom_files import dataset, save
from own_files import Salus, refused
from salus.data.synthetic.fundus import SEEN, fundus_scene, photograph

FEW = ("--allow", "target=so few pictures differ somewhere by chance")


@pytest.fixture(scope="module")
def shadows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write grey pictures of several sizes in two class folders."""
    place, rng = tmp_path_factory.mktemp("shadows"), np.random.default_rng(0)
    for number in range(16):
        height, width = (40, 48) if number % 3 else (64, 30)
        array = rng.normal(120, 10, (height, width))
        if number % 2:
            row, column = rng.integers(0, height - 20), rng.integers(0, width - 16)
            array[row : row + 20, column : column + 16] -= 70
        folder = place / ("clear", "shadow")[number % 2]
        folder.mkdir(exist_ok=True)
        Picture.fromarray(array.astype(np.uint8)).save(folder / f"{number}.png")
    return place


def test_pictures_of_several_sizes_and_a_dicom_file(salus: Salus, shadows: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    fitted = salus("fit", "retina_two_branch", shadows, "-o", run, "--size", "tiny", *FEW)
    assert fitted.code == 0, fitted.err
    pixels = np.full((52, 60), 1200, np.uint16)
    pixels[12:36, 10:30] = 300
    scan = save(tmp_path / "scan.dcm", dataset(pixels, sop_class="1.2.840.10008.5.1.4.1.1.1", Modality="CR"))
    said = salus("predict", run, shadows / "clear" / "0.png", scan, "-o", tmp_path / "answers")
    assert said.code == 0, said.err
    with (tmp_path / "answers" / "answers.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [row["sample"] for row in rows] == ["0.png", "scan.dcm"]
    for row in rows:
        assert row["answer"] in ("clear", "shadow"), row
        assert float(row["p_clear"]) + float(row["p_shadow"]) == pytest.approx(1, abs=1e-5)
    colour = np.random.default_rng(1).integers(0, 255, (40, 40, 4)).astype(np.uint8)
    Picture.fromarray(colour[..., :3]).save(tmp_path / "colour.png")
    refused(salus("predict", run, tmp_path / "colour.png", "-o", tmp_path / "no"), 3, "colour.png", "grey")


def test_photographs_of_eyes_and_what_is_none(salus: Salus, tmp_path: Path) -> None:
    for number in range(10):
        rng = np.random.default_rng(number)
        array = photograph(fundus_scene(rng, number % 2 * 4, 64 + 8 * (number % 3)), SEEN[number % 3], rng)
        folder = tmp_path / "eyes" / ("healthy", "ill")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(array.transpose(1, 2, 0)).save(folder / f"{number}.png")
    run = tmp_path / "run"
    settings = ("--set", "preprocess=fundus", "--set", "pixels=32", "--set", "stem=strided")
    fitted = salus("fit", "retina_two_branch", tmp_path / "eyes", "-o", run, "--size", "tiny", *settings, *FEW)
    assert fitted.code == 0, fitted.err
    assert salus("predict", run, tmp_path / "eyes" / "ill" / "1.png", "-o", tmp_path / "answers").code == 0
    shapes = {"grey": (80, 80), "small": (40, 40, 3), "wall": (80, 80, 3)}
    words = {"grey": "grey", "small": "below 64", "wall": "not a fundus photograph"}
    for name, shape in shapes.items():
        array = np.random.default_rng(2).integers(90, 200, shape).astype(np.uint8)
        Picture.fromarray(array).save(tmp_path / f"{name}.png")
        said = salus("predict", run, tmp_path / f"{name}.png", "-o", tmp_path / name)
        assert said.code != 0
        assert words[name] in said.out + said.err, (name, said.out, said.err)
        assert "Traceback" not in said.err
