"""Pre-training without labels."""

import torch

from salus.nets.pretext import SlicePretext
from salus.nets.vgg import VGG


def test_both_losses_fall_on_a_few_images():
    torch.manual_seed(0)
    encoder = VGG(1, None, widths=(8, 16), depths=(1, 1), norm=True, hidden=None)
    pretext = SlicePretext(encoder)
    ramp = torch.linspace(-1.5, 1.5, 18)
    images = (ramp[:, None] + 0.3 * ramp[None, :] ** 2).expand(16, 1, 18, 18)
    optimizer = torch.optim.Adam([*encoder.parameters(), *pretext.parameters()], lr=1e-2)
    history = []
    for _ in range(40):
        loss, log = pretext(encoder, images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append((float(log["turn"]), float(log["masked_error"])))
    late = [sum(row[i] for row in history[-10:]) / 10 for i in (0, 1)]
    assert late[0] < 0.5 < 1.0 < history[0][0]
    assert late[1] < 0.5 * history[0][1]
