"""`salus data check` on anything, from the command line to the page."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salus import api
from salus.data.survey.report import Broken, Concern, Example, Report
from salus.study.inspection import check_anything
from salus.study.report.inspection import grouped, render_check, write_check

sys.path.insert(0, str(Path(__file__).parents[1] / "data" / "survey"))
from messy import SECRETS, picture, write_messy


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path_factory.getbasetemp() / "check-cache"))


def checked(spec: object, **how: object) -> Report:
    return check_anything(str(spec), api.divide, workers=1, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("classes")
    for number, name in enumerate(("clear", "shadow")):
        (place / name).mkdir()
        for i in range(14):
            Image.fromarray(picture(50 * number + i, 40)).save(place / name / f"{i}.png")
    (place / "shadow" / "copy.png").write_bytes((place / "clear" / "3.png").read_bytes())
    return place


def test_a_folder_of_classes_is_surveyed_read_and_split(classes: Path) -> None:
    report = checked(classes)
    assert report.labels == {"shadow": 15, "clear": 14}
    assert not report.passed
    assert any(one.area == "copies" and "several classes" in one.what for one in report.concerns)
    assert any(one.area == "split" and "duplicate" in one.what for one in report.concerns)
    fit = next(one for one in report.fitness if one.task == "classification")
    assert "small_cnn" in fit.systems
    assert "majority" in fit.systems
    assert len(report.examples) > 10
    assert {one.label for one in report.examples} == {"clear", "shadow"}
    json.dumps(report.to_dict(), allow_nan=False)


def test_headers_only_reads_no_samples(classes: Path) -> None:
    report = checked(classes, deep=False)
    assert not report.examples
    assert any("not read one by one" in note for note in report.notes)


def test_one_file_is_looked_at_alone(classes: Path) -> None:
    report = checked(classes / "clear" / "3.png")
    assert dict(report.facts)["Files"] == "1"
    assert any("no dataset by itself" in note for note in report.notes)
    assert report.passed


def test_a_table_has_its_columns_and_its_samples_looked_at(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["patient,last_name,age,grade"]
    lines += [f"p{i},Doe,{30 + rng.integers(40)},{('low', 'high', 'High ')[i % 2 if i else 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    report = checked(f"{tmp_path}/t.csv:target=grade,patient=patient")
    words = [one.what for one in report.concerns]
    assert any("one class under several names" in word and "'High'" in word for word in words)
    assert any("column 'last_name'" in word for word in words)
    assert dict(report.facts)["Patients"] == "40"


def test_near_copies_of_two_patients_are_found_in_a_manifest(tmp_path: Path) -> None:
    lines = ["path,patient,target"]
    for i in range(24):
        Image.fromarray(picture(i, 48)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,p{i},{'ab'[i % 2]}")
    Image.fromarray(picture(4, 48)).save(tmp_path / "near.jpg", quality=92)
    (tmp_path / "manifest.csv").write_text("\n".join([*lines, "near.jpg,p99,b"]))
    report = checked(tmp_path / "manifest.csv")
    (found,) = [one for one in report.concerns if "nearly equal inputs 'image'" in one.what]
    assert found.which[0].startswith("4.png ~ near.jpg")
    assert "1 of them to several classes" in found.what


def test_what_cannot_be_opened_as_a_dataset_is_said(tmp_path: Path) -> None:
    Image.fromarray(picture(1)).save(tmp_path / "a.png")
    assert any("asks no question yet" in note for note in checked(tmp_path).notes)
    (tmp_path / "manifest.csv").write_text("path,patient,target\nb.png,p,x\n")
    report = checked(tmp_path)
    assert not report.passed
    assert any("b.png" in one.what for one in report.concerns)


class _Page(HTMLParser):
    """Collects what a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.scripts = 0
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.sources += [found[key] or "" for key in ("src", "href") if key in found]
        self.scripts += tag == "script"
        self.ids += [found["id"] or ""] if "id" in found else []


def test_the_page_is_one_file_and_file_names_cannot_run(tmp_path: Path) -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    report = Report(
        title=evil,
        facts=[(evil, evil)],
        broken=[Broken(path=evil, why=evil, remedy=evil)],
        broken_count=1,
        concerns=[Concern(severity="error", area="identity", what=evil, which=(evil,), remedy=evil, count=3)],
        labels={evil: 3},
        examples=[Example(name=evil, label=evil, png="iVBORw0KGgo="), Example(name=evil, trace=((0.0, 1.0, 0.5),))],
        notes=[evil],
    )
    page = _Page()
    text = write_check(tmp_path / "page.html", report).read_text(encoding="utf-8")
    page.feed(text)
    assert page.scripts == 1
    assert all(source.startswith(("#", "data:image/png;base64,")) for source in page.sources)
    assert "onerror=" not in re.sub(r"onerror=(?:&#34;|&quot;)", "", text)
    assert len(page.ids) == len(set(page.ids))
    assert "default-src 'none'" in text


def test_the_page_of_a_messy_folder_says_all_and_names_no_one(tmp_path: Path) -> None:
    report = checked(write_messy(tmp_path / "messy"))
    text = render_check(report)
    for word in ("Broken files", "Identifiers still inside", "Geometry", "Copies", "ct/hole", "skin/benign/cut.png"):
        assert word in text
    for secret in SECRETS:
        assert secret not in text
    assert grouped(report)[0][1][0].severity == "error"
    assert text.count('class="picture"') == len([one for one in report.examples if one.png])


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("name", ["pneumoniamnist", "uci_heart_disease", "noneeg_spo2_hr"])
def test_sets_of_the_catalogue_are_checked(name: str, data_root: Path) -> None:
    report = checked(name)
    assert int(dict(report.facts)["Samples"].replace(",", "")) > 50
    assert not report.broken
    assert report.fitness[0].systems
