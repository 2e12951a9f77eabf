import pytest

from salus.contract.task import Task
from salus.schema.errors import UsageError
from salus.schema.question import Question
from salus.tasks import registry


def test_the_folder_is_the_registry():
    assert "classification" in registry.names()
    assert "registry" not in registry.names()
    task = registry.make(Question(kind="ordinal", classes=("a", "b", "c")))
    assert isinstance(task, Task)
    assert task.kind == "ordinal"
    assert task.primary in task.directions


def test_an_unknown_kind_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match="did you mean 'tagging'"):
        registry.make(Question(kind="taging"))
    with pytest.raises(UsageError, match="classification"):
        registry.make(Question(kind="zzz"))
