"""The doctor of waveforms finds what was planted, and nothing in a clean recording."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from salus.data.leads import LEADS_12
from salus.data.readers.dicom_ecg import read_dicom_ecg
from salus.data.readers.wfdb import read_wfdb
from salus.data.signal_doctor import examine
from salus.schema.sample import Waveform
from salus.transforms.filter import notch


def beats(rate: float = 360.0, seconds: float = 30.0, seed: int = 0) -> np.ndarray:
    """Return something like lead II in mV: P, QRS and T as bumps, drift and noise."""
    time = np.arange(round(rate * seconds)) / rate
    phase = time % 0.8 - 0.3
    row = 0.15 * np.exp(-(((phase + 0.18) / 0.03) ** 2)) + 1.2 * np.exp(-((phase / 0.012) ** 2))
    row += 0.3 * np.exp(-(((phase - 0.28) / 0.06) ** 2)) + 0.1 * np.sin(2 * np.pi * 0.2 * time)
    return row + np.random.default_rng(seed).normal(0, 0.01, len(time))


def kinds(wave: Waveform) -> set[str]:
    return {remark.kind for remark in examine(wave)}


def lead(row: np.ndarray, rate: float = 360.0, unit: str = "mV", name: str = "II") -> Waveform:
    return Waveform(array=row[None], rate_hz=rate, leads=(name,), units=(unit,))


def test_nothing_is_wrong_with_a_clean_recording() -> None:
    assert examine(lead(beats())) == []
    first, second = beats(seed=1), 1.3 * beats(seed=2)
    limbs = [first, second, second - first, -(first + second) / 2, first - second / 2, second - first / 2]
    chest = [scale * beats(seed=seed) for seed, scale in zip(range(3, 9), (-1, -0.5, 0.3, 1.4, 1.2, 1), strict=True)]
    assert examine(Waveform(array=np.stack([*limbs, *chest]), rate_hz=360, leads=LEADS_12, units=("mV",) * 12)) == []


@pytest.mark.parametrize("hertz", [50.0, 60.0])
@pytest.mark.parametrize("size", [0.02, 0.2])
def test_hum_is_found_and_a_notch_mends_it(hertz: float, size: float) -> None:
    row = beats()
    loud = lead(row + size * np.sin(2 * np.pi * hertz * np.arange(len(row)) / 360.0))
    found = examine(loud)
    assert [remark.kind for remark in found] == ["hum"]
    assert f"{hertz:g} Hz" in found[0].what
    assert examine(notch(loud, hertz)) == []


def test_gaps_are_told_with_their_length() -> None:
    row = beats()
    row[360:1440] = np.nan
    (found,) = examine(lead(row))
    assert (found.kind, found.severity) == ("gaps", "warning")
    assert "1 gaps, 10.0% of its time, the longest 3 s" in found.what
    row = beats()
    row[360:400] = np.nan
    assert examine(lead(row))[0].severity == "note"


def test_flat_constant_and_missing_leads() -> None:
    row = beats()
    row[1000:2000] = row[1000]
    assert kinds(lead(row)) == {"flat"}
    assert kinds(lead(np.full(3600, 0.7))) == {"constant"}
    wave = Waveform(array=np.stack([beats(), np.full(10_800, np.nan)]), rate_hz=360, leads=("II", "V1"))
    assert kinds(wave) == {"missing_lead"}


def test_slow_trends_may_stand_still_and_touch_their_limit() -> None:
    row = np.repeat([97.0, 98.0, 100.0, 99.0, 100.0, 97.0], 60)
    assert examine(lead(row, rate=1.0, unit="%", name="SpO2")) == []


def test_a_converter_at_its_limit_is_saturated() -> None:
    found = examine(lead(np.clip(beats(), -10, 0.5)))
    assert [remark.kind for remark in found] == ["saturated"]
    assert "highest value 0.5" in found[0].what


def test_units_that_cannot_be() -> None:
    assert kinds(lead(1000 * beats())) == {"unit"}
    assert kinds(lead(beats(), unit="uV")) == {"unit"}
    assert kinds(lead(1000 * beats(), unit="uV")) == set()


def test_swapped_limb_leads_and_copies_contradict() -> None:
    first, second = beats(seed=1), 1.4 * np.roll(beats(seed=2), 9)
    right = Waveform(array=np.stack([first, second, second - first]), rate_hz=360, leads=("I", "II", "III"))
    assert kinds(right) == set()
    swapped = Waveform(array=right.array[[2, 1, 0]] * [[1], [-1], [1]], rate_hz=360, leads=("I", "II", "III"))
    assert kinds(swapped) == {"limb_leads"}
    copied = Waveform(array=np.stack([first, first]), rate_hz=360, leads=("V1", "V2"))
    assert kinds(copied) == {"equal_leads"}
    named = Waveform(array=np.stack([first, second]), rate_hz=360, leads=("II", "ECG II"))
    assert kinds(named) == {"repeated_name"}


def test_infinite_and_empty() -> None:
    row = beats()
    row[7] = np.inf
    assert examine(lead(row))[0].severity == "error"
    assert kinds(lead(np.zeros(0))) == {"empty"}
    assert kinds(lead(np.ones(1))) == set()


def test_the_real_twelve_lead_recording_of_pydicom() -> None:
    wave = read_dicom_ecg(str(get_testdata_file("waveform_ecg.dcm")))
    assert {remark.kind for remark in examine(wave)} <= {"hum", "saturated"}


@pytest.mark.realdata
def test_the_real_ambulatory_recordings(data_root: Path) -> None:
    folder = data_root / "mitbih_arrhythmia"
    if not folder.is_dir():
        pytest.skip("mitbih_arrhythmia is not in SALUS_DATA")
    found = {stem.stem: kinds(read_wfdb(stem)) for stem in sorted(folder.glob("*.hea"))[:4]}
    assert all(kind <= {"hum", "saturated", "flat"} for kind in found.values()), found
