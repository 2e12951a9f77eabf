"""The page is whole, safe, self-contained and readable by people and by machines."""

import dataclasses
import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from salus.study.report.html import render, tight

VOID = {"meta", "link", "br", "img", "hr", "input", "circle", "rect", "path", "line", "use", "stop"}
HOSTILE = '<script>alert("x")</script> & <b onclick=y>"\' {{ 7 * 7 }}'


class Page(HTMLParser):
    """Checks that every tag is closed by its own and collects what the tests ask about."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.faults, self.ids = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append((tag, self.getpos()))


@pytest.fixture(scope="module")
def page(study):
    return Page(study[2])


def test_page_is_well_formed_with_unique_ids(page):
    assert page.faults == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_every_reference_points_into_the_page(page, study):
    for tag, attrs in page.tags:
        for name in ("href", "xlink:href"):
            if name in attrs:
                assert attrs[name].startswith("#"), (tag, attrs[name])
                assert attrs[name][1:] in page.ids, attrs[name]
    for target in re.findall(r"url\(#([^)]+)\)", study[2]):
        assert target in page.ids


def test_nothing_is_fetched(page, study):
    text = study[2]
    assert not re.search(r"""(src|href|srcset|action|data)\s*=\s*["']?\s*(https?:)?//""", text)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert all(attrs["src"].startswith("data:image/") for tag, attrs in page.tags if tag == "img")
    assert any("default-src 'none'" in attrs.get("content", "") for tag, attrs in page.tags if tag == "meta")
    assert not [tag for tag, attrs in page.tags if tag in ("link", "iframe", "object") or "srcset" in attrs]


def test_people_who_cannot_see_get_words(page):
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert all(attrs.get("scope") in ("row", "col") for tag, attrs in page.tags if tag == "th")
    for tag, attrs in page.tags:
        if tag == "svg":
            assert attrs.get("aria-label") or attrs.get("aria-hidden") == "true"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_figures_follow_the_page_colours(study):
    assert not re.search(r"#0102|#0a0b0", study[2])
    assert "var(--arm-0)" in study[2]


def test_answer_comes_first_and_everything_asked_for_is_there(study):
    text = study[2]
    titles = (
        "The answer in plain words",
        "The data",
        "How the patients were divided",
        "Leak firewall",
        ">Scores<",
        "Are the differences real?",
        ">Curves<",
        "What was taken for what",
        "How they learned",
        "Look at single answers",
        "How much is luck?",
        "What it costs",
        "Read with care",
        "Checks beside the training",
        "How to get these figures again",
        "Words used here",
        "Not for clinical use",
    )
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    for word in ("LEAK, OVERRIDDEN", "SIMULATED DATA", "not met", "CC BY 4.0", "leak pair, to show the wrong score"):
        assert word in text


def test_hostile_words_stay_words(study, tmp_path):
    _, result, _ = study
    part = result.parts[0]
    arm = dataclasses.replace(part.arms[0], label=HOSTILE, warnings=(HOSTILE,), settings={HOSTILE: HOSTILE})
    evil = dataclasses.replace(
        part,
        name=HOSTILE.replace("/", ""),
        title=HOSTILE,
        arms=[arm, *part.arms[1:]],
        data={**part.data, "title": HOSTILE, "classes": {HOSTILE: 3, "b": 4}, "notes": [HOSTILE], "citation": HOSTILE},
        firewall=[{**part.firewall[0], "evidence": [HOSTILE], "reason": HOSTILE}],
    )
    bad = dataclasses.replace(result, title=HOSTILE, asked=HOSTILE, parts=[evil], command=HOSTILE)
    (tmp_path / "thumbnails").mkdir()
    np.savez(tmp_path / "thumbnails" / f"{evil.name}.npz", labels=np.array([HOSTILE]), text_0=np.array(HOSTILE))
    place = tmp_path / "cells" / evil.name / arm.name / "s0_f0"
    place.mkdir(parents=True)
    np.savez(
        place / "pictures.npz",
        ids=np.array([HOSTILE]),
        truth_label=np.array([HOSTILE]),
        answer_label=np.array([HOSTILE]),
        tokens_0=np.array([HOSTILE, "b"]),
        tags_true_0=np.array([1, 0]),
        tags_answer_0=np.array([0, 1]),
        trace_0=np.zeros((1, 5)),
    )
    evil_text = render(tmp_path, bad)
    page = Page(evil_text)
    assert page.faults == []
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [tag for tag, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert "{{ 7 * 7 }}" in evil_text


def test_a_folder_without_arrays_still_gives_a_page(study, tmp_path):
    _, result, _ = study
    text = render(tmp_path, dataclasses.replace(result, parts=result.parts[:1]))
    assert Page(text).faults == []
    assert "Scores" in text
    assert "Curves" not in text


def test_broken_arrays_are_left_out(study, tmp_path):
    _, result, _ = study
    place = tmp_path / "cells" / "films" / "net" / "s0_f0"
    place.mkdir(parents=True)
    (place / "marks.npz").write_bytes(b"PK\x03\x04 not an archive")
    np.savez(place / "pictures.npz", ids=np.array([{"a": 1}], dtype=object))
    (place / "history.csv").write_text("stage,epoch,loss\nfit,1,\nfit,2,abc\n")
    assert "Curves" not in render(tmp_path, dataclasses.replace(result, parts=result.parts[:1]))


def test_equal_inputs_give_equal_pages(study):
    folder, result, _ = study
    one = dataclasses.replace(result, parts=result.parts[1:2])
    assert render(folder, one) == render(folder, one)


def test_figures_stay_with_their_units():
    assert tight("95 % interval, p < 0.001 and p = 0.04") == "95\xa0% interval, p\xa0<\xa00.001 and p\xa0=\xa00.04"


@pytest.mark.slow
def test_a_browser_shows_it_without_complaint(study, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    folder = study[0]
    picture = tmp_path / "page.png"
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--enable-logging=stderr",
        "--v=0",
        "--window-size=1200,3000",
        f"--screenshot={picture}",
        f"file://{folder / 'report.html'}#dark",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert picture.stat().st_size > 50_000
    assert "CONSOLE" not in done.stderr
    from PIL import Image

    with Image.open(picture) as shot:
        pixels = np.asarray(shot.convert("L"))
    assert np.median(pixels) < 60, "the hash #dark should give a dark page"


def test_a_text_with_several_findings_is_shown_as_text(study, tmp_path):
    _, result, _ = study
    part = dataclasses.replace(result.parts[0], question={"kind": "multilabel", "classes": ["a", "b"]})
    place = tmp_path / "cells" / part.name / part.arms[0].name / "s0_f0"
    place.mkdir(parents=True)
    arrays = {"ids": np.array(["one"]), "tokens_0": np.array(["CCO"]), "tags_true_0": np.array([1.0, np.nan])}
    np.savez(place / "pictures.npz", truth_label=np.array([""]), answer_label=np.array([""]), **arrays)
    text = render(tmp_path, dataclasses.replace(result, parts=[part]))
    assert '<p class="sentence">CCO</p>' in text
