"""A small study end to end: evidence complete, failures cost their score, done cells are not done again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salus.schema.errors import LeakError, StoreError
from salus.store.checksums import verify_checksums
from salus.study.plan import build_plan
from salus.study.result import StudyResult
from salus.study.run import run_study

PLAN: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "asked": "Does it run?",
    "protocol": {"folds": 3, "seeds": 2, "resamples": 200},
    "part": [
        {
            "name": "wdbc",
            "data": "wdbc",
            "arm": [
                {"system": "vitals_cnn", "size": "tiny"},
                {"system": "logistic", "role": "baseline"},
                {"name": "again", "system": "logistic", "role": "baseline"},
                {"system": "majority", "role": "baseline"},
                {"name": "broken", "system": "mlp", "size": "tiny", "set": {"learning_rate": 1e30}, "role": "ablation"},
            ],
        }
    ],
    "bar": [
        {"kind": "M", "text": "good", "arm": "logistic", "metric": "auroc", "at_least": 0.95},
        {"kind": "M", "text": "too much", "arm": "majority", "metric": "auroc", "at_least": 0.95},
        {"kind": "M", "text": "better", "arm": "logistic", "versus": "majority", "metric": "auroc", "margin": 0.3},
        {"kind": "M", "text": "as good", "arm": "again", "versus": "logistic", "metric": "auroc", "margin": 0.0},
        {"kind": "R", "text": "printed", "arm": "vitals_cnn", "metric": "ece"},
    ],
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudyResult]:
    """Run the study once."""
    folder = tmp_path_factory.mktemp("studies") / "small"
    return folder, run_study(build_plan(PLAN), folder, jobs=2, shown=False)


def arm(result: StudyResult, name: str) -> Any:
    return next(found for found in result.parts[0].arms if found.name == name)


@pytest.mark.slow
def test_the_evidence_is_complete_and_reads_back(done: tuple[Path, StudyResult]) -> None:
    folder, result = done
    assert StudyResult.load(folder / "results.json") == json_round_trip(result, folder)
    assert verify_checksums(folder) == []
    names = {path.name for path in (folder / "cells/wdbc/vitals_cnn/s1_f2").iterdir()}
    assert {"cell.json", "marks.npz", "history.csv", "pictures.npz", "run"} <= names
    assert (folder / "report.html").stat().st_size > 10_000
    assert not list(folder.rglob("*.part"))


def json_round_trip(result: StudyResult, folder: Path) -> StudyResult:
    result.save(folder.parent / "again.json")
    return StudyResult.load(folder.parent / "again.json")


@pytest.mark.slow
def test_bars_are_judged_on_the_results(done: tuple[Path, StudyResult]) -> None:
    assert [bar.met for bar in done[1].bars] == [True, False, True, True, None]


@pytest.mark.slow
def test_equal_arms_tie_and_share_a_rank(done: tuple[Path, StudyResult]) -> None:
    result = done[1]
    assert arm(result, "logistic").rank == arm(result, "again").rank
    assert arm(result, "logistic").metrics == arm(result, "again").metrics
    assert arm(result, "majority").rank > arm(result, "logistic").rank


@pytest.mark.slow
def test_a_failed_training_scores_as_wrong_and_says_why(done: tuple[Path, StudyResult]) -> None:
    broken = arm(done[1], "broken")
    assert broken.metrics["auroc"].value == 0.0
    assert broken.metrics["accuracy"].value == 0.0
    assert any("trainings failed" in warning and "learning rate" in warning for warning in broken.warnings)


@pytest.mark.slow
def test_every_patient_is_tested_once_a_seed(done: tuple[Path, StudyResult]) -> None:
    folder = done[0]
    for seed in range(2):
        ids = [np.load(folder / f"cells/wdbc/logistic/s{seed}_f{fold}/marks.npz")["ids"] for fold in range(3)]
        everyone = np.concatenate(ids)
        assert len(everyone) == len(set(everyone.tolist())) == 569


@pytest.mark.slow
def test_a_second_run_trains_nothing_again(done: tuple[Path, StudyResult]) -> None:
    folder, result = done
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("weights.safetensors")}
    again = run_study(build_plan(PLAN), folder, jobs=2, shown=False)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("weights.safetensors")} == before
    assert [a.metrics for a in again.parts[0].arms] == [a.metrics for a in result.parts[0].arms]


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(StoreError, match="holds no study"):
        run_study(build_plan(PLAN), tmp_path, shown=False)


def test_a_leaking_split_trains_nothing(tmp_path: Path) -> None:
    table = tmp_path / "twins.csv"
    rows = ["id,who,a,b,c,d,e,f,sick"]
    rng = np.random.default_rng(0)
    for number in range(40):
        inputs = ",".join(map(str, rng.normal(size=6)))
        rows += [f"{number}x,p{number},{inputs},{number % 2}", f"{number}y,q{number},{inputs},{number % 2}"]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    changed = {
        **PLAN,
        "bar": [],
        "part": [{**PLAN["part"][0], "data": str(table), "options": {"target": "sick", "patient": "who", "id": "id"}}],
    }
    with pytest.raises(LeakError, match="byte-equal"):
        run_study(build_plan(changed), tmp_path / "out", shown=False)
    assert not (tmp_path / "out" / "cells").exists()
    report = json.loads((tmp_path / "out/firewall/wdbc.json").read_text(encoding="utf-8"))
    assert any(not finding["passed"] for finding in report["findings"])
