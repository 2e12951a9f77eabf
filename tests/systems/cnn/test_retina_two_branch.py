"""The two-branch network: sizes, stages, any picture, masks, and what it refuses."""

import dataclasses

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.data.synthetic.fundus import SEEN, fundus_scene, photograph
from salus.evaluate.predict import answers
from salus.schema.errors import ConfigError, DataError, ShapeError, UnitError
from salus.schema.question import Question
from salus.schema.sample import Image, Sample
from salus.systems.cnn.retina_two_branch import RetinaConfig, RetinaTwoBranch
from salus.systems.registry import create
from salus.tasks.registry import make

GRADES = make(Question(kind="ordinal", classes=("0", "1", "2", "3", "4"), positive="2"))
TWO = make(Question(kind="classification", classes=("no", "yes")))
LINES = make(Question(kind="segmentation", classes=("background", "line")))


def eye(number, size=64, target="grade"):
    rng = np.random.default_rng(number)
    scene = fundus_scene(rng, number % 5, size)
    image = Image(array=photograph(scene, SEEN[0], rng), unit="uint8", modality="OP")
    found = {"grade": scene.grade, "lesions": (scene.masks > 0).astype(np.uint8), None: None}
    found["both"] = {"label": int(scene.grade > 1), "vessels": found["lesions"]}
    return Sample(id=f"e{number}", patient=f"e{number}", inputs={"image": image}, target=found[target])


def picture(number, channels=1, shape=(20, 24), target="class", unit="uint8"):
    array = np.random.default_rng(number).integers(0, 255, (channels, *shape)).astype(np.uint8)
    image = Image(array=array, unit=unit)
    return Sample(
        id=f"p{number}",
        patient=f"p{number}",
        inputs={"image": image},
        target=number % 2 if target == "class" else target,
    )


def build(samples, task=TWO, **settings):
    torch.manual_seed(0)
    return create("retina_two_branch", task, ListDataset(samples), RetinaTwoBranch.tiny.replace(settings))


@pytest.mark.slow
def test_paper_size_is_a_resnet_50_beside_four_blocks():
    found = {"channels": 3, "counts": {"0": 1, "1": 1}, "known": [0, 1], "fundus": True}
    with torch.device("meta"):
        system = RetinaTwoBranch(GRADES, RetinaConfig(), found)
    assert sum(p.numel() for p in system.encoder.parameters()) == 25_557_032 - 2048 * 1000 - 1000
    shapes = [tuple(m.weight.shape) for m in system.branches.blocks if isinstance(m, torch.nn.Conv2d)]
    assert shapes == [(32, 1, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (256, 128, 3, 3)]
    assert system.branches.joined[2].weight.shape == (128, 512)
    assert system.branches.joined[1].p == 0.5
    (stage,) = RetinaTwoBranch.recipe(RetinaConfig()).stages
    assert (stage.epochs, stage.batch_size, stage.optimizers["main"].learning_rate) == (50, 32, 1e-4)


def test_photographs_are_cut_and_normalised_and_the_fourth_channel_is_branch_b_s():
    samples = [eye(i) for i in range(10)]
    system = build(samples, GRADES, pixels=32, stem="strided")
    assert system.fingerprint["fundus"]
    batch = system.collate(samples)
    assert batch.inputs["image"].shape == (10, 4, 32, 32)
    assert batch.target["label"].tolist() == [i % 5 for i in range(10)]
    small = [dataclasses.replace(eye(i, 96), id=f"b{i}") for i in range(2)]
    assert system.collate(small).inputs["image"].shape == (2, 4, 32, 32)


@pytest.mark.parametrize("encoder", ["resnet50", "densenet121", "efficientnet_b0"])
def test_every_encoder_answers(encoder):
    samples = [picture(i, 3, (40, 50)) for i in range(4)]
    depths = {"depths": (1, 1, 1, 1)} if encoder == "resnet50" else {"depths": ()}
    system = build(samples, encoder=encoder, stem="strided", pixels=64, width=8, **depths).eval()
    assert system(system.collate(samples)).shape == (4, 2)
    assert isinstance(system.get_submodule(RetinaTwoBranch.card.explain_layer), torch.nn.Conv2d)


def test_any_picture_of_any_size_grey_or_colour():
    samples = [picture(0), picture(1, 3), picture(2, 1, (9, 50)), picture(3, 3, (33, 8))]
    system = build(samples).eval()
    assert system.fingerprint["channels"] == 3
    assert not system.fingerprint["fundus"]
    assert system.collate(samples).inputs["image"].shape == (4, 3, 16, 16)
    found = answers(system, ListDataset([dataclasses.replace(s, target=None) for s in samples]))
    assert found.missing == 0
    copies = Image(array=np.repeat(samples[0].inputs["image"].array, 3, axis=0), unit="uint8")
    grey = build([picture(i) for i in range(4)])
    same = Sample(id="c", patient="c", inputs={"image": copies})
    torch.testing.assert_close(grey.collate([same]).inputs["image"], grey.collate([samples[0]]).inputs["image"])


def test_mirrored_answers_do_not_know_left_from_right():
    samples = [picture(i) for i in range(4)]
    system = build(samples, mirrored=True).eval()
    batch = system.collate(samples)
    turned = type(batch)(batch.ids, {"image": batch.inputs["image"].flip(-1)})
    torch.testing.assert_close(system(batch).softmax(1), system(turned).softmax(1), atol=1e-5, rtol=1e-4)


def step(system, stage, samples):
    before = {name: value.clone() for name, value in system.state_dict().items()}
    batch = system.train().collate(samples)
    objectives = list(system.objectives(batch, stage))
    for objective in objectives:
        moved = system.groups()[objective.group]
        optimizer = torch.optim.SGD(moved, lr=0.1)
        objective.loss.backward(inputs=moved)
        optimizer.step()
    names = {n for n, _ in system.named_parameters()}
    return {n.split(".")[0] for n, v in system.state_dict().items() if n in names and not torch.equal(v, before[n])}


@pytest.mark.parametrize("kind", ["turns", "views"])
def test_each_stage_moves_what_it_should(kind):
    samples = [picture(i, 3) for i in range(6)]
    settings = {"pretext": kind, "pretext_epochs": 1, "frozen_epochs": 1}
    assert step(build(samples, **settings), "pretext", samples) == {"encoder", "pretext"}
    assert step(build(samples, **settings), "frozen", samples) == {"branches"}
    assert step(build(samples, **settings), "finetune", samples) == {"encoder", "branches"}
    names = [stage.name for stage in RetinaTwoBranch.recipe(RetinaTwoBranch.tiny.replace(settings)).stages]
    assert names == ["pretext", "frozen", "finetune"]


def test_vessels_teach_the_encoder_before_the_class_is_learnt():
    samples = [eye(i, target="both") for i in range(6)]
    system = build(samples, pretext="vessels", pretext_epochs=1, pixels=32)
    assert step(system, "pretext", samples) == {"encoder", "decoder"}
    assert step(system, "finetune", samples) == {"encoder", "branches"}
    bare = [eye(i, target="grade") for i in range(5)]
    system = build(bare, GRADES, pretext="vessels", pretext_epochs=1)
    with pytest.raises(DataError, match="mask of vessels"):
        list(system.objectives(system.collate(bare), "pretext"))


def test_masks_are_learnt_on_crops_and_answered_whole():
    samples = []
    for number in range(4):
        array = np.full((1, 40, 44), 120, np.uint8)
        array[0, 8 + 6 * number : 11 + 6 * number] = 60
        mask = (array[0] == 60).astype(np.uint8)
        image = Image(array=array, unit="uint8")
        samples.append(Sample(id=f"m{number}", patient=f"m{number}", inputs={"image": image}, target=mask))
    system = build(samples, LINES, crop=32, rotation_degrees=0.0).train()
    batch = system.collate(samples)
    optimizer = torch.optim.Adam(system.parameters(), 0.02)
    losses = []
    for _ in range(30):
        (objective,) = system.objectives(batch, "finetune")
        assert objective.group == "main"
        optimizer.zero_grad()
        objective.loss.backward()
        optimizer.step()
        losses.append(float(objective.loss.detach()))
    assert np.mean(losses[-3:]) < 0.5 * losses[0]
    bare = [dataclasses.replace(s, target=None) for s in (samples[0], picture(9, 1, (52, 48)))]
    shapes = [value.shape for value in answers(system, ListDataset(bare)).values]
    assert shapes == [(40, 44), (52, 48)]


def test_few_labels_leave_pre_training_whole():
    samples = [picture(i) for i in range(20)]
    system = build(samples, label_share=0.1, pretext_epochs=1)
    batch = system.collate(samples)
    assert (batch.target["label"] >= 0).sum() == 2
    hidden = batch.take((batch.target["label"] < 0).nonzero()[:, 0])
    assert list(system.objectives(hidden, "finetune")) == []
    assert len(list(system.objectives(hidden, "pretext"))) == 1


def test_ordered_classes_by_cut_points():
    samples = [eye(i) for i in range(10)]
    system = build(samples, GRADES, loss="cumulative").eval()
    batch = system.collate(samples)
    chances = system.decode(system(batch))
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert len(list(system.objectives(batch, "finetune"))) == 1


def test_bad_inputs_are_refused():
    eyes, plain = [eye(i) for i in range(5)], [picture(i) for i in range(4)]
    system, other = build(eyes, GRADES), build(plain)
    rng = np.random.default_rng(0)

    def photo(shape, low=60):
        return Sample(
            id="x", patient="x", inputs={"image": Image(array=rng.integers(low, 200, shape).astype(np.uint8))}
        )

    with pytest.raises(ShapeError, match="four channels"):
        system.collate([photo((4, 80, 80))])
    with pytest.raises(ShapeError, match="grey"):
        system.collate([photo((1, 80, 80))])
    with pytest.raises(ShapeError, match="grey"):
        system.collate([photo((1, 1, 80, 80))])
    with pytest.raises(ShapeError, match="3 pictures"):
        system.collate([photo((3, 3, 80, 80))])
    with pytest.raises(ShapeError, match="below 64 pixels"):
        system.collate([photo((3, 40, 80))])
    with pytest.raises(DataError, match="not a fundus photograph"):
        system.collate([photo((3, 80, 80))])
    with pytest.raises(DataError, match="label 7"):
        system.collate([dataclasses.replace(eyes[0], target=7)])
    with pytest.raises(ShapeError, match="transparency"):
        other.collate([photo((4, 80, 80))])
    with pytest.raises(ShapeError, match="colour"):
        other.collate([photo((3, 80, 80))])
    with pytest.raises(UnitError, match="HU"):
        other.collate([picture(1, unit="HU")])
    with pytest.raises(DataError, match="classes"):
        build([picture(i, target=i % 3) for i in range(6)])
    with pytest.raises(DataError, match="1 class"):
        build([picture(i, target=0) for i in range(4)])
    with pytest.raises(DataError, match="p0"):
        build([plain[0], plain[0], plain[1]])


def test_settings_that_contradict_each_other_are_refused():
    plain = [picture(i) for i in range(4)]
    for settings, words in (
        ({"wiring": "b", "pretext_epochs": 1}, "no branch A"),
        ({"loss": "cumulative"}, "ordered"),
        ({"label_share": 0.0}, "label_share"),
        ({"encoder": "densenet121"}, "fixed depths"),
    ):
        with pytest.raises(ConfigError, match=words):
            build(plain, **settings)
    with pytest.raises(ConfigError, match="question itself"):
        build([eye(i, target="lesions") for i in range(2)], LINES, pretext="vessels", pretext_epochs=1)
