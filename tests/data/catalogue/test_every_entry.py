"""What every entry of the catalogue owes, and that the files that are here hold what their documentation says."""

import ipaddress
import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from salus.cli.reference import page
from salus.data import library
from salus.data.entry import Remote
from salus.tasks.registry import make
from salus.tasks.registry import names as kinds

ROOT = Path(__file__).parents[3]
NAMES = library.names()
MODALITIES = {"table", "image", "volume", "signal", "text", "record"}
MEDMNIST = {
    *("pathmnist", "chestmnist", "dermamnist", "octmnist", "pneumoniamnist", "retinamnist", "breastmnist"),
    *("bloodmnist", "tissuemnist", "organamnist", "organcmnist", "organsmnist", "organmnist3d", "nodulemnist3d"),
    *("adrenalmnist3d", "fracturemnist3d", "vesselmnist3d", "synapsemnist3d"),
}

# Facts of the pages that document the sets: samples, patients (0 where the page names none), samples of each class.
DOCUMENTED: dict[str, tuple[int, int, dict[str, int]]] = {
    "adrenalmnist3d": (1584, 0, {"normal": 1234, "hyperplasia": 350}),
    "adrenalmnist3d:size=64": (1584, 0, {"normal": 1234, "hyperplasia": 350}),
    "brain_tumor_mri_cheng": (645, 0, {"meningioma": 215, "glioma": 215, "pituitary": 215}),
    "ct_lidc_idri_0314": (31, 1, {}),
    "maccrobat2020": (0, 150, {}),
    "nanotox_metal_oxide": (483, 25, {"nonToxic": 405, "Toxic": 78}),
    "ncbi_disease": (7287, 0, {}),
    "nhamcs_ed_2010": (26426, 263, {}),
    "nsl_kdd": (47736, 0, {"normal": 23160, "attack": 24576}),
    "physionet2012_icu": (3996, 3996, {}),
    "pima_diabetes": (768, 768, {}),
    "pneumoniamnist": (5856, 0, {"normal": 1583, "pneumonia": 4273}),
    "retinamnist": (1600, 0, {"0": 714, "1": 186, "2": 326, "3": 282, "4": 92}),
    "tox21:features=smiles,group=molecule": (7831, 7831, {}),
    "uci_heart_disease": (920, 920, {}),
}
PARTS = {
    "adrenalmnist3d": (1188, 98, 298),
    "brain_tumor_mri_cheng": (390, 90, 165),
    "ct_lidc_idri_0314": (19, 5, 7),
    "ncbi_disease": (5424, 923, 940),
    "nsl_kdd": (25192, 0, 22544),
    "pneumoniamnist": (4708, 524, 624),
    "retinamnist": (1080, 120, 400),
}


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_one_must_know_before_using_it(name: str) -> None:
    found = library.entry(name)
    assert found.name == name
    for text in (found.title, found.licence, found.citation, found.patient, found.split):
        assert text.strip() == text != ""
    assert found.modality in MODALITIES
    assert found.tasks
    assert set(found.tasks) <= set(kinds()), f"no task judges {set(found.tasks) - set(kinds())}"
    assert found.kind in ("mirror", "embedded", "simulated")
    assert all(len(set(values)) == len(values) for values in found.options.values())
    assert all(trap.strip() == trap != "" for trap in found.traps)
    if found.kind == "mirror":
        assert found.traps, "a set of patients has traps"
        assert urlsplit(found.homepage).scheme in ("http", "https"), "an official address for people"
    else:
        assert not found.files


@pytest.mark.parametrize("name", [name for name in NAMES if library.entry(name).files])
def test_addresses_are_public_and_checksums_are_well_formed(name: str) -> None:
    found = library.entry(name)
    paths = [remote.path for remote in found.files]
    assert len(set(paths)) == len(paths)
    for remote in found.files:
        address = urlsplit(remote.url)
        assert address.scheme == "https"
        assert address.hostname
        assert "." in address.hostname
        with pytest.raises(ValueError, match="does not appear"):
            ipaddress.ip_address(address.hostname)
        assert address.netloc == address.hostname  # no user, password or port
        parts = PurePosixPath(remote.path)
        assert not parts.is_absolute()
        assert ".." not in parts.parts
        assert re.fullmatch(r"([0-9a-f]{64})?", remote.sha256)
        assert re.fullmatch(r"([0-9a-f]{32})?", remote.md5)
        assert remote.size >= 0
        for key, value in remote.when.items():
            assert value in found.options[key]


def test_the_eighteen_sets_of_medmnist_are_complete() -> None:
    assert set(NAMES) >= MEDMNIST
    digests: list[str] = []
    for name in MEDMNIST:
        found = library.entry(name)
        sizes = ("28", "64") if name.endswith("3d") else ("28", "64", "128", "224")
        assert found.options["size"] == sizes
        assert found.modality == ("volume" if name.endswith("3d") else "image")
        assert [remote.when["size"] for remote in found.files] == list(sizes)
        for size, remote in zip(sizes, found.files, strict=True):
            file = f"{name}.npz" if size == "28" else f"{name}_{size}.npz"
            assert remote.url == f"https://zenodo.org/records/10519652/files/{file}?download=1"
            assert library.files_of(found, {"size": size}) == (remote,)
            digests.append(remote.md5)
    assert all(digests)
    assert len(set(digests)) == 12 * 4 + 6 * 2
    assert [name for name in MEDMNIST if "NC" in library.entry(name).licence] == ["dermamnist"]


def test_the_reference_page_is_the_catalogue() -> None:
    """`salus data ls --markdown > docs/reference/datasets.md` writes it anew."""
    written = (ROOT / "docs" / "reference" / "datasets.md").read_text(encoding="utf-8")
    assert written == page([library.entry(name) for name in NAMES])


def test_a_file_without_a_checksum_is_said_to_be_unverified(tmp_path: Path) -> None:
    from salus.cli.catalogue import verified

    (tmp_path / "x").write_bytes(b"abc")
    remote = Remote(url="https://example.org/x", path="x")
    assert "nothing verifies it" in verified(remote, tmp_path / "x")
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in verified(remote, tmp_path / "x")
    assert "MD5 is the publisher's" in verified(Remote(url="", path="x", md5="0" * 32), tmp_path / "x")


def specs() -> list[str]:
    return sorted({*NAMES, *(spec for spec in DOCUMENTED if library.parse_spec(spec)[0] in NAMES)})


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("spec", specs())
def test_what_is_here_loads_and_holds_what_is_documented(data_root: Path, spec: str) -> None:
    name, options = library.parse_spec(spec)
    if not library.present(library.entry(name), options):
        pytest.skip(f"{spec} is not in {data_root}")
    loaded = library.open_data(spec)
    task, count = make(loaded.question), len(loaded.dataset)
    assert count
    assert loaded.question.kind in library.entry(name).tasks
    for index in (0, count - 1):
        sample = loaded.dataset[index]
        assert sample.id
        assert sample.patient
        assert sample.inputs
        assert task.stratum(sample.target)
    samples, patients, classes = DOCUMENTED.get(spec, (0, 0, {}))
    assert count == (samples or count)
    if not (patients or classes or spec in PARTS):
        return
    from salus.data.cohort import peek

    seen = [peek(loaded.dataset, index) for index in range(count)]
    assert len({sample.patient for sample in seen}) == (patients or len({sample.patient for sample in seen}))
    labels = [task.stratum(sample.target) for sample in seen]
    assert {label: labels.count(label) for label in classes} == classes
    if spec in PARTS:
        splits = [sample.meta.get("split") for sample in seen]
        assert tuple(splits.count(part) for part in ("train", "valid", "test")) == PARTS[spec]
