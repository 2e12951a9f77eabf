"""A DICOM data set without identities, by the table of the standard."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from salus.data.deidentify import values
from salus.data.deidentify.cleaner import FREE_TEXT, SHORT_TEXT, Cleaner
from salus.data.deidentify.conform import requirement
from salus.data.deidentify.elements import concept_of, creators_of, is_known, many, name_of, readable, vr_of
from salus.data.deidentify.keyed import Key
from salus.data.deidentify.lists import ALSO_REMOVED, CLASS_UIDS, CODE_PARTS, IDENTIFYING, NEVER_SHIFTED, PLAIN, SCHEMES
from salus.data.deidentify.marks import mark
from salus.data.deidentify.plan import Plan
from salus.data.deidentify.profile import rule_of
from salus.data.deidentify.safe_private import is_safe
from salus.data.deidentify.terms import Terms, terms_of
from salus.schema.errors import DataError

MAX_DEPTH = 64
_Creators = dict[tuple[int, int], str]
Tally = Counter[tuple[str, str]]
"""How often an attribute met an action; values never enter it."""

_DATES = frozenset(("DA", "DT", "TM"))
_WORDS = FREE_TEXT | SHORT_TEXT | {"PN", "CS", "AE"}


def deidentify_dataset(dataset: Any, plan: Plan, key: Key) -> tuple[Tally, Terms]:
    """Take the identities out of a data set, in place; pixels and file meta information are left to the caller.

    Args:
        dataset: pydicom data set as read.
        plan: What to keep and what to clean.
        key: The project's secret.

    Returns:
        What was done, and the identifiers that were known of the file.

    Raises:
        DataError: Sequences nested deeper than 64.

    Source:
        DICOM PS3.15, E.1.1 and Table E.1-1.
    """
    terms = terms_of(
        dataset,
        device=not plan.retain_device,
        institution=not plan.retain_institution,
        dates=not (plan.retain_dates or plan.shift_dates),
    )
    walk = _Walk(dataset, plan, key, Cleaner(terms, None if plan.retain_uids else lambda old: new_uid(old, key)))
    walk.items(dataset, "", 0, "")
    mark(dataset, plan)
    return walk.tally, terms


def subject_of(dataset: Any) -> str:
    """Return what tells one patient from another: the patient's number, else name and birth date, else the study."""
    for names in (("PatientID",), ("PatientName", "PatientBirthDate"), ("StudyInstanceUID",), ("SOPInstanceUID",)):
        text = "\n".join(str(dataset.get(name, "") or "").strip() for name in names)
        if text.strip():
            return text
    return ""


def new_uid(old: str, key: Key) -> str:
    """Return the UID that stands for `old`; UIDs that the standard itself registers stand for themselves."""
    from pydicom._uid_dict import UID_dictionary

    return old if old.strip(" \0") in UID_dictionary else key.uid(old)


class _Walk:
    """One pass over a data set. `mode` tells what becomes of words below a sequence: D replaced, C cleaned."""

    def __init__(self, dataset: Any, plan: Plan, key: Key, cleaner: Cleaner) -> None:
        self.plan, self.key, self.cleaner = plan, key, cleaner
        self.letters = plan.letters
        self.sop_class = str(dataset.get("SOPClassUID", "") or "")
        syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
        self.explicit = syntax is not None and not syntax.is_implicit_VR
        self.referring = "ReferencedSeriesSequence" in dataset
        self.subject = subject_of(dataset)
        self.days = key.shift_days(self.subject)
        self.tally: Tally = Counter()

    def items(self, dataset: Any, parent: str, depth: int, mode: str) -> None:
        if depth > MAX_DEPTH:
            raise DataError(f"sequences nested deeper than {MAX_DEPTH}; the file is damaged or hostile")
        if mode == "C" and concept_of(dataset) in IDENTIFYING:
            mode = "D"
        creators = creators_of(dataset)
        for tag in list(dataset.keys()):
            if self._needs_no_look(tag, vr_of(dataset, tag)):
                if self.explicit and dataset.get_item(tag).VR is None:
                    readable(dataset, tag)  # said to be explicit, written implicit: it gets its representation
                continue
            element = readable(dataset, tag)
            if element is None:  # what cannot be read cannot be judged
                self._drop(dataset, tag, "removed: unreadable")
                continue
            self._element(dataset, element, creators, parent, depth, mode)

    @staticmethod
    def _needs_no_look(tag: Any, vr: str) -> bool:
        """Numbers and bulk that the table leaves alone stay as they are, undecoded."""
        if vr not in PLAIN or tag.is_private or tag.group in (0, 2, 4) or int(tag) in ALSO_REMOVED:
            return False
        return is_known(tag) and rule_of(int(tag)) is None and tag.group >> 8 not in (0x50, 0x60) and tag.element != 0

    def _element(self, dataset: Any, element: Any, creators: _Creators, parent: str, depth: int, mode: str) -> None:
        tag, number = element.tag, int(element.tag)
        if tag.is_private:
            self._private(dataset, element, creators, depth)
            return
        rule = rule_of(number)
        if tag.element == 0:
            del dataset[tag]  # the length of a group, long retired
        elif number in ALSO_REMOVED or tag.group in (0, 2, 4):
            self._drop(dataset, tag)
        elif rule is not None:
            action, letter = rule.action(self.letters)
            self._act(dataset, element, action, letter, parent, depth, mode)
        elif tag.group >> 8 == 0x60:
            if not self.plan.clean_graphics:
                self._drop(dataset, tag)
            else:
                self._texts(dataset, element, self.cleaner.free)
        elif not is_known(tag):
            self._drop(dataset, tag, "removed: unknown attribute")
        else:
            self._unlisted(dataset, element, parent, depth, mode)

    def _act(self, dataset: Any, element: Any, action: str, letter: str, parent: str, depth: int, mode: str) -> None:
        need = requirement(self.sop_class, parent, element.keyword)
        if action == "X/Z/U*" and self.referring:
            need = 1  # the list of referenced series may not stand without the references themselves
        chosen = _resolve(action, need)
        if chosen == "X":
            self._drop(dataset, element.tag)
        elif chosen == "Z" and need > 1:
            self._empty(element)
        elif chosen in ("Z", "D"):
            self._replace(dataset, element, depth)
        elif chosen == "U":
            self._uids(dataset, element, depth, mode)
        elif chosen == "C":
            self._clean(dataset, element, letter, parent, depth, mode)
        else:
            self._keep(dataset, element, depth, mode)

    def _private(self, dataset: Any, element: Any, creators: _Creators, depth: int) -> None:
        tag = element.tag
        name = f"private group {tag.group:04X}"
        if self.plan.retain_safe_private:
            if tag.is_private_creator:
                safe = any(
                    is_safe(str(element.value), tag.group, int(other.element), vr_of(dataset, other))
                    for other in list(dataset.keys())
                    if other.group == tag.group and other.element >> 8 == tag.element
                )
            else:
                safe = is_safe(creators.get((tag.group, tag.element >> 8), ""), tag.group, tag.element, element.VR)
            if safe:
                if element.VR == "UI":
                    self._uids(dataset, element, depth, "")
                else:
                    self._texts(dataset, element, self.cleaner.known)
                self.tally[name, "kept: safe private"] += 1
                return
        del dataset[tag]
        self.tally[name, "removed"] += 1

    def _unlisted(self, dataset: Any, element: Any, parent: str, depth: int, mode: str) -> None:
        vr, keyword = element.VR, element.keyword
        if vr == "SQ":
            for item in element.value or ():
                self.items(item, keyword, depth + 1, mode)
        elif vr == "UI":
            if not keyword.endswith(CLASS_UIDS) and not self.plan.retain_uids:
                self._uids(dataset, element, depth, mode)
        elif vr in _DATES and (self.plan.retain_dates or (self.plan.shift_dates and self._shift(element))):
            return
        elif vr in _DATES or vr in ("PN", "UR", "AE", "UN"):
            self._act(dataset, element, "X" if vr == "UN" else "X/Z/D", "", parent, depth, mode)
        elif mode == "D" and (vr in FREE_TEXT or vr in SHORT_TEXT) and keyword not in CODE_PARTS:
            self._replace(dataset, element, depth)
        elif keyword == "CodeMeaning":
            known = str(dataset.get("CodingSchemeDesignator", "")) in SCHEMES
            self._texts(dataset, element, self.cleaner.known if known else self.cleaner.free)
        elif vr in _WORDS and (vr != "CS" or requirement(self.sop_class, parent, keyword) > 1):
            # A code string that must be there has a value of a fixed list.
            self._texts(dataset, element, self.cleaner.of(keyword, vr))

    def _clean(self, dataset: Any, element: Any, letter: str, parent: str, depth: int, mode: str) -> None:
        vr = element.VR
        if vr == "SQ":
            for item in element.value or ():
                self.items(item, element.keyword, depth + 1, "C")
            self.tally[name_of(element.tag), "cleaned"] += 1
        elif letter == "m" and vr in _DATES and int(element.tag) not in NEVER_SHIFTED and self._shift(element):
            return
        elif letter == "m" and re.fullmatch(r"[+-]\d{4}", str(element.value).strip()):
            # The offset of a time zone: without it moments of two zones could not be compared.
            self.tally[name_of(element.tag), "kept"] += 1
        elif letter == "d" and vr == "AE":
            element.value = [f"AE{self.key.pseudonym('station', str(one), 12)}" for one in many(element.value)]
            self.tally[name_of(element.tag), "replaced"] += 1
        elif letter in "ct" and vr in _WORDS:
            self._texts(dataset, element, self.cleaner.free)
            self.tally[name_of(element.tag), "cleaned"] += 1
        elif letter == "g" and element.tag.group >> 8 == 0x60 and element.tag.element == 0x3000:
            return  # the bitmap is looked at with the pixels
        else:
            basic = rule_of(int(element.tag))
            self._act(dataset, element, basic.basic if basic else "X", "", parent, depth, mode)

    def _shift(self, element: Any) -> bool:
        moved = [values.shifted(element.VR, str(one), self.days) for one in many(element.value)]
        if any(one is None for one in moved):
            return False
        element.value = moved[0] if len(moved) == 1 else moved
        self.tally[name_of(element.tag), "kept" if element.VR == "TM" else "shifted"] += 1
        return True

    def _keep(self, dataset: Any, element: Any, depth: int, mode: str) -> None:
        if element.VR == "SQ":
            for item in element.value or ():
                self.items(item, element.keyword, depth + 1, mode)
        elif element.keyword == "PatientAge":
            element.value = values.capped_age(str(element.value or ""))
        else:
            self._texts(dataset, element, self.cleaner.known)  # the patient's own name is not part of what is kept
        self.tally[name_of(element.tag), "kept"] += 1

    def _drop(self, dataset: Any, tag: Any, what: str = "removed") -> None:
        del dataset[tag]
        self.tally[name_of(tag), what] += 1

    def _empty(self, element: Any) -> None:
        if element.keyword in ("PatientName", "PatientID") and not element.is_empty:
            element.value = f"P{self.key.pseudonym('patient', self.subject)}"
            self.tally[name_of(element.tag), "replaced"] += 1
            return
        self.tally[name_of(element.tag), "emptied"] += 1
        element.value = [] if element.VR == "SQ" else None

    def _replace(self, dataset: Any, element: Any, depth: int) -> None:
        name = name_of(element.tag)
        if element.VR == "SQ":
            for item in element.value or ():
                self.items(item, element.keyword, depth + 1, "D")
        elif element.VR == "UI":
            self._uids(dataset, element, depth, "D")
            return
        elif element.keyword in ("PatientName", "PatientID", "ClinicalTrialSubjectID"):
            element.value = f"P{self.key.pseudonym('patient', self.subject)}"
        elif element.VR == "UN":
            element.value = b"\0\0"
        else:
            element.value = values.dummy(element.VR)
        self.tally[name, "replaced"] += 1

    def _uids(self, dataset: Any, element: Any, depth: int, mode: str) -> None:
        if element.VR == "SQ":
            for item in element.value or ():
                self.items(item, element.keyword, depth + 1, mode)
            return
        old = [str(one) for one in many(element.value) if str(one).strip(" \0")]
        if not old or element.VR != "UI":
            return
        new = [new_uid(one, self.key) for one in old]
        element.value = new[0] if len(new) == 1 else new
        if new != old:
            self.tally[name_of(element.tag), "UID mapped"] += 1

    def _texts(self, dataset: Any, element: Any, by: Callable[[str, str], str]) -> None:
        if element.VR not in _WORDS or element.is_empty:
            return
        before = [str(one) for one in many(element.value)]
        after = [by(one, element.VR) for one in before]
        if after != before:
            element.value = after[0] if len(after) == 1 else after
            self.tally[name_of(element.tag), "masked within"] += 1


def _resolve(action: str, need: int) -> str:
    """Choose among `X/Z/D` what keeps the object valid: a value where one is needed, else the least."""
    codes = action.rstrip("*").split("/")
    if len(codes) == 1:
        return codes[0]
    strong = next((code for code in ("U", "D") if code in codes), "Z")
    if need == 1 or (need == 2 and strong == "U"):
        # An emptied list of references would contradict the referenced series beside it.
        return strong
    if need == 2:
        return "Z" if "Z" in codes else strong
    return "X" if "X" in codes else codes[0]
