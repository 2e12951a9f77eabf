"""sealed_reconstruction: real bytes, refusals of foreign ones, both modes, and the card's claims on sizes."""

import dataclasses

import numpy as np
import pytest
import torch

from made import make_data
from salus.contract.codec import Codec
from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.evaluate.predict import answer, answers, score
from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Image, Sample
from salus.systems import registry
from salus.tasks.compression import total_bytes
from salus.tasks.registry import make
from salus.train.fit import fit
from salus.train.run import seed_torch
from salus.transforms.bitstream import HEAD, pack, unpack

KIND = registry.find("sealed_reconstruction")


def trained(**changed: object) -> tuple[System, ListDataset]:
    data, question = make_data(KIND)
    seed_torch(0, 77)
    system = registry.create("sealed_reconstruction", make(question), data, KIND.tiny.replace(changed))
    fit(system, data, None, score=score, seed=0)
    return system, data


@pytest.fixture(scope="module")
def sampling() -> tuple[System, ListDataset]:
    return trained()


@pytest.fixture(scope="module")
def jpeg() -> tuple[System, ListDataset]:
    return trained(mode="jpeg", bits_per_pixel=1.5)


@pytest.mark.parametrize("which", ["sampling", "jpeg"])
def test_bytes_come_back_as_the_answer_and_are_all_counted(which: str, request: pytest.FixtureRequest) -> None:
    system, data = request.getfixturevalue(which)
    assert isinstance(system, Codec)
    code = system.encode(data[0])
    value = answer(system, ListDataset([data[0]]))[0]
    assert value is not None
    assert np.allclose(system.decode(code), value[1:], atol=1e-2)
    assert total_bytes(value) - total_bytes(0 * value) == len(code)
    head, _ = unpack(code)
    assert (head.shape, head.unit, head.spacing_mm) == ((64, 64), "HU", (1.0, 1.0))


def test_ratios_and_frequencies_decide_the_bytes(sampling: tuple[System, ListDataset]) -> None:
    system, data = sampling
    few, _ = trained(ratio=0.10)
    assert len(few.encode(data[0])) < len(system.encode(data[0])) < HEAD + 64 * 64 // 4


def test_mode_two_stays_within_its_bits_and_shares_the_bytes_of_jpeg(jpeg: tuple[System, ListDataset]) -> None:
    system, data = jpeg
    rival = registry.find("still_codec")
    plain = rival(system.task, rival.small.replace({"bits_per_pixel": 1.5}), system.fingerprint)
    for index in range(4):
        assert len(system.encode(data[index])) == len(plain.encode(data[index]))
    assert score(system, data)["bits_per_pixel"] <= 1.5


def test_a_picture_of_any_size_comes_back_in_its_own(sampling: tuple[System, ListDataset]) -> None:
    system, data = sampling
    image = data[0].inputs["image"]
    for height, width in ((8, 8), (33, 20), (64, 61)):
        cut = dataclasses.replace(image, array=image.array[:, :height, :width])
        sample = dataclasses.replace(data[0], inputs={"image": cut}, target=None)
        if cut.array.min() < 0:
            assert system.decode(system.encode(sample)).shape == (1, height, width)


def test_foreign_and_damaged_bytes_are_named(sampling: tuple[System, ListDataset]) -> None:
    system, data = sampling
    code = system.encode(data[0])
    for damaged, words in (
        (code[:-3], "checksum"),
        (code[:10], "cut off"),
        (b"\xff\xd8\xff\xe0" + code[4:], "magic"),
        (code[:4] + b"\2" + code[5:], "version"),
        (code[:60] + bytes([code[60] ^ 4]) + code[61:], "checksum"),
    ):
        with pytest.raises(DataError, match=words):
            system.decode(damaged)


def test_a_ratio_or_matrix_that_was_not_trained_is_refused(
    sampling: tuple[System, ListDataset], jpeg: tuple[System, ListDataset]
) -> None:
    system, data = sampling
    with pytest.raises(DataError, match="was not trained"):
        system.decode(trained(ratio=0.5)[0].encode(data[0]))
    with pytest.raises(DataError, match="matrix"):
        system.decode(trained(steps_per_epoch=3)[0].encode(data[0]))
    with pytest.raises(DataError, match="coded as jpeg"):
        system.decode(jpeg[0].encode(data[0]))


@pytest.mark.parametrize("shape", [(8, 64), (128, 64), (4096, 4096)])
def test_a_header_that_lies_about_the_size_is_refused(
    sampling: tuple[System, ListDataset], jpeg: tuple[System, ListDataset], shape: tuple[int, int]
) -> None:
    for system, data in (sampling, jpeg):
        head, body = unpack(system.encode(data[0]))
        with pytest.raises(DataError):
            system.decode(pack(dataclasses.replace(head, shape=shape), body))


@pytest.mark.parametrize(
    ("image", "kind", "words"),
    [
        (Image(array=np.zeros((3, 32, 32), np.uint8), unit="uint8"), ShapeError, "colour"),
        (Image(array=np.zeros((1, 32, 32), np.uint16), unit="uint16"), UnitError, "rescale"),
        (Image(array=np.full((1, 32, 32), np.nan), unit="HU"), DataError, "not finite"),
        (Image(array=np.full((1, 64, 64), 40.0), unit="HU"), UnitError, "slope"),
        (Image(array=np.full((1, 32, 32), 7, np.uint8), unit="uint8"), UnitError, "training part was in HU"),
    ],
)
def test_pictures_it_cannot_take_are_named(
    sampling: tuple[System, ListDataset], image: Image, kind: type[Exception], words: str
) -> None:
    sample = Sample(id="own.png", patient="own", inputs={"image": image})
    with pytest.raises(kind, match=words):
        sampling[0].encode(sample)
    assert answers(sampling[0], ListDataset([sample])).missing == 1


def test_training_moves_the_learnt_matrix_alone() -> None:
    for matrix, moves in (("learnt", True), ("gaussian", False)):
        data, question = make_data(KIND)
        seed_torch(0, 77)
        system = registry.create("sealed_reconstruction", make(question), data, KIND.tiny.replace({"matrix": matrix}))
        before = system.get_submodule("sampler").state_dict()["scaled"].clone()
        fit(system, data, None, score=score, seed=0)
        assert torch.equal(before, system.get_submodule("sampler").state_dict()["scaled"]) is not moves


def test_bytes_hold_with_every_weight_of_the_decoder_changed(sampling: tuple[System, ListDataset]) -> None:
    """What is sent depends on matrix, ranges and frequencies alone, never on the network that rebuilds."""
    system, data = trained()
    code = system.encode(data[0])
    with torch.no_grad():
        for parameter in system.get_submodule("deblock").parameters():
            parameter.add_(1.0)
    assert system.encode(data[0]) == code
