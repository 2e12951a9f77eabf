"""MIT-BIH arrhythmia database: beats of ambulatory electrocardiograms, one sample a beat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.entry import Entry, Loaded, Remote
from salus.data.leads import choose_leads
from salus.data.readers.wfdb import Annotations, read_annotations, read_wfdb, record_facts
from salus.schema.errors import DataError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform

GROUPS = {
    **dict.fromkeys("NLRej", "N"),
    **dict.fromkeys("AaJS", "S"),
    **dict.fromkeys("VE", "V"),
    "F": "F",
    **dict.fromkeys("/fQ", "Q"),
}
"""Beat symbols by the groups of ANSI/AAMI EC57; every other symbol marks rhythm, noise or flutter, not a beat."""

CLASSES = {"aami4": tuple("NSVF"), "aami5": tuple("NSVFQ"), "nsv": tuple("NSV")}
"""What may be asked: `nsv` leaves out F beats, of which 93 % come from one recording."""

SPLIT = {
    "train": ("106", "109", "116", "118", "119", "124", "201", "203"),
    "valid": ("114", "207"),
    "test": ("208", "209", "215", "223"),
}
PACED = ("102", "104", "107", "217")
HALVES = {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}
"""Every second beat of a recording: one half to learn from, the other as beats of the same people never learnt."""
SAME_PATIENT = {"201": "201-202", "202": "201-202"}
AROUND_S = {"0.8": (0.3, 0.5), "0.6": (0.25, 0.35)}
"""Seconds before and after the mark of a beat, by length of the window."""
_SOURCE = "https://physionet.org/files/mitdb/1.0.0"
_FILES = (
    ("106.hea", 152, "edda68c7de6d1101b23d4f71822dd5660f48db02e8184e048a617a2d60addfe0"),
    ("106.dat", 1950000, "c017bc18b95b1f970bca143a044ee5d54168648b541e47aa656f2737a59c1202"),
    ("106.atr", 5476, "585347e6d1bd3ad89cdb52cb80945878a5e51026d81f871a376bb6e13936f7fa"),
    ("109.hea", 189, "a6bce66705571919ccdf600a1fd608909f32cfb8503c88b7f982b5cf4bd3a075"),
    ("109.dat", 1950000, "267afd6ced7a1fd5a8bcd21fcc2b83287e37e3ef57f32e8a0fe39a6e021951cd"),
    ("109.atr", 5080, "2eef456587bab17263a126063321c040affa29bc4ccfdf2a2bc7fe50709fa1b8"),
    ("114.hea", 154, "ed7dd8ae360cc5badf544e3b97161c7a327600926e87ac2d86222cb82a1c0478"),
    ("114.dat", 1950000, "2ae83463edcfec256b79ce93716dcb40f289bacbe9e5e7a66cd00d0a31099d4b"),
    ("114.atr", 3878, "5280acb082b654d64944137987a00fbc2105b3a3fcdda75d0bf11d4644e40d9f"),
    ("116.hea", 152, "5b4baa75858f44e207c8c2dd434d2518f5f06f6dad7679e1ec5c23860d8fa418"),
    ("116.dat", 1950000, "0ab38cfca76d816673213dcd570504bb3ab02ef76d51540fd7a6075bc580ad85"),
    ("116.atr", 4858, "abd31e2c878073e67319d5a6fa34923fe117cca02e5c80318378405c853ccbef"),
    ("118.hea", 161, "331013824d0cebbb82fa290ced889b1cb79d8d91d4c4e0f5fd8c445bafc10642"),
    ("118.dat", 1950000, "66ea4b70b7d64abd0f49089ae1b8f0f577664c46e5b29ac23b291934e063df15"),
    ("118.atr", 4622, "77afd5400648d128223d5029a49c442f5abd65ba997f732489cb8eed39d71551"),
    ("119.hea", 152, "587152d9e7767ef9854e5a923f3a8e7715aad738ca8ee7e29373ce394dd6843e"),
    ("119.dat", 1950000, "02a286a28e69b441568add915f16a2856b22bab893bf8729ee9654411ed3a5aa"),
    ("119.atr", 4812, "fd919c8ea20eed4a22fb37984977f30ce48d382eefd2d90934bf947a88e0fd7b"),
    ("124.hea", 213, "3338829e3c05b0bc866bc1106a7efa34921f717069fce9f774c816fcef3bf566"),
    ("124.dat", 1950000, "296988e49d2653eb499ad0b17c46826b4296b7eaf94df3f76f1ba2dcdf6bc48b"),
    ("124.atr", 3360, "f9c8cac368f1f6ba8895ae47f5771c82597374c1e6b030385ca2eb186454677c"),
    ("201.hea", 277, "63aa786bf11ebcb19b104a0509ebf32e915d8db357340496e98dbf1bae263404"),
    ("201.dat", 1950000, "16610ae46eff900794597503d15af4572a8b1518f18dbed2843b7e68c81f3898"),
    ("201.atr", 4322, "df1276b6c6952b177ec6eea2be3edc7a96888454107a3ee56be880b0afaf6f35"),
    ("203.hea", 414, "5a1c8fead3de629bd15a64deeceab18c4f9b6a2ed480aa623094474792d2aba0"),
    ("203.dat", 1950000, "5ba7d2237fc838438efd8bb0a3baeffc5de2e70c76e3ab7e401e811ad82f43e0"),
    ("203.atr", 7094, "2573f948e54a538983a44bf946e3e61cdda60e898b4c65ca8559b57c4877c706"),
    ("207.hea", 535, "8b6fc3cbf71ccdf871109506af8ab664dde64c8a35d3bab43f8ace9dc7bd0a2b"),
    ("207.dat", 1950000, "139f99250366fbf347cba4d8ea1fbe788f98cb1b93b70f50ccba70122d908605"),
    ("207.atr", 4958, "cceb64d68033a277d2d5669458d49258295102dd3e20614a0ca7d63b67009404"),
    ("208.hea", 300, "64c411f07144519ef0070e7aa7b292ffa2a2a0b63be44ca90bb1ac970cc23cf2"),
    ("208.dat", 1950000, "22873623623c44ee413a5b60cacb15d4af2723734836fb3ae45d9ff96bdb36e7"),
    ("208.atr", 8578, "33878519ee34d00cb233fdb15b11c2b8da0b0aea2e643d31b07105cc3392edf4"),
    ("209.hea", 152, "caf49bfce1210972355b3c0dd2f04bdab5280aa6c07e7afa9f8ebd3e2d2bfbc6"),
    ("209.dat", 1950000, "e2516dd126ea85529d9a0e8442fef5d880a492d41f0692a76e648c8437f15c5f"),
    ("209.atr", 6288, "c0697b176e7caf49e34f93e28eaeeff7167e2de380a8698f6cb3fb3a5fcb1c84"),
    ("215.hea", 249, "392ec1df946967afec9153e7c145791b6c764fb6584d6bfaf8f180c8d503ea73"),
    ("215.dat", 1950000, "9e28799b5733a2d60470653e6f6ca26610143303233a1b7559cff54e2ad26ef9"),
    ("215.atr", 6878, "94968307b89eb0be766cbb88617f08571ed41b3b25b294d19a72b7ffd2525aee"),
    ("223.hea", 251, "85bd13b12e47a7bbd6d0d128871625b92af860b87c323cbc13cc6da4bf70f0b4"),
    ("223.dat", 1950000, "1d42aa9e13f7349287ae5f0f00b40078c01aadd39e2cad1001ab42d3b7484594"),
    ("223.atr", 5468, "beaa5cb3eb5fb64a5f9e1dfcac9297f9564b379c9c354cbf8f9f927d9b81ccf1"),
)


class Beats:
    """Windows around annotated beats; the recordings are held once."""

    def __init__(
        self,
        signals: Sequence[Waveform],
        rows: Sequence[tuple[int, int, int, str]],
        meta: Sequence[Any],
        around_s: tuple[float, float],
    ) -> None:
        self.before_s, self.after_s = around_s
        self.signals, self.rows, self.meta = list(signals), list(rows), list(meta)

    def __len__(self) -> int:
        """Return the number of beats."""
        return len(self.rows)

    def __getitem__(self, index: int, /) -> Sample:
        """Return the window around beat `index`."""
        number, place, _, _ = self.rows[index]
        wave = self.signals[number]
        before, after = round(self.before_s * wave.rate_hz), round(self.after_s * wave.rate_hz)
        part = wave.array[:, place - before : place + after]
        return self._sample(
            index, {"ecg": Waveform(array=part, rate_hz=wave.rate_hz, leads=wave.leads, units=wave.units)}
        )

    def peek(self, index: int, /) -> Sample:
        """Return beat `index` without its window."""
        return self._sample(index, {})

    def _sample(self, index: int, inputs: Mapping[str, Any]) -> Sample:
        number, place, label, symbol = self.rows[index]
        record, split, facts = self.meta[number]
        rate = self.signals[number].rate_hz
        meta = {
            "recording": record,
            "start_s": place / rate - self.before_s,
            "stop_s": place / rate + self.after_s,
            "group_symbol": symbol,
            "group_sex": facts.get("sex", ""),
        }
        return Sample(
            id=f"{record}-{place:06d}",
            patient=SAME_PATIENT.get(record, record),
            inputs=inputs,
            target=label,
            meta={**meta, "split": split} if split else meta,
        )


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read lead MLII of each record and cut a window around each beat, from 0.3 s before to 0.5 s after it."""
    around = AROUND_S[options.get("window_s", "0.8")]
    classes = CLASSES[options.get("classes", "aami4")]
    suggested = options.get("split", "suggested") == "suggested"
    parts = {record: name for name, records in SPLIT.items() for record in records} if suggested else {}
    found = sorted(path.stem for path in folder.glob("*.hea") if path.stem not in PACED)
    records = [record for record in found if record in parts] if suggested else found
    missing = sorted(set(parts) - set(records))
    if missing or not records:
        raise DataError(f"{folder}: record {(missing or ['100'])[0]} is not there; get the set again")
    signals: list[Waveform] = []
    rows: list[tuple[int, int, int, str]] = []
    meta: list[tuple[str, str, Mapping[str, str]]] = []
    edge, other = 0, Counter[str]()
    for record in records:
        marks = read_annotations(folder / record)
        signals.append(choose_leads(read_wfdb(folder / record), ("MLII",)).waveform)
        kept, cut = _beats(marks, signals[-1], around, classes, other)
        kept = kept[HALVES[options.get("beats", "all")]]
        rows += [(len(meta), place, label, symbol) for place, label, symbol in kept]
        meta.append((record, parts.get(record, ""), record_facts(folder / record)))
        edge += cut
    return Loaded(
        dataset=Beats(signals, rows, meta, around),
        question=Question(kind="classification", classes=classes),
        notes=(
            f"{len(records)} recordings are {len(records)} patients: give figures by recording, beats are no patients.",
            f"{edge} beats stand too near an end for a whole window and are left out"
            + "".join(f", as are {other[group]} beats of group {group}" for group in sorted(other))
            + ".",
            "Beats are located by the reference annotations; a deployed system must find them first.",
        ),
    )


def _beats(
    marks: Annotations,
    wave: Waveform,
    around_s: tuple[float, float],
    classes: Sequence[str],
    other: Counter[str],
) -> tuple[list[tuple[int, int, str]], int]:
    before, after = (round(seconds * wave.rate_hz) for seconds in around_s)
    kept, cut = [], 0
    places: NDArray[np.int64] = marks.positions
    for place, symbol in zip(places.tolist(), marks.symbols, strict=True):
        group = GROUPS.get(symbol, "")
        if not group:
            continue
        if group not in classes:
            other[group] += 1
        elif place < before or place + after > wave.array.shape[1]:
            cut += 1
        else:
            kept.append((place, classes.index(group), symbol))
    return kept, cut


ENTRY = Entry(
    name="mitbih_arrhythmia",
    title="MIT-BIH arrhythmia database: annotated beats of half-hour ambulatory electrocardiograms (14 of 48 records)",
    modality="signal",
    tasks=("classification",),
    licence="ODC-BY 1.0",
    citation="Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng Med Biol 20(3):45-50, 2001. "
    "Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220, 2000.",
    homepage="https://doi.org/10.13026/C2F305",
    patient="the record; 201 and 202 are one person",
    split="by record: train 106 109 116 118 119 124 201 203, validation 114 207, test 208 209 215 223",
    traps=(
        "record 114 has its leads in the order V5, MLII: a lead is picked by name, never by place",
        'rhythm marks (+ ~ | ! [ ] x ") are no beats',
        "beats of one record on both sides of a split raise every figure (intra-patient evaluation)",
        "records 201 and 202 are one person, and the usual DS1/DS2 split divides them",
    ),
    options={
        "classes": ("aami4", "aami5", "nsv"),
        "split": ("suggested", "none"),
        "window_s": ("0.8", "0.6"),
        "beats": ("all", "even", "odd"),
    },
    files=tuple(Remote(url=f"{_SOURCE}/{name}", path=name, sha256=digest, size=size) for name, size, digest in _FILES),
    load=load,
)
