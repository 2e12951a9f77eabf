"""Recordings and pictures as points and back, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from salus.nets.item_space import ImageSpace, SeriesSpace, measure_images, measure_series
from salus.schema.errors import DataError, ShapeError
from salus.schema.sample import Image, Sample, Waveform


def beats(count: int = 12, steps: int = 216) -> list[Sample]:
    time = np.arange(steps) / 360
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        array = np.exp(-(((time - 0.25) / 0.03) ** 2)) + 0.1 * rng.normal() * np.sin(2 * np.pi * 3 * time)
        wave = Waveform(array=array[None].astype(np.float32), rate_hz=360.0, leads=("MLII",), units=("mV",))
        found.append(Sample(id=f"s{number}", patient="p", inputs={"ecg": wave}))
    return found


def changed(sample: Sample, **facts: object) -> Sample:
    return replace(sample, inputs={"ecg": replace(sample.inputs["ecg"], **facts)})


def test_a_beat_survives_54_knots_and_writing_then_reading_changes_nothing() -> None:
    samples = beats()
    space = SeriesSpace(measure_series(samples, "ecg"), rate_hz=90.0, frame=6)
    points = space.encode(samples)
    assert points.shape == (12, 1, 54)
    back = space.items(points)
    for sample, wave in zip(samples, back, strict=True):
        assert wave.array.shape == (1, 216)
        assert (wave.rate_hz, wave.leads, wave.units) == (360.0, ("MLII",), ("mV",))
        assert wave.array == pytest.approx(sample.inputs["ecg"].array, abs=0.02)
    again = space.encode([Sample(id="x", patient="x", inputs={"ecg": wave}) for wave in back])
    assert torch.allclose(again, points, atol=1e-3)


def test_what_lies_above_the_knots_rate_is_taken_out() -> None:
    samples = beats()
    space = SeriesSpace(measure_series(samples, "ecg"), rate_hz=90.0)
    noisy = [
        changed(s, array=s.inputs["ecg"].array + 0.5 * np.sin(2 * np.pi * 120 * np.arange(216) / 360)) for s in samples
    ]
    assert torch.allclose(space.encode(noisy)[:, :, 4:-4], space.encode(samples)[:, :, 4:-4], atol=0.25)


def test_points_at_the_recording_s_own_rate_are_the_recording() -> None:
    samples = beats()
    space = SeriesSpace(measure_series(samples, "ecg"))
    wave = space.items(space.encode(samples))[3]
    assert wave.array == pytest.approx(samples[3].inputs["ecg"].array, abs=1e-5)


@pytest.mark.parametrize(
    ("facts", "kind", "words"),
    [
        ({"rate_hz": 250.0}, DataError, "250 Hz where the first training recording has 360 Hz"),
        ({"leads": ("V5",)}, ShapeError, "lead 'MLII' is missing"),
        ({"units": ("uV",)}, DataError, "units uV where training had mV"),
        ({"array": np.full((1, 216), np.nan, np.float32)}, DataError, "gaps or infinite"),
        ({"array": np.zeros((1, 100), np.float32)}, ShapeError, "100 values a lead where training had 216"),
    ],
)
def test_recordings_that_are_not_alike_are_refused(facts: dict[str, object], kind: type[Exception], words: str) -> None:
    samples = beats()
    with pytest.raises(kind, match=words):
        measure_series([*samples, changed(samples[0], **facts)], "ecg")


def test_a_flat_lead_is_refused() -> None:
    flat = [changed(s, array=np.ones((1, 216), np.float32)) for s in beats()]
    with pytest.raises(DataError, match="'MLII' never varies"):
        measure_series(flat, "ecg")


def pictures(count: int = 6, side: int = 20) -> list[Sample]:
    rng = np.random.default_rng(1)
    return [
        Sample(
            id=f"i{n}",
            patient="p",
            inputs={"image": Image(array=rng.integers(10, 250, (1, side, side)).astype(np.uint8), unit="uint8")},
        )
        for n in range(count)
    ]


def test_pictures_survive_and_keep_their_type_and_range() -> None:
    samples = pictures()
    space = ImageSpace(measure_images(samples, "image"), 20)
    points = space.encode(samples)
    assert points.min() == -1.0
    assert points.max() == 1.0
    for sample, image in zip(samples, space.items(points), strict=True):
        assert image.array.dtype == np.uint8
        assert image.unit == "uint8"
        assert np.array_equal(image.array, sample.inputs["image"].array)


def test_other_sizes_are_made_small_and_drawn_large() -> None:
    samples = pictures(side=40)
    space = ImageSpace(measure_images(samples, "image"), 16)
    points = space.encode(samples)
    assert points.shape == (6, 1, 16, 16)
    assert space.answer(points).shape == (6, 1, 40, 40)


def test_pictures_that_are_not_alike_are_refused() -> None:
    with pytest.raises(ShapeError, match="1 x 24 x 24"):
        measure_images([*pictures(), *pictures(side=24)], "image")
    flat = [replace(s, inputs={"image": Image(array=np.zeros((1, 8, 8)))}) for s in pictures()]
    with pytest.raises(DataError, match="one intensity"):
        measure_images(flat, "image")
    with pytest.raises(DataError, match="no picture 'image'"):
        measure_images(beats(), "image")
