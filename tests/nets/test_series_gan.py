"""Frames of recordings, and the two recurrent networks."""

import torch

from salus.nets.adversarial_losses import pack
from salus.nets.adversarial_penalty import gradient_penalty
from salus.nets.series_gan import SeriesCritic, SeriesGenerator, framed, unframed


def test_frames_hold_successive_values_and_come_back() -> None:
    series = torch.arange(24.0).reshape(1, 2, 12)
    frames = framed(series, 3)
    assert frames.shape == (1, 4, 6)
    assert frames[0, 1].tolist() == [3.0, 4.0, 5.0, 15.0, 16.0, 17.0]
    assert torch.equal(unframed(frames, 2), series)


def test_generator_and_critic_fit_and_later_noise_changes_no_earlier_value() -> None:
    torch.manual_seed(0)
    generator = SeriesGenerator(2, 12, 3, 8, 4, frame=3)
    noise, asked = torch.randn(5, *generator.noise), torch.eye(3)[torch.arange(5) % 3]
    made = generator(noise, asked)
    assert made.shape == (5, 2, 12)
    noise[:, -1] += 1.0
    other = generator(noise, asked)
    assert torch.equal(other[:, :, :9], made[:, :, :9])
    assert not torch.allclose(other[:, :, 9:], made[:, :, 9:])
    critic = SeriesCritic(2, 12, 3, 8, frame=3, packing=2)
    assert critic(pack(made[:4], 2), pack(asked[:4], 2)).shape == (2,)


def test_the_penalty_reaches_the_recurrent_critic_s_weights() -> None:
    torch.manual_seed(0)
    critic = SeriesCritic(1, 6, 2, 4)
    asked = torch.eye(2)
    penalty = gradient_penalty(lambda rows: critic(rows, asked), torch.randn(2, 1, 6), torch.randn(2, 1, 6))
    penalty.backward()
    assert all(
        p.grad is not None and torch.isfinite(p.grad).all() for n, p in critic.named_parameters() if "weight" in n
    )
