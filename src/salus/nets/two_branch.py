"""Two branches on one picture, side by side or in series; and how pictures and masks are varied together."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from salus.nets.augment import jitter_affine, jitter_grey
from salus.nets.ordinal import CumulativeHead, cumulative_loss
from salus.nets.picture_encoder import Encoder
from salus.nets.resnet import start_rectified
from salus.nets.slices import class_weights


class TwoBranch(nn.Module):
    """Pooled maps of an encoder (A) and of a plain stack of blocks on the green channel (B), joined before the head.

    Source:
        Jena et al. 2022, Informatica 46:205-221; in series, B's blocks read A's last maps.
    """

    def __init__(self, encoder: Encoder | None, colours: int, classes: int, shape: Any) -> None:
        """Build the layers.

        Args:
            encoder: Branch A, which stays with whoever built it; None where the wiring has none.
            colours: Channels that branch A reads; a fourth channel beside three is branch B's.
            classes: K.
            shape: Has `wiring` (which branches there are and how they are joined: `parallel`, `serial`, `a` or `b`),
                `widths` (channels of branch B's blocks), `features` (width of each branch's vector), `hidden` (of the
                dense layer before the head), `dropout` (before that), `loss` (`cumulative` ends in one score with cut
                points in place of K logits) and `smoothing` (of the labels).
        """
        super().__init__()
        self.wiring, self.colours, self.smoothing = shape.wiring, colours, shape.smoothing
        channels = 0 if encoder is None else encoder.out_channels
        self.project_a = nn.Linear(channels, shape.features) if self.wiring in ("a", "parallel") else None
        self.blocks = self.project_b = None
        if self.wiring != "a":
            self.blocks = _blocks(channels if self.wiring == "serial" else 1, shape.widths)
            self.project_b = nn.Linear(shape.widths[-1], shape.features)
        width = 2 * shape.features if self.wiring == "parallel" else shape.features
        self.joined = nn.Sequential(nn.ReLU(), nn.Dropout(shape.dropout), nn.Linear(width, shape.hidden), nn.ReLU())
        self.head: CumulativeHead | nn.Linear
        self.head = (CumulativeHead if shape.loss == "cumulative" else nn.Linear)(shape.hidden, classes)
        self.class_weights: Tensor
        self.register_buffer("class_weights", torch.ones(classes), persistent=False)

    def weigh(self, counts: dict[str, int]) -> None:
        """Weigh classes inversely to their counts in the loss; all by one where there are none."""
        if counts:
            self.class_weights.copy_(class_weights(counts, len(self.class_weights)))

    def vector(self, encoder: Encoder | None, images: Tensor) -> Tensor:
        """Return what the head reads, `(B, hidden)`, of pictures `(B, C, H, W)`."""
        found = []
        maps = images[:, :0] if encoder is None else encoder.maps(images[:, : self.colours])
        if self.project_a is not None:
            found.append(self.project_a(maps.mean(dim=(2, 3))))
        if self.blocks is not None and self.project_b is not None:
            # Of a photograph's four channels the last is the sharpened green one; of a plain one's three the middle.
            green = {1: 0, 3: 1}.get(images.shape[1], images.shape[1] - 1)
            source = maps if self.wiring == "serial" else images[:, green : green + 1]
            source = source.contiguous(memory_format=torch.channels_last)
            found.append(self.project_b(self.blocks(source).mean(dim=(2, 3))))
        joined: Tensor = self.joined(torch.cat(found, dim=1))
        return joined

    def forward(self, encoder: Encoder | None, images: Tensor) -> Tensor:
        """Return logits `(B, K)` of pictures `(B, C, H, W)`."""
        logits: Tensor = self.head(self.vector(encoder, images))
        return logits

    def loss(self, encoder: Encoder | None, images: Tensor, labels: Tensor) -> Tensor:
        """Return the weighted cross-entropy of classes, or that of cumulative logits."""
        vector = self.vector(encoder, images)
        if isinstance(self.head, CumulativeHead):
            return cumulative_loss(self.head.above(vector), labels, self.class_weights)
        logits = self.head(vector).float()
        return nn.functional.cross_entropy(logits, labels, weight=self.class_weights, label_smoothing=self.smoothing)

    @property
    def last_conv(self) -> nn.Conv2d:
        """Branch B's last convolution."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)][-1]


def vary(images: Tensor, how: Any) -> Tensor:
    """Turn, scale, move, mirror and re-shade pictures `(B, C, H, W)`, each in its own way.

    Args:
        images: Pictures.
        how: Has `rotation_degrees`, `zoom`, `shift` (share of the side), `flip` and `grey`.
    """
    moves = _moves(how)
    moved = jitter_affine(images, **moves) if any(moves.values()) else images
    return _shaded(moved, how.grey)


def vary_both(images: Tensor, masks: Tensor, how: Any) -> tuple[Tensor, Tensor]:
    """Vary pictures as `vary` does, and move their masks `(B, H, W)` of class indices along."""
    # Class indices ride as one more channel; a linear mix of two classes falls to the nearer one.
    both = jitter_affine(torch.cat((images, masks[:, None].to(images.dtype)), dim=1), **_moves(how))
    return _shaded(both[:, :-1], how.grey), both[:, -1].round().long()


def _moves(how: Any) -> dict[str, Any]:
    return {"degrees": how.rotation_degrees, "zoom": how.zoom, "shift": how.shift, "flip": how.flip}


def _shaded(images: Tensor, grey: float) -> Tensor:
    return jitter_grey(images, gain=grey, offset=grey, noise=grey / 3, cut=grey / 2) if grey else images


def random_crops(images: Tensor, masks: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return one crop of each picture `(B, C, side, side)` and of its mask, at random places; 0 takes the whole."""
    height, width = images.shape[-2:]
    if not side or (side >= height and side >= width):
        return images, masks
    tall, wide = min(side, height), min(side, width)
    rows = torch.randint(height - tall + 1, (len(images),)).tolist()
    columns = torch.randint(width - wide + 1, (len(images),)).tolist()
    places = [(slice(r, r + tall), slice(c, c + wide)) for r, c in zip(rows, columns, strict=True)]
    return (
        torch.stack([image[:, r, c] for image, (r, c) in zip(images, places, strict=True)]),
        torch.stack([mask[r, c] for mask, (r, c) in zip(masks, places, strict=True)]),
    )


def _blocks(channels: int, widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers.append(nn.MaxPool2d(2, ceil_mode=True))  # rounding up keeps maps of one pixel, as in series behind A
        channels = width
    blocks = nn.Sequential(*layers)
    blocks.apply(start_rectified)
    return blocks
