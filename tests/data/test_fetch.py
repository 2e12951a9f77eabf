"""Fetching against a server that misbehaves in every way a server can."""

import contextlib
import hashlib
import io
import stat
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from salus.data.entry import Entry, Loaded, Remote
from salus.data.fetch import fetch
from salus.data.unpack import unpack
from salus.schema.errors import DataError

BODY = np.random.default_rng(0).bytes(700_000)


class Handler(BaseHTTPRequestHandler):
    """`/<way>/<name>` serves BODY in that way; what was asked for is written down."""

    ranges: ClassVar[list[str]] = []
    hits: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        way = self.path.split("/")[1]
        Handler.hits[way] = Handler.hits.get(way, 0) + 1
        asked = self.headers.get("Range", "")
        Handler.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and way != "deaf" else 0
        body = BODY[start:]
        if way == "missing":
            self.send_error(404)
            return
        if way == "busy" and Handler.hits[way] < 3:
            self.send_error(503)
            return
        if way == "redirect":
            self.send_response(302)
            self.send_header("Location", "/good/x" if Handler.hits[way] else "")
            self.end_headers()
            return
        if way == "tofile":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        if asked and start >= len(BODY):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            first = start + 7 if way == "shifted" else start
            self.send_header("Content-Range", f"bytes {first}-{len(BODY) - 1}/{len(BODY)}")
        if way == "endless":
            self.end_headers()
            self.wfile.write(BODY + b"more")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if way in ("cut", "deaf", "shifted") and Handler.hits[way] == 1:
            self.wfile.write(body[:300_000])
            self.close_connection = True
            return
        if way == "wrong" or (way == "wrongonce" and Handler.hits[way] == 1):
            body = b"x" * len(body)
        if way == "slow" and Handler.hits[way] == 1:
            self.wfile.write(body[:10])
            self.wfile.flush()
            time.sleep(0.7)
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def handle(self) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().handle()


@pytest.fixture
def server() -> Iterator[str]:
    Handler.ranges, Handler.hits = [], {}
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{found.server_address[1]}"
    found.shutdown()
    found.server_close()


def entry(url: str, **fields: object) -> Entry:
    def load(folder: Path, options: object) -> Loaded:
        raise AssertionError

    values = {"sha256": hashlib.sha256(BODY).hexdigest(), "size": len(BODY), "path": "sub/x.bin", **fields}
    remote = Remote(url=url, **values)  # type: ignore[arg-type]
    return Entry(name="x", title="x", modality="image", tasks=(), licence="", citation="", load=load, files=(remote,))


@pytest.mark.parametrize("way", ["good", "cut", "deaf", "shifted", "busy", "wrongonce", "redirect", "slow"])
def test_the_file_arrives_whole_however_the_server_behaves(server: str, tmp_path: Path, way: str) -> None:
    seen: list[tuple[str, int, int]] = []
    found = fetch(entry(f"{server}/{way}/x"), tmp_path, lambda *args: seen.append(args), pause_s=0.01, timeout_s=0.4)
    assert found == [tmp_path / "sub" / "x.bin"]
    assert found[0].read_bytes() == BODY
    assert [path.name for path in found[0].parent.iterdir()] == ["x.bin"]
    assert seen[-1] == ("sub/x.bin", len(BODY), len(BODY))
    if way == "slow":
        assert Handler.ranges == ["", "bytes=10-"]
    if way == "cut":
        assert Handler.ranges == ["", "bytes=300000-"]


def test_a_kept_part_is_taken_up_and_a_whole_file_is_not_fetched_again(server: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".x.bin.part").write_bytes(BODY[:1000])
    fetch(entry(f"{server}/good/x"), tmp_path)
    assert Handler.ranges == ["bytes=1000-"]
    fetch(entry(f"{server}/good/x"), tmp_path)
    assert len(Handler.ranges) == 1
    (tmp_path / "sub" / "x.bin").write_bytes(BODY[:-1])
    fetch(entry(f"{server}/good/x"), tmp_path)
    assert (tmp_path / "sub" / "x.bin").read_bytes() == BODY


def test_a_rotten_part_is_fetched_from_the_start(server: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".x.bin.part").write_bytes(b"rotten")
    fetch(entry(f"{server}/good/x"), tmp_path, pause_s=0.01)
    assert Handler.ranges == ["bytes=6-", ""]


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("wrong", "checksum sha256 .* expected"),
        ("endless", "more than the expected 700,000 bytes"),
        ("missing", "the server answers 404"),
        ("tofile", "file"),
    ],
)
def test_wrong_bytes_are_never_kept(server: str, tmp_path: Path, way: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fetch(entry(f"{server}/{way}/x"), tmp_path, retries=2, pause_s=0.01)
    assert not (tmp_path / "sub" / "x.bin").exists()


def test_md5_is_checked_where_it_is_all_there_is(server: str, tmp_path: Path) -> None:
    good = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
    fetch(entry(f"{server}/good/x", sha256="", md5=good), tmp_path)
    with pytest.raises(DataError, match="checksum md5"):
        fetch(entry(f"{server}/good/x", sha256="", md5="0" * 32), tmp_path, retries=1, pause_s=0.01)


def test_addresses_and_paths_are_not_trusted(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only http and https"):
        fetch(entry("file:///etc/passwd"), tmp_path)
    with pytest.raises(DataError, match="leads out of"):
        fetch(entry(f"{server}/good/x", path="../x"), tmp_path / "home")
    with pytest.raises(DataError, match=r"cannot be reached|broke off"):
        fetch(entry("http://127.0.0.1:9/x"), tmp_path, retries=0)


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_an_archive_is_unpacked_once(server: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/b.txt", "hello")
    data = buffer.getvalue()
    globals()["BODY"], kept = data, BODY
    try:
        thing = entry(f"{server}/good/x", path="x.zip", unpack=True)
        fetch(thing, tmp_path)
        assert (tmp_path / "a" / "b.txt").read_text() == "hello"
        (tmp_path / "a" / "b.txt").write_text("mine")
        fetch(thing, tmp_path)
        assert (tmp_path / "a" / "b.txt").read_text() == "mine"
    finally:
        globals()["BODY"] = kept


def test_good_archives_keep_their_files(tmp_path: Path) -> None:
    found = unpack(tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("d/x"), b"1"), (tarfile.TarInfo("y"), b"22")), tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["d/x", "y"]
    assert (tmp_path / "y").read_bytes() == b"22"


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\\..\\evil", "C:/evil"])
def test_members_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    first = (tarfile.TarInfo("fine"), b"1")
    with pytest.raises(DataError, match="would leave the folder"):
        unpack(tar(tmp_path / "a.tar.gz", first, (tarfile.TarInfo(name), b"1")), home)
    info = zipfile.ZipInfo("x")
    info.filename = name
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "1")
    with pytest.raises(DataError, match="would leave the folder"):
        unpack(tmp_path / "a.zip", home)
    assert list(home.iterdir()) == []


def test_links_bombs_and_twins_are_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    with pytest.raises(DataError, match="link or device"):
        unpack(tar(tmp_path / "a.tar.gz", (link, b"")), home)
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as archive:
        archive.writestr(info, "/etc")
    with pytest.raises(DataError, match="link or device"):
        unpack(tmp_path / "l.zip", home)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 10_000_000)
    with pytest.raises(DataError, match="more than 1,000,000 bytes"):
        unpack(tmp_path / "b.zip", home, max_bytes=1_000_000)
    with pytest.raises(DataError, match="two members named"):
        unpack(tar(tmp_path / "t.tar.gz", (tarfile.TarInfo("A"), b"1"), (tarfile.TarInfo("a"), b"2")), home)
    (tmp_path / "x.zip").write_bytes((tmp_path / "b.zip").read_bytes()[:-30])
    with pytest.raises(DataError, match="damaged or encrypted"):
        unpack(tmp_path / "x.zip", home)
    assert list(home.iterdir()) == []


def test_a_link_inside_the_folder_is_not_followed(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (home / "d").symlink_to(outside)
    with pytest.raises(DataError, match="reached through a link"):
        unpack(tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("d/x"), b"1")), home)
    assert list(outside.iterdir()) == []


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        info = zipfile.ZipInfo("x")
        info.filename = ""
        packed.writestr(info, b"1")
    with pytest.raises(DataError, match="without a name"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("é", b"1")
    path = tmp_path / "a.zip"
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xa9\xa9"))
    with pytest.raises(DataError, match="damaged"):
        unpack(path, tmp_path / "out")
