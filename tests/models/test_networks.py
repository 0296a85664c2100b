"""The networks by themselves: size, beginning, and what they may depend on."""

import torch
from torch.nn.functional import conv2d, pad, relu

from models.edcstfn import Edcstfn
from models.weights import build_two_steps


def test_one_band_edcstfn_has_the_published_size():
    assert sum(p.numel() for p in Edcstfn().parameters()) == 278_209


def test_one_reference_follows_the_published_formula():
    torch.manual_seed(0)
    network = Edcstfn().double().eval()
    fine, coarse, target = (torch.rand(1, 1, 9, 9, dtype=torch.float64) for _ in range(3))

    def conv(layer, x):
        return conv2d(
            pad(x, (1, 1, 1, 1), mode="replicate") if layer.kernel_size == (3, 3) else x, layer.weight, layer.bias
        )

    detail = fine
    for layer in network.fine[::2]:
        detail = relu(conv(layer, detail))
    change = torch.cat([coarse, fine, target], dim=1)
    for i, layer in enumerate(network.change[::2]):
        change = conv(layer, change)
        change = relu(change) if i < 2 else change  # none after the last
    x = detail + change
    x = relu(conv(network.decoder[0], x))
    x = relu(conv(network.decoder[2], x))
    expected = conv(network.decoder[4], x)
    torch.testing.assert_close(network(fine, coarse, target), expected)


def test_two_references_blend_by_inverse_change():
    torch.manual_seed(0)
    network = Edcstfn().double().eval()
    refs, predicted = torch.rand(1, 2, 9, 9, dtype=torch.float64), torch.rand(1, 2, 9, 9, dtype=torch.float64)
    target = torch.rand(1, 1, 9, 9, dtype=torch.float64)
    changes, features = [], []
    for k in range(2):
        f, c = refs[:, k : k + 1], predicted[:, k : k + 1]
        changes.append(network.change(torch.cat([c, f, target], dim=1)))
        features.append(network.fine(f) + changes[-1])
    weights = [1 / (c.abs() + 1e-8) for c in changes]  # of every feature by itself, as the authors' code has it
    blended = sum(w * f for w, f in zip(weights, features, strict=True)) / sum(weights)
    torch.testing.assert_close(network(refs, predicted, target), network.decoder(blended))


def test_untrained_networks_are_the_prior(site):
    import numpy as np

    from models.area import area_statistics
    from models.reconstruction import LaiReconstructor

    untrained = LaiReconstructor(build_two_steps().eval(), area_statistics([site]), 1.0, "published", "none")
    days = site.observed.days[5:8] + 2
    found = untrained.reconstruct(site, days)
    np.testing.assert_allclose(found.fused, np.clip(found.prior, 0, 8), atol=1e-6)
    np.testing.assert_allclose(found.predicted, np.clip(found.prior, 0, 8), atol=1e-6)
