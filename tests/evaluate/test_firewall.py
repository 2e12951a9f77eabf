"""Planted leaks of every kind are found and named; clean controls pass."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.evaluate.firewall import duplicates_to_drop, enforce, inspect
from salus.schema.errors import LeakError, UsageError
from salus.schema.sample import Events, Image, Note, Row, Sample, Waveform


@dataclass
class Fold:
    train: np.ndarray
    valid: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    test: np.ndarray = field(default_factory=lambda: np.zeros(0, int))


def cut(total):
    a, b = int(total * 0.6), int(total * 0.8)
    return [Fold(np.arange(a), np.arange(a, b), np.arange(b, total))]


def smooth(rng, shape):
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(rng.normal(size=shape), 2) * 100


def images(total=60, side=28):
    rng = np.random.default_rng(0)
    return [
        Sample(
            id=f"s{k}",
            patient=f"p{k}",
            inputs={"image": Image(array=(128 + smooth(rng, (side, side)))[None].clip(0, 255).astype(np.uint8))},
            target=k % 2,
        )
        for k in range(total)
    ]


def signals(total=60):
    rng = np.random.default_rng(1)
    return [
        Sample(
            id=f"s{k}",
            patient=f"p{k}",
            inputs={
                "ecg": Waveform(array=np.cumsum(rng.normal(size=(2, 1000)), axis=1), rate_hz=100.0, leads=("I", "II"))
            },
            target=int(rng.integers(2)),
        )
        for k in range(total)
    ]


def table(total=120):
    rng = np.random.default_rng(2)
    return [
        Sample(
            id=f"s{k}",
            patient=f"p{k}",
            inputs={
                "row": Row(values={**{f"x{j}": float(v) for j, v in enumerate(rng.normal(size=8))}, "sex": "mf"[k % 2]})
            },
            target=int(rng.integers(2)),
        )
        for k in range(total)
    ]


def notes(total=60):
    rng = np.random.default_rng(3)
    words = [f"word{k}" for k in range(200)]
    return [
        Sample(id=f"s{k}", patient=f"p{k}", inputs={"note": Note(text=" ".join(rng.choice(words, 12)))}, target=k % 2)
        for k in range(total)
    ]


def records(total=60):
    rng = np.random.default_rng(4)
    return [
        Sample(
            id=f"s{k}",
            patient=f"p{k}",
            inputs={
                "events": Events(
                    times_h=np.sort(rng.uniform(0, 99, 6)),
                    codes=tuple(rng.choice(list("abcdef"), 6)),
                    values=np.full(6, np.nan),
                )
            },
            target=k % 2,
        )
        for k in range(total)
    ]


def variant(sample, **changes):
    fields = {name: getattr(sample, name) for name in ("id", "patient", "inputs", "target", "meta")}
    return Sample(**{**fields, **changes})


def found(samples, splits=None, **options):
    findings = inspect(ListDataset(samples), splits or cut(len(samples)), **options)
    return {finding.rule: finding for finding in findings}


@pytest.mark.parametrize("make", [images, signals, table, notes, records])
def test_clean_sets_pass_every_rule(make):
    findings = found(make())
    assert all(finding.passed for finding in findings.values()), [f for f in findings.values() if not f.passed]
    enforce(list(findings.values()))


def test_divided_patient_is_named_and_refused():
    samples = images()
    samples[50] = variant(samples[50], patient="p3")
    finding = found(samples)["patient"]
    assert not finding.passed
    assert finding.count == 1
    assert "'p3'" in finding.evidence[0]
    assert "'s3'" in finding.evidence[0]
    assert "'s50'" in finding.evidence[0]
    with pytest.raises(LeakError, match="patient 'p3' is in train"):
        enforce([finding])


@pytest.mark.parametrize("make", [images, signals, table, notes, records])
def test_byte_equal_copy_is_found_in_every_kind_of_data(make):
    samples = make()
    last = len(samples) - 1
    samples[last] = variant(samples[last], inputs=samples[2].inputs)
    finding = found(samples)["duplicate"]
    assert finding.count == 1
    assert finding.evidence[0].startswith(f"test/{last} 's{last}' equals train/2 's2'")
    assert "byte-equal" in finding.evidence[0]


def test_copy_inside_one_side_is_information_only():
    samples = images()
    samples[5] = variant(samples[5], inputs=samples[4].inputs)
    findings = found(samples)
    assert findings["duplicate"].passed
    assert findings["duplicate_inside"].passed
    assert findings["duplicate_inside"].count == 1
    assert "train/5 's5' repeats train/4 's4'" in str(findings["duplicate_inside"].evidence)


def near_image(sample):
    array = sample.inputs["image"].array.astype(float)
    noisy = array * 0.9 + 8 + np.random.default_rng(9).normal(0, 1, array.shape)
    return {"image": Image(array=noisy.round().clip(0, 255).astype(np.uint8))}


def near_signal(sample):
    wave = sample.inputs["ecg"]
    noise = np.random.default_rng(9).normal(0, 0.02, wave.array.shape)
    return {"ecg": Waveform(array=wave.array * 1.02 + 0.5 + noise, rate_hz=wave.rate_hz, leads=wave.leads)}


def near_row(sample):
    values = sample.inputs["row"].values
    return {"row": Row(values={k: v * (1 + 1e-7) if isinstance(v, float) else v.upper() for k, v in values.items()})}


def near_note(sample):
    return {"note": Note(text=sample.inputs["note"].text.upper().replace(" ", "  ") + ".")}


def near_events(sample):
    events = sample.inputs["events"]
    return {"events": Events(times_h=events.times_h + 7, codes=events.codes, values=events.values)}


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (images, near_image),
        (signals, near_signal),
        (table, near_row),
        (notes, near_note),
        (records, near_events),
    ],
)
def test_nearly_equal_copy_is_found_and_its_partner_named(make, change):
    samples = make()
    last = len(samples) - 1
    samples[last] = variant(samples[last], inputs=change(samples[7]))
    findings = found(samples)
    assert findings["duplicate"].passed
    assert findings["near_duplicate"].count == 1
    assert f"test/{last} 's{last}' nearly equals train/7 's7'" in findings["near_duplicate"].evidence[0]


def test_a_set_where_every_picture_has_a_near_copy_hides_none():
    base = images(40, side=64)
    samples = base + [variant(s, id=f"c{k}", patient=f"q{k}", inputs=near_image(s)) for k, s in enumerate(base)]
    assert found(samples, [Fold(np.arange(40), test=np.arange(40, 80))])["near_duplicate"].count == 40


def test_volumes_are_compared_too():
    rng = np.random.default_rng(0)
    samples = [
        Sample(id=f"s{k}", patient=f"p{k}", inputs={"volume": Image(array=smooth(rng, (1, 20, 22, 24)))}, target=0)
        for k in range(20)
    ]
    assert found(samples)["near_duplicate"].passed
    noisy = samples[0].inputs["volume"].array + rng.normal(0, 0.3, (1, 20, 22, 24))
    samples[19] = variant(samples[19], inputs={"volume": Image(array=noisy)})
    assert found(samples)["near_duplicate"].count == 1


def test_short_texts_blank_pictures_and_coarse_rows_are_shared_by_strangers():
    texts = [
        Sample(id=f"s{k}", patient=f"p{k}", inputs={"note": Note(text="A case report .")}, target=k % 2)
        for k in range(20)
    ]
    blank = [variant(s, inputs={"image": Image(array=np.zeros((1, 28, 28), np.uint8))}) for s in texts]
    coarse = [variant(s, inputs={"row": Row(values={"age": float(k % 5), "sex": "f"})}) for k, s in enumerate(texts)]
    for samples in (texts, blank, coarse):
        findings = found(samples)
        assert findings["duplicate"].passed
        assert findings["near_duplicate"].passed


def windows(gap):
    return [
        variant(s, meta={"recording": f"r{k // 2}", "start_s": k % 2 * gap, "stop_s": k % 2 * gap + 10.0})
        for k, s in enumerate(signals(20))
    ]


def test_overlapping_windows_and_shared_recordings_are_told_apart():
    split = [Fold(np.arange(0, 20, 2), test=np.arange(1, 20, 2))]
    overlap = found(windows(5.0), split)["window"]
    assert overlap.count == 10
    assert overlap.evidence[0] == "recording 'r0': test/1 's1' (5-15 s) overlaps train/0 's0' (0-10 s)"
    shared = found(windows(20.0), split)["window"]
    assert shared.count == 10
    assert "no overlap in time" in shared.evidence[0]
    whole = [Fold(np.arange(10), test=np.arange(10, 20))]
    assert found(windows(5.0), whole)["window"].passed


def add_column(samples, name, value):
    return [
        variant(s, inputs={"row": Row(values={**s.inputs["row"].values, name: value(k, s)})})
        for k, s in enumerate(samples)
    ]


RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda k, s: float(s.target), "separates the classes alone"),
        (lambda k, s: s.target * 3.0 + RNG.uniform(), "separates the classes alone"),
        (lambda k, s: -5.0 * s.target, "separates the classes alone"),
        (lambda k, s: ("no", "yes")[s.target], "names the target alone"),
        (lambda k, s: float("nan") if s.target else float(RNG.normal()), "by being missing"),
        (lambda k, s: float((2, 1, 7, 8)[s.target + 2 * (k % 2)] % 5), "names the target alone"),
    ],
)
def test_columns_that_give_the_answer_away_are_named(value, words):
    finding = found(add_column(table(), "leak", value))["target"]
    assert finding.count == 1
    assert finding.evidence[0].startswith("column 'leak'")
    assert words in finding.evidence[0]


def test_monotone_column_of_a_continuous_target_is_named_and_a_strong_one_passes():
    rng = np.random.default_rng(6)
    samples = [variant(s, target=float(rng.normal())) for s in table()]
    assert found(add_column(samples, "leak", lambda k, s: s.target**3))["target"].count == 1
    strong = add_column(samples, "strong", lambda k, s: s.target + float(rng.normal(0, 0.1)))
    assert found(strong)["target"].passed


def test_defining_columns_are_named_however_weak():
    finding = found(table(), defining=("x1", "absent"))["target"]
    assert finding.evidence == ("column 'x1' defines the target and is an input",)


def test_corner_marker_and_size_of_one_class_are_found():
    marked, sized = images(), images()
    for k, sample in enumerate(marked):
        array = sample.inputs["image"].array.copy()
        if sample.target:
            array[:, :2, :2] = 255
            sized[k] = variant(sample, inputs={"image": Image(array=sample.inputs["image"].array[:, :27])})
        marked[k] = variant(sample, inputs={"image": Image(array=array)})
    assert "row 1, column 1 of 24 separates the classes" in found(marked)["target"].evidence[0]
    assert "'size of image, axis 1' separates the classes" in found(sized)["target"].evidence[0]


def test_label_inside_a_mapping_is_read():
    samples = [variant(s, target={"label": s.target, "box": (0, 0)}) for s in table()]
    assert not found(add_column(samples, "leak", lambda k, s: float(s.target["label"])))["target"].passed


def test_allowed_leak_stays_in_the_findings_with_its_reason():
    samples = images()
    samples[50] = variant(samples[50], patient="p3")
    findings = inspect(ListDataset(samples), cut(60), allow={"patient": "leak pair, to show the wrong score"})
    enforce(findings)
    patient = next(f for f in findings if f.rule == "patient")
    assert patient.overridden
    assert not patient.passed
    assert patient.reason == "leak pair, to show the wrong score"
    with pytest.raises(UsageError, match="no rule 'patents'"):
        inspect(ListDataset(samples), cut(60), allow={"patents": "x"})
    with pytest.raises(UsageError, match="needs a reason"):
        inspect(ListDataset(samples), cut(60), allow={"patient": " "})


def test_refusal_names_few_and_counts_all():
    samples = images()
    for k in range(48, 60):
        samples[k] = variant(samples[k], inputs=samples[k - 48].inputs)
    with pytest.raises(LeakError, match=r"12 in all") as caught:
        enforce(inspect(ListDataset(samples), cut(60)))
    assert str(caught.value).count("byte-equal)") == 8
    assert "--drop-duplicates" in str(caught.value)


def test_dropping_copies_keeps_test_then_train_and_is_minimal():
    samples = images()
    for copy, source in ((59, 0), (1, 0), (45, 5), (6, 5), (20, 21)):
        samples[copy] = variant(samples[copy], inputs=samples[source].inputs)
    dropped = duplicates_to_drop(ListDataset(samples), cut(60))
    assert dropped == (0, 1, 45)
    keep = np.array([k for k in range(60) if k not in dropped])
    rest = cut(60)[0]
    clean = [Fold(*(np.intersect1d(side, keep) for side in (rest.train, rest.valid, rest.test)))]
    assert found(samples, clean)["duplicate"].passed


def test_a_leak_in_any_fold_counts_and_is_named_by_fold():
    samples = images(30)
    samples[29] = variant(samples[29], inputs=samples[15].inputs)
    parts = np.array_split(np.arange(30), 3)
    folds = [Fold(np.setdiff1d(np.arange(30), part), test=part) for part in parts]
    finding = found(samples, folds)["duplicate"]
    # A pair is reported once, in the first fold that separates it.
    assert finding.count == 1
    assert finding.evidence[0].startswith("split 2: test/15 's15' equals train/29 's29'")
    assert len(duplicates_to_drop(ListDataset(samples), folds)) == 1


def test_samples_outside_every_side_are_not_read():
    class Guarded(ListDataset):
        def __getitem__(self, index):
            assert index != 11
            return super().__getitem__(index)

    samples = images(20)
    inspect(Guarded(samples), [Fold(np.arange(10), test=np.arange(12, 20))])
