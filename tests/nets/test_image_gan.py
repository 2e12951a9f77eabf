"""The two convolutional networks of pictures."""

import pytest
import torch

from salus.nets.image_gan import ImageCritic, ImageGenerator
from salus.schema.errors import ConfigError


def test_pictures_have_the_asked_size_and_range() -> None:
    torch.manual_seed(0)
    generator = ImageGenerator(1, 28, 2, 4, 8)
    made = generator(torch.randn(3, *generator.noise), torch.eye(2)[torch.tensor([0, 1, 1])])
    assert made.shape == (3, 1, 28, 28)
    assert made.abs().max() <= 1
    with pytest.raises(ConfigError, match="size=30"):
        ImageGenerator(1, 30, 2, 4, 8)


def test_every_layer_of_the_critic_is_bounded() -> None:
    torch.manual_seed(0)
    critic = ImageCritic(1, 16, 2, 4)
    for _ in range(50):
        critic(torch.randn(2, 1, 16, 16), torch.eye(2))
    critic.eval()
    layers = [m for m in critic.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(layers) == 4
    for layer in layers:
        assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(1.0, abs=0.05)


def test_the_condition_turns_the_score_by_agreement() -> None:
    torch.manual_seed(0)
    critic = ImageCritic(1, 16, 2, 4).eval()
    images = torch.randn(1, 1, 16, 16).expand(2, -1, -1, -1)
    with torch.no_grad():
        scores = critic(images, torch.eye(2))
        features = critic.layers(images[:1])
        gap = (critic.agree.weight.T[0] - critic.agree.weight.T[1]) @ features[0]
    assert float(scores[0] - scores[1]) == pytest.approx(float(gap), rel=1e-3, abs=1e-4)
