"""What the firewall says about published splits."""

import itertools
import os
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from salus.contract.dataset import ListDataset
from salus.evaluate.firewall import duplicates_to_drop, enforce, inspect
from salus.schema.errors import LeakError
from salus.schema.sample import Image, Note, Row, Sample, Waveform

Fold = namedtuple("Fold", "train valid test")


def folder(name):
    place = Path(os.environ.get("SALUS_DATA", "/nonexistent")) / name
    if not place.exists():
        pytest.skip(f"{name} is not below SALUS_DATA")
    return place


def medmnist(name):
    parts = np.load(folder("medmnist") / f"{name}.npz", allow_pickle=False)
    samples, ends = [], [0]
    for side in ("train", "val", "test"):
        for k, (array, target) in enumerate(zip(parts[f"{side}_images"], parts[f"{side}_labels"].ravel(), strict=True)):
            key, picture = f"{side}/{k}", array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)
            samples.append(Sample(id=key, patient=key, inputs={"image": Image(array=picture)}, target=int(target)))
        ends.append(len(samples))
    return ListDataset(samples), [Fold(*(np.arange(a, b) for a, b in itertools.pairwise(ends)))]


@pytest.mark.realdata
@pytest.mark.slow
def test_pneumonia_mnist_is_refused_naming_its_eight_shared_pictures():
    data, splits = medmnist("pneumoniamnist")
    findings = inspect(data, splits)
    by_rule = {finding.rule: finding for finding in findings}
    assert by_rule["duplicate"].count == 8
    assert len(by_rule["duplicate"].evidence) == 8
    assert all("'val/" in line and "'train/" in line for line in by_rule["duplicate"].evidence)
    # 18 further copies inside the training part and 3 inside the test part.
    assert by_rule["duplicate_inside"].count == 21
    assert by_rule["near_duplicate"].passed
    assert by_rule["target"].passed
    with pytest.raises(LeakError, match="byte-equal"):
        enforce(findings)
    dropped = duplicates_to_drop(data, splits)
    assert len(dropped) == 8
    assert set(dropped) <= set(splits[0].valid.tolist())
    enforce(inspect(data, [splits[0]._replace(valid=np.setdiff1d(splits[0].valid, dropped))]))


@pytest.mark.realdata
@pytest.mark.slow
def test_retina_mnist_passes():
    enforce(inspect(*medmnist("retinamnist")))


@pytest.mark.realdata
@pytest.mark.slow
def test_brain_tumour_suggested_split_passes():
    import pandas as pd
    from PIL import Image as Picture

    place = folder("brain_tumor_mri_cheng")
    rows = pd.read_csv(place / "labels.csv")
    samples = [
        Sample(
            id=row.file,
            patient=row.file,
            inputs={"image": Image(array=np.asarray(Picture.open(place / row.file).convert("L").reduce(4))[None])},
            target=int(row.class_id),
        )
        for row in rows.itertuples()
    ]
    side = rows.suggested_split.to_numpy()
    enforce(inspect(ListDataset(samples), [Fold(*(np.flatnonzero(side == s) for s in ("train", "val", "test")))]))


@pytest.mark.realdata
@pytest.mark.slow
def test_falls_split_by_person_pass():
    import pandas as pd

    place = folder("umafall")
    trials = pd.read_csv(place / "trials.csv").set_index("trial")
    samples, people = [], []
    for trial, rows in pd.read_parquet(place / "phone_acc_200hz.parquet").groupby("trial"):
        person = trials.subject[trial]
        wave = Waveform(array=rows[["ax", "ay", "az"]].to_numpy().T, rate_hz=200.0, leads=("x", "y", "z"))
        fall = int(trials.kind[trial] == "Fall")
        samples.append(Sample(id=str(trial), patient=str(person), inputs={"phone": wave}, target=fall))
        people.append(person)
    test = np.isin(people, (4, 8, 11, 16))
    enforce(inspect(ListDataset(samples), [Fold(np.flatnonzero(~test), np.zeros(0, int), np.flatnonzero(test))]))


def tokens(path):
    return [block.split("\n") for block in path.read_text(encoding="utf-8").strip().split("\n\n")]


@pytest.mark.realdata
def test_drug_sentences_pass():
    place = folder("bc5cdr")
    texts = [[" ".join(t.split("\t")[0] for t in s) for s in tokens(place / f"{p}.tsv")] for p in ("train", "devel")]
    samples = [
        Sample(id=f"{part}/{k}", patient=f"{part}/{k}", inputs={"note": Note(text=text)}, target=np.zeros(3))
        for part, group in enumerate(texts)
        for k, text in enumerate(group)
    ]
    first = len(texts[0])
    enforce(inspect(ListDataset(samples), [Fold(np.arange(first), np.zeros(0, int), np.arange(first, len(samples)))]))


@pytest.mark.realdata
def test_health_survey_passes_without_its_defining_column_and_is_refused_with_it():
    import pandas as pd

    place = folder("nhanes_2017_2018")
    parts = [pd.read_csv(place / f"{name}_J.csv.gz").set_index("SEQN") for name in ("DEMO", "BPX", "BMX", "GHB")]
    rows = pd.concat(parts, axis=1)
    rows = rows[rows.LBXGH.notna()]
    columns = ["RIAGENDR", "RIDAGEYR", "RIDRETH3", "BPXSY1", "BPXDI1", "BPXPLS", "BMXWT", "BMXHT", "BMXBMI"]

    def build(chosen):
        return ListDataset(
            [
                Sample(id=str(seqn), patient=str(seqn), inputs={"row": Row(values=values)}, target=int(truth >= 6.5))
                for seqn, values, truth in zip(rows.index, rows[chosen].to_dict("records"), rows.LBXGH, strict=True)
            ]
        )

    order = np.random.default_rng(0).permutation(len(rows))
    splits = [Fold(*np.split(order, [len(rows) // 2, 3 * len(rows) // 4]))]
    enforce(inspect(build(columns), splits))
    with pytest.raises(LeakError, match="'LBXGH'"):
        enforce(inspect(build([*columns, "LBXGH"]), splits))


def test_wisconsin_breast_cancer_passes_with_its_strong_columns():
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    samples = [
        Sample(
            id=str(k),
            patient=str(k),
            inputs={"row": Row(values=dict(zip(table.feature_names.tolist(), map(float, row), strict=True)))},
            target=int(target),
        )
        for k, (row, target) in enumerate(zip(table.data, table.target, strict=True))
    ]
    order = np.random.default_rng(0).permutation(len(samples))
    parts = np.array_split(order, 5)
    splits = [Fold(np.concatenate([parts[j] for j in range(5) if j != k]), parts[k][:0], parts[k]) for k in range(5)]
    enforce(inspect(ListDataset(samples), splits))
