"""Figures of the CNN-LSTM cascade's study that are no training."""

from types import SimpleNamespace

import numpy as np
import torch

from salus.contract.dataset import ListDataset
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.study.checks.tumor_cnn_lstm import box, box_mask, evidence, grad_cam, order, padding
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch

WHERE = (0.75, 0.25, 0.2, 0.2)


def spots(count, classes=2):
    """Noise with a bright (class 1) or dark (class 0) spot in one corner."""
    rng = np.random.default_rng(0)
    samples = []
    for i in range(count):
        array = rng.normal(0, 1, (1, 32, 32))
        array[0, 5:11, 21:27] += 3.0 if i % classes else -3.0
        samples.append(
            Sample(
                id=f"s{i}",
                patient=f"p{i}",
                inputs={"image": Image(array=array)},
                target=i % classes,
                meta={"box": WHERE},
            )
        )
    return ListDataset(samples)


def stacks(count):
    rng = np.random.default_rng(1)
    return ListDataset(
        [
            Sample(
                id=f"v{i}",
                patient=f"p{i}",
                inputs={"image": Image(array=rng.random((1, 3 + i % 3, 16, 16)), spacing_mm=(1.0, 1.0, 1.0))},
                target=i % 2,
            )
            for i in range(count)
        ]
    )


def trained(data, **settings):
    kind = find("tumor_cnn_lstm")
    seed_torch(0)
    task = make(Question(kind="classification", classes=("dark", "bright")))
    system = create("tumor_cnn_lstm", task, data, kind.tiny.replace(settings))
    fit(system, data, None, score=lambda *_: {})
    return system


def context(folder, part, cells):
    return SimpleNamespace(folder=folder, systems=lambda name, arm: iter(cells if name == part else []))


def cell(system, data):
    return SimpleNamespace(system=system, test=data, seed=0)


def test_a_box_covers_its_share_of_the_image():
    mask = box_mask((0.5, 0.25, 0.5, 0.25), 64)
    assert mask.sum() == 32 * 16
    assert mask[8:24, 16:48].all()
    assert box_mask((0.0, 0.0, 0.1, 0.1), 64).sum() == 16


def test_evidence_lies_on_the_spot_that_tells_the_class(tmp_path):
    data = spots(48)
    system = trained(
        data, pixels=32, epochs=10, widths=[6, 8], depths=[1, 1], rotation_degrees=0, flip=False, pooling="mean"
    )
    batch = system.collate([data[i] for i in range(4)])
    maps = evidence(system.eval(), batch)
    assert maps.shape == (4, 32, 32)
    assert (maps >= 0).all()
    rows = box(context(tmp_path, "slices", [cell(system, data)]))
    assert rows[0].met
    assert len(rows) == 5
    assert grad_cam(system, batch).shape == (4, 32, 32)
    assert (tmp_path / "evidence.png").stat().st_size > 1000


def test_nothing_trained_meets_nothing(tmp_path):
    empty = context(tmp_path, "none", [])
    assert [row.met for row in (*box(empty), *padding(empty), *order(empty))] == [False, False, False]


def test_padding_and_shuffling_are_measured(tmp_path):
    data = stacks(12)
    system = trained(data, pixels=16)
    row = padding(context(tmp_path, "series", [cell(system, data)]))[0]
    assert row.met
    assert "12 answers" in row.figure
    ordered = order(context(tmp_path, "order", [cell(system, data)]))[0]
    assert "10 shuffled test parts" in ordered.figure
    kept = [torch.equal(a, b) for a, b in zip(*[list(system.state_dict().values())] * 2, strict=True)]
    assert all(kept)
