"""Small files of every kind that a user may bring, and what a command of the program says."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

AFFINE = np.array([[-0.8, 0, 0, 10.0], [0, 0.8, 0, -20.0], [0, 0, 2.5, 5.0], [0, 0, 0, 1.0]])
TABLE = "table.csv:target=diagnosis,patient=patient"


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Salus = Callable[..., Said]


def refused(said: Said, code: int, *words: str) -> None:
    """Check that a command ended with one message that holds the words."""
    assert said.code == code, said.err
    assert said.err.count("error:") == 1
    assert "Traceback" not in said.err
    assert "fault of Salus" not in said.err
    for word in words:
        assert word in said.err.replace("\n", " "), said.err


def write_files(place: Path) -> Path:
    """Write a table, pictures in class folders, volumes, waveforms and tagged text to a folder."""
    rng = np.random.default_rng(0)
    _tables(place, rng)
    _pictures(place, rng)
    _volumes(place / "volumes", rng)
    _waveforms(place / "motion", rng)
    words = {"drug": ["aspirin", "heparin"], "other": [f"word{chr(97 + i)}" for i in range(24)]}
    lines = []
    for _ in range(30):
        row = [f"{rng.choice(words['other'])}\tO" for _ in range(7)]
        row[int(rng.integers(7))] = f"{rng.choice(words['drug'])}\tB-Drug"
        lines += [*row, ""]
    (place / "text.iob").write_text("\n".join(lines))
    (place / "note.txt").write_text("Given heparin,\ntoday.")
    return place


def write_csv(path: Path, columns: list[str], rows: list[list[object]]) -> Path:
    """Write a table."""
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([columns, *rows])
    return path


def _tables(place: Path, rng: np.random.Generator) -> None:
    columns = ["patient", "radius", "texture", "ward", "diagnosis"]
    rows: list[list[object]] = []
    for i in range(60):
        y = i % 2
        texture = "" if i % 7 == 0 else round(float(rng.normal()), 3)
        ward = "north" if rng.random() < 0.5 else "south"
        rows.append([f"p{i}", round(float(rng.normal(2.5 * y)), 3), texture, ward, ("benign", "malignant")[y]])
    write_csv(place / "table.csv", columns, rows)
    write_csv(place / "new.csv", columns[1:4], [row[1:4] for row in rows[:2]])


def _pictures(place: Path, rng: np.random.Generator) -> None:
    for name in ("clear", "shadow"):
        (place / "pictures" / name).mkdir(parents=True)
        for i in range(10):
            array = rng.integers(0, 80, (32, 32)).astype(np.uint8)
            if name == "shadow":
                row, column = rng.integers(0, 18, 2)
                array[row : row + 12, column : column + 12] += 60
            Image.fromarray(array).save(place / "pictures" / name / f"{i}.png")


def _volumes(place: Path, rng: np.random.Generator) -> None:
    place.mkdir()
    rows: list[list[object]] = []
    for i in range(8):
        clean = np.zeros((40, 32, 1), np.float32)
        clean[8:24, 6:20] = 100 + i
        noisy = clean + rng.normal(0, 20, clean.shape).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(clean, AFFINE), place / f"clean{i}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(noisy, AFFINE), place / f"noisy{i}.nii.gz")
        rows.append([f"noisy{i}.nii.gz", f"p{i}", f"clean{i}.nii.gz"])
    write_csv(place / "manifest.csv", ["path", "patient", "target"], rows)


def _waveforms(place: Path, rng: np.random.Generator) -> None:
    place.mkdir()
    rows: list[list[object]] = []
    columns = ["time_s", "ax[g]", "ay[g]", "az[g]", "gx[deg/s]", "gy[deg/s]", "gz[deg/s]"]
    for i in range(20):
        array = rng.normal(0, 0.05, (200, 6))
        array[:, 3:] += np.sin(np.arange(200)[:, None] / rng.uniform(2, 20, 3)) * rng.uniform(1, 40, 3)
        array[:, 2] += 1
        if i % 2:
            peak = int(rng.integers(40, 160))
            array[peak - 2 : peak + 2, :3] += rng.uniform(-3, 3, 3)
            array[peak - 4 : peak + 4, 3:] += rng.uniform(-200, 200, 3)
        write_csv(place / f"{i}.csv", columns, [[f"{t / 20:.2f}", *map(float, array[t].round(4))] for t in range(200)])
        rows.append([f"{i}.csv", f"p{i // 2}", ("daily", "fall")[i % 2]])
    write_csv(place / "manifest.csv", ["path", "patient", "target"], rows)
