"""Check a folder of anything: every file is looked at once, in limited child processes, and what was found is kept."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from salus.data.guard import Guard
from salus.data.survey import gather, labels, twins
from salus.data.survey.fitness import fitness
from salus.data.survey.report import Concern, Example, Report, example, listed
from salus.data.survey.store import Store
from salus.data.survey.walk import Found, walk

Watch = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""
LIMIT_S = 60.0
_EXAMPLES = 24
_FAILED = {
    "time": ("takes longer to read than {limit:g} s", "it is huge or damaged: copy it again, or leave it out"),
    "memory": ("needs too much memory to be read ({detail})", "it is huge or damaged: tile it, or leave it out"),
    "crash": ("crashes its decoder ({detail})", "it is damaged: copy it again from its source, or leave it out"),
    "error": ("a fault of Salus while reading it ({detail})", "please report it; the file may be damaged"),
}


def survey(
    root: Path,
    *,
    workers: int = 2,
    deep: bool = True,
    fresh: bool = False,
    seconds: float = LIMIT_S,
    watch: Watch | None = None,
    only: str = "",
) -> Report:
    """Look at every file of a folder and say what was found.

    Memory is bounded by one folder's names, the small copies of pictures (0.6 to 2 kB each) and the largest file that
    a child decodes; a survey that was killed goes on where it was, and files that did not change are not read again.

    Args:
        root: The folder.
        workers: Child processes.
        deep: Decode values; False reads headers and digests only.
        fresh: Forget what an earlier survey of the folder found.
        seconds: Most time for one file.
        watch: Told of the progress.
        only: Look at the file of that name alone; empty for all.

    Raises:
        DataError: No such folder.
        StoreError: The cache folder cannot be written.
    """
    tell = watch or _silent
    passed: list[tuple[str, str]] = []
    with Store(root / only, deep=deep, fresh=fresh) as store:
        with Guard("salus.data.survey.jobs:work", workers=workers, seconds=seconds) as guard:
            _look_at_all(root, store, passed, guard, deep=deep, tell=tell, only=only)
            _series(root, store, guard, tell)
            layout = labels.layout_of(store)
            examples = _examples(root, store, guard, layout) if deep else []
        report = Report(title=str(root))
        gather.holdings(store, report)
        gather.broken(store, report)
        gather.doubts(store, report)
        gather.identities(store, report)
        gather.series(store, report)
        layout = labels.labels(store, report)
        # a folder's name is a label only where folders are classes
        report.examples = examples if layout.classes else [replace(one, label="") for one in examples]
        tell("comparing", 0, 0)
        copies = twins.exact(store, report, root, layout)
        twins.near(store, report, copies, layout)
        report.fitness = fitness(store, report)
    if passed:
        names = [f"{path}: {why}" for path, why in passed]
        what, remedy = "passed over", "put copies in their place where they matter"
        found = Concern(
            severity="warning", area="files", what=what, count=len(passed), which=listed(names), remedy=remedy
        )
        report.concerns.append(found)
    report.sort()
    return report


def _look_at_all(
    root: Path, store: Store, passed: list[tuple[str, str]], guard: Guard, *, deep: bool, tell: Watch, only: str
) -> None:
    total = 0
    for _ in walk(root, only=only):
        total += 1
        if total % 1000 == 0:
            tell("counting", 0, 0)
    stamps: dict[str, Found] = {}
    done = 0

    def unknown() -> Iterator[dict[str, Any]]:
        nonlocal done
        for found in walk(root, passed, only):
            if store.known(found.path, found.size, found.stamp):
                done += 1
                tell("looking", done, total)
                continue
            stamps[found.path] = found
            yield {"do": "look", "root": str(root.resolve()), "path": found.path, "deep": deep, "salt": store.salt}

    for one in guard.run(unknown()):
        found = stamps.pop(one.item["path"])
        facts = one.value if not one.failure else _failed(one.failure, one.detail, guard.seconds)
        store.add(found.path, found.size, found.stamp, facts)
        done += 1
        tell("looking", done, total)
    store.forget_gone()


def _failed(failure: str, detail: str, seconds: float) -> dict[str, Any]:
    from salus.data.survey.facts import Facts

    what, remedy = _FAILED[failure]
    return Facts(kind="other", problem=what.format(limit=seconds, detail=detail), remedy=remedy).to_dict()


def _series(root: Path, store: Store, guard: Guard, tell: Watch) -> None:
    """Examine the geometry of every DICOM series of two files or more, unless its members are as they were."""
    query = (
        "SELECT series, COUNT(*), MIN(path), GROUP_CONCAT(size || ' ' || stamp) FROM file "
        "WHERE series<>'' AND problem='' AND says LIKE '%x%' GROUP BY series HAVING COUNT(*)>1"
    )
    known = dict(store.rows("SELECT uid, members FROM series"))
    todo = []
    for uid, count, first, members in list(store.rows(query)):
        if known.pop(uid, "") != members:
            todo.append((uid, count, first, members))
    for uid in known:
        store.base.execute("DELETE FROM series WHERE uid=?", (uid,))
    if not todo:
        return
    states = {uid: members for uid, _, _, members in todo}

    def items() -> Iterator[dict[str, Any]]:
        for uid, _, _, _ in todo:
            paths = [
                row[0]
                for row in store.rows("SELECT path FROM file WHERE series=? AND problem='' ORDER BY path", (uid,))
            ]
            yield {"do": "series", "root": str(root.resolve()), "uid": uid, "paths": paths}

    for done, one in enumerate(guard.run(items()), start=1):
        tell("series", done, len(todo))
        found = one.value if not one.failure else {
            "name": one.item["paths"][0], "modality": "", "files": len(one.item["paths"]),
            "findings": [["unreadable", "error", one.detail or one.failure, "look at the files one by one"]],
        }  # fmt: skip
        row = (one.item["uid"], states[one.item["uid"]], json.dumps(found))
        store.base.execute("INSERT OR REPLACE INTO series VALUES(?, ?, ?)", row)
    store.keep()


def _examples(root: Path, store: Store, guard: Guard, layout: labels.Layout) -> list[Example]:
    """Draw a few samples, spread over the folder and its classes."""
    query = (
        "SELECT path FROM (SELECT path, top, ROW_NUMBER() OVER (PARTITION BY top ORDER BY likeness) AS place "
        "FROM file WHERE likeness<>'' AND problem='') ORDER BY place, top LIMIT ?"
    )
    paths = [row[0] for row in store.rows(query, (_EXAMPLES,))]
    found = {}
    for one in guard.run({"do": "draw", "root": str(root.resolve()), "path": path} for path in paths):
        if not one.failure and one.value:
            found[one.item["path"]] = example(one.item["path"], layout.place(one.item["path"])[1], one.value)
    return [found[path] for path in paths if path in found]


def _silent(what: str, done: int, total: int) -> None:
    """Tell no one."""
