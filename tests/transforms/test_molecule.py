"""Formulas as bits, and the split by scaffold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.schema.errors import DataError
from salus.transforms import molecule
from salus.transforms.molecule import circular_bits, gram_bits, scaffold_split


def test_circular_bits_are_the_librarys() -> None:
    rdkit = pytest.importorskip("rdkit.Chem")
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    found = circular_bits(" CC(=O)Oc1ccccc1C(=O)O ", "row 1", bits=500)
    wanted = GetMorganGenerator(radius=2, fpSize=500).GetFingerprintAsNumPy(
        rdkit.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    )
    assert found.dtype == bool
    assert np.array_equal(found, wanted.astype(bool))
    # One molecule has many spellings and one fingerprint.
    assert np.array_equal(circular_bits("OCC", "row 1"), circular_bits("CCO", "row 2"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "row 7"),
        ("C1CC", "row 7.*C1CC"),
        ("ethanol, pure", "row 7.*ethanol"),
        ("CC(O", "bracket"),
        ("C" * 3000, "2000"),
    ],
)
def test_what_is_no_formula_is_named_with_its_row(text: str, words: str) -> None:
    pytest.importorskip("rdkit")
    with pytest.raises(DataError, match=words):
        circular_bits(text, "row 7")


def test_grams_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(molecule, "has_rdkit", lambda: False)
    found = gram_bits("CCO", "row 1", bits=4096)
    assert found.sum() == 3  # CC, CO, CCO
    assert (gram_bits("CCOC", "row 1", bits=4096) & found).sum() == 3


@given(st.text(max_size=60))
def test_any_text_gives_bits_or_one_error(text: str) -> None:
    try:
        assert gram_bits(text, "row 1", bits=64).shape == (64,)
    except DataError as error:
        assert "row 1" in str(error)  # noqa: PT017


def test_frequent_scaffolds_train_and_none_is_divided() -> None:
    rng = np.random.default_rng(0)
    scaffolds = [f"s{k}" for k in rng.zipf(1.5, 500).clip(max=400)]
    sides = scaffold_split(scaffolds)
    assert 0.7 < sides.count("train") / 500 <= 0.8
    by_side = {side: {s for s, own in zip(scaffolds, sides, strict=True) if own == side} for side in ("train", "test")}
    assert not by_side["train"] & by_side["test"]
    largest = max(set(scaffolds), key=scaffolds.count)
    assert largest in by_side["train"]
