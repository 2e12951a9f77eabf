"""Pre-training without labels."""

import torch

from salus.nets.pretext import SlicePretext, ViewPretext
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


def test_two_views_of_an_image_find_each_other():
    torch.manual_seed(0)
    encoder = VGG(1, None, widths=(8, 16), depths=(1, 1), norm=True, hidden=None)
    pretext = ViewPretext(encoder)
    images = torch.randn(12, 1, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    optimizer = torch.optim.Adam([*encoder.parameters(), *pretext.parameters()], lr=3e-3)
    history = []
    for _ in range(120):
        loss, log = pretext(encoder, images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append((float(loss.detach()), float(log["found"])))
    first, last = (sum(row[0] for row in part) / 10 for part in (history[:10], history[-10:]))
    assert last < 0.75 * first
    assert sum(row[1] for row in history[-10:]) / 10 > 0.4  # by chance 1 of 23


def test_the_view_loss_is_the_one_of_the_paper():
    torch.manual_seed(0)
    encoder = VGG(1, None, widths=(4,), depths=(1,), norm=False, hidden=None)
    pretext = ViewPretext(encoder, temperature=0.5).eval()
    pretext._view = lambda images: images  # equal views: the partner is at cosine 1
    images = torch.randn(3, 1, 8, 8)
    loss, _ = pretext(encoder, images)
    places = pretext.project(encoder.maps(images).mean(dim=(2, 3)))
    cosine = torch.nn.functional.cosine_similarity(places[:, None], places[None], dim=2)
    both = cosine.repeat(2, 2) / 0.5
    by_hand = [
        -torch.log(both[i, (i + 3) % 6].exp() / sum(both[i, k].exp() for k in range(6) if k != i)) for i in range(6)
    ]
    torch.testing.assert_close(loss, torch.stack(by_hand).mean())
