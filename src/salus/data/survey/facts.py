"""What is kept of each file that was looked at: a few hundred bytes, and no identifier in the clear."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

_SHOWN = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something about one file that deserves a look.

    Attributes:
        severity: `error`, `warning` or `note`.
        area: `geometry`, `values`, `signal`, `table`, `text` or `record`.
        what: One sentence.
        remedy: What to do.
    """

    severity: str
    area: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An identifier that is still inside.

    Attributes:
        place: Where: `PatientName (0010,0010)`, `EXIF GPS`, `column 'phone'`.
        kind: `name`, `birth date`, `address`, `phone`, `e-mail`, `number`, `place`, `staff`, `date`,
            `pixels`, `writing`, `private`, `person`, `text`.
        form: The value's form, never the value: `Xxxxx^Xxxx`, `9999-99-99`.
    """

    place: str
    kind: str
    form: str = ""


@dataclass(slots=True, kw_only=True)
class Facts:
    """One file.

    Attributes:
        kind: One of `salus.data.survey.kinds`.
        problem: Why it cannot be used; empty where it can.
        remedy: What to do about the problem.
        digest: Hash of the content; for a file above 256 MB of its ends and its size.
        patient: Salted hash of the patient's number, empty where the file names none.
        series: SeriesInstanceUID, or empty.
        modality: DICOM code or empty.
        size: How many samples it holds, in words: `512 x 512`, `12 leads, 10 s`.
        form: What may give a class away: ending, shape, dtype, device ...
        doubts: See `Doubt`.
        marks: See `Mark`.
        likeness: Small standardised copy, bytes in base64; empty where there is nothing to compare.
    """

    kind: str
    problem: str = ""
    remedy: str = ""
    digest: str = ""
    patient: str = ""
    series: str = ""
    modality: str = ""
    size: str = ""
    form: dict[str, str] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    likeness: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    def doubt(self, severity: str, area: str, what: str, remedy: str) -> None:
        """Add a doubt."""
        self.doubts.append(Doubt(severity=severity, area=area, what=what, remedy=remedy))

    def mark(self, place: str, kind: str, value: object = "") -> None:
        """Add an identifier by the form of its value."""
        self.marks.append(Mark(place=place, kind=kind, form=form_of(value)))


def form_of(value: object) -> str:
    """Return the form of a value: letters become x, digits 9.

    >>> form_of("Doe^Jane 1970-02-03")
    'Xxx^Xxxx 9999-99-99'
    """
    text = str(value).strip()
    masked = re.sub(r"\d", "9", re.sub(r"[^\W\d_]", lambda found: "X" if found[0].isupper() else "x", text))
    masked = "".join(letter if letter.isprintable() else "." for letter in masked)
    return masked if len(masked) <= _SHOWN else f"{masked[: _SHOWN - 3]}... ({len(text):,} letters)"
