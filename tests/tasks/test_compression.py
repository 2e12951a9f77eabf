"""Compression: bytes are counted whole, and no metric gains from a missing answer."""

import numpy as np
import pytest

from salus.contract.codec import SEAL_BYTES
from salus.metrics.fidelity import psnr, ssim
from salus.schema.errors import ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.compression import MOST_BITS, total_bytes
from salus.tasks.registry import make

TASK = make(Question(kind="compression", unit="HU", value_range=(-1000.0, 400.0)))


def answered(picture: np.ndarray, size: int) -> np.ndarray:
    bits = np.full_like(picture, 8 * size / picture.size)
    return np.concatenate([bits, picture]).astype(np.float32)


def test_marks_are_the_metrics_of_the_picture_and_the_bytes_of_the_message() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(-1000, 400, (1, 40, 30)).astype(np.float32)
    spoilt = truth + rng.normal(0, 30, truth.shape).astype(np.float32)
    value = answered(spoilt, 777)
    assert total_bytes(value) == 777 + SEAL_BYTES
    found = TASK.score([value], [truth])
    clipped = np.clip(value[1:].astype(float), -1000, 400)
    assert found["psnr"] == pytest.approx(psnr(clipped, truth, 1400))
    assert found["ssim"] == pytest.approx(ssim(clipped, truth, 1400))
    assert found["bits_per_pixel"] == pytest.approx(8 * (777 + SEAL_BYTES) / 1200)


@pytest.mark.parametrize("size", [1, 12_345, 999_983])
def test_every_byte_is_counted_even_in_single_precision(size: int) -> None:
    assert total_bytes(answered(np.zeros((1, 511, 513), np.float32), size)) == size + SEAL_BYTES


def test_a_missing_answer_helps_no_metric() -> None:
    rng = np.random.default_rng(1)
    truths = [rng.uniform(-1000, 400, (1, 16, 16)).astype(np.float32) for _ in range(6)]
    values: list[np.ndarray | None] = [answered(-300 - 0 * t, 10**k) for k, t in enumerate(truths)]
    before = TASK.score(values, truths)
    for place in rng.permutation(6):
        values[place] = None if place % 2 else np.full((2, 16, 16), np.nan)
        after = TASK.score(values, truths)
        assert all(sign * after[name] <= sign * before[name] for name, sign in TASK.directions.items())
        before = after
    assert before["bits_per_pixel"] == MOST_BITS


def test_shapes_and_questions_that_cannot_be_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"give \(2, H, W\)"):
        TASK.score([np.zeros((1, 4, 4))], [np.zeros((1, 4, 4))])
    with pytest.raises(UsageError, match="value_range"):
        make(Question(kind="compression"))
