"""Find and build tasks. The folder is the registry: `tasks/<kind>.py` judges questions of that kind."""

import difflib
import importlib
import inspect
from functools import cache
from pathlib import Path

from salus.contract.task import Task
from salus.schema.errors import UsageError
from salus.schema.question import Question


@cache
def names() -> tuple[str, ...]:
    """Return every kind of question that can be judged; imports nothing."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NO_TASKS))


def make(question: Question) -> Task:
    """Build the task that judges a question.

    Raises:
        UsageError: No task of that kind, or one that cannot judge this question.
    """
    if question.kind not in names():
        near = difflib.get_close_matches(question.kind, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names())}"
        raise UsageError(f"no task of kind {question.kind!r}; {hint}")
    place = f"salus.tasks.{question.kind}"
    own = [
        value
        for value in vars(importlib.import_module(place)).values()
        if inspect.isclass(value) and issubclass(value, Task) and value.__module__ == place
    ]
    if len(own) != 1:
        raise UsageError(f"{place} defines {len(own)} tasks; one file holds exactly one")
    return own[0](question)  # type: ignore[call-arg]


_NO_TASKS = ("__init__", "registry")
