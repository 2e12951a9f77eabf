"""A generator and a critic of rows under one roof: conditional WGAN with gradient penalty and packing."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from salus.contract.batch import Objective
from salus.nets.adversarial_curves import adversarial_curves
from salus.nets.adversarial_losses import critic_loss, generator_loss, pack
from salus.nets.adversarial_penalty import gradient_penalty
from salus.nets.row_space import RowSpace
from salus.nets.row_trunk import RowCritic, RowGenerator


class RowGAN(nn.Module):
    """Learns rows given a condition; the critic judges (row, condition) together.

    Args:
        space: Whose points are made.
        condition: Numbers of the condition.
        widths: Units of the hidden layers of both networks.
        noise: Numbers of noise.
        code_size: Numbers of a code's embedding in the critic.
        packing: Rows that the critic sees at a time.
        penalty: Weight of the gradient penalty; 0 for none.
        critic_steps: Steps of the critic for each of the generator.

    Source:
        Gulrajani et al. 2017, algorithm 1; Lin et al. 2018, section 3; Xu et al. 2019, section 4.4.
    """

    def __init__(
        self,
        space: RowSpace,
        condition: int,
        widths: Sequence[int],
        *,
        noise: int = 64,
        code_size: int = 16,
        packing: int = 10,
        penalty: float = 10.0,
        critic_steps: int = 3,
    ) -> None:
        super().__init__()
        self.maker = RowGenerator(space, noise, condition, widths)
        self.judge = RowCritic(space, code_size, condition, widths, packing)
        self.packing, self.penalty, self.critic_steps = packing, penalty, critic_steps
        self.steps: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, condition: Tensor) -> Tensor:
        """Return whole points `(B, F)` for conditions `(B, C)`, drawn with torch's random state."""
        with torch.no_grad():
            made: Tensor = self.maker(condition, hard=True)
        return made

    def objectives(self, points: Tensor, condition: Tensor) -> Iterator[Objective]:
        """Yield the critic's loss (group `judge`), and every few steps the generator's (group `maker`).

        Args:
            points: `(B, F)`, real rows.
            condition: `(B, C)`, theirs; the generator is asked for the same ones.
        """
        real = pack(torch.cat([points, condition], dim=1), self.packing)
        made = self.maker(condition)
        fake = pack(torch.cat([made.detach(), condition], dim=1), self.packing)
        scores, others = self.judge(real), self.judge(fake)
        loss = critic_loss("wasserstein", scores, others)
        if self.penalty:
            loss = loss + self.penalty * gradient_penalty(self.judge, real, fake)
        yield Objective("judge", loss, "judge", adversarial_curves(points, made, scores, others))
        self.steps += 1
        if int(self.steps) % self.critic_steps == 0:
            fake = pack(torch.cat([self.maker(condition), condition], dim=1), self.packing)
            yield Objective("maker", generator_loss("wasserstein", self.judge(fake)), "maker")
