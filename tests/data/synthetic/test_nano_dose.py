"""Simulated doses of nanotubes: ranges, a response that never falls, and what it rests on."""

import numpy as np

from salus.data import library
from salus.data.synthetic.nano_dose import COLUMNS, RANGES, expected, planted_importance, simulate


def test_inputs_keep_their_published_ranges_and_a_material_its_shape() -> None:
    doses = simulate(np.random.default_rng(0), 30, 6)
    for place, (low, high) in enumerate(RANGES.values()):
        assert low <= doses.inputs[:, place].min() <= doses.inputs[:, place].max() <= high
    for place, column in enumerate(COLUMNS):
        own = [np.ptp(doses.inputs[doses.material == m, place]) for m in range(30)]
        assert (max(own) == 0) == (column in ("diameter_nm", "length_nm", "aggregation_nm"))


def test_the_planted_response_never_falls_with_dose_or_metal_and_they_interact() -> None:
    rows = simulate(np.random.default_rng(1), 40, 5).inputs
    for place in (0, 4):
        low, high = RANGES[COLUMNS[place]]
        curve = []
        for value in np.linspace(low, high, 25):
            rows[:, place] = value
            curve.append(expected(rows))
        assert (np.diff(np.stack(curve), axis=0) >= 0).all()
    one = np.array([[6000.0, 10, 20, 3000, 0, 2000], [6000.0, 10, 20, 3000, 3000, 2000]])
    none = one.copy()
    none[:, 0] = 2.0
    rise, without = np.diff(expected(one))[0], np.diff(expected(none))[0]
    assert rise > 20 * without


def test_dose_and_metal_matter_most_and_aggregation_least() -> None:
    rows = simulate(np.random.default_rng(2)).inputs
    found = dict(zip(COLUMNS, planted_importance(rows, np.random.default_rng(3)), strict=True))
    order = sorted(found, key=lambda name: -found[name])
    assert order[:2] == ["dose_ug_kg", "cobalt_ug_kg"]
    assert order[-1] == "aggregation_nm"


def test_the_entry_serves_the_same_animals_every_time() -> None:
    loaded, logged = library.load("nano_dose"), library.load("nano_dose", {"dose": "log10"})
    first, same = loaded.dataset[5].inputs["row"].values, logged.dataset[5].inputs["row"].values
    assert same["log10_dose_ug_kg"] == np.log10(first["dose_ug_kg"])
    assert len(loaded.dataset) == 1200
    assert loaded.unit == "material"
