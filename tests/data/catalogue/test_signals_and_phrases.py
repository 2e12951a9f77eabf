"""Signal and phrase sets: the real files against their documentation, and the loaders on files written here."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from salus.data.catalogue import mitbih_arrhythmia, noneeg_spo2_hr, psytar, ptb_xl, twadr_l
from salus.data.glucose import forecasts, parts, read_series, stretches
from salus.data.library import load
from salus.data.readers.wfdb import read_annotations, read_wfdb
from salus.data.readers.wfdb_header import library
from salus.schema.errors import DataError
from salus.tasks.registry import make

REAL = pytest.mark.realdata


def there(root: Path, name: str) -> Path:
    if not (root / name).is_dir():
        pytest.skip(f"{name} is not in SALUS_DATA")
    return root / name


@REAL
@pytest.mark.slow
def test_mitbih_counts_as_documented(data_root: Path) -> None:
    folder = there(data_root, "mitbih_arrhythmia")
    symbols: Counter[str] = Counter()
    for path in folder.glob("*.hea"):
        symbols.update(read_annotations(path).symbols)
    assert len(list(folder.glob("*.hea"))) == 14
    assert sum(symbols.values()) == 34_640
    assert {s: symbols[s] for s in "NLRVAF"} == {"N": 20757, "L": 3949, "R": 3783, "V": 3594, "A": 704, "F": 402}
    wave = read_wfdb(folder / "114")
    assert (wave.leads, wave.array.shape, wave.rate_hz) == (("V5", "MLII"), (2, 650_000), 360.0)
    loaded = load("mitbih_arrhythmia")
    rows = [loaded.dataset.peek(index) for index in range(len(loaded.dataset))]
    grouped = Counter(rows[index].target for index in range(len(rows)))
    beats = Counter(mitbih_arrhythmia.GROUPS.get(symbol, "") for symbol in symbols.elements())
    assert [beats[g] - grouped[i] for i, g in enumerate("NSVF")] == [10, 0, 0, 1]  # beats cut off by an end
    for part, records in mitbih_arrhythmia.SPLIT.items():
        assert {row.meta["recording"] for row in rows if row.meta["split"] == part} == set(records)
    first = loaded.dataset[next(i for i, row in enumerate(rows) if row.patient == "114")]
    place = round((first.meta["start_s"] + 0.3) * 360)
    assert np.array_equal(first.inputs["ecg"].array[0], wave.array[1, place - 108 : place + 180])
    assert first.inputs["ecg"].leads == ("MLII",)


@REAL
def test_ptb_record_as_documented(data_root: Path) -> None:
    there(data_root, "ptb_diagnostic_sample")
    (sample,) = [load("ptb_diagnostic_sample").dataset[0]]
    wave = sample.inputs["ecg"]
    assert wave.array.shape == (15, 38_400)
    assert wave.rate_hz == 1000.0
    assert wave.leads[:4] == ("I", "II", "III", "aVR")
    assert wave.leads[-3:] == ("X", "Y", "Z")
    assert sample.target == 1


@REAL
def test_noneeg_seconds_as_documented(data_root: Path) -> None:
    folder = there(data_root, "noneeg_spo2_hr")
    assert noneeg_spo2_hr.seconds(folder) == {
        "Relax": 18099, "PhysicalStress": 4891, "EmotionalStress": 6246, "CognitiveStress": 5317,
    }  # fmt: skip
    loaded = load("noneeg_spo2_hr")
    assert len({sample.patient for sample in loaded.dataset}) == 15
    tested = {sample.patient for sample in loaded.dataset if sample.meta["split"] == "test"}
    assert tested == {"subject03", "subject08", "subject15"}
    assert all(sample.inputs["signal"].array.shape == (2, 60) for sample in loaded.dataset)


@REAL
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "people", "readings", "missing", "lowest", "highest"),
    [("cgm_colas2019", 208, 114_253, 0, 40, 318), ("cgm_hall2018", 57, 105_426, 9, 40, 303)],
)
def test_glucose_as_documented(
    data_root: Path, name: str, people: int, readings: int, missing: int, lowest: int, highest: int
) -> None:
    (path,) = there(data_root, name).glob("*cgm.csv.gz")
    series = read_series(path)
    values = np.concatenate([one.values for one in series])
    assert (len(series), len(values), int(np.isnan(values).sum())) == (people, readings, missing)
    assert (np.nanmin(values), np.nanmax(values)) == (lowest, highest)
    loaded = load(name)
    task = make(loaded.question)
    samples = [loaded.dataset[index] for index in range(0, len(loaded.dataset), 7)]
    found = task.score([np.full(6, s.target["last"]) for s in samples], [s.target for s in samples])
    assert 5 < found["rmse"] < 20  # persistence at half an hour, mg/dL
    assert found["clarke_ab"] > 0.98
    owners: dict[str, set[str]] = {}
    for sample in samples:
        owners.setdefault(sample.patient, set()).add(sample.meta["split"])
    assert all(len(found) == 1 for found in owners.values())


@REAL
def test_glucotypes_as_documented(data_root: Path) -> None:
    there(data_root, "cgm_hall2018")
    loaded = load("cgm_hall2018", {"question": "glucotype"})
    assert Counter(sample.target for sample in loaded.dataset) == {0: 6, 1: 29, 2: 22}


@REAL
def test_wesad_as_documented(data_root: Path) -> None:
    there(data_root, "wesad_features")
    loaded = load("wesad_features")
    assert Counter(loaded.question.classes[s.target] for s in loaded.dataset) == {
        "baseline": 503, "stress": 286, "amusement": 156,
    }  # fmt: skip
    assert len({sample.patient for sample in loaded.dataset}) == 12
    assert {len(sample.inputs["row"].values) for sample in loaded.dataset} == {12}


@REAL
def test_psytar_as_documented(data_root: Path) -> None:
    there(data_root, "psytar")
    labels = load("psytar", {"question": "labels"})
    assert len(labels.dataset) == 4301
    assert {sample.meta["site"] for sample in labels.dataset} == {"lexapro", "zoloft", "effexorxr"}
    tagged = load("psytar")
    assert tagged.notes[0].startswith("5,298 mentions; 383 are worded otherwise")
    begun = sum(int((s.target % 2 == 1).sum()) for s in tagged.dataset)
    twice, inside = (int(tagged.notes[0].split(word)[1].split()[0]) for word in ("located, ", "twice, "))
    assert begun == 5298 - 383 - twice - inside
    assert len({sample.patient for sample in labels.dataset}) == 659


@REAL
def test_twadr_as_documented(data_root: Path) -> None:
    folder = there(data_root, "twadr_l")
    counts = {name: len(twadr_l.read_phrases(folder / f"TwADR-L.fold-0.{name}.txt")) for name in twadr_l.PARTS}
    assert counts == {"train": 4816, "validation": 115, "test": 143}
    whole = load("twadr_l", {"concepts": "all", "repeats": "keep"})
    assert len(whole.question.classes) == 2220
    assert len(whole.dataset) == 4816 + 115 + 143
    plain = load("twadr_l")
    held = {s.patient: s.meta["split"] for s in plain.dataset if s.meta["split"] != "train"}
    assert not any(s.patient in held for s in plain.dataset if s.meta["split"] == "train")


def write_table(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows(rows)
    return path


def write_ecg(folder: Path, name: str, rate: int = 100) -> None:
    rng = np.random.default_rng(int(name[:5]))
    folder.mkdir(parents=True, exist_ok=True)
    leads = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    with library() as wfdb:
        wfdb.wrsamp(
            name, fs=rate, units=["mV"] * 12, sig_name=leads[::-1], p_signal=rng.normal(size=(rate, 12)),
            fmt=["16"] * 12, write_dir=str(folder),
        )  # fmt: skip


def ptb_xl_folder(tmp_path: Path) -> Path:
    home = tmp_path / "ptb_xl" / "ptb-xl-1.0.3"
    rows: list[list[object]] = [list(ptb_xl._NEEDED)]
    codes = ["{'NORM': 100.0, 'SR': 0.0}", "{'IMI': 35.0, 'ASMI': 0.0, 'NDT': 50.0}", "{'SR': 0.0}"]
    for number, code in enumerate(codes, start=1):
        low, high = (f"records{r}/00000/{number:05d}_{s}" for r, s in ((100, "lr"), (500, "hr")))
        rows.append(
            [
                number,
                f"{15700 + number}.0",
                code,
                8 + number - (number == 3),
                low,
                high,
                number % 2,
                300 if number == 2 else 56,
                0,
            ]
        )
        write_ecg(home / "records100" / "00000", f"{number:05d}_lr")
        write_ecg(home / "records500" / "00000", f"{number:05d}_hr", 500)
    write_table(home / "ptbxl_database.csv", rows)
    statements = [["", "diagnostic", "diagnostic_class"], ["NORM", "1.0", "NORM"], ["IMI", "1.0", "MI"]]
    statements += [["ASMI", "1.0", "MI"], ["NDT", "1.0", "STTC"], ["SR", "", ""]]
    write_table(home / "scp_statements.csv", statements)
    return tmp_path / "ptb_xl"


def test_ptb_xl_on_files_of_its_form(tmp_path: Path) -> None:
    folder = ptb_xl_folder(tmp_path)
    loaded = ptb_xl.load(folder, {})
    assert len(loaded.dataset) == 2
    first, second = loaded.dataset[0], loaded.dataset[1]
    assert first.target.tolist() == [1, 0, 0, 0, 0]
    assert second.target.tolist() == [0, 1, 1, 0, 0]
    assert (first.patient, first.meta["split"], second.meta["split"]) == ("15701", "valid", "test")
    assert second.meta["group_age"] == "90 and above"
    assert first.inputs["ecg"].leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    assert first.inputs["ecg"].rate_hz == 100
    assert ptb_xl.load(folder, {"rate_hz": "500"}).dataset[0].inputs["ecg"].rate_hz == 500
    assert make(loaded.question).kind == "multilabel"
    assert "1 recordings without a diagnostic statement" in loaded.notes[0]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("{'NORM': 100.0, 'SR': 0.0}", "__import__('os').system('x')", "has scp_codes"),
        ("{'NORM': 100.0, 'SR': 0.0}", "(" * 3000, "has scp_codes"),
        (",9,records", ",11,records", "strat_fold '11'"),
    ],
)
def test_ptb_xl_tables_are_not_believed(tmp_path: Path, before: str, after: str, words: str) -> None:
    folder = ptb_xl_folder(tmp_path)
    table = folder / "ptb-xl-1.0.3" / "ptbxl_database.csv"
    text = table.read_text().replace(
        f'"{before}"' if "{" in before else before, f'"{after}"' if "{" in before else after
    )
    table.write_text(text)
    with pytest.raises(DataError, match=words):
        ptb_xl.load(folder, {})


def test_a_recording_may_not_lie_elsewhere(tmp_path: Path) -> None:
    folder = ptb_xl_folder(tmp_path)
    table = folder / "ptb-xl-1.0.3" / "ptbxl_database.csv"
    table.write_text(table.read_text().replace("records100/00000/00001_lr", "../../../etc/passwd"))
    with pytest.raises(DataError, match="leads out of"):
        ptb_xl.load(folder, {}).dataset[0]


def test_mitbih_windows_on_records_written_here(tmp_path: Path) -> None:
    for record in ("100", "201", "102"):
        signal = np.column_stack([np.arange(2000) / 1000, np.arange(2000) / 500])
        with library() as wfdb:
            wfdb.wrsamp(
                record, fs=360, units=["mV"] * 2, sig_name=["V5", "MLII"], p_signal=signal, fmt=["212"] * 2,
                adc_gain=[200.0] * 2, baseline=[0] * 2, write_dir=str(tmp_path),
            )  # fmt: skip
            wfdb.wrann(
                record, "atr", np.array([10, 500, 700, 900, 1100, 1990]), symbol=["N", "N", "+", "V", "/", "N"],
                fs=360, write_dir=str(tmp_path),
            )  # fmt: skip
    loaded = mitbih_arrhythmia.load(tmp_path, {"split": "none"})
    assert [(s.id, s.patient, s.target) for s in (loaded.dataset[i] for i in range(4))] == [
        ("100-000500", "100", 0), ("100-000900", "100", 2), ("201-000500", "201-202", 0), ("201-000900", "201-202", 2),
    ]  # fmt: skip
    assert loaded.dataset[0].inputs["ecg"].array[0] == pytest.approx(np.arange(392, 680) / 500, abs=0.01)
    assert "split" not in loaded.dataset[0].meta
    halves = [mitbih_arrhythmia.load(tmp_path, {"split": "none", "beats": half}).dataset for half in ("even", "odd")]
    assert [[half[i].id for i in range(len(half))] for half in halves] == [
        ["100-000500", "201-000500"], ["100-000900", "201-000900"],
    ]  # fmt: skip
    short = mitbih_arrhythmia.load(tmp_path, {"split": "none", "classes": "nsv", "window_s": "0.6"})
    assert short.question.classes == ("N", "S", "V")
    assert short.dataset[0].inputs["ecg"].array[0] == pytest.approx(np.arange(410, 626) / 500, abs=0.01)
    with pytest.raises(DataError, match="record 106 is not there"):
        mitbih_arrhythmia.load(tmp_path, {})


def glucose_file(path: Path, minutes: list[float], values: list[object]) -> Path:
    rows: list[list[object]] = [["id", "time", "gl"]]
    for minute, value in zip(minutes, values, strict=True):
        stamp = np.datetime64("2014-02-03T03:42:12") + np.timedelta64(round(60 * minute), "s")
        rows.append(["007", str(stamp).replace("T", " "), value])
    return write_table(path, rows)


def test_glucose_windows_do_not_run_across_a_gap(tmp_path: Path) -> None:
    minutes = [5 * i + 0.02 * (i % 3) for i in range(40)] + [5 * i + 1000 for i in range(40)]
    values = [100 + i for i in range(80)]
    (series,) = read_series(glucose_file(tmp_path / "a.csv", minutes, values))
    assert series.id == "007"
    assert [len(part) for _, part in stretches(series)] == [40, 40]
    samples = list(forecasts(series, 6, 1, "train"))
    assert len(samples) == 2 * (40 - 24 - 6 + 1)
    for sample in samples:
        whole = np.concatenate([sample.inputs["signal"].array[0], sample.target["values"]])
        assert (np.diff(whole) == 1).all()
        assert sample.target["last"] == sample.inputs["signal"].array[0, -1]


def test_a_missing_reading_is_no_history_and_no_lone_future(tmp_path: Path) -> None:
    values: list[object] = [100.0] * 31
    values[3] = ""
    (series,) = read_series(glucose_file(tmp_path / "a.csv", [5.0 * i for i in range(31)], values))
    assert [round(s.meta["start_s"]) for s in forecasts(series, 2, 1, "test")] == [300 * i for i in range(4, 6)]
    with pytest.raises(DataError, match="do not rise"):
        read_series(glucose_file(tmp_path / "b.csv", [0, 5, 5], [1, 2, 3]))
    with pytest.raises(DataError, match="is not there"):
        read_series(tmp_path / "none.csv")


def test_parts_hold_whole_people_and_do_not_change() -> None:
    ids = [str(i) for i in range(100)]
    found = parts(ids)
    assert Counter(found.values()) == {"train": 65, "test": 20, "valid": 15}
    assert parts(ids) == found


def test_psytar_finds_its_mentions(tmp_path: Path) -> None:
    labels = list(psytar.LABELS)
    head = ["drug_id", "sentence_index", "sentences", "drug", *labels]
    rows = [
        ["a.1", "1.0", "Bad headache, headache again.", "a", 1, *[0] * 7],
        ["a.1", "2.0", "Felt fine.", "a", *[0] * 8],
    ]
    write_table(tmp_path / "sentences.csv", [head, *rows])
    marks = [
        ["ADR", "headache"],
        ["ADR", "HEADACHE"],
        ["ADR", "headache"],
        ["ADR", "ache in the head"],
        ["ADR", "Bad headache"],
    ]
    write_table(
        tmp_path / "mentions.csv",
        [["drug_id", "sentence_index", "type", "mention"], *[["a.1", "1", *mark] for mark in marks]],
    )
    loaded = psytar.load(tmp_path, {})
    first = loaded.dataset[0]
    tags = [loaded.question.classes[i] for i in first.target]
    assert tags == ["B-ADR", "I-ADR", "O", "B-ADR", "O", "O"]
    assert first.patient == "a.1"
    assert "1 are worded otherwise" in loaded.notes[0]
    assert "1 are listed twice, 1 lie inside" in loaded.notes[0]
    write_table(tmp_path / "mentions.csv", [["drug_id", "sentence_index", "type", "mention"], ["a.9", "1", "ADR", "x"]])
    with pytest.raises(DataError, match=r"line 2 marks sentence 1 of a\.9"):
        psytar.load(tmp_path, {})


def test_twadr_drops_phrases_that_stand_on_two_sides(tmp_path: Path) -> None:
    train = "".join(f"C1\tOne\tphrase {i}\n" for i in range(12)) + "".join(f"C2\tTwo\tword {i}\n" for i in range(12))
    (tmp_path / "TwADR-L.fold-0.train.txt").write_text(train + "C1\tOne\tSo Tired\nC3\tThree\trare\n")
    (tmp_path / "TwADR-L.fold-0.validation.txt").write_text("C1\tOne\tval\n")
    (tmp_path / "TwADR-L.fold-0.test.txt").write_text("C1\tOne\tso  tired\nC3\tThree\trare\n")
    loaded = twadr_l.load(tmp_path, {})
    assert loaded.question.classes == ("C1", "C2")
    assert Counter(s.meta["split"] for s in loaded.dataset) == {"train": 24, "valid": 1, "test": 1}
    assert "2 training phrases" in loaded.notes[0]
    (tmp_path / "TwADR-L.fold-0.test.txt").write_text("C1\tOne\n")
    with pytest.raises(DataError, match="line 1 has 2 cells"):
        twadr_l.load(tmp_path, {})
