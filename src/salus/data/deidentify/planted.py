"""Made-up identities planted in a copy of a DICOM file, to see what a plan lets through.

Everything planted is invented: names of syllables that no register holds, numbers of the ranges kept for fiction.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from salus.data.deidentify.profile import Rule, rules
from salus.data.deidentify.values import dummy

_TEXT = ("LO", "SH", "ST", "LT", "UT", "UC")
_NOT_PLANTED = (0x00000000, 0x00020000, 0x00040000)
# A document inside would have the file refused; digital signatures and padding are no values.
_EXCEPT = frozenset((0x00420011, 0xFFFAFFFA, 0xFFFCFFFC, 0x00080018, 0x00280304))
UNLISTED = (
    "ContentDescription", "SoftwareVersions", "ManufacturerModelName", "SequenceName", "ReceiveCoilName",
    "PixelSpacingCalibrationDescription", "SegmentDescription", "LUTExplanation", "TextValue", "LongCodeValue",
)  # fmt: skip
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"


@dataclass(frozen=True, slots=True)
class Plant:
    """One planted identifier.

    Attributes:
        kind: What it is and where it stands, in words.
        needle: Letters that may not be found in any byte of the result.
    """

    kind: str
    needle: str


@dataclass(frozen=True, slots=True)
class Expected:
    """One attribute of the table with a planted value, and the row it must follow."""

    tag: int
    rule: Rule
    value: Any


@dataclass(slots=True)
class Planted:
    """All that was planted in one file."""

    plants: list[Plant] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)


def plant(dataset: Any, rng: np.random.Generator, letters: str = "") -> Planted:
    """Plant identities in a data set, in place: in every attribute of the table, in nested, private and free text.

    Args:
        dataset: A copy, with its file meta information.
        rng: Chooses the identities.
        letters: Options of the plan: what it keeps is given a value that names nobody.
    """
    made = _Made(rng)
    done = Planted()
    dataset.PatientName = f"{made.last}^{made.first}"
    dataset.PatientID = made.number
    dataset.PatientBirthDate = made.birth
    _table(dataset, made, done, letters)
    _unlisted(dataset, made, done)
    _nested(dataset, made, done)
    _private(dataset, made, done)
    _meta(dataset, made, done)
    _graphics(dataset, made, done)
    return done


class _Made:
    """An invented patient, and a source of invented others."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._count = rng, 0
        self.last, self.first = self.word(), self.word()
        self.number = f"QX{rng.integers(10_000_000, 99_999_999)}"
        self.birth = f"19{rng.integers(31, 99)}{rng.integers(1, 12):02}{rng.integers(10, 28)}"

    def word(self) -> str:
        letters = [str(self._rng.choice(list(kind))) for _ in range(4) for kind in (_CONSONANTS, _VOWELS)]
        return "".join(letters).title()

    def code(self) -> str:
        """A locator: tells two plants of one name apart, and identifies nobody."""
        self._count += 1
        return f"z{self._count:03}"

    def digits(self, count: int) -> str:
        return "".join(str(digit) for digit in self._rng.integers(0, 10, count))


def _table(dataset: Any, made: _Made, done: Planted, letters: str) -> None:
    from pydicom.datadict import dictionary_VR
    from pydicom.dataset import Dataset

    for tag, rule in rules().items():
        if rule.keyword == "-" or tag & 0xFFFF0000 in _NOT_PLANTED or tag in _EXCEPT:
            continue
        vr = dictionary_VR(tag).split(" or ")[0]
        if tag in (0x00100010, 0x00100020, 0x00100030):
            done.expected.append(Expected(tag, rule, dataset[tag].value))
            continue
        kept = rule.action(letters)[0] == "K"
        value = {"OB": b"KEPT", **dict.fromkeys(_TEXT, "KEPT")}.get(vr) if kept else None
        value = _value(vr, made, done) if value is None else value
        if value is None:
            continue
        if vr == "SQ":
            item = Dataset()
            word = made.word()
            item.CodeMeaning, item.PatientComments = word, f"{made.last} {made.code()}"
            item.PersonName = word
            done.plants += [
                Plant("name in a listed sequence", word),
                Plant("name in a listed sequence", str(item.PatientComments)),
            ]
            value = [item]
        dataset.add_new(tag, vr, value)
        done.expected.append(Expected(tag, rule, value))


def _value(vr: str, made: _Made, done: Planted) -> Any | None:
    """Return a value that tells of the patient, in the form that the representation has."""
    if vr == "SQ":
        return []
    if vr == "PN":
        name = made.word()
        done.plants.append(Plant("name in a listed attribute", name))
        return f"{name}^{made.first}"
    if vr in _TEXT:
        text = f"{made.last} {made.code()}"
        # Text that a plan keeps or cleans may stand beside a name; the name may not.
        done.plants.append(Plant("name in a listed attribute", text))
        return text
    if vr == "UI":
        return f"1.2.826.0.1.999.1{made.digits(12)}"
    raw = made.last.encode() + b"\0" * (len(made.last) % 2)
    fixed = {
        "DA": f"2019{1 + int(made.digits(1)):02}17",
        "DT": f"201903{10 + int(made.digits(1))}101112",
        "TM": "101112",
        "AE": f"AE{made.digits(8)}",
        "CS": "PLANTED",
        "AS": "047Y",
        "IS": "47",
        "DS": "47.5",
        "UR": f"https://{made.word().lower()}.example/",
        "OB": raw,
        "UN": raw,
    }
    return fixed.get(vr, 47 if isinstance(dummy(vr), int) else None)


def _unlisted(dataset: Any, made: _Made, done: Planted) -> None:
    """Fill attributes that no table names: the patient's own name in each kind of text, others in sentences."""
    for keyword in UNLISTED:
        text = f"{made.last} {made.code()}"
        setattr(dataset, keyword, text)
        done.plants.append(Plant("own name in an unlisted attribute", text))
    dataset.ExpiryDate = "20190317"
    dataset.DocumentAuthorTrial = made.word()
    done.plants.append(Plant("name in an unlisted attribute", str(dataset.DocumentAuthorTrial)))
    phone, mail = f"617-555-01{made.digits(2)}", f"{made.word().lower()}@example.org"
    street, doctor = f"{made.digits(2)}1 Maple Street", made.word()
    record, social = f"8{made.digits(7)}", f"123-4{made.digits(1)}-6{made.digits(3)}"
    sentence = (
        f"Seen by Dr. {doctor} on 03/17/2019. Call {phone} or write to {mail}. Lives at {street}, Springfield. "
        f"MRN: {record}. SSN {social}."
    )
    dataset.SegmentDescription = f"{dataset.get('SegmentDescription', '')} {sentence}"[:1024]
    found = {"physician": doctor, "telephone": phone, "mail address": mail, "street": street, "record number": record,
             "social security number": social, "date": "03/17/2019"}  # fmt: skip
    done.plants += [Plant(f"{kind} in free text", needle) for kind, needle in found.items()]


def _nested(dataset: Any, made: _Made, done: Planted) -> None:
    from pydicom.dataset import Dataset

    inner: Any = None
    for _ in range(12):
        item = Dataset()
        item.CodeMeaning = f"{made.last} {made.code()}"
        item.PatientName = made.word()
        item.PatientID = f"{made.number}"
        done.plants += [
            Plant("own name, nested", str(item.CodeMeaning)),
            Plant("other name, nested", str(item.PatientName)),
        ]
        if inner is not None:
            item.AnatomicRegionModifierSequence = [inner]
        inner = item
    dataset.AnatomicRegionSequence = [inner]
    done.plants.append(Plant("own number anywhere", made.number))


def _private(dataset: Any, made: _Made, done: Planted) -> None:
    from pydicom.dataset import Dataset

    block = dataset.private_block(0x0009, f"{made.word()} 1.0", create=True)
    texts = [made.word() for _ in range(4)]
    block.add_new(0x01, "LO", texts[0])
    block.add_new(0x02, "UN", texts[1].encode())
    block.add_new(0x03, "PN", texts[2])
    item = Dataset()
    item.PatientComments = texts[3]
    block.add_new(0x04, "SQ", [item])
    done.plants += [Plant("name in a private attribute", text) for text in texts]
    wide = made.word()
    block.add_new(0x05, "OB", wide.encode("utf-16-le"))
    done.plants.append(Plant("name in a private attribute", wide))


def _meta(dataset: Any, made: _Made, done: Planted) -> None:
    words = [made.word() for _ in range(3)]
    dataset.file_meta.SourceApplicationEntityTitle = words[0]
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.826.0.1.999.7"
    dataset.file_meta.PrivateInformation = words[1].encode()
    dataset.preamble = words[2].encode().ljust(128, b"\0")
    done.plants += [Plant("name in preamble or file meta", word) for word in words]


def _graphics(dataset: Any, made: _Made, done: Planted) -> None:
    words = [f"{made.last} {made.code()}" for _ in range(3)]
    if (0x6002, 0x0010) in dataset:
        return
    for number, (element, vr) in enumerate(((0x4000, "LT"), (0x0022, "LO"), (0x1500, "LO"))):
        dataset.add_new((0x6002, element), vr, words[number])
    dataset.add_new((0x5002, 0x0030), "SH", made.word())
    done.plants += [Plant("name in an overlay or curve", word) for word in (*words, str(dataset[0x5002, 0x0030].value))]
