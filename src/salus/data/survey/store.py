"""What a survey found so far, in one SQLite file of the cache: a killed survey goes on where it was."""

import contextlib
import hashlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from salus.data.cache import cache_folder
from salus.data.survey.look import VERSION
from salus.schema.errors import StoreError

KEPT = 30
"""Surveys whose findings are kept; the ones not used for longest go first."""
_COMMIT_S = 0.5
_TABLES = """
CREATE TABLE IF NOT EXISTS about(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS file(
  path TEXT PRIMARY KEY, size INTEGER, stamp INTEGER, run INTEGER, top TEXT, kind TEXT, problem TEXT, remedy TEXT,
  digest TEXT, patient TEXT, series TEXT, modality TEXT, says TEXT, form TEXT, likeness TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubt(path TEXT, severity TEXT, area TEXT, what TEXT, remedy TEXT);
CREATE TABLE IF NOT EXISTS mark(path TEXT, place TEXT, kind TEXT, form TEXT);
CREATE TABLE IF NOT EXISTS series(uid TEXT PRIMARY KEY, members TEXT, found TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_digest ON file(digest);
CREATE INDEX IF NOT EXISTS by_series ON file(series);
CREATE INDEX IF NOT EXISTS doubt_of ON doubt(path);
CREATE INDEX IF NOT EXISTS mark_of ON mark(path);
"""


class Store:
    """The findings on one folder; use it as a context.

    Args:
        root: The folder that is surveyed.
        deep: Whether values are decoded; both ways are kept apart.
        fresh: Forget what was found before.

    Raises:
        StoreError: The cache folder cannot be written.
    """

    def __init__(self, root: Path, *, deep: bool = True, fresh: bool = False) -> None:
        home = cache_folder() / "check"
        key = hashlib.sha256(f"{VERSION}\n{deep}\n{root.resolve()}".encode()).hexdigest()[:32]
        self.path = home / f"{key}.sqlite"
        try:
            home.mkdir(parents=True, exist_ok=True)
            if fresh:
                self._remove(self.path)
            self.base = self._open()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{self.path}: cannot be written ({error}); point SALUS_CACHE to a folder that can"
            ) from error
        self._prune(home)
        self._last = time.monotonic()
        self.run = int(self.about("run") or 0) + 1
        self.salt = self.about("salt") or secrets.token_hex(8)
        for key, value in (("run", str(self.run)), ("salt", self.salt)):
            self.base.execute("INSERT OR REPLACE INTO about VALUES(?, ?)", (key, value))
        self.base.commit()

    def __enter__(self) -> "Store":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Keep what was found and close."""
        with contextlib.suppress(sqlite3.Error):
            self.base.commit()
        self.base.close()

    def about(self, key: str) -> str:
        """Return one word kept beside the findings, or nothing."""
        row = self.base.execute("SELECT value FROM about WHERE key=?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def known(self, path: str, size: int, stamp: int) -> bool:
        """Tell whether a file was looked at in its present state, and note that it is still there."""
        found = self.base.execute(
            "UPDATE file SET run=? WHERE path=? AND size=? AND stamp=?", (self.run, path, size, stamp)
        )
        return found.rowcount == 1

    def add(self, path: str, size: int, stamp: int, facts: dict[str, Any]) -> None:
        """Keep what was found in one file.

        Args:
            path: Relative to the folder.
            size: Bytes.
            stamp: Time of its last change, ns.
            facts: `Facts.to_dict()`.
        """
        top = path.partition("/")[0] if "/" in path else ""
        for table in ("doubt", "mark"):
            self.base.execute(f"DELETE FROM {table} WHERE path=?", (path,))  # noqa: S608 - a constant
        self.base.execute(
            "INSERT OR REPLACE INTO file VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (path, size, stamp, self.run, top, facts["kind"], facts["problem"], facts["remedy"], facts["digest"],
             facts["patient"], facts["series"], facts["modality"], facts["size"], json.dumps(facts["form"]),
             facts["likeness"]),
        )  # fmt: skip
        self.base.executemany(
            "INSERT INTO doubt VALUES(?, ?, ?, ?, ?)",
            [(path, d["severity"], d["area"], d["what"], d["remedy"]) for d in facts["doubts"]],
        )
        self.base.executemany(
            "INSERT INTO mark VALUES(?, ?, ?, ?)", [(path, m["place"], m["kind"], m["form"]) for m in facts["marks"]]
        )
        if time.monotonic() - self._last > _COMMIT_S:
            self.keep()

    def keep(self) -> None:
        """Make what was found so far outlast a kill."""
        self.base.commit()
        self._last = time.monotonic()

    def forget_gone(self) -> None:
        """Drop what is known of files that this run did not meet."""
        gone = "(SELECT path FROM file WHERE run<>?)"
        for table in ("doubt", "mark"):
            self.base.execute(f"DELETE FROM {table} WHERE path IN {gone}", (self.run,))  # noqa: S608 - constants
        self.base.execute("DELETE FROM file WHERE run<>?", (self.run,))
        self.keep()

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, one at a time."""
        yield from self.base.execute(query, values)

    def _open(self) -> sqlite3.Connection:
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        os.close(descriptor)
        try:
            return self._connect()
        except sqlite3.DatabaseError:  # a damaged file costs the memory of it, not the survey
            self._remove(self.path)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=30)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=NORMAL")
        base.execute("PRAGMA cache_size=-32000")
        base.executescript(_TABLES)
        return base

    @staticmethod
    def _remove(path: Path) -> None:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)

    def _prune(self, home: Path) -> None:
        with contextlib.suppress(OSError):
            kept = sorted(home.glob("*.sqlite"), key=lambda file: file.stat().st_mtime, reverse=True)
            for file in kept[KEPT:]:
                if file != self.path:
                    self._remove(file)
