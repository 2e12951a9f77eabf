"""Sets that are fetched: from the publisher's server to samples, by the command that a person types."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image as Picture

from own_files import Salus, refused
from salus.data import library, medmnist
from salus.data.catalogue import ham10000, hippocampus_msd_task04, msd_task01_brain_tumour, msd_task09_spleen
from salus.schema.errors import DataError


class Files(BaseHTTPRequestHandler):
    """Serves `bodies`; cuts the first answer of a name in `cut`, damages every answer of a name in `spoilt`."""

    def do_GET(self) -> None:
        name, server = self.path.split("?")[0].lstrip("/"), self.server
        asked = self.headers.get("Range", "")
        server.asked.append((name, asked))  # type: ignore[attr-defined]
        whole = server.bodies.get(name)  # type: ignore[attr-defined]
        if whole is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = whole[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if name in server.cut:  # type: ignore[attr-defined]
            server.cut.discard(name)  # type: ignore[attr-defined]
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(bytes(len(body)) if name in server.spoilt else body)  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    found.daemon_threads = True
    found.bodies, found.asked, found.cut, found.spoilt = {}, [], set(), set()  # type: ignore[attr-defined]
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SALUS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("salus.data.fetch.time.sleep", lambda seconds: None)
    return tmp_path / "data"


def moved(monkeypatch: pytest.MonkeyPatch, module: object, server: ThreadingHTTPServer, **bodies: bytes) -> None:
    """Point an entry's files to the test server, with the checksums of what it serves."""
    found = module.ENTRY  # type: ignore[attr-defined]
    place = f"http://127.0.0.1:{server.server_address[1]}"
    files = []
    for remote in found.files:
        name = Path(remote.path).name
        body = bodies.get(name.replace(".", "_"), b"")
        server.bodies[name] = body  # type: ignore[attr-defined]
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest() if remote.md5 else ""
        files.append(replace(remote, url=f"{place}/{name}", md5=digest, sha256="", size=0))
    monkeypatch.setattr(module, "ENTRY", replace(found, files=tuple(files)))


def thumbnails(size: int, colours: int = 3, kinds: int = 5) -> bytes:
    rng, arrays = np.random.default_rng(size), {}
    for part, count in (("train", 10), ("val", 5), ("test", 5)):
        shape = (count, size, size, 3) if colours == 3 else (count, size, size)
        arrays[f"{part}_images"] = rng.integers(0, 255, shape, np.uint8)
        arrays[f"{part}_labels"] = (np.arange(count) % kinds).astype(np.uint8)[:, None]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


@pytest.fixture
def retina(monkeypatch: pytest.MonkeyPatch, server: ThreadingHTTPServer) -> ThreadingHTTPServer:
    from salus.data.catalogue import retinamnist

    moved(monkeypatch, retinamnist, server, retinamnist_npz=thumbnails(28), retinamnist_64_npz=thumbnails(64))
    return server


def test_only_the_size_that_was_asked_for_is_fetched(salus: Salus, retina: ThreadingHTTPServer, folder: Path) -> None:
    said = salus("data", "get", "retinamnist:size=64")
    assert said.code == 0, said.err
    assert "licence: CC BY 4.0" in said.out
    assert "MD5 is the publisher's" in said.out
    assert [name for name, _ in retina.asked] == ["retinamnist_64.npz"]  # type: ignore[attr-defined]
    assert [path.name for path in (folder / "medmnist").iterdir()] == ["retinamnist_64.npz"]
    assert library.load("retinamnist", {"size": "64"}).dataset[0].inputs["image"].array.shape == (3, 64, 64)
    with pytest.raises(DataError, match="take what is here: retinamnist:size=64"):
        library.load("retinamnist")
    assert salus("data", "get", "retinamnist").code == 0
    assert library.variants_here(library.entry("retinamnist")) == ("size=28", "size=64")


def test_a_cut_transfer_goes_on_where_it_ended(salus: Salus, retina: ThreadingHTTPServer) -> None:
    retina.cut.add("retinamnist.npz")  # type: ignore[attr-defined]
    assert salus("data", "get", "retinamnist").code == 0
    half = len(retina.bodies["retinamnist.npz"]) // 2  # type: ignore[attr-defined]
    assert retina.asked == [("retinamnist.npz", ""), ("retinamnist.npz", f"bytes={half}-")]  # type: ignore[attr-defined]
    assert len(library.load("retinamnist").dataset) == 20


def test_a_kill_leaves_a_part_that_is_no_dataset_and_is_taken_up(
    salus: Salus, retina: ThreadingHTTPServer, folder: Path
) -> None:
    (folder / "medmnist").mkdir(parents=True)
    part = folder / "medmnist" / ".retinamnist.npz.part"
    part.write_bytes(retina.bodies["retinamnist.npz"][:1000])  # type: ignore[attr-defined]
    assert not library.present(library.entry("retinamnist"))
    assert salus("data", "get", "retinamnist").code == 0
    assert retina.asked == [("retinamnist.npz", "bytes=1000-")]  # type: ignore[attr-defined]
    assert not part.exists()


def test_wrong_bytes_are_refused_and_not_kept(salus: Salus, retina: ThreadingHTTPServer, folder: Path) -> None:
    retina.spoilt.add("retinamnist.npz")  # type: ignore[attr-defined]
    refused(salus("data", "get", "retinamnist"), 3, "checksum md5", "damaged, or another version", "by hand")
    assert not list((folder / "medmnist").iterdir())
    del retina.bodies["retinamnist_64.npz"]  # type: ignore[attr-defined]
    refused(salus("data", "get", "retinamnist:size=64"), 3, "404", "homepage")


def volume(array: np.ndarray) -> bytes:
    return nibabel.Nifti1Image(array, np.diag([0.8, 0.8, 2.5, 1.0])).to_bytes()


def tarred(members: dict[str, bytes]) -> bytes:
    import gzip

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            body = gzip.compress(data, mtime=0) if name.endswith(".gz") else data
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def test_a_task_of_the_decathlon_comes_out_of_its_tar(
    salus: Salus, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    scan = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6) - 60
    mask = (scan > 0).astype(np.uint8)
    body = tarred(
        {
            "Task09_Spleen/imagesTr/spleen_2.nii.gz": volume(scan),
            "Task09_Spleen/labelsTr/spleen_2.nii.gz": volume(mask),
            "Task09_Spleen/imagesTr/._spleen_2.nii.gz": b"a Mac was here",
            "Task09_Spleen/dataset.json": b"{}",
        }
    )
    moved(monkeypatch, msd_task09_spleen, server, Task09_Spleen_tar=body)
    said = salus("data", "get", "msd_task09_spleen")
    assert said.code == 0, said.err
    loaded = library.load("msd_task09_spleen")
    assert len(loaded.dataset) == 1
    sample = loaded.dataset[0]
    assert sample.inputs["image"].array.shape == (1, 6, 5, 4)
    assert sample.inputs["image"].unit == "HU"
    assert sample.inputs["image"].spacing_mm == pytest.approx((2.5, 0.8, 0.8))
    assert np.array_equal(sample.inputs["image"].array[0] > 0, sample.target["label"] == 1)
    assert salus("data", "show", "msd_task09_spleen", "--html", folder / "x.html").code == 0
    assert "with its mask" in (folder / "x.html").read_text(encoding="utf-8")
    (folder / "msd_task09_spleen" / "Task09_Spleen" / "labelsTr" / "spleen_2.nii.gz").unlink()
    with pytest.raises(DataError, match=r"no mask for spleen_2\.nii\.gz"):
        library.load("msd_task09_spleen")


def test_the_hippocampus_is_found_where_its_tar_puts_it(
    salus: Salus, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.zeros((4, 5, 6), np.uint8)
    mask[1:3, 2, 3] = 2
    names = ("imagesTr", "labelsTr")
    body = tarred({f"Task04_Hippocampus/{name}/hippocampus_001.nii.gz": volume(mask) for name in names})
    moved(monkeypatch, hippocampus_msd_task04, server, Task04_Hippocampus_tar=body)
    assert salus("data", "get", "hippocampus_msd_task04").code == 0
    assert library.load("hippocampus_msd_task04").dataset[0].target["label"].max() == 2


def test_four_contrasts_are_channels_and_strange_masks_are_refused(tmp_path: Path) -> None:
    home = tmp_path / "Task01_BrainTumour"
    for name, array in (
        ("imagesTr", np.stack([np.full((4, 5, 6), c, np.float32) for c in range(4)], axis=-1)),
        ("labelsTr", np.full((4, 5, 6), 3, np.uint8)),
    ):
        (home / name).mkdir(parents=True)
        nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), home / name / "BRATS_001.nii.gz")
    loaded = msd_task01_brain_tumour.ENTRY.load(tmp_path, {})
    sample = loaded.dataset[0]
    assert sample.inputs["image"].array.shape == (4, 6, 5, 4)
    assert sample.inputs["image"].array[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert loaded.question.classes[3] == "enhancing tumour"
    nibabel.save(
        nibabel.Nifti1Image(np.full((4, 5, 6), 4, np.uint8), np.eye(4)), home / "labelsTr" / "BRATS_001.nii.gz"
    )
    with pytest.raises(DataError, match="value 4 names no structure"):
        loaded.dataset[0]
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 7), np.uint8), np.eye(4)), home / "labelsTr" / "BRATS_001.nii.gz")
    with pytest.raises(DataError, match="its mask"):
        loaded.dataset[0]


def test_photographs_of_one_lesion_stay_together(
    salus: Salus, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def zipped(members: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return buffer.getvalue()

    buffer = io.BytesIO()
    Picture.fromarray(np.full((6, 8, 3), 90, np.uint8)).save(buffer, "JPEG")
    names = ("ISIC_1", "ISIC_2", "ISIC_3")
    truth = (
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_1,1.0,0,0,0,0,0,0\nISIC_2,1.0,0,0,0,0,0,0\nISIC_3,0,0,0,0,0,0,1.0\n"
    )
    groups = "image,lesion_id,diagnosis_confirm_type\nISIC_1,L1,histo\nISIC_2,L1,histo\nISIC_3,L2,consensus\n"
    bodies = {
        f"{ham10000._INPUT}_zip": zipped({f"{ham10000._INPUT}/{n}.jpg": buffer.getvalue() for n in names}),
        f"{ham10000._TRUTH}_zip": zipped({f"{ham10000._TRUTH}/{ham10000._TRUTH}.csv": truth.encode()}),
        ham10000._GROUPS.replace(".", "_"): groups.encode(),
    }
    moved(monkeypatch, ham10000, server, **bodies)
    said = salus("data", "get", "ham10000")
    assert said.code == 0, said.err
    assert said.out.count("nothing verifies it") == 3
    loaded = library.load("ham10000")
    samples = [loaded.dataset[i] for i in range(3)]
    assert [sample.patient for sample in samples] == ["L1", "L1", "L2"]
    assert [loaded.question.classes[sample.target] for sample in samples] == ["melanoma"] * 2 + ["vascular lesion"]
    assert samples[0].inputs["image"].array.shape == (3, 6, 8)
    table = folder / "ham10000" / ham10000._TRUTH / f"{ham10000._TRUTH}.csv"
    table.write_text(truth.replace("ISIC_3,0", "ISIC_3,1"))
    with pytest.raises(DataError, match=r"line 4 \(ISIC_3\) has no single diagnosis"):
        library.load("ham10000")


@pytest.mark.parametrize(
    ("finding", "kind", "targets"), [("all", "multilabel", [[1, 0], [0, 1]]), ("b", "classification", [0, 1])]
)
def test_findings_are_asked_together_or_one_by_one(
    tmp_path: Path, finding: str, kind: str, targets: list[object]
) -> None:
    arrays = {}
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = np.zeros((2, 28, 28), np.uint8)
        arrays[f"{part}_labels"] = np.array([[1, 0], [0, 1]], np.uint8)
    np.savez(tmp_path / "x.npz", **arrays)
    facts = medmnist.Facts(
        **{"name": "x", "title": "x", "classes": ("a", "b"), "modality": "DX", "counts": (2, 2, 2), "source": "x"},
        **{"split": "x", "kinds": ("multilabel", "classification"), "md5": {"28": "0" * 32}},
    )
    loaded = medmnist.entry(facts).load(tmp_path, {"size": "28", "finding": finding})
    assert loaded.question.kind == kind
    assert [np.asarray(loaded.dataset[i].target).tolist() for i in range(2)] == targets
    assert not any("another set" in note for note in loaded.notes)


def test_sizes_above_memory_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALUS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "x.npz").write_bytes(thumbnails(28))
    plain = medmnist.read_thumbnails(tmp_path / "x.npz", tuple("01234"), "OP")
    monkeypatch.setattr("salus.data.npz.IN_MEMORY", 1000)
    monkeypatch.setattr("salus.data.npz.read_arrays.__defaults__", (None, 1000))
    mapped = medmnist.read_thumbnails(tmp_path / "x.npz", tuple("01234"), "OP")
    one, other = plain.dataset[7].inputs["image"].array, mapped.dataset[7].inputs["image"].array
    assert np.array_equal(one, other)
    assert isinstance(mapped.dataset.parts[0][1], np.memmap)  # type: ignore[attr-defined]
    assert other.flags.writeable
    assert mapped.dataset.peek(7).target == plain.dataset[7].target  # type: ignore[attr-defined]
