"""Simulated eyes: grades follow from counts, lesions look as they should, cameras change colour alone."""

import numpy as np
import pytest

from salus.data.library import load
from salus.data.synthetic.fundus import CAMERAS, COUNTS, KINDS, NEW, SEEN, fundus_scene, photograph
from salus.schema.errors import ConfigError, UsageError


@pytest.mark.parametrize("grade", range(5))
def test_the_grade_follows_from_the_counts_and_masks_show_them(grade):
    for seed in range(2):
        scene = fundus_scene(np.random.default_rng(seed), grade)
        counts = {kind: sum(spot.kind == kind for spot in scene.lesions) for kind in KINDS}
        for kind in KINDS:
            fewest, most = COUNTS[grade].get(kind, (0, 0))
            assert fewest <= counts[kind] <= most
        assert set(np.unique(scene.masks)) - {0} <= {1 + KINDS.index(k) for k, n in counts.items() if n}
        for spot in scene.lesions:
            if spot.kind != "veil":
                assert scene.masks[round(spot.row), round(spot.column)] > 0
        assert not (scene.masks[~scene.field] > 0).any()


def test_red_lesions_are_dark_in_green_and_yellow_ones_bright():
    change = {"blot": [], "exudate": []}
    for seed in range(3):
        scene = fundus_scene(np.random.default_rng(seed), 3)
        for spot in scene.lesions:
            if spot.kind in change:
                row, column = round(spot.row), round(spot.column)
                here = scene.light[:, row, column]
                change[spot.kind].append(here / np.median(scene.light[:, scene.field], axis=1))
    red, yellow = (np.mean(change[kind], axis=0) for kind in ("blot", "exudate"))
    assert red[1] < 0.75 < red[0]
    assert yellow[1] > 1.4
    assert yellow[2] < yellow[1]


def test_a_camera_changes_colour_and_not_the_eye():
    scene = fundus_scene(np.random.default_rng(1), 2)
    pictures = [photograph(scene, camera, np.random.default_rng(5), noise=0.0) for camera in (*SEEN, *NEW)]
    tints = [p[:, scene.field].mean(axis=1) / p[:, scene.field].mean() for p in pictures]
    for place, one in enumerate(tints):
        for other in tints[place + 1 :]:
            assert np.abs(one - other).max() > 0.05
    for p in pictures:
        assert p.dtype == np.uint8
        assert p[:, ~scene.field].max() < 10
        orders = np.corrcoef(p[1][scene.field], pictures[0][1][scene.field])[0, 1]
        assert orders > 0.97


def test_the_catalogue_gives_the_same_eyes_to_both_cameras_and_questions():
    options = {"images": "40"}
    seen, new = (load("fundus", {**options, "camera": camera}) for camera in CAMERAS)
    masks = load("fundus", {**options, "question": "lesions"})
    assert seen.question.kind == "ordinal"
    assert [seen.dataset[i].target for i in range(10)] == [0, 1, 2, 3, 4] * 2
    for place in (3, 17):
        a, b, m = seen.dataset[place], new.dataset[place], masks.dataset[place]
        assert a.meta["lesions"] == b.meta["lesions"]
        assert not np.array_equal(a.inputs["image"].array, b.inputs["image"].array)
        assert np.array_equal(a.inputs["image"].array, m.inputs["image"].array)
        assert (m.target > 0).any()
    splits = [seen.dataset[i].meta["split"] for i in range(40)]
    for part in ("train", "valid", "test"):
        assert {seen.dataset[i].target for i in range(40) if splits[i] == part} == {0, 1, 2, 3, 4}
    with pytest.raises((UsageError, ConfigError)):
        load("fundus", {"camera": "other"})
