"""Odd spellings and identifiers in short words."""

import pytest

from salus.data.survey.facts import form_of
from salus.data.survey.labels import Layout, giveaways, odd_names, uneven
from salus.data.survey.spelling import variants
from salus.data.survey.words import identifiers_in, kind_of_column


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ({"benign": 50, "benign ": 3, "Benign": 1}, [("benign", "benign ", "Benign")]),
        ({"pneumonia": 90, "pnuemonia": 2, "pneumona": 1}, [("pneumonia", "pneumona", "pnuemonia")]),
        ({"grade 1": 5, "grade 2": 5, "stage_10": 4, "stage_11": 4}, []),
        ({"left": 40, "lift": 1}, []),
        ({"glioma": 40, "gliomas": 39}, []),
        ({"+": 3, "-": 4}, []),
        ({"/a": 30, "a": 3, "{score}": 40, "{T-score}": 2}, []),
        ({"male": 9, "female": 8}, []),
    ],
)
def test_variants(counts: dict[str, int], groups: list[tuple[str, ...]]) -> None:
    assert [tuple(sorted(group)) for group in variants(counts)] == [tuple(sorted(group)) for group in groups]


def test_labels_by_folder() -> None:
    assert Layout().place("valid/covid/p1/3.png") == ("valid", "covid")
    assert Layout().place("sub-01/anat/t1.nii.gz") == ("", "")
    assert [one.severity for one in odd_names({"a": 3, "A": 2})] == ["error"]
    assert len(uneven({"a": 900, "b": 12, "c": 4}, {})) == 2


def test_a_look_that_is_unique_to_every_sample_tells_nothing() -> None:
    from collections import Counter

    unique = {f"{i}": Counter({"a" if i < 20 else "b": 1}) for i in range(40)}
    half = {"x": Counter({"a": 10, "b": 10}), "y": Counter({"a": 10, "b": 10})}
    assert giveaways({"a": 20, "b": 20}, {"id": unique, "size": half}) == []
    clear = {"x": Counter({"a": 19, "b": 1}), "y": Counter({"a": 1, "b": 19})}
    (one,) = giveaways({"a": 20, "b": 20}, {"ending": clear})
    assert "ending" in one.what


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("his 123-45-6789", ["number"]),
        ("reach me at j.doe@clinic.example", ["e-mail"]),
        ("Doe^John", ["name"]),
        ("5.0 FSL, TE=30;Time=101112.000", []),
        ("(3) 12.5 mg twice 2019-2021, 555 beats", []),
    ],
)
def test_identifiers_of_unmistakable_form(text: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in identifiers_in(text)] == kinds


def test_columns_by_name() -> None:
    assert kind_of_column("PatientName") == kind_of_column("first name") == "name"
    assert kind_of_column("DateOfBirth") == "birth date"
    assert not kind_of_column("phonation")
    assert not kind_of_column("drug_name")


def test_forms_hide_values() -> None:
    assert form_of("Müller^Änne 1970") == "Xxxxxx^Xxxx 9999"
    assert "Doe" not in form_of("Doe " * 100)
