"""The audit meets each fault on purpose: copies, part copies, a collapse, a lost class; and an honest draw."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from generators import beat, part, picture, row
from salus.data.library import load
from salus.evaluate.honesty import encoder, likeness, use
from salus.evaluate.honesty.card import HonestyCard, Limits
from salus.evaluate.honesty.examine import Examined, examine
from salus.evaluate.honesty.parts import balance
from salus.evaluate.honesty.planted import plant
from salus.evaluate.honesty.privacy import Finder
from salus.evaluate.honesty.space import Space
from salus.schema.errors import DataError, ReleaseError, ShapeError
from salus.schema.sample import Image, Row, Sample

CLASSES = ("even", "odd")
SIZE = 240


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Grow fewer trees and train the feature space for fewer steps: what is tested here hangs on neither."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "STEPS", 60)
        patch.setattr(likeness, "TREES", 20)
        patch.setattr(use, "TREES", 30)
        yield


def renamed(samples: list[Sample]) -> list[Sample]:
    return [dataclasses.replace(s, id=f"m{n}", patient=f"m{n}") for n, s in enumerate(samples)]


def audit(maker: Any, made: list[Sample], train: list[Sample] | None = None) -> Examined:
    seen = train if train is not None else part(maker, SIZE, 0, "t")
    return examine(seen, part(maker, SIZE, 1, "c"), made, subject="a made-up generator", classes=CLASSES)


@pytest.fixture(scope="module", params=[row, beat, picture])
def honest(request: pytest.FixtureRequest) -> Examined:
    return audit(request.param, part(request.param, 2 * SIZE, 3, "m"))


def test_a_fresh_draw_of_the_true_distribution_is_released(honest: Examined) -> None:
    card = honest.card
    assert card.verdict == "released", card.reasons
    assert card.released() is card
    assert card.figure("share").low < 0.5 < card.figure("share").high
    assert card.figure("coverage").value > 0.8
    assert card.figure("told_apart").value < 0.6
    assert card.figure("utility").low < 1.0 < card.figure("utility").high + 0.05
    assert card.figure("planted").value >= 0.99


def test_the_card_survives_json(honest: Examined) -> None:
    import json

    card = honest.card
    again = HonestyCard.from_dict(json.loads(card.to_json()))
    assert again.to_json() == card.to_json()
    assert again.verdict == card.verdict
    assert not any(s in card.to_json() for s in ('"t0"', '"c0"')), "the card names no real sample"


@pytest.mark.parametrize("maker", [row, beat, picture])
def test_a_copying_generator_is_refused(maker: Any) -> None:
    train = part(maker, SIZE, 0, "t")
    found = audit(maker, renamed(train), train)
    assert found.card.verdict == "refused"
    assert {"share", "membership", "copies"} <= {f.key for f in found.card.figures if f.met is not None and not f.met}
    assert all(pair.copy and pair.distance == 0 for pair in found.pairs)
    with pytest.raises(ReleaseError, match="it copies"):
        found.card.released()
    with pytest.raises(ReleaseError, match="ten letters"):
        found.card.released("just so")
    kept = found.card.released("shown inside the hospital only")
    assert kept.verdict == "released against the audit"
    assert kept.override == "shown inside the hospital only"


def test_one_copy_in_twenty_is_enough_to_be_refused() -> None:
    train = part(row, 2 * SIZE, 0, "t")
    made = part(row, 2 * SIZE, 2, "m")
    made[:24] = renamed(train[:24])
    card = audit(row, made, train).card
    assert card.figure("share").met
    assert card.figure("copies").value == pytest.approx(0.05, abs=0.02)
    assert card.verdict == "refused"


@pytest.mark.parametrize("maker", [row, picture])
def test_a_collapsed_generator_is_refused_even_where_it_copies_nothing(maker: Any) -> None:
    few = part(maker, 4, 5, "f")
    card = audit(maker, renamed([few[n % 4] for n in range(2 * SIZE)])).card
    assert card.verdict == "refused"
    assert any("it collapsed" in reason for reason in card.reasons)
    assert card.figure("recall").value < 0.1


@pytest.mark.parametrize(("kept", "verdict"), [(10, "released"), (9, "released"), (8, "refused")])
def test_modes_are_counted_on_ten_modes(kept: int, verdict: str) -> None:
    data = load("ten_modes", {"points": "4000"}).dataset
    samples = [data[i] for i in range(len(data))]
    sides = {name: [s for s in samples if s.meta["split"] == name] for name in ("train", "valid", "test")}
    made = renamed([s for s in sides["valid"] if s.meta["mode"] < kept])
    card = examine(sides["train"], sides["test"], made, subject="modes", classes=CLASSES).card
    assert card.figure("modes").value == kept
    assert card.verdict == verdict, card.reasons


@pytest.mark.parametrize("maker", [row, beat, picture])
def test_planted_copies_are_found_and_strangers_are_not(maker: Any) -> None:
    train, unseen = part(maker, 400, 0, "t"), part(maker, 400, 1, "c")
    space = Space(train)
    finder = Finder(space, train, unseen)
    exact, disturbed = plant(space, train, finder.middle)
    assert finder.copies(exact).all()
    assert finder.copies(disturbed).mean() >= 0.99
    assert finder.copies(part(maker, 400, 9, "x")).mean() < 0.02
    assert not any(np.array_equal(a, b) for a, b in zip(space.vectors(exact), space.vectors(disturbed), strict=True))


def test_equal_proportions_whatever_the_control_part_holds() -> None:
    train, control = part(row, 400, 0, "t"), part(row, 400, 1, "c")
    lopsided = [s for n, s in enumerate(control) if s.target == 0 or n % 8 == 1]
    parts = balance(train, lopsided, part(row, 300, 2, "m"))
    for side in (parts.seen, parts.unseen):
        assert np.bincount([s.target for s in side]).tolist() == [200, 50]
    assert np.bincount([s.target for s in parts.made]).tolist() == [150, 37]


def test_a_generator_that_makes_one_class_only_is_refused_with_a_sentence() -> None:
    made = [s for s in part(row, 600, 2, "m") if s.target == 0]
    with pytest.raises(DataError, match="50 a side"):
        audit(row, made)


def test_too_few_people_or_the_same_people_are_refused() -> None:
    train = part(row, 200, 0, "t")
    with pytest.raises(DataError, match="50 a side"):
        balance(train, part(row, 40, 1, "c"), train)
    with pytest.raises(DataError, match="stand in training and control"):
        balance(train, train[:100], train)


def test_limits_can_be_set() -> None:
    train = part(row, SIZE, 0, "t")
    limits = Limits(share=1.0, membership=1.0, copies=1.0)
    card = examine(train, part(row, SIZE, 1, "c"), renamed(train), subject="x", classes=CLASSES, limits=limits).card
    assert card.verdict == "released"


def test_numbers_as_targets_are_judged_by_their_error() -> None:
    def measured(samples: list[Sample]) -> list[Sample]:
        return [dataclasses.replace(s, target=float(s.inputs["row"].values["a"]) * 2 + 3) for s in samples]

    sides = [measured(part(row, SIZE, seed, stem)) for seed, stem in ((0, "t"), (1, "c"), (2, "m"))]
    card = examine(*sides, subject="x").card
    assert "mean absolute error" in card.figure("real_trained").text
    assert 0.7 < card.figure("utility").value < 1.4


def test_samples_of_another_kind_or_shape_are_named() -> None:
    space = Space(part(picture, 60, 0, "t"))
    small = Image(array=np.zeros((1, 8, 8), np.uint8))
    with pytest.raises(ShapeError, match="sample s: shape"):
        space.vectors([Sample(id="s", patient="s", inputs={"image": small})])
    rows = Space(part(row, 60, 0, "t"))
    with pytest.raises(DataError, match="columns"):
        rows.vectors([Sample(id="s", patient="s", inputs={"row": Row(values={"z": 1.0})})])


def test_missing_numbers_and_new_words_have_a_place() -> None:
    made = part(row, 60, 0, "t")
    gap = Row(values={**made[0].inputs["row"].values, "c": float("nan")})
    train = [dataclasses.replace(made[0], inputs={"row": gap}), *made[1:]]
    space = Space(train)
    new = Row(values={**made[1].inputs["row"].values, "ward": "moon"})
    vectors = space.vectors([train[0], dataclasses.replace(made[1], inputs={"row": new})])
    assert np.isfinite(vectors).all()
    assert vectors.shape[1] == len(space.names()) == len(space.owners())
    assert vectors[0, space.names().index("c is missing")] == 1.0
    assert vectors[1, [n.startswith("ward") for n in space.names()]].sum() == 0.0
