"""Iterative shrinkage as layers: rebuild a picture from few numbers a block, then take the seams away.

Source: Zhang and Ghanem 2018 (ISTA-Net), doi:10.1109/CVPR.2018.00196, equations 5 to 12, over the whole picture instead
of single blocks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

MIDDLE = 0.3
"""Grey of a usual picture whose window is [0, 1]."""
SCALE = 8.0
"""A learnt matrix is kept so many times a block's side larger than it is."""
GENTLE = 0.1
"""Share of a phase's convolutions that is added: phases add up, and Adam's first steps would throw them far off."""


class BlockSampler(nn.Module):
    """Measures every block of a picture, y = Phi x, and spreads measurements back, Phi^T y.

    Args:
        rows: Phi, `(M, block^2)`.
        block: Pixels a side.
        learnt: Whether training moves Phi.
    """

    def __init__(self, rows: Tensor, block: int, *, learnt: bool) -> None:
        super().__init__()
        self.block = block
        # Entries of orthonormal rows are small beside a step of Adam; scaled up, each step changes them by little.
        self.scale = SCALE * block
        self.scaled = nn.Parameter(self.scale * rows, requires_grad=learnt)

    @property
    def rows(self) -> Tensor:
        """Return Phi, `(M, block^2)`."""
        return self.scaled / self.scale

    def forward(self, picture: Tensor) -> Tensor:
        """Return `(B, M, H / block, W / block)`; H and W are multiples of the block."""
        # In bf16 a measurement would keep two digits, and the picture that fits them would be another one.
        with torch.autocast(picture.device.type, enabled=False):
            rows, columns = picture.shape[-2] // self.block, picture.shape[-1] // self.block
            cut = picture.float().view(-1, rows, self.block, columns, self.block).permute(0, 2, 4, 1, 3)
            measured = self.rows @ cut.reshape(len(picture), -1, rows * columns)
            return measured.view(len(picture), -1, rows, columns)

    def adjoint(self, measured: Tensor) -> Tensor:
        """Return `(B, 1, H, W)`."""
        with torch.autocast(measured.device.type, enabled=False):
            count, _, rows, columns = measured.shape
            spread = self.rows.T @ measured.float().flatten(2)
            cut = spread.view(count, self.block, self.block, rows, columns).permute(0, 3, 1, 4, 2)
            return cut.reshape(count, 1, rows * self.block, columns * self.block)

    def skew(self) -> Tensor:
        """Return the mean squared distance of Phi Phi^T from the identity."""
        with torch.autocast(self.scaled.device.type, enabled=False):
            rows = self.rows
            gram = rows @ rows.T
            return (gram - torch.eye(len(gram), device=gram.device)).square().sum() / len(gram)


class Phase(nn.Module):
    """One step towards the measurements, then a soft threshold between two mirrored transforms.

    Args:
        width: Channels.
        fold: Pixels a side that become channels before the convolutions; 1 for none.
        plain: Leave the step and the threshold out: convolutions alone, of the same size.
    """

    def __init__(self, width: int, fold: int = 1, *, plain: bool = False) -> None:
        super().__init__()
        self.plain, self.fold = plain, fold
        self.step = nn.Parameter(torch.tensor(1.0), requires_grad=not plain)
        self.threshold = nn.Parameter(torch.tensor(0.01), requires_grad=not plain)
        self.enter = nn.Conv2d(fold * fold, width, 3, padding=1)
        self.there, self.back = (
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(2)
        )
        self.leave = nn.Conv2d(width, fold * fold, 3, padding=1)
        _draw(self, self.leave)

    def forward(self, picture: Tensor, measured: Tensor, sampler: BlockSampler) -> tuple[Tensor, Tensor]:
        """Return the next picture `(B, 1, H, W)` and how far the transforms are from mirroring each other."""
        if not self.plain:
            picture = picture - self.step * sampler.adjoint(sampler(picture) - measured)
        entered = self.enter(folded(picture, self.fold))
        seen = self.there(entered)
        kept = seen if self.plain else seen.sign() * functional.relu(seen.abs() - self.threshold)
        mirror = (self.back(seen) - entered).float().square().mean() if self.training else picture.new_zeros(())
        added = functional.pixel_shuffle(self.leave(self.back(kept)).float(), self.fold)
        return picture + GENTLE * added, mirror


class Deblocker(nn.Module):
    """A residual stack of convolutions that takes seams and ringing away.

    Args:
        width: Channels.
        layers: Convolutions, at least two.
        fold: Pixels a side that become channels before the convolutions; 1 for none.
    """

    def __init__(self, width: int, layers: int, fold: int = 1) -> None:
        super().__init__()
        self.fold = fold
        steps: list[nn.Module] = [nn.Conv2d(fold * fold, width, 3, padding=1), nn.ReLU()]
        for _ in range(layers - 2):
            steps += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU()]
        last = nn.Conv2d(width, fold * fold, 3, padding=1)
        self.steps = nn.Sequential(*steps, last)
        _draw(self, last)

    def forward(self, picture: Tensor) -> Tensor:
        """Return `(B, 1, H, W)`; sides that `fold` does not divide are continued by their last pixels on the way."""
        rows, columns = picture.shape[-2:]
        edges = (0, -columns % self.fold, 0, -rows % self.fold)
        whole = functional.pad(picture, edges, mode="replicate") if any(edges) else picture
        added = functional.pixel_shuffle(self.steps(folded(whole, self.fold)).float(), self.fold)
        return picture + added[..., :rows, :columns]


def folded(picture: Tensor, fold: int) -> Tensor:
    """Return `(B, fold^2, H / fold, W / fold)` around zero, in the layout that convolutions are fastest in."""
    return (functional.pixel_unshuffle(picture, fold) - MIDDLE).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _draw(network: nn.Module, last: nn.Conv2d) -> None:
    """Draw weights by fan-in; the last layer starts at zero, so that training starts at the plain iteration."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias) if layer.bias is not None else None
    nn.init.zeros_(last.weight)
