"""DICOM waveforms: a real 12-lead file from pydicom's own test data, and files written here."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

from salus.data.leads import LEADS_12, choose_leads
from salus.data.open import read_any
from salus.data.readers.dicom_ecg import read_dicom_ecg, read_dicom_ecg_recording
from salus.schema.errors import DataError, SalusError, UnitError
from salus.schema.sample import Waveform

REAL = Path(str(get_testdata_file("waveform_ecg.dcm")))
AMBULATORY = "1.2.840.10008.5.1.4.1.1.9.1.3"


def code(value: str, scheme: str, meaning: str = "") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def channel(lead: str, sensitivity: object = "1", unit: str = "uV", baseline: str = "0", factor: str = "1") -> Dataset:
    item = Dataset()
    item.ChannelSourceSequence = [code(lead, "MDC" if lead.startswith("2:") else "SCPECG", f"Lead {lead}")]
    if sensitivity is not None:
        item.ChannelSensitivity, item.ChannelBaseline = sensitivity, baseline
        item.ChannelSensitivityCorrectionFactor = factor
        item.ChannelSensitivityUnitsSequence = [code(unit, "UCUM", unit)]
    item.WaveformBitsStored = 16
    return item


def group(
    stored: np.ndarray, channels: list[Dataset], rate: object = 500, kind: tuple[int, str] = (16, "SS")
) -> Dataset:
    item = Dataset()
    item.WaveformOriginality = "ORIGINAL"
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = stored.shape
    item.SamplingFrequency, item.WaveformBitsAllocated, item.WaveformSampleInterpretation = rate, *kind
    item.ChannelDefinitionSequence = channels
    item.WaveformData = np.ascontiguousarray(stored.T).tobytes()
    return item


def written(path: Path, groups: list[Dataset], syntax: str = ExplicitVRLittleEndian, **elements: Any) -> Path:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = AMBULATORY, generate_uid(), "ECG"
    ds.PatientID, ds.PatientSex, ds.PatientAge = "p1", "F", "063Y"
    ds.WaveformSequence = groups
    for name, value in elements.items():
        setattr(ds, name, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.save_as(path, enforce_file_format=True, little_endian=syntax != ExplicitVRBigEndian, implicit_vr=False)
    return path


def test_a_real_twelve_lead_recording() -> None:
    wave = read_dicom_ecg(REAL)
    assert wave.leads == LEADS_12
    opened = read_any(REAL)
    assert isinstance(opened, Waveform)
    assert np.array_equal(opened.array, wave.array)
    assert (wave.rate_hz, wave.array.shape, set(wave.units)) == (1000.0, (12, 10_000), {"uV"})
    raw = pydicom.dcmread(REAL).waveform_array(0)
    assert np.allclose(wave.array, raw.T, rtol=1e-6)
    # Einthoven's and Goldberger's laws hold to a few steps of the converter: the leads are named rightly
    limbs = choose_leads(wave, ("I", "II")).waveform
    derived = choose_leads(limbs, LEADS_12[:6]).waveform.array
    assert np.abs(derived - wave.array[:6]).max() < 4 * 1.25


def test_groups_labels_and_annotations_of_the_real_file() -> None:
    found = read_dicom_ecg_recording(REAL)
    assert found.labels == ("RHYTHM", "MEDIAN BEAT")
    assert [group.array.shape for group in found.groups] == [(12, 10_000), (12, 1_200)]
    assert "MEDIAN BEAT" in found.notes[0]
    assert "RITMO SINUSALE" in found.facts["interpretation"]
    beats = [mark for mark in found.marks if mark.text == "T Offset"]
    assert beats
    assert beats[-1].start_s == pytest.approx(9.696)
    assert len(found.marks) == 77


@pytest.mark.parametrize(
    "kind", [(8, "SB"), (8, "UB"), (16, "SS"), (16, "US"), (32, "SL"), (32, "UL"), (64, "SV"), (64, "UV")]
)
def test_every_way_to_store_samples(tmp_path: Path, kind: tuple[int, str]) -> None:
    dtype = np.dtype(f"<{'u' if kind[1].startswith('U') else 'i'}{kind[0] // 8}")
    stored = np.array([[0, 1, 50, 100], [100, 7, 3, 0]]).astype(dtype)
    stored[0, 0] = np.iinfo(dtype).min if dtype.itemsize < 8 else 0
    channels = [channel("2:1", "2.5", "uV", "10", "2"), channel("2:61", "0.5", "mV", "-1")]
    wave = read_dicom_ecg(written(tmp_path / "a.dcm", [group(stored, channels, kind=kind)]))
    assert wave.leads == ("I", "III")
    assert wave.units == ("uV", "mV")
    assert wave.array[0] == pytest.approx(stored[0].astype(float) * 5 + 10)
    assert wave.array[1] == pytest.approx(stored[1].astype(float) * 0.5 - 1)


def test_big_endian_samples(tmp_path: Path) -> None:
    stored = np.array([[1, -2, 300, -4000]], dtype=">i2")
    path = written(tmp_path / "b.dcm", [group(stored, [channel("2:2")])], syntax=ExplicitVRBigEndian)
    assert read_dicom_ecg(path).array[0] == pytest.approx([1, -2, 300, -4000])


def test_padding_is_missing_and_skew_moves_a_channel(tmp_path: Path) -> None:
    stored = np.array([[1, 2, -32768, 4], [5, 6, 7, 8]], dtype="<i2")
    channels = [channel("2:1"), channel("2:2")]
    channels[1].ChannelSampleSkew = "1"
    item = group(stored, channels)
    item.add_new(0x5400100A, "OW", np.array([-32768], dtype="<i2").tobytes())
    array = read_dicom_ecg(written(tmp_path / "p.dcm", [item])).array
    assert np.array_equal(array, np.array([[1, 2, np.nan, 4], [np.nan, 5, 6, 7]], dtype=np.float32), equal_nan=True)


def test_strips_of_a_printed_form_are_laid_out_in_time(tmp_path: Path) -> None:
    strips = []
    for number, leads in enumerate((("2:1", "2:2"), ("2:62", "2:63"))):
        item = group(np.full((2, 50), number + 1, dtype="<i2"), [channel(lead) for lead in leads], rate=100)
        item.MultiplexGroupTimeOffset = str(500 * number)
        strips.append(item)
    wave = read_dicom_ecg(written(tmp_path / "s.dcm", strips))
    assert wave.leads == ("I", "II", "aVR", "aVL")
    assert wave.array.shape == (4, 100)
    assert np.isnan(wave.array[:2, 50:]).all()
    assert np.isnan(wave.array[2:, :50]).all()
    assert (wave.array[2:, 50:] == 2).all()
    again = copy.deepcopy(strips[0])
    with pytest.raises(DataError, match="recorded twice"):
        read_dicom_ecg(written(tmp_path / "t.dcm", [*strips, again]))


def test_groups_of_other_rates_stay_apart(tmp_path: Path) -> None:
    groups = [
        group(np.ones((1, 50), dtype="<i2"), [channel("2:1")], rate=100),
        group(np.ones((1, 10), dtype="<i2"), [channel("x", None)], rate=20),
    ]
    path = written(tmp_path / "a.dcm", groups)
    assert read_dicom_ecg(path).array.shape == (1, 50)
    found = read_dicom_ecg_recording(path)
    assert [wave.rate_hz for wave in found.groups] == [100.0, 20.0]
    assert found.groups[1].units == ()
    assert (found.facts["sex"], found.facts["age_years"]) == ("F", "63")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"NumberOfWaveformSamples": 4_000_000_000}, DataError),
        ({"NumberOfWaveformSamples": 51}, DataError),
        ({"NumberOfWaveformChannels": 60_000}, DataError),
        ({"NumberOfWaveformChannels": 1}, DataError),
        ({"SamplingFrequency": "0"}, UnitError),
        ({"WaveformSampleInterpretation": "MB"}, DataError),
        ({"WaveformBitsAllocated": 12}, DataError),
        ({"ChannelDefinitionSequence": []}, DataError),
    ],
)
def test_a_group_is_not_believed(tmp_path: Path, change: dict[str, object], error: type[Exception]) -> None:
    item = group(np.ones((2, 50), dtype="<i2"), [channel("2:1"), channel("2:2")])
    for name, value in change.items():
        setattr(item, name, value)
    with pytest.raises(error):
        read_dicom_ecg(written(tmp_path / "a.dcm", [item]))


def test_no_sensitivity_of_zero_and_no_picture(tmp_path: Path) -> None:
    item = group(np.ones((1, 50), dtype="<i2"), [channel("2:1", "0")])
    with pytest.raises(UnitError, match="sensitivity 0"):
        read_dicom_ecg(written(tmp_path / "a.dcm", [item]))
    with pytest.raises(DataError, match="holds no waveform"):
        read_dicom_ecg(str(get_testdata_file("CT_small.dcm")))


def test_damage_gives_typed_errors(tmp_path: Path) -> None:
    item = group(np.ones((2, 50), dtype="<i2"), [channel("2:1"), channel("2:2")])
    data = written(tmp_path / "a.dcm", [item]).read_bytes()
    rng = np.random.default_rng(0)
    for number in range(200):
        changed = bytearray(data[: len(data) * (number % 100 + 1) // 100])
        for _ in range(int(rng.integers(0, 6)) if number >= 100 else 0):
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
        (tmp_path / "m.dcm").write_bytes(bytes(changed))
        try:
            read_dicom_ecg_recording(tmp_path / "m.dcm")
        except SalusError:
            continue
        assert number >= 90
