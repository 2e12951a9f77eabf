"""`salus data ls / show / get` as a person meets them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from own_files import TABLE, Salus, refused
from salus.cli.specimens import half_blocks, lines_of, sparkline
from salus.data import library
from salus.data.datasheet import describe
from salus.data.library import open_data
from salus.tasks.registry import make


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SALUS_DATA", str(tmp_path))
    return tmp_path


def retina(folder: Path, size: int = 28) -> Path:
    """Write a small file in the form of RetinaMNIST."""
    rng = np.random.default_rng(0)
    place = folder / "medmnist" / ("retinamnist.npz" if size == 28 else f"retinamnist_{size}.npz")
    place.parent.mkdir(exist_ok=True)
    arrays = {}
    for part, count in (("train", 10), ("val", 5), ("test", 5)):
        arrays[f"{part}_images"] = rng.integers(0, 255, (count, size, size, 3), np.uint8)
        arrays[f"{part}_labels"] = (np.arange(count) % 5).astype(np.uint8)[:, None]
    np.savez_compressed(place, allow_pickle=False, **arrays)
    return place


def test_the_list_is_filtered_and_counted(salus: Salus, bare: Path) -> None:
    signals = salus("data", "ls", "--modality", "signal", "--json")
    assert {row["modality"] for row in json.loads(signals.out)} == {"signal"}
    asked = json.loads(salus("data", "ls", "--task", "multilabel", "--json").out)
    assert {"chestmnist", "tox21"} <= {row["name"] for row in asked}
    here = salus("data", "ls", "--here", "--modality", "table").out
    assert "wdbc" in here
    assert "nsl_kdd" not in here
    assert re.search(r"\d+ datasets?, \d+ here: \d+ table", here)
    refused(salus("data", "ls", "--task", "dreaming"), 2, "no dataset fits", "classification")


def test_only_the_size_that_is_here_is_here(salus: Salus, bare: Path) -> None:
    retina(bare, 64)
    (row,) = [row for row in json.loads(salus("data", "ls", "--json").out) if row["name"] == "retinamnist"]
    assert (row["present"], row["here"]) == (False, "size=64")
    refused(
        salus("data", "check", "retinamnist"),
        3,
        "run `salus data get retinamnist`",
        "take what is here: retinamnist:size=64",
    )
    assert json.loads(salus("data", "show", "retinamnist:size=64", "--json").out)["samples"] == 20
    assert "`salus data get retinamnist` fetches it" in salus("data", "show", "retinamnist").out
    assert "retinamnist:size=64 is here" in salus("data", "get", "retinamnist:size=64").out
    refused(salus("data", "get", "retinamnist:size=65"), 2, "expected one of 28, 64, 128, 224")
    refused(salus("data", "show", "retinamnist", "--html", bare / "x.html"), 3, "salus data get retinamnist")
    assert not (bare / "x.html").exists()


def test_a_sheet_holds_facts_counts_and_warnings(salus: Salus, bare: Path) -> None:
    retina(bare)
    said = salus("data", "show", "retinamnist")
    assert said.code == 0
    for words in (
        "CC BY 4.0",
        "Scientific Data 10:41",
        "train",
        "valid",
        "traps",
        "0 to 25",
        "3 x 28 x 28",
        "fingerprint",
    ):
        assert words in " ".join(said.out.split())
    assert "it is another set" in " ".join(said.out.split())
    found = json.loads(salus("data", "show", "retinamnist", "--json").out)
    assert found["classes"] == {str(grade): 4 for grade in range(5)}
    assert found["parts"] == {"train": [10, 10], "valid": [5, 5], "test": [5, 5]}
    assert found["files"][0]["md5"] == "bd4c0672f1bba3e3a89f0e4e876791e4"


def test_the_page_is_whole_and_asks_for_nothing(salus: Salus, bare: Path, files: Path) -> None:
    retina(bare)
    for spec in ("retinamnist", f"{files}/{TABLE}", f"{files}/text.iob", f"{files}/motion", f"{files}/volumes"):
        said = salus("data", "show", spec, "--html", bare / "out" / "sheet.html", "--no-pictures")
        assert said.code == 0, said.err
        page = (bare / "out" / "sheet.html").read_text(encoding="utf-8")
        assert "Content-Security-Policy" in page
        assert not re.search(r'(src|href)="(?!data:|#|https://(medmnist\.com|doi\.org))', page)
        assert not re.search(r"\{\{|\{%", page)
        assert page.count("<section") == page.count("</section>") == 5
    assert 'src="data:image/png' in page


def test_hostile_names_are_text_on_the_page(salus: Salus, bare: Path) -> None:
    rows = "\n".join(f"{i},<script>alert({i % 2})</script>,{'<b>ill' if i % 2 else 'well'}" for i in range(8))
    (bare / "t.csv").write_text(f"a,<img src=x>,y\n{rows}\n")
    assert salus("data", "show", f"{bare}/t.csv:target=y", "--html", bare / "t.html").code == 0
    page = (bare / "t.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "<b>ill" not in page
    assert "&lt;b&gt;ill" in page


def test_few_samples_are_read_where_a_limit_says_so(salus: Salus) -> None:
    found = json.loads(salus("data", "show", "wdbc", "--limit", 7, "--json").out)
    assert (found["samples"], found["read"], found["fingerprint"]) == (569, 7, "")


def test_pictures_are_drawn_in_colour_or_not_at_all(bare: Path) -> None:
    retina(bare)
    loaded = open_data("retinamnist")
    sheet = describe(loaded, make(loaded.question).stratum)
    drawn = list(lines_of(sheet, 60))
    assert max(line.cell_len for line in drawn) <= 60
    assert any("▀" in line.plain for line in drawn)
    assert not any("▀" in line.plain for line in lines_of(sheet, 60, colours=False))
    console = Console(width=60, color_system="truecolor", force_terminal=True, record=True, file=(bare / "x").open("w"))
    for line in drawn:
        console.print(line)
    console.file.close()


def test_half_blocks_hold_the_colours() -> None:
    picture = np.zeros((4, 4, 3))
    picture[:2] = (255, 0, 0)
    lines = half_blocks(picture, cells=2)
    assert [line.plain for line in lines] == ["▀▀"]
    assert str(lines[0].spans[0].style) == "rgb(255,0,0) on rgb(0,0,0)"


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([0, 7], 2, "▁█"),
        ([3, 3, 3], 3, "▁▁▁"),
        ([np.nan, np.nan], 2, ""),
        ([], 5, ""),
        ([0, 0, 9, 0, 0, 0], 3, "▁█▁"),
    ],
)
def test_a_short_spike_is_not_averaged_away(values: list[float], width: int, drawn: str) -> None:
    assert sparkline(np.array(values, dtype=float), width) == drawn


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("name", ["umafall", "bc5cdr", "ct_lidc_idri_0314", "tox21:features=smiles,group=molecule"])
def test_real_sets_are_described(salus: Salus, data_root: Path, name: str, tmp_path: Path) -> None:
    if not library.present(library.entry(library.parse_spec(name)[0])):
        pytest.skip(f"{name} is not in {data_root}")
    said = salus("data", "show", name, "--html", tmp_path / "x.html")
    assert said.code == 0, said.err
    assert (tmp_path / "x.html").stat().st_size < 2_000_000
