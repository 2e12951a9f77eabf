"""Iterative shrinkage as layers: rebuild a picture from few numbers a block, then take the seams away.

Source: Zhang and Ghanem 2018 (ISTA-Net), doi:10.1109/CVPR.2018.00196, equations 5 to 12, over the whole picture instead
of single blocks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


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
        self.rows = nn.Parameter(rows.clone(), requires_grad=learnt)

    def forward(self, picture: Tensor) -> Tensor:
        """Return `(B, M, H / block, W / block)`; H and W are multiples of the block."""
        # In bf16 a measurement would keep two digits, and the picture that fits them would be another one.
        with torch.autocast(picture.device.type, enabled=False):
            return functional.conv2d(picture.float(), self._kernel(), stride=self.block)

    def adjoint(self, measured: Tensor) -> Tensor:
        """Return `(B, 1, H, W)`."""
        with torch.autocast(measured.device.type, enabled=False):
            return functional.conv_transpose2d(measured.float(), self._kernel(), stride=self.block)

    def skew(self) -> Tensor:
        """Return the mean squared distance of Phi Phi^T from the identity."""
        with torch.autocast(self.rows.device.type, enabled=False):
            gram = self.rows @ self.rows.T
            return (gram - torch.eye(len(gram), device=gram.device)).square().sum() / len(gram)

    def _kernel(self) -> Tensor:
        return self.rows.view(len(self.rows), 1, self.block, self.block)


class Phase(nn.Module):
    """One step towards the measurements, then a soft threshold between two mirrored transforms.

    Args:
        width: Channels.
        plain: Leave the step and the threshold out: convolutions alone, of the same size.
    """

    def __init__(self, width: int, *, plain: bool = False) -> None:
        super().__init__()
        self.plain = plain
        self.step = nn.Parameter(torch.tensor(1.0), requires_grad=not plain)
        self.threshold = nn.Parameter(torch.tensor(0.01), requires_grad=not plain)
        self.enter = nn.Conv2d(1, width, 3, padding=1)
        self.there, self.back = (
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(2)
        )
        self.leave = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.zeros_(self.leave.weight)  # starts as the plain iteration

    def forward(self, picture: Tensor, measured: Tensor, sampler: BlockSampler) -> tuple[Tensor, Tensor]:
        """Return the next picture `(B, 1, H, W)` and how far the transforms are from mirroring each other."""
        if not self.plain:
            picture = picture - self.step * sampler.adjoint(sampler(picture) - measured)
        entered = self.enter(picture).contiguous(memory_format=torch.channels_last)
        seen = self.there(entered)
        kept = seen if self.plain else seen.sign() * functional.relu(seen.abs() - self.threshold)
        mirror = (self.back(seen) - entered).float().square().mean() if self.training else picture.new_zeros(())
        return picture + self.leave(self.back(kept)).float(), mirror


class Deblocker(nn.Module):
    """A residual stack of convolutions that takes seams and ringing away.

    Args:
        width: Channels.
        layers: Convolutions, at least two.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        steps: list[nn.Module] = [nn.Conv2d(1, width, 3, padding=1), nn.ReLU()]
        for _ in range(layers - 2):
            steps += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU()]
        last = nn.Conv2d(width, 1, 3, padding=1)
        nn.init.zeros_(last.weight)
        self.steps = nn.Sequential(*steps, last)

    def forward(self, picture: Tensor) -> Tensor:
        """Return `(B, 1, H, W)`."""
        return picture + self.steps(picture.contiguous(memory_format=torch.channels_last)).float()
