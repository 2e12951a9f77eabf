"""Samples that hold a chemical formula, as bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from salus.nets.tabular import row_of
from salus.schema.sample import Note, Row, Sample
from salus.transforms.molecule import circular_bits, gram_bits, has_rdkit

COLUMN = "smiles"


def is_compound(sample: Sample) -> bool:
    """Tell whether a sample holds a formula: a note, or a row with a column `smiles`."""
    row = sample.inputs.get("row")
    return isinstance(sample.inputs.get("note"), Note) or (isinstance(row, Row) and COLUMN in row.values)


def formula_kind(wanted: str) -> str:
    """Return `circular` or `grams`; `auto` takes circular fingerprints where RDKit is installed."""
    return ("circular" if has_rdkit() else "grams") if wanted == "auto" else wanted


def compound_bits(samples: Sequence[Sample], kind: str, bits: int) -> NDArray[np.float64]:
    """Return bits `(N, bits)` of the samples' formulas.

    Raises:
        DataError: A sample without formula, or one that does not parse (named, with its text).
    """
    read = circular_bits if kind == "circular" else gram_bits
    rows = []
    for sample in samples:
        note = sample.inputs.get("note")
        text = note.text if isinstance(note, Note) else str(row_of(sample).values.get(COLUMN, ""))
        rows.append(read(text, f"sample {sample.id}", bits))
    return np.stack(rows).astype(np.float64)
