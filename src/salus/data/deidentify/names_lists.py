"""Lists of words that decide what is a name: common names of many countries, eponyms, brands, and words that are none.

All are in lower case. Names are facts that any register of births shows; the other lists were written for this project.
"""

from functools import cache
from importlib.resources import files
from typing import Final


@cache
def words(name: str) -> frozenset[str]:
    """Return the words of one list, a file beside this module."""
    folder = files("salus.data.deidentify").joinpath("words")
    return frozenset(folder.joinpath(f"{name}.txt").read_text(encoding="utf-8").split())


def lines(name: str) -> tuple[str, ...]:
    """Return the lines of one list, for names of several words."""
    folder = files("salus.data.deidentify").joinpath("words")
    return tuple(folder.joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines())


AMBIGUOUS: Final = words("ambiguous")
"""Given names that are also words, places or parts of terms; alone they prove nothing."""
GIVEN: Final = words("given") | AMBIGUOUS
"""Given names."""
FAMILY: Final = words("family")
"""Family names."""
EPONYMS: Final = words("eponyms")
"""Names that stand for a disease, sign, score, device or operation; `EPONYM_HEADS` after them decides."""
EPONYM_HEADS: Final = words("heads")
"""What is called after an eponym."""
NOT_NAMES: Final = words("terms") | words("drugs")
"""Words that begin with a capital letter in clinical text and are no part of a person's name; brands of drugs too."""
SHORT_TERMS: Final = words("abbreviations")
"""Abbreviations that are no initials of a person."""
POSTNOMINALS: Final = (
    r"M\.?D\.?|D\.?O\.?|Ph\.?\s?D\.?|R\.?N\.?|L\.?P\.?N\.?|N\.?P\.?|NP-C|FNP(?:-BC|-C)?|AGNP|ACNP|APRN|CRNP|ARNP|CNM|CRNA|"
    r"P\.?A\.?(?:-C)?|LCSW|LICSW|MSW|LSW|BSN|MSN|DNP|R\.?Ph\.?|Pharm\.?\s?D\.?|D\.?D\.?S\.?|DMD|DPM|D\.?C\.?|DPT|PT|"
    r"OTR/?L?|CCC-SLP|RRT|RT\(R\)|RD|RDN|M\.?B\.?B\.?S\.?|MBChB|MRCP|FRCP|FRCS|FRCR|FACP|FACC|FACS|FACR|MPH|MS|PsyD|"
    r"LMFT|EMT(?:-P)?|CNA|MA|Esq\.?"
)
"""Degrees and licences that follow a name, as a pattern."""
