"""Pre-training without labels: turns and masked patches, or two views of one slice that belong together."""

from typing import Protocol

import torch
from torch import Tensor, nn

from salus.nets.augment import jitter_affine, jitter_grey


class MapEncoder(Protocol):
    """What pre-training asks of an encoder.

    Attributes:
        out_channels: Channels of its maps.
        reduction: Input pixels per pixel of its maps, along one side.
    """

    out_channels: int
    reduction: int

    def maps(self, images: Tensor) -> Tensor:
        """Return maps `(N, out_channels, H / reduction, W / reduction)`."""
        ...


class SlicePretext(nn.Module):
    """Two small heads on an encoder's maps; one pass through the encoder serves both losses.

    Source:
        Gidaris et al. 2018, arXiv 1803.07728 (quarter turns); Pathak et al. 2016, arXiv 1604.07379 (masked regions),
        with the squared error on masked patches alone and one linear layer a position as decoder.
    """

    def __init__(self, encoder: MapEncoder, *, masked: float = 0.4, channels: int = 1) -> None:
        super().__init__()
        self.masked, self.patch = masked, encoder.reduction
        self.turn = nn.Linear(encoder.out_channels, 4)
        self.paint = nn.Conv2d(encoder.out_channels, channels * encoder.reduction**2, 1)

    def forward(self, encoder: MapEncoder, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the sum of both losses and each of them.

        Args:
            encoder: Its weights are moved by the loss.
            images: `(N, C, H, W)`, z-scored; sides are cut to a multiple of the encoder's reduction.
        """
        side = images.shape[-1] // self.patch * self.patch
        turns = torch.randint(4, (len(images),), device=images.device)
        whole = images[..., :side, :side].clone()
        for quarter in (1, 2, 3):
            whole[turns == quarter] = torch.rot90(whole[turns == quarter], quarter, (2, 3))
        cells = side // self.patch
        hidden = torch.rand(len(images), 1, cells, cells, device=images.device) < self.masked
        mask = hidden.repeat_interleave(self.patch, 2).repeat_interleave(self.patch, 3)
        maps = encoder.maps(whole.masked_fill(mask, 0.0))
        turn = nn.functional.cross_entropy(self.turn(maps.mean(dim=(2, 3))).float(), turns)
        painted = nn.functional.pixel_shuffle(self.paint(maps), self.patch).float()
        error = ((painted - whole) ** 2 * mask).sum() / mask.expand_as(whole).sum().clamp(min=1)
        return turn + error, {"turn": turn.detach(), "masked_error": error.detach()}


class ViewPretext(nn.Module):
    """Finds, among all slices of a batch, the other view of the same slice.

    Source:
        Chen et al. 2020, A Simple Framework for Contrastive Learning, arXiv 2002.05709, equation 1; the views differ
        in place, size, turn, grey scale, noise and a square that is cut out.
    """

    def __init__(self, encoder: MapEncoder, *, temperature: float = 0.2, size: int = 64) -> None:
        super().__init__()
        width = encoder.out_channels
        self.temperature = temperature
        self.project = nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, size))

    def forward(self, encoder: MapEncoder, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss, and the share of views whose partner is the nearest.

        Args:
            encoder: Its weights are moved by the loss.
            images: `(N, C, H, W)`, z-scored, two or more.
        """
        rows = len(images)
        views = torch.cat((self._view(images), self._view(images)))
        places = nn.functional.normalize(self.project(encoder.maps(views).mean(dim=(2, 3))).float(), dim=1)
        nearness = (places @ places.T / self.temperature).fill_diagonal_(float("-inf"))
        partner = torch.arange(2 * rows, device=images.device).roll(rows)
        loss = nn.functional.cross_entropy(nearness, partner)
        return loss, {"found": (nearness.argmax(dim=1) == partner).float().mean().detach()}

    def _view(self, images: Tensor) -> Tensor:
        return jitter_grey(jitter_affine(images, degrees=20, zoom=0.3, shift=0.12, flip=True))
