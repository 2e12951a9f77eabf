"""Work on files that nobody trusts, in child processes: a limit of time and memory per file, and no crash that spreads.

A child that hangs, eats memory or dies takes one file with it: that file is named and the work goes on in a new child.
"""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from salus.schema.errors import UsageError

AHEAD = 8
"""Items that a child holds at a time; it works on the first."""
PATIENCE = 6.0
_TICK_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one item.

    Attributes:
        item: As it was given.
        value: What the function returned; None after a failure.
        failure: Empty, `time`, `memory`, `crash` or `error`.
        detail: The error, or how the child ended, in one line.
        seconds: Of processor time, from the child's taking the item to its answer.
    """

    item: Any
    value: Any = None
    failure: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    waiting: deque[Any] = field(default_factory=deque)
    since: float = 0.0
    busy_s: float = 0.0
    ready: bool = False
    buffer: bytes = b""


class Guard:
    """A few children that apply one function to items, each under its own limits; use it as a context.

    Args:
        function: `module:name`; takes one JSON value, returns one.
        workers: How many children.
        seconds: Most processor time for one item; by the clock it may take `PATIENCE` times as long, since other
            programs may keep the processor busy.
        memory: Most resident bytes of a child; `None` for a third of the machine's.
        extra: Bytes that a child may map beyond what it has at its start, so that a single giant allocation fails at
            once; None sets no such bound.

    Raises:
        UsageError: No worker, or no such function.
    """

    def __init__(
        self, function: str, *, workers: int = 1, seconds: float = 30.0, memory: int | None = None,
        extra: int | None = None,
    ) -> None:  # fmt: skip
        if workers < 1 or seconds <= 0:
            raise UsageError(f"{workers} workers of {seconds} s: expected at least one, and a time above 0")
        self.function, self.seconds, self.extra = function, seconds, extra
        self.memory = _third() if memory is None else memory
        self.children: list[_Child | None] = [None] * workers
        self.restarts = 0

    def __enter__(self) -> "Guard":
        """Return itself; children start with the first items."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all children."""
        for child in self.children:
            if child is not None:
                _end(child)
        self.children = [None] * len(self.children)

    def run(self, items: Iterable[Any]) -> Iterator[Done]:
        """Yield what became of each item, in the order of completion; items are drawn as children ask for them.

        Raises:
            UsageError: A child cannot start.
        """
        source = iter(items)
        again: deque[Any] = deque()
        while True:
            for place in range(len(self.children)):
                self._fill(place, source, again)
            busy = [child for child in self.children if child is not None and child.waiting]
            if not busy:
                return
            yield from self._collect(busy, again)

    def _fill(self, place: int, source: Iterator[Any], again: deque[Any]) -> None:
        """Hand a child its next items: those that a lost one held go first."""
        child = self.children[place]
        while child is None or len(child.waiting) < AHEAD:
            if not again:
                again.extend(islice(source, 1))
            if not again:
                return
            if child is None:
                child = self.children[place] = self._start()
            if not _give(child, again[0]):
                if child.waiting:
                    return  # its closed answers tell which item it died of
                _end(child)
                child = self.children[place] = None
                continue
            child.waiting.append(again.popleft())

    def _collect(self, busy: list[_Child], again: deque[Any]) -> Iterator[Done]:
        with selectors.DefaultSelector() as waits:
            for child in busy:
                waits.register(_pipe(child.process.stdout), selectors.EVENT_READ, child)
            heard = [key.data for key, _ in waits.select(_TICK_S)]
        for child in heard:
            data = os.read(_pipe(child.process.stdout).fileno(), 1 << 20)
            if data:
                yield from self._answers(child, data)
            else:
                child.process.wait()
                yield from self._lost(child, again, "crash", _ending(child.process.returncode))
        now = time.monotonic()
        for child in busy:
            if child not in self.children or not child.waiting:
                continue
            resident = _resident(child.process.pid)
            took = _processor_s(child.process.pid) - child.busy_s
            if child.ready and (took > self.seconds or now - child.since > PATIENCE * self.seconds):
                yield from self._lost(child, again, "time", f"took more than {self.seconds:g} s")
            elif resident > self.memory:
                yield from self._lost(child, again, "memory", f"held {resident >> 20:,} MB")
            elif not child.ready and now - child.since > 60 + self.seconds:
                raise UsageError(f"a child process for {self.function} did not start; is the machine overloaded?")

    def _answers(self, child: _Child, data: bytes) -> Iterator[Done]:
        *lines, child.buffer = (child.buffer + data).split(b"\n")
        for line in lines:
            said, now = json.loads(line), time.monotonic()
            if "ready" in said:
                if said["ready"] is not True:
                    raise UsageError(f"{self.function}: {said['ready']}")
                child.ready, child.since, child.busy_s = True, now, _processor_s(child.process.pid)
                continue
            item, busy_s = child.waiting.popleft(), _processor_s(child.process.pid)
            failure = "error" if "error" in said else ""
            yield Done(
                item=item, value=said.get("value"), failure=failure, detail=said.get("error", ""),
                seconds=min(now - child.since, max(0.0, busy_s - child.busy_s)),
            )  # fmt: skip
            child.since, child.busy_s = time.monotonic(), busy_s

    def _lost(self, child: _Child, again: deque[Any], failure: str, detail: str) -> Iterator[Done]:
        seconds = time.monotonic() - child.since
        _end(child)
        self.children[self.children.index(child)] = None
        self.restarts += 1
        if not child.ready:
            raise UsageError(f"a child process for {self.function} ended at its start ({detail}); see `salus doctor`")
        if child.waiting:
            item = child.waiting.popleft()
            again.extendleft(reversed(child.waiting))
            yield Done(item=item, failure=failure, detail=detail, seconds=seconds)

    def _start(self) -> _Child:
        limits = {"function": self.function, "extra": self.extra}
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(part for part in sys.path if part)
        command = [sys.executable, "-m", "salus.data.guarded", json.dumps(limits)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        return _Child(process, since=time.monotonic())


def _give(child: _Child, item: Any) -> bool:
    """Send one item; False where the child is gone, which its closed answers will show."""
    pipe = _pipe(child.process.stdin)
    if not child.waiting:
        child.since, child.busy_s = time.monotonic(), _processor_s(child.process.pid)
    with contextlib.suppress(BrokenPipeError):
        pipe.write(json.dumps(item).encode() + b"\n")
        pipe.flush()
        return True
    return False


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - both ends are pipes
    return stream


def _end(child: _Child) -> None:
    with contextlib.suppress(OSError):
        child.process.kill()
    child.process.wait()
    for stream in (child.process.stdin, child.process.stdout):
        with contextlib.suppress(OSError):
            _pipe(stream).close()


def _ending(code: int) -> str:
    if code >= 0:
        return f"the reader ended the process (exit {code})"
    import signal

    try:
        return f"the reader crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"the reader crashed (signal {-code})"


def _processor_s(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as handle:
            fields = handle.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    except (OSError, ValueError, IndexError):
        pass
    import psutil

    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as handle:
            return int(handle.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        pass
    import psutil

    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _third() -> int:
    import psutil

    return max(int(psutil.virtual_memory().total) // 3, 2**30)
