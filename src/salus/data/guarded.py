"""The child's side of `salus.data.guard`: reads one JSON item a line, answers one JSON value a line.

Run as `python -m salus.data.guarded '{"function": "module:name"}'`. What readers print goes nowhere: the answers have
a descriptor of their own.
"""

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Answer until the parent is gone."""
    limits = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    try:
        module, _, name = str(limits["function"]).partition(":")
        function: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
        _bound(limits.get("extra"))
    except Exception as error:  # the parent turns it into a sentence
        _say(answers, {"ready": f"{type(error).__name__}: {error}"})
        return
    _say(answers, {"ready": True})
    # An item that the parent sent ahead may still come: with the pipe closed, reading ends.
    for line in sys.stdin.buffer:
        try:
            said = {"value": function(json.loads(line))}
            text = json.dumps(said)
        except Exception as error:  # a fault of one item is not the end
            text = json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]})
        _say(answers, text)


def _say(answers: Any, said: Any) -> None:
    text = said if isinstance(said, str) else json.dumps(said)
    with contextlib.suppress(BrokenPipeError):
        view = memoryview(text.encode() + b"\n")
        while view:
            view = view[answers.write(view) :]


def _bound(extra: int | None) -> None:
    if extra is None:
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as handle:
        mapped = int(handle.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (mapped + extra, mapped + extra))


if __name__ == "__main__":
    main()
