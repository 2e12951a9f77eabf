"""Lead names in one spelling, and leads that follow from others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salus.data.leads import LEADS_12, NUMBERS, choose_leads, harmonise, harmonised
from salus.schema.errors import DataError, UnitError
from salus.schema.sample import Waveform


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ECG Lead II", "II"), ("EKG II", "II"), ("ii", "II"), ("DII", "II"), ("Lead II (Einthoven)", "II"),
        ("ECG I", "I"), ("Lead 1", "I"), ("AVR", "aVR"), ("avl", "aVL"), ("ECG aVF", "aVF"),
        ("aVR (Goldberger)", "aVR"),
        ("V1", "V1"), ("C4", "C4"), ("EEG C3", "EEG C3"), ("x", "x"), ("Frank Lead I", "Frank Lead I"),
        ("v 6", "V6"), ("ECG V2-Ref", "V2"), ("ECG_V3", "V3"), ("Lead V5", "V5"),
        ("ECG C4", "V4"),
        ("MDC_ECG_LEAD_I", "I"), ("MDC_ECG_LEAD_aVR", "aVR"), ("MDC_ECG_LEAD_V6", "V6"),
        ("5.6.3-9-2", "II"), ("5.6.3-9-61", "III"), ("2:64", "aVF"), ("2:8", "V6"),
        ("MLII", "MLII"), ("ML II", "MLII"), ("vx", "X"), ("Frank Z", "Z"), ("-aVR", "-aVR"), ("V3R", "V3R"),
        ("EEG Fp1-Ref", "EEG Fp1-Ref"), ("SpO2", "SpO2"), ("hr", "hr"), ("Resp", "Resp"), ("1", "1"), ("", ""),
        ("5.6.3-9-99", "5.6.3-9-99"), ("EMG chin", "EMG chin"), ("ECG", "ECG"),
    ],
)  # fmt: skip
def test_every_spelling_has_one_name(written: str, name: str) -> None:
    assert harmonise(written) == name
    assert harmonise(name) == name


def test_the_numbers_are_those_of_the_standard() -> None:
    """The DICOM dictionary of pydicom names the same leads by the same codes."""
    from pydicom.sr import _concepts_dict

    known = {
        code: meaning
        for group in _concepts_dict.concepts["MDC"].values()
        for code, (meaning, cids) in group.items()
        if 3001 in cids and code.startswith("2:")
    }
    if not known:
        pytest.skip("this pydicom does not carry the codes of CID 3001")
    named = {int(code[2:]): meaning for code, meaning in known.items()}
    for number, name in NUMBERS.items():
        if number in named and name not in ("CC5", "CM5"):  # named there by where the electrodes are
            assert harmonise(named[number]) == name


def twelve(seed: int = 0) -> Waveform:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 50))
    limbs = [first, second, second - first, -(first + second) / 2, first - second / 2, second - first / 2]
    array = np.concatenate([np.stack(limbs), rng.normal(size=(6, 50))])
    return Waveform(array=array, rate_hz=500, leads=LEADS_12, units=("mV",) * 12)


@given(st.sampled_from(LEADS_12[:6]), st.sampled_from(LEADS_12[:6]))
def test_two_limb_leads_give_all_six(one: str, other: str) -> None:
    whole = twelve()
    kept = [place for place, name in enumerate(LEADS_12) if name in (one, other) or name.startswith("V")]
    part = Waveform(
        array=whole.array[kept], rate_hz=500, leads=tuple(LEADS_12[k] for k in kept), units=("mV",) * len(kept)
    )
    if one == other:
        with pytest.raises(DataError, match="does not follow"):
            choose_leads(part, LEADS_12)
        return
    found = choose_leads(part, LEADS_12)
    assert np.allclose(found.waveform.array, whole.array)
    assert found.waveform.leads == LEADS_12
    assert set(found.derived) == set(LEADS_12[:6]) - {one, other}


def test_says_how_a_lead_was_computed() -> None:
    whole = twelve()
    part = Waveform(array=whole.array[:2], rate_hz=500, leads=("ECG Lead I", "ECG Lead II"))
    found = choose_leads(part, ("III", "aVR", "aVL", "aVF", "I"))
    assert found.derived == {"III": "-I + II", "aVR": "-0.5 I - 0.5 II", "aVL": "I - 0.5 II", "aVF": "-0.5 I + II"}
    assert found.waveform.units == ()


def test_a_gap_in_a_source_is_a_gap_in_what_follows() -> None:
    array = twelve().array[:2].copy()
    array[0, 7] = np.nan
    found = choose_leads(Waveform(array=array, rate_hz=500, leads=("I", "II")), ("III",))
    assert np.isnan(found.waveform.array[0]).tolist() == [place == 7 for place in range(50)]


def test_nothing_is_estimated() -> None:
    wave = Waveform(array=np.zeros((2, 5)), rate_hz=360, leads=("V5", "MLII"))
    assert choose_leads(wave, ("MLII",)).waveform.leads == ("MLII",)
    with pytest.raises(DataError, match="MLII resembles it but is another lead"):
        choose_leads(wave, ("II",))
    with pytest.raises(DataError, match="no lead 'V1', and it does not follow from V5, MLII"):
        choose_leads(wave, ("V1",))


def test_mixed_units_and_repeated_leads_are_refused() -> None:
    wave = Waveform(array=np.ones((2, 5)), rate_hz=360, leads=("I", "II"), units=("mV", "uV"))
    with pytest.raises(UnitError, match="bring them to one unit"):
        choose_leads(wave, ("III",))
    twice = Waveform(array=np.ones((2, 5)), rate_hz=360, leads=("II", "ECG II"))
    with pytest.raises(DataError, match="is there 2 times"):
        choose_leads(twice, ("II",))
    assert harmonised(twice).leads == ("II", "ECG II")
