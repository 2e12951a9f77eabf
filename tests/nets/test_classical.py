import numpy as np
import torch

from salus.contract.dataset import ListDataset
from salus.nets.classical import choose_strength, denoise, measure_noisy, middle_strength, plane_batch
from salus.schema.sample import Image, Sample
from salus.transforms.denoise import without_bias


def scaled(plane: np.ndarray, strength: float) -> np.ndarray:
    return (plane * strength).astype(np.float32)


def pictures(count: int = 5) -> ListDataset:
    samples = []
    for i in range(count):
        noisy = np.random.default_rng(i).uniform(1.0, 2.0, (1, 6, 7)).astype(np.float32)
        # Only the first, the middle and the last are halved; a choice that looked at the others would differ.
        clean = noisy * (0.5 if i % 2 == 0 else 3.0)
        image = Image(array=noisy, spacing_mm=(1.0, 1.0), unit="a.u.", modality="MR")
        samples.append(Sample(id=f"s{i}", patient=f"p{i}", inputs={"image": image}, target=clean))
    return ListDataset(samples)


def test_the_choice_looks_at_evenly_spread_images_and_counts_in_noise() -> None:
    strength, bias = choose_strength(scaled, pictures(), noise=0.25, grid=(1.0, 2.0, 12.0), images=3, window=None)
    assert (strength, bias) == (0.5, 0.0)


def test_a_batch_stays_in_its_own_unit_and_is_denoised_one_by_one() -> None:
    data = pictures()
    learned = measure_noisy(data)
    assert learned["unit"] == "a.u."
    assert learned["noise"] > 0
    batch = plane_batch(data.samples, learned)
    assert batch.inputs["image"].shape == batch.target["clean"].shape == (5, 1, 6, 7)
    np.testing.assert_array_equal(batch.inputs["image"][2].numpy(), data[2].inputs["image"].array)
    answers = denoise(scaled, batch.inputs["image"], torch.tensor(2.0), torch.tensor(0.5))
    expected = without_bias(scaled(data[2].inputs["image"].array[0], 2.0), 0.5)
    np.testing.assert_array_equal(answers[2, 0].numpy(), expected)


def test_the_middle_of_a_grid_is_in_units_of_the_image() -> None:
    found = middle_strength((1.0, 2.0, 5.0, 9.0), 2.0)
    assert found.dtype == torch.float64
    assert float(found) == 7.0
