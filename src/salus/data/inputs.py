"""What the inputs and targets of a dataset hold, kind by kind, measured as the samples pass by."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from salus.data.tally import Numbers, Spread, Words
from salus.schema.question import Question
from salus.schema.sample import Events, Image, Note, Row, Waveform

MOST_SERIES = 64
MOST_WORDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One measured quantity: a column, a lead, the values of an image, the length of a text.

    Attributes:
        name: Of the column or lead, or of what is measured.
        spread: Where it is a number.
        words: The commonest words and how often, where it is words.
        distinct: How many different words; 0 for numbers.
        missing: How many cells or values are missing.
        count: Out of how many.
    """

    name: str
    spread: Spread | None = None
    words: tuple[tuple[str, int], ...] = ()
    distinct: int = 0
    missing: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one input holds over all samples.

    Attributes:
        name: Of the input.
        kind: `Image`, `Waveform`, `Note`, `Row` or `Events`.
        forms: For each property (shape, spacing, rate, leads ...) its values and how many samples have each.
        series: What was measured.
        missing_samples: Samples with a missing value.
    """

    name: str
    kind: str
    forms: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    series: tuple[Series, ...] = ()
    missing_samples: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


class InputTally:
    """One input's values as they pass by."""

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind
        self.forms: dict[str, Counter[str]] = {}
        self.numbers: dict[str, Numbers] = {}
        self.words: dict[str, Words] = {}
        self.order: list[tuple[str, str]] = []
        self.missing_samples = 0

    def add(self, value: Any) -> None:
        """Take the input of one sample."""
        before = self._missing()
        if isinstance(value, Image):
            self._image(value)
        elif isinstance(value, Waveform):
            self._waveform(value)
        elif isinstance(value, Note):
            self._number("characters", "").add_one(len(value.text))
            self._number("tokens", "").add_one(len(value.tokens))
        elif isinstance(value, Events):
            self._events(value)
        elif isinstance(value, Row):
            self._row(value)
        self.missing_samples += self._missing() > before

    def held(self) -> Held:
        """Return what was seen."""
        series = [self._series(name, kind) for name, kind in self.order]
        forms = {name: dict(found.most_common()) for name, found in self.forms.items()}
        return Held(
            name=self.name, kind=self.kind, forms=forms, series=tuple(series), missing_samples=self.missing_samples
        )

    def _series(self, name: str, kind: str) -> Series:
        if kind == "numbers":
            numbers = self.numbers[name]
            return Series(name=name, spread=numbers.spread(), missing=numbers.missing, count=numbers.count)
        words = self.words[name]
        common = tuple(words.counts.most_common(MOST_WORDS))
        return Series(name=name, words=common, distinct=len(words.counts), missing=words.missing, count=words.count)

    def _missing(self) -> int:
        numbers = sum(found.missing for found in self.numbers.values())
        return numbers + sum(found.missing for found in self.words.values())

    def _number(self, name: str, unit: str) -> Numbers:
        if name not in self.numbers:
            self.numbers[name] = Numbers(unit)
            self.order.append((name, "numbers"))
        return self.numbers[name]

    def _word(self, name: str) -> Words:
        if name not in self.words:
            self.words[name] = Words()
            self.order.append((name, "words"))
        return self.words[name]

    def _form(self, name: str, text: str) -> None:
        if text:
            self.forms.setdefault(name, Counter())[text] += 1

    def _image(self, image: Image) -> None:
        self._form("shape", " x ".join(map(str, image.array.shape)))
        if image.spacing_mm is not None:
            self._form("spacing", " x ".join(f"{step:.3g}" for step in image.spacing_mm) + " mm")
        self._form("modality", image.modality)
        self._form("type", str(image.array.dtype))
        self._number("intensity", image.unit).add(image.array)

    def _waveform(self, wave: Waveform) -> None:
        leads, samples = wave.array.shape
        self._form("rate", f"{wave.rate_hz:g} Hz")
        self._form("leads", ", ".join(wave.leads))
        self._number("length", "s").add_one(samples / wave.rate_hz if wave.rate_hz > 0 else float("nan"))
        units = (*wave.units, *("",) * leads)
        for row, lead, unit in zip(wave.array, wave.leads, units, strict=False):
            if lead in self.numbers or len(self.numbers) < MOST_SERIES:
                self._number(lead, unit).add(row)

    def _events(self, events: Events) -> None:
        self._number("events", "").add_one(len(events.codes))
        if len(events.times_h):
            self._number("span", "h").add_one(float(events.times_h[-1] - events.times_h[0]))
        codes = self._word("codes")
        for code in events.codes:
            codes.add(code)

    def _row(self, row: Row) -> None:
        for column, cell in row.values.items():
            if isinstance(cell, str):
                self._word(column).add(cell)
            else:
                self._number(column, "").add_one(float(cell))


class TargetTally:
    """Targets that are more than a class: findings, tags, masks, measurements."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.counts: dict[str, Counter[str]] = {}
        self.numbers = Numbers(question.unit)
        self.shapes: Counter[str] = Counter()

    def add(self, target: Any) -> None:
        """Take one sample's target."""
        value = target.get("label") if isinstance(target, Mapping) else target
        kind = self.question.kind
        if isinstance(value, np.ndarray):
            if kind == "multilabel" and value.shape == (len(self.question.classes),):
                self._findings(value)
            elif kind == "tagging":
                self._tags(value)
            elif value.dtype.kind in "buif":
                self._array(value, mask=kind == "segmentation")
        elif isinstance(value, float | np.floating):
            self.numbers.add_one(float(value))

    def series(self) -> Series | None:
        """Return the measurements, None where targets are none."""
        if not self.numbers.count:
            return None
        found = self.numbers.spread()
        return Series(name="target", spread=found, missing=found.missing, count=found.count)

    def _findings(self, value: Any) -> None:
        for name, there in zip(self.question.classes, value.tolist(), strict=True):
            word = "not known" if there != there or there < 0 else "there" if there else "not there"  # noqa: PLR0124
            self.counts.setdefault(name, Counter())[word] += 1

    def _tags(self, value: Any) -> None:
        for index in value.tolist():
            tag = self.question.classes[index] if 0 <= index < len(self.question.classes) else ""
            mark, _, name = tag.partition("-")
            if mark == "B":
                self.counts.setdefault(name, Counter())["mentions"] += 1

    def _array(self, value: Any, *, mask: bool) -> None:
        self.shapes[" x ".join(map(str, value.shape))] += 1
        if not mask:
            self.numbers.add(value)
            return
        present, voxels = np.unique(value, return_counts=True)
        for index, count in zip(present.tolist(), voxels.tolist(), strict=True):
            known = 0 <= index < len(self.question.classes)
            name = self.question.classes[int(index)] if known else f"value {index:g}"
            self.counts.setdefault(name, Counter()).update({"samples": 1, "voxels": count})
