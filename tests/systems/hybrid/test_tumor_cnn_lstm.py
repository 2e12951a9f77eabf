"""The CNN-LSTM cascade: sizes, padding, stages, few labels, refused inputs."""

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import ConfigError, DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems.hybrid.tumor_cnn_lstm import TumorCNNLSTM, TumorConfig
from salus.systems.registry import create
from salus.tasks.registry import make

TASK = make(Question(kind="classification", classes=("meningioma", "glioma", "pituitary")))


def one(index, slices=None, target="auto", rng=None):
    rng = rng or np.random.default_rng(index)
    shape = (1, 20, 24) if slices is None else (1, slices, 20, 24)
    return Sample(
        id=f"s{index}",
        patient=f"p{index}",
        inputs={"image": Image(array=rng.integers(0, 255, shape).astype(np.uint8), spacing_mm=(5.0, 1.0, 1.0))},
        target=index % 3 if target == "auto" else target,
    )


def build(samples, **settings):
    torch.manual_seed(0)
    return create("tumor_cnn_lstm", TASK, ListDataset(samples), TumorCNNLSTM.tiny.replace(settings))


def series(lengths=(4, 1, 3, 2, 4, 2)):
    return [one(i, slices=n) for i, n in enumerate(lengths)]


@pytest.mark.slow
def test_paper_size_has_vgg16_features_and_an_lstm_of_256():
    found = {"counts": {"0": 1, "1": 1}, "known": [0, 1], "slices": 4, "labelled": None}
    with torch.device("meta"):
        system = TumorCNNLSTM(TASK, TumorConfig(), found)
    vgg16_features = 14_714_688
    assert sum(p.numel() for p in system.encoder.parameters()) == vgg16_features - 2 * 64 * 9
    assert sum(p.numel() for p in system.head.parameters()) == 4 * 256 * (512 + 256 + 2) + 257 * 3
    assert [stage.name for stage in TumorCNNLSTM.recipe(TumorConfig()).stages] == ["frozen", "finetune"]


@pytest.mark.parametrize("pooling", ["lstm", "mean", "max", "attention", "conv3d"])
def test_padding_a_series_changes_no_probability(pooling):
    samples = series()
    system = build(samples, pooling=pooling, steps="slices").eval()
    whole = torch.softmax(system(system.collate(samples)), dim=1)
    batch = system.collate(samples)
    images = torch.cat((batch.inputs["image"], torch.full((6, 3, 16, 16), 9.0)), dim=1)
    longer = type(batch)(batch.ids, {**batch.inputs, "image": images})
    torch.testing.assert_close(torch.softmax(system(longer), dim=1), whole)
    for index, sample in enumerate(samples):
        alone = torch.softmax(system(system.collate([sample])), dim=1)
        torch.testing.assert_close(alone[0], whole[index])


def test_only_the_lstm_and_the_3d_network_know_the_order():
    samples = [one(i, slices=4) for i in range(6)]
    for pooling, knows in (("lstm", True), ("conv3d", True), ("mean", False), ("max", False), ("attention", False)):
        system = build(samples, pooling=pooling).eval()
        batch = system.collate(samples)
        turned = type(batch)(batch.ids, {**batch.inputs, "image": batch.inputs["image"].flip(1)})
        assert torch.allclose(system(batch), system(turned), atol=1e-5) is not knows


def test_one_slice_is_walked_by_positions_and_a_series_by_slices():
    single = build([one(i) for i in range(6)])
    steps, lengths = single.tokens(**tensors(single, [one(0)]))
    assert steps.shape == (1, 16, 6)
    assert lengths.tolist() == [16]
    stack = build(series())
    steps, lengths = stack.tokens(**tensors(stack, [one(0, slices=2)]))
    assert steps.shape == (1, 4, 6)
    assert lengths.tolist() == [2]


def tensors(system, samples):
    inputs = system.collate(samples).inputs
    return {"images": inputs["image"], "lengths": inputs["length"]}


def step(system, stage):
    before = {name: value.clone() for name, value in system.state_dict().items()}
    batch = system.train().collate([one(i) for i in range(6)])
    for objective in system.objectives(batch, stage):
        moved = system.groups()[objective.group]
        optimizer = torch.optim.SGD(moved, lr=0.1)
        objective.loss.backward(inputs=moved)
        optimizer.step()
    return {name.split(".")[0] for name, value in system.state_dict().items() if not torch.equal(value, before[name])}


def test_each_stage_moves_what_it_should():
    samples = [one(i) for i in range(6)]
    settings = {"pretext_epochs": 1, "frozen_epochs": 1}
    assert step(build(samples, **settings), "pretext") == {"encoder", "pretext"}
    assert step(build(samples, **settings), "frozen") == {"head"}
    assert step(build(samples, **settings), "finetune") == {"encoder", "head"}
    tail = build(samples, tune="last")
    first = tail.encoder.features[0].weight.clone()
    step(tail, "finetune")
    assert torch.equal(tail.encoder.features[0].weight, first)
    names = [stage.name for stage in TumorCNNLSTM.recipe(TumorCNNLSTM.tiny.replace(settings)).stages]
    assert names == ["pretext", "frozen", "finetune"]


def test_few_labels_leave_pre_training_whole():
    samples = [one(i) for i in range(30)]
    system = build(samples, label_share=0.1, pretext_epochs=1)
    assert len(system.fingerprint["labelled"]) == 3
    batch = system.collate(samples)
    assert (batch.target["label"] >= 0).sum() == 3
    hidden = batch.take((batch.target["label"] < 0).nonzero()[:, 0])
    assert list(system.objectives(hidden, "finetune")) == []
    assert len(list(system.objectives(hidden, "pretext"))) == 1


def test_shuffled_order_is_the_same_each_time_and_keeps_the_slices():
    samples = [one(i, slices=8) for i in range(6)]
    given, shuffled = build(samples), build(samples, order="shuffled")
    a, b = given.collate(samples).inputs["image"], shuffled.collate(samples).inputs["image"]
    torch.testing.assert_close(b, shuffled.collate(samples).inputs["image"])
    assert not torch.equal(a, b)
    torch.testing.assert_close(a.flatten(2).mean(2).sort(dim=1).values, b.flatten(2).mean(2).sort(dim=1).values)


def test_images_are_scaled_and_colour_copies_accepted():
    samples = [one(i) for i in range(6)]
    system = build(samples)
    image = system.collate(samples).inputs["image"]
    assert image.shape == (6, 1, 16, 16)
    torch.testing.assert_close(image.mean(dim=(1, 2, 3)), torch.zeros(6), atol=1e-5, rtol=0)
    copy = samples[0].inputs["image"]
    coloured = Sample(id="c", patient="c", inputs={"image": Image(array=np.repeat(copy.array, 3, axis=0))})
    torch.testing.assert_close(system.collate([coloured]).inputs["image"][0], image[0])
    assert system.collate([coloured]).target == {}


def test_bad_inputs_are_refused():
    samples = [one(i) for i in range(6)]
    system = build(samples, min_slices=3)
    with pytest.raises(ShapeError, match="needs 3"):
        system.collate([one(0)])
    wide = Image(array=np.full((1, 3, 20, 24), 3000, np.uint16), spacing_mm=(5.0, 1.0, 1.0))
    with pytest.raises(UnitError, match="window"):
        system.collate([Sample(id="w", patient="w", inputs={"image": wide})])
    with pytest.raises(DataError, match="label 9"):
        system.collate([one(0, slices=3, target=9)])
    with pytest.raises(DataError, match="classes"):
        build([one(i, target=i % 4) for i in range(8)])
    for settings, words in (
        ({"pixels": 2}, "vanish"),
        ({"features": "fc", "steps": "positions"}, "fc"),
        ({"pooling": "conv3d", "pretext_epochs": 1}, "pretext_epochs"),
        ({"label_share": 0.0}, "label_share"),
    ):
        with pytest.raises(ConfigError, match=words):
            build(samples, **settings)


def test_the_layer_that_grad_cam_reads_exists():
    system = build(series())
    assert isinstance(system.get_submodule(TumorCNNLSTM.card.explain_layer), torch.nn.Conv2d)
    deep = build(series(), pooling="conv3d")
    assert isinstance(deep.get_submodule(TumorCNNLSTM.card.explain_layer), torch.nn.Conv3d)
