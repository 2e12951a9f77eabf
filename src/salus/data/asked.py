"""Ask a dataset another question than its own: for synthetic samples instead of classes."""

from collections import defaultdict
from dataclasses import replace

from salus.contract.dataset import Dataset
from salus.data.cohort import peek
from salus.data.entry import Loaded
from salus.schema.errors import DataError, UsageError
from salus.schema.question import Question
from salus.schema.sample import Image, Row, Sample, Waveform

KINDS = ("synthesis",)
CONDITION = "condition"
MOST_WORDS = 200


def ask(loaded: Loaded, kind: str) -> Loaded:
    """Return the same samples under another question.

    For `synthesis` each sample gains an input `condition`, a `Row` with the `class` (or the `value` of a measurement),
    and its target becomes `{"condition": class index or number, "real": the item itself}`.

    Args:
        loaded: A classification or regression of rows, waveforms or images, one of them a sample.
        kind: `synthesis`.

    Raises:
        UsageError: Another kind, or a dataset whose question conditions nothing.
        DataError: A sample with none or several items that could be made.
    """
    if kind not in KINDS:
        raise UsageError(f"ask={kind!r}: a dataset can be asked for {', '.join(KINDS)} beside its own question")
    if loaded.question.kind not in ("classification", "ordinal", "regression"):
        raise UsageError(f"ask=synthesis: a {loaded.question.kind} dataset names no class to be made; choose another")
    dataset = _Synthesis(loaded.dataset, loaded.question)
    first = dataset[0].target["real"]
    columns = _columns(dataset) if isinstance(first, Row) else ()
    return replace(loaded, dataset=dataset, question=replace(loaded.question, kind="synthesis", columns=columns))


class _Synthesis:
    def __init__(self, dataset: Dataset, question: Question) -> None:
        self.dataset, self.question = dataset, question

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int, /) -> Sample:
        return self._asked(self.dataset[index])

    def peek(self, index: int, /) -> Sample:
        """Return the class of sample `index` without what is read from its file."""
        sample = peek(self.dataset, index)
        return replace(sample, target={"condition": self._condition(sample)}, inputs={})

    def _asked(self, sample: Sample) -> Sample:
        items = [item for item in sample.inputs.values() if isinstance(item, Row | Waveform | Image)]
        if len(items) != 1:
            raise DataError(f"sample {sample.id}: {len(items)} rows, signals or images; synthesis makes exactly one")
        condition = self._condition(sample)
        told: dict[str, float | str]
        told = {"class": self.question.classes[int(condition)]} if self.question.classes else {"value": condition}
        inputs = {CONDITION: Row(values=told), **sample.inputs}
        return replace(sample, inputs=inputs, target={"condition": condition, "real": items[0]})

    def _condition(self, sample: Sample) -> int | float:
        target = sample.target
        if isinstance(target, dict):
            target = target.get("label", target.get("value"))
        return int(target) if self.question.classes else float(target)


def _columns(dataset: _Synthesis) -> tuple[tuple[str, tuple[str, ...]], ...]:
    words: dict[str, set[str]] = defaultdict(set)
    for index in range(len(dataset)):
        for name, cell in dataset[index].target["real"].values.items():
            words[name] |= {cell} if isinstance(cell, str) and cell else set()
    for name, found in words.items():
        if len(found) > MOST_WORDS:
            raise DataError(f"column {name!r} holds {len(found)} different words; drop it or group them for synthesis")
    return tuple((name, tuple(sorted(found))) for name, found in words.items())
