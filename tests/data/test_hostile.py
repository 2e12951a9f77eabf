"""Damaged and malicious files against every reader: a result or one typed error, within 5 s and 512 MB.

A small sample runs here; `make fuzz N=10000` runs as many as wanted.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from fuzz.case import build  # noqa: E402
from fuzz.mutate import cut, mutate  # noqa: E402
from fuzz.run import MEGABYTES, SECONDS, run  # noqa: E402
from fuzz.targets import TARGETS  # noqa: E402

HEAVY = ("run", "run_signed")
"""Targets whose good files are trained."""


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SALUS_MAX_VALUES", "SALUS_MAX_TEXT_BYTES"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.chdir(ROOT)


def test_a_few_of_each_reader_end_in_a_result_or_one_typed_error(tmp_path: Path) -> None:
    names = [name for name in TARGETS if name not in HEAVY]
    found = run(names, 6, seed=int(os.environ.get("SALUS_FUZZ_SEED", "0")), out=tmp_path)
    assert not found.faults, found.faults[:3]
    assert found.cases >= 6 * len(names)
    assert found.verdicts["refused"] >= 0.2 * found.cases
    assert found.verdicts["read"] >= 0.1 * found.cases
    assert found.peak_mb <= MEGABYTES
    assert found.slowest_s <= SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_a_few_artifacts(name: str, tmp_path: Path) -> None:
    found = run([name], 8, out=tmp_path)
    assert not found.faults, found.faults[:3]


def test_a_case_can_be_made_again_byte_by_byte(tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.mkdir()
    (good / "main.csv").write_text("a,b\n1,2\n3,4\n" * 30)
    (good / "other.csv").write_text("c\n5\n")
    made = []
    for place in ("one", "two"):
        for number in (3, 50, 99, 100, 101, 102):
            item = {"target": "table", "good": str(good), "number": number, "seed": 7}
            build(item, tmp_path / f"{place}{number}")
            made.append([(tmp_path / f"{place}{number}" / name).read_bytes() for name in ("main.csv", "other.csv")])
    assert made[:6] == made[6:]
    assert len({tuple(one) for one in made[:6]}) == 6


@pytest.mark.parametrize("name", ["a.dcm", "a.nii", "a.nii.gz", "a.png", "a.json", "a.csv", "a.edf", "a.hea", "a.bin"])
@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 20, b"{}", b"\x1f\x8b"])
def test_mutators_never_fail(name: str, data: bytes) -> None:
    for number in range(40):
        assert isinstance(mutate(data, name, np.random.default_rng(number)), bytes)
    assert cut(data, 0.5) == data[: len(data) // 2]


def test_the_harness_tells_a_hang_a_crash_and_a_wrong_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fuzzer that could not find anything would prove nothing."""
    (tmp_path / "planted.py").write_text(
        "import fuzz.targets, fuzz.case, os\n"
        "from pathlib import Path\n"
        "def make(place):\n"
        "    for name in ('hang', 'crash', 'wrong', 'memory', 'fine'):\n"
        "        (place / name).mkdir(parents=True)\n"
        "        (place / name / f'{name}.bin').write_bytes(b'x' * 10)\n"
        "def read(path):\n"
        "    while path.stem == 'hang': pass\n"
        "    if path.stem == 'crash': os.abort()\n"
        "    if path.stem == 'wrong': raise KeyError('no')\n"
        "    if path.stem == 'memory': b'y' * (600 * 2**20)\n"
        "fuzz.targets.TARGETS['planted'] = fuzz.targets.Target(make=make, read=read)\n"
        "case = fuzz.case.case\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import planted  # type: ignore[import-not-found]  # noqa: F401

    monkeypatch.setattr("fuzz.run.CASE", "planted:case")
    monkeypatch.setattr("fuzz.run.SECONDS", 1.5)
    try:
        found = run(["planted"], 10, first=100)
    finally:
        TARGETS.pop("planted")
    kinds = {fault["good"]: fault["fault"].split(":")[0] for fault in found.faults}
    assert kinds == {"hang": "time", "crash": "crash", "wrong": "KeyError", "memory": "memory"}
