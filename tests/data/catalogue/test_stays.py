"""Lengths of stay: what is asked, of whom, and what may be known when it is asked."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from salus.data.catalogue.diabetes_130us import ADMISSION
from salus.data.catalogue.nhamcs_ed_2010 import (
    _ASIDE,
    BANDS,
    HISTORY,
    LATER,
    LATER_FLAGS,
    LATER_NUMBERS,
    NUMBERS,
    REASONS,
    WORDS,
    _load,
)  # fmt: skip
from salus.data.library import load
from salus.schema.errors import UnitError

NAMES = tuple(dict.fromkeys((*NUMBERS, *WORDS, *HISTORY, *REASONS, *LATER_NUMBERS, *LATER_FLAGS, *_ASIDE)))
OPTIONS = {"target": "stay_interval", "columns": "triage", "weights": "none"}


def write_visits(folder: Path, rows: list[dict[str, str]]) -> None:
    lines = [",".join(NAMES)]
    usual = dict.fromkeys(NAMES, "1") | {"TEMPF": "986", "LOV": "90", "IMMEDFL": "0", "RFV1": "15451"}
    lines += [",".join((usual | row)[name] for name in NAMES) for row in rows]
    with gzip.open(folder / "nhamcs_ed_2010.csv.gz", "wt", encoding="utf-8") as handle:
        handle.write("\n".join(lines) + "\n")


def test_visits_without_a_length_are_left_out_and_imputed_immediacy_is_missing(tmp_path: Path) -> None:
    rows = [{"PATCODE": str(k), "LOV": stay} for k, stay in enumerate(("-9", "0", "90", "500"))]
    rows[3] |= {"IMMEDFL": "1", "IMMEDR": "3"}
    write_visits(tmp_path, rows)
    dataset = _load(tmp_path, OPTIONS).dataset
    assert [dataset[i].target for i in range(len(dataset))] == [90.0, 500.0]
    assert dataset[0].inputs["row"].values["temperature_f"] == 98.6
    assert [dataset[i].inputs["row"].values["immediacy"] for i in range(2)] == ["immediate", ""]


def test_a_temperature_that_is_degrees_already_is_refused(tmp_path: Path) -> None:
    write_visits(tmp_path, [{"TEMPF": "98.6"}])
    with pytest.raises(UnitError, match=r"98\.6; the file stores tenths"):
        _load(tmp_path, OPTIONS)


def test_bands_carry_their_minutes(tmp_path: Path) -> None:
    write_visits(tmp_path, [{"PATCODE": str(k), "LOV": str(stay)} for k, stay in enumerate((119, 120, 240, 480))])
    dataset = _load(tmp_path, OPTIONS | {"target": "stay_bands"}).dataset
    assert [dataset[i].target for i in range(4)] == [
        {"label": band, "value": float(stay)} for band, stay in enumerate((119, 120, 240, 480))
    ]
    assert len(BANDS) == 4


def test_what_comes_after_triage_is_an_input_only_where_it_is_asked_for(tmp_path: Path) -> None:
    write_visits(tmp_path, [{}])
    honest = _load(tmp_path, OPTIONS)
    assert not set(LATER) & set(honest.dataset[0].inputs["row"].values)
    assert honest.defining == ()
    leaking = _load(tmp_path, OPTIONS | {"columns": "later"})
    assert set(LATER) <= set(leaking.dataset[0].inputs["row"].values)
    assert leaking.defining == LATER  # the firewall refuses them unless it is overridden


def test_survey_weights_draw_only_where_asked(tmp_path: Path) -> None:
    write_visits(tmp_path, [{"PATWT": "1263"}])
    assert _load(tmp_path, OPTIONS).dataset[0].meta["survey_weight"] == 1263
    assert "weight" not in _load(tmp_path, OPTIONS).dataset[0].meta
    weighted = _load(tmp_path, OPTIONS | {"weights": "survey"}).dataset[0]
    assert weighted.meta["weight"] == 1263
    assert not any("weight" in name for name in weighted.inputs["row"].values)


@pytest.mark.realdata
def test_stays_of_both_sets(data_root: Path) -> None:
    visits = load("nhamcs_ed_2010", {"target": "stay_interval"})
    assert len(visits.dataset) == 25_388
    assert len(set(visits.dataset.metas["design_unit"])) == 150
    days = load("diabetes_130us", {"target": "stay_interval", "rows": "all"})
    assert len(days.dataset) == 101_766
    assert set(days.dataset[0].inputs["row"].values) == set(ADMISSION)
    assert (np.min(days.dataset.targets), np.max(days.dataset.targets)) == (1, 14)
