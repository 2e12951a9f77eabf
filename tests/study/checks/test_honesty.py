"""The check of a study: conditions, printed lines, pictures; the page without and with real people."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generators import Fake, beat, part, picture, row
from salus.contract.dataset import ListDataset
from salus.evaluate.honesty import encoder, likeness, use
from salus.evaluate.honesty.examine import examine
from salus.schema.errors import ConfigError
from salus.study.checks import honesty
from salus.study.checks.honesty import card
from salus.study.context import CheckContext
from salus.study.honesty_picture import draw_pairs
from salus.study.plan import Part, build_plan
from salus.study.report.honesty import render, write_honesty


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "STEPS", 30)
        patch.setattr(likeness, "TREES", 10)
        patch.setattr(use, "TREES", 20)
        yield


def context(folder: Path, makers: list[Any], role: str = "system", **options: Any) -> Any:
    sides = [ListDataset(part(row, 400, seed, stem)) for seed, stem in ((0, "t"), (1, "v"), (2, "c"))]
    cells = [
        SimpleNamespace(seed=n, fold=0, system=Fake(maker), train=sides[0], valid=sides[1], test=sides[2])
        for n, maker in enumerate(makers)
    ]
    named = SimpleNamespace(data="made_up", arms=(SimpleNamespace(name=options.get("arm"), role=role),))
    return SimpleNamespace(
        folder=folder, options=options, systems=lambda part, arm: iter(cells), part=lambda name: named
    )


def test_an_honest_generator_s_lines(tmp_path: Path) -> None:
    rows = card(context(tmp_path, [row, row], part="a", arm="b", bars=["column", "utility"]))
    must = {r.text.split(",")[0]: r.met for r in rows if r.kind == "M"}
    assert len(must) == 5
    assert all(must.values()), must
    assert all(r.met is None for r in rows if r.kind == "R")
    assert rows[-1].figure == "2 of 2 seeds released"
    assert {p.name for p in tmp_path.iterdir()} == {f"honesty_a_b.{kind}" for kind in ("json", "html", "png")}


def test_an_ablation_s_card_sets_no_conditions(tmp_path: Path) -> None:
    rows = card(context(tmp_path, [row], role="ablation", part="a", arm="b"))
    assert {r.kind for r in rows} == {"R"}
    assert all(r.met is None for r in rows)


def test_a_copier_and_a_failing_generator_are_said_so(tmp_path: Path) -> None:
    train = part(row, 400, 0, "t")

    def copier(target: Any, rng: Any) -> Any:
        return train[int(rng.integers(len(train)))]

    rows = card(context(tmp_path, [copier], part="a", arm="b"))
    assert [r.met for r in rows if r.kind == "M"] == [False, False, True]
    assert rows[-1].figure.startswith("0 of 1 seeds released; refused because it copies")
    only = card(context(tmp_path, [lambda target, rng: row(0, rng)], part="a", arm="b"))
    assert len(only) == 1
    assert "no card" in only[0].figure
    assert "50 a side" in only[0].figure
    assert card(context(tmp_path, [], part="a", arm="b"))[0].figure == "no card"


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "are needed"), ({"part": "a", "arm": "b", "x": 1}, "'x'"), ({"part": "a", "arm": "b", "bars": ["y"]}, "y")],
)
def test_options_are_checked(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        card(context(tmp_path, [], **options))


def test_options_reach_a_check_from_the_study_file(tmp_path: Path) -> None:
    part_of = {"name": "p", "data": "wdbc", "arm": [{"system": "majority"}]}
    plan = build_plan({"name": "s", "part": [part_of], "check": [{"name": "honesty.card", "part": "p", "arm": "q"}]})
    assert plan.checks[0].options == {"part": "p", "arm": "q"}
    assert (
        CheckContext(plan=plan, study=tmp_path, folder=tmp_path, options=plan.checks[0].options).options["arm"] == "q"
    )


@pytest.mark.parametrize("maker", [row, beat, picture])
def test_the_page_shows_real_people_only_where_asked(maker: Any, tmp_path: Path) -> None:
    sides = [part(maker, 120, seed, stem) for seed, stem in ((0, "t"), (1, "c"), (2, "m"))]
    found = examine(*sides, subject="<b>a generator</b>", classes=("even", "odd"))
    page = write_honesty(tmp_path / "card.html", found.card, found.pairs).read_text()
    assert "&lt;b&gt;a generator" in page
    assert "data of real people" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "data of real people" not in render(found.card)
    draw_pairs(tmp_path / "pairs.png", found)
    assert (tmp_path / "pairs.png").read_bytes().startswith(b"\x89PNG")


def test_a_control_of_the_same_people_takes_the_test_part_s_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [replace(s, patient=f"p{n % 20}") for n, s in enumerate(part(row, 400, 0, "t"))]
    others = [replace(s, patient=f"p{n % 40}") for n, s in enumerate(part(row, 800, 3, "o"))]
    asked: list[str] = []

    def opened(specification: str) -> Any:
        asked.append(specification)
        return SimpleNamespace(dataset=ListDataset(others))

    monkeypatch.setattr(honesty, "open_data", opened)
    system = Fake(row)
    cell = SimpleNamespace(seed=0, fold=0, system=system, train=ListDataset(people), test=ListDataset(people[:60]))
    plan = Part(name="a", title="a", data="made_up", options={"beats": "even"})
    made = SimpleNamespace(
        folder=tmp_path,
        options={"part": "a", "arm": "b", "control": {"beats": "odd"}},
        systems=lambda part, arm: iter([cell]),
        part=lambda name: plan,
    )
    rows = card(made)  # the test part is the training part itself and would be refused
    assert asked == ["made_up:beats=odd"]
    assert all(r.met for r in rows if r.kind == "M")
