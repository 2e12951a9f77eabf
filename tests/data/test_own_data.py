"""A user's own data: manifests, tables, folders, any file, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from salus.contract.dataset import ListDataset
from salus.data.check import check
from salus.data.cohort import cohort_of
from salus.data.entry import Loaded
from salus.data.library import open_data, parse_spec
from salus.data.limits import inside
from salus.data.open import read_any
from salus.schema.errors import ConfigError, DataError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Image, Note, Row, Sample, Waveform


def picture(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(np.full((4, 5), value, dtype=np.uint8)).save(path)
    return path


def manifest(folder: Path, rows: list[str], head: str = "path,patient,target") -> Path:
    for number in range(6):
        picture(folder / f"i{number}.png", number)
    path = folder / "list.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_a_manifest_reads_files_when_asked(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        [f"i{n}.png,p{n // 2},{'ill' if n % 2 else 'well'},north,{'test' if n > 3 else 'val'},f" for n in range(6)],
        "path,patient,target,site,split,group_sex",
    )
    loaded = open_data(str(path))
    assert loaded.question == Question(kind="classification", classes=("ill", "well"))
    sample = loaded.dataset[3]
    assert sample.inputs["image"].array.tolist() == [np.full((4, 5), 3).tolist()]
    assert (sample.id, sample.patient, sample.target) == ("i3.png", "p1", 0)
    assert {key: sample.meta[key] for key in ("site", "split", "group_sex")} == {
        "site": "north",
        "split": "valid",
        "group_sex": "f",
    }
    (tmp_path / "i3.png").unlink()
    who = cohort_of(loaded.dataset, str)
    assert who.patients == ("p0", "p0", "p1", "p1", "p2", "p2")
    assert who.groups == {"sex": ("f",) * 6}
    with pytest.raises(DataError, match=r"i3\.png: no such file"):
        loaded.dataset[3]


def test_targets_that_are_pictures_ask_for_restoration(tmp_path: Path) -> None:
    path = manifest(tmp_path, ["i0.png,a,i1.png", "i2.png,b,i3.png"])
    loaded = open_data(str(path))
    assert loaded.question.kind == "restoration"
    assert loaded.question.value_range == (0.0, 255.0)
    assert loaded.dataset[1].target.shape == (1, 4, 5)
    assert loaded.dataset[1].target[0, 0, 0] == 3
    Pillow.fromarray(np.zeros((2, 2), dtype=np.uint8)).save(tmp_path / "i3.png")
    with pytest.raises(DataError, match=r"sample i2\.png: .* one shape"):
        loaded.dataset[1]


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (["i0.png,a"], "path,patient", "no column 'target'"),
        (["i0.png,a,x"], "path,pateint,target", "no column 'patient'; did you mean 'pateint'"),
        (["i0.png,a,x", "gone.png,b,y"], "path,patient,target", "line 3: no file 'gone.png'"),
        (["i0.png,a,x", "../x.png,b,y"], "path,patient,target", "line 3: .*leads out of"),
        (["i0.png,a,x", "/etc/hostname,b,y"], "path,patient,target", "line 3: .*leads out of"),
        (["i0.png,a,x", "i0.png,b,y"], "path,patient,target", "ids used twice: i0.png"),
        (["i0.png,a,x", "i1.png,b,x"], "path,patient,target", "one class only"),
        (["i0.png,a,x", "i1.png,b,"], "path,patient,target", "1 rows have no target, the first in line 3"),
        (["i0.png,,x", "i1.png,b,y"], "path,patient,target", "line 2 names no patient"),
        (["i0.png,a,1.5", "i1.png,b,2.5"], "path,patient,target", "regression is not offered yet"),
        (["i0.png,a,x,tset", "i1.png,b,y,test"], "path,patient,target,split", "line 2 has split 'tset'"),
    ],
)
def test_a_wrong_manifest_is_told_by_line(tmp_path: Path, rows: list[str], head: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_data(str(manifest(tmp_path, rows, head)))


def test_a_link_may_not_lead_out(tmp_path: Path) -> None:
    outside, home = picture(tmp_path / "out.png"), tmp_path / "home"
    home.mkdir()
    (home / "in.png").symlink_to(outside)
    with pytest.raises(DataError, match="leads out of"):
        inside(home, "in.png")
    assert inside(home, "a/../b.png") == home.resolve() / "b.png"


def test_a_table_becomes_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mrn,age,sex,died,extra\n007,50,f,0,1\n007,51,f,1,1\n009,,m,1,1\n010,40,m,0,1\n")
    loaded = open_data(f"{path}:target=died,patient=mrn,drop=extra")
    assert loaded.question.classes == ("0", "1")
    assert [loaded.dataset[i].patient for i in range(4)] == ["007", "007", "009", "010"]
    assert loaded.dataset[0].inputs["row"].values == {"age": 50.0, "sex": "f"}
    assert [loaded.dataset[i].target for i in range(4)] == [0, 1, 1, 0]
    assert loaded.notes == ()
    assert "No patient is named" in open_data(f"{path}:target=died").notes[0]
    with pytest.raises(UsageError, match="which column is the target"):
        open_data(str(path))
    with pytest.raises(DataError, match="no column 'dead'; did you mean 'died'"):
        open_data(f"{path}:target=dead")
    with pytest.raises(UsageError, match="no option 'patients'"):
        open_data(f"{path}:target=died,patients=mrn")


def test_weights_come_from_the_column_that_is_named(tmp_path: Path) -> None:
    table = tmp_path / "survey.csv"
    table.write_text("weight,bmi,died\n" + "".join(f"{i % 3},{20 + i},{i % 2}\n" for i in range(12)))
    plain, named = open_data(f"{table}:target=died"), open_data(f"{table}:target=died,weight=weight")
    assert set(plain.dataset[1].inputs["row"].values) == {"weight", "bmi"}
    assert "weight" not in plain.dataset[1].meta
    assert set(named.dataset[1].inputs["row"].values) == {"bmi"}
    assert [named.dataset[i].meta["weight"] for i in range(4)] == [0.0, 1.0, 2.0, 0.0]
    table.write_text(table.read_text().replace("\n1,21", "\n-1,21"))
    with pytest.raises(DataError, match="line 3 has weight '-1'; give a number of 0 or more"):
        open_data(f"{table}:target=died,weight=weight")


def test_class_folders_become_a_dataset(tmp_path: Path) -> None:
    for name in ("benign", "malignant"):
        for patient in ("p1", "p2"):
            for number in range(2):
                picture(tmp_path / name / f"{name}{patient}" / f"{number}.png", number)
    loaded = open_data(str(tmp_path))
    assert loaded.question.classes == ("benign", "malignant")
    assert len(loaded.dataset) == 8
    assert {loaded.dataset[i].patient for i in range(8)} == {
        f"{name}{patient}" for name in ("benign", "malignant") for patient in ("p1", "p2")
    }
    flat = tmp_path / "flat"
    picture(flat / "a" / "x.png")
    picture(flat / "b" / "x.png")
    assert "No patient is named" in open_data(str(flat)).notes[0]
    with pytest.raises(DataError, match="no labels; put the files of each class"):
        open_data(str(flat / "a"))


def test_names_paths_and_options_are_told_apart() -> None:
    assert parse_spec("wdbc") == ("wdbc", {})
    assert parse_spec("mni152:noise=0.03,spacing=2mm") == ("mni152", {"noise": "0.03", "spacing": "2mm"})
    assert parse_spec("C:\\data\\x.csv:target=y") == ("C:\\data\\x.csv", {"target": "y"})
    assert parse_spec("a:b") == ("a:b", {})
    with pytest.raises(UsageError, match="did you mean 'wdbc'"):
        open_data("wdbcc")
    with pytest.raises(DataError, match="no such file or folder"):
        open_data("gone/list.csv")


def test_any_file_is_opened_by_content_or_ending(tmp_path: Path) -> None:
    picture(tmp_path / "a.png").rename(tmp_path / "noending")
    assert isinstance(read_any(tmp_path / "noending"), Image)
    (tmp_path / "t.csv").write_text("age,sex\n5,f\n")
    assert read_any(tmp_path / "t.csv") == [Row(values={"age": 5.0, "sex": "f"})]
    (tmp_path / "w.csv").write_text("time_s,II\n" + "".join(f"{i / 100},{i}\n" for i in range(5)))
    wave = read_any(tmp_path / "w.csv")
    assert isinstance(wave, Waveform)
    assert wave.rate_hz == pytest.approx(100)
    assert isinstance(read_any(tmp_path / "t.csv", rate_hz=5.0), Waveform)
    (tmp_path / "x.tsv").write_text("no\tO\nfever\tB-Sign\n")
    notes = read_any(tmp_path / "x.tsv")
    assert isinstance(notes, list)
    assert isinstance(notes[0], Note)
    (tmp_path / "n.txt").write_text("No fever.")
    assert isinstance(read_any(tmp_path / "n.txt"), Note)
    (tmp_path / "x.exe").write_bytes(b"MZ\0\0")
    with pytest.raises(DataError, match="unknown kind of file; Salus reads"):
        read_any(tmp_path / "x.exe")
    (tmp_path / "e.bin").write_bytes(b"")
    with pytest.raises(DataError, match="unknown kind"):
        read_any(tmp_path / "e.bin")


def test_settings_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_MAX_VALUES", "many")
    with pytest.raises(ConfigError, match="positive whole number"):
        read_any(picture(tmp_path / "a.png"))


def sample(name: str, patient: str, target: int | None, array: np.ndarray, **fields: object) -> Sample:
    image = Image(array=array, **{key: value for key, value in fields.items() if key != "split"})  # type: ignore[arg-type]
    meta = {"split": fields["split"]} if "split" in fields else {}
    return Sample(id=name, patient=patient, inputs={"image": image}, target=target, meta=meta)


def test_the_check_finds_each_fault_by_name() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.random((1, 4, 4)) for _ in range(9)]
    hole = arrays[7].copy()
    hole[0, 0, :2] = np.nan
    samples = [
        sample("a", "p0", 0, arrays[0], split="train"),
        sample("b", "p1", 1, arrays[0], split="train"),
        sample("c", "p2", 1, arrays[2], split="train"),
        sample("c", "p2", 0, arrays[3], split="test"),
        sample("d", "p3", 1, np.zeros((1, 4, 4))),
        sample("e", "p4", 1, hole),
        sample("f", "p5", None, arrays[5]),
        sample("g", "p6", 7, rng.random((3, 4, 4))),
        sample("h", "p7", 0, rng.random((1, 8, 8)), spacing_mm=(1.0, 1.0)),
    ]
    question = Question(kind="classification", classes=("well", "ill", "other"))
    found = check(Loaded(dataset=ListDataset(samples), question=question))
    says = {(finding.severity, finding.what.split(":")[0]): finding.which for finding in found}
    assert says[("error", "ids used twice")] == ("c",)
    assert says[("error", "equal inputs with different labels")] == ("a", "b")
    assert says[("error", "no target")] == ("f",)
    assert says[("error", "a target that is none of the 3 classes")] == ("g",)
    assert says[("error", "class 'other' has 0 samples of 0 patients")] == ()
    assert says[("error", "channels of image differs")] == ("g",)
    assert says[("warning", "shape of image differs")] == ("h",)
    assert says[("warning", "spacing of image differs")] == ("h",)
    assert says[("warning", "one value throughout")] == ("d",)
    assert says[("warning", "2 values are NaN or infinite in 1 of 9 samples")] == ("e",)
    assert says[("error", "patients in several parts of the split")] == ("p2",)
    assert says[("note", "patients with several labels")] == ("p2",)
    assert [finding.severity for finding in found] == sorted(
        (finding.severity for finding in found), key=("error", "warning", "note").index
    )
    assert all(finding.remedy and str(finding).startswith(finding.severity) for finding in found)


def test_a_clean_table_gives_notes_only_and_a_flat_column_is_named() -> None:
    rows = [
        Sample(id=str(i), patient=str(i), inputs={"row": Row(values={"x": float(i), "flat": 1.0})}, target=i % 2)
        for i in range(40)
    ]
    question = Question(kind="classification", classes=("no", "yes"))
    found = check(Loaded(dataset=ListDataset(rows), question=question))
    assert [(f.severity, f.which) for f in found] == [("warning", ("flat",)), ("note", ()), ("note", ())]


def test_an_unreadable_file_is_one_finding(tmp_path: Path) -> None:
    loaded = open_data(str(manifest(tmp_path, [f"i{n}.png,p{n},{'x' if n % 2 else 'y'}" for n in range(6)])))
    (tmp_path / "i2.png").write_bytes(b"damaged")
    errors = [finding for finding in check(loaded) if finding.severity == "error"]
    assert len(errors) == 1
    assert "i2.png" in errors[0].what
