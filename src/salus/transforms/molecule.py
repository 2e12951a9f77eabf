"""Formulas of compounds as bits: circular fingerprints, or pieces of the text where RDKit is not installed.

Source: Weininger 1988, doi 10.1021/ci00057a005 (SMILES); Rogers and Hahn 2010, doi 10.1021/ci100050t (circular
fingerprints, computed by RDKit); Bemis and Murcko 1996, doi 10.1021/jm9602928 (scaffolds).
"""

import importlib.util
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.schema.errors import DataError, MissingDependencyError

GRAMS = (2, 3, 4, 5)
LONGEST = 2_000
"""Signs of a formula; a longer text is no small compound."""
_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789()[]{}=#$%@+-./\\:*~")


def has_rdkit() -> bool:
    """Tell whether RDKit is installed; imports nothing."""
    return importlib.util.find_spec("rdkit") is not None


def circular_bits(formula: str, where: str, bits: int = 1024, radius: int = 2) -> NDArray[np.bool_]:
    """Return the folded circular fingerprint of a SMILES, `(bits,)`.

    Args:
        formula: SMILES.
        where: Names the row in errors.
        bits: Length.
        radius: Bonds from an atom that its neighbourhood reaches.

    Raises:
        DataError: Not a SMILES that RDKit can read.
        MissingDependencyError: RDKit is not installed.
    """
    return np.unpackbits(np.frombuffer(_circular(checked_formula(formula, where), where, bits, radius), np.uint8))[
        :bits
    ].astype(bool)


def gram_bits(formula: str, where: str, bits: int = 1024) -> NDArray[np.bool_]:
    """Return which pieces of 2 to 5 signs a SMILES has, hashed to `(bits,)`; needs no library.

    Raises:
        DataError: Signs or brackets that no SMILES has.
    """
    text = checked_formula(formula, where)
    found = np.zeros(bits, dtype=bool)
    for size in GRAMS:
        for start in range(len(text) - size + 1):
            found[zlib.crc32(text[start : start + size].encode()) % bits] = True
    return found


def checked_formula(formula: str, where: str) -> str:
    """Return a SMILES without blanks around it, as far as it can be checked without chemistry.

    Raises:
        DataError: Empty, too long, a sign that no SMILES has, or a bracket without its partner.
    """
    text = formula.strip()
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    strange = next((sign for sign in text if sign not in _SIGNS), "")
    if not text or len(text) > LONGEST or strange:
        why = f"the sign {strange!r} is in none" if strange else f"one has 1 to {LONGEST} signs"
        raise DataError(f"{where}: {shown!r} is no SMILES ({why}); write the compound as one, such as CCO for ethanol")
    if any(text.count(opening) != text.count(closing) for opening, closing in ("()", "[]")):
        raise DataError(f"{where}: {shown!r} is no SMILES (a bracket has no partner); correct the formula")
    return text


def scaffold_split(scaffolds: Sequence[str], train_share: float = 0.8) -> list[str]:
    """Return `train` or `test` for each compound: the most frequent scaffolds train, rare ones test.

    Scaffolds of one size stand in the order of their names, so that the split is the same everywhere.

    Args:
        scaffolds: Scaffold of each compound; compounds of one scaffold stay together.
        train_share: Share of the compounds after which scaffolds go to the test part.

    Source:
        Wu et al. 2018, MoleculeNet, doi 10.1039/c7sc02664a, section 3.2.

    >>> scaffold_split(["a", "b", "a", "c", "a"], 0.6)
    ['train', 'test', 'train', 'test', 'train']
    """
    counts = Counter(scaffolds)
    side: dict[str, str] = {}
    filled = 0
    for name in sorted(counts, key=lambda scaffold: (-counts[scaffold], scaffold)):
        side[name] = "train" if filled + counts[name] <= train_share * len(scaffolds) + 1e-9 else "test"
        filled += counts[name]
    return [side[scaffold] for scaffold in scaffolds]


@lru_cache(maxsize=20_000)
def _circular(formula: str, where: str, bits: int, radius: int) -> bytes:
    """Return packed bits; formulas are asked for again and again in a study, and parsing one takes a millisecond."""
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    except ImportError as error:
        raise MissingDependencyError(
            "circular fingerprints need RDKit; pip install 'salus-workbench[chemistry]', or set formula=grams"
        ) from error
    with rdBase.BlockLogs():
        molecule: Any = Chem.MolFromSmiles(formula)
    if molecule is None or molecule.GetNumAtoms() == 0:
        shown = formula if len(formula) <= 80 else f"{formula[:77]}..."
        raise DataError(f"{where}: {shown!r} does not parse as a SMILES; correct the formula")
    found = GetMorganGenerator(radius=radius, fpSize=bits).GetFingerprintAsNumPy(molecule)
    return bytes(np.packbits(found.astype(bool)).tobytes())
