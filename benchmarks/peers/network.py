# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference network in plain PyTorch, a wrapper that counts what goes through it, and the judge of all results."""

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

BATCH = 100
DIFFERS = 1e-6  # a pixel that moved by less is float noise of a change of variables, not a change


class ReferenceCnn(nn.Module):
    """Convolution 5x5 to 32, ReLU, max-pool 2, convolution 5x5 to 64, ReLU, max-pool 2, 1024 to 200, ReLU, 10 logits."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 5), nn.Conv2d(32, 64, 5)
        self.fc1, self.fc2 = nn.Linear(1024, 200), nn.Linear(200, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        return self.fc2(functional.relu(self.fc1(x.flatten(1))))


def load(path):
    """The network with the weights of a safetensors file, frozen: attacks need no gradients of weights."""
    net = ReferenceCnn()
    net.load_state_dict(load_file(path))
    return net.eval().requires_grad_(False)


class Counting(nn.Module):
    """Counts images through the network and gradients back to its input (an image whose gradient is asked for twice
    counts twice)."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.forwards = self.backwards = 0
        self.eval()

    def forward(self, x):
        self.forwards += len(x)
        logits = self.net(x)
        if logits.requires_grad:
            logits.register_hook(self._count)
        return logits

    def _count(self, gradient):
        self.backwards += len(gradient)


def predict(net, images):
    with torch.no_grad():
        return torch.cat([net(part).argmax(1) for part in images.split(BATCH)])


def mean(values):
    """Mean of a tensor as a number, None for an empty one."""
    return values.double().mean().item() if len(values) else None


def median(values):
    return values.double().quantile(0.5).item() if len(values) else None


def rounded(images):
    """What an 8-bit file keeps of them: the nearest of 256 levels."""
    return (images * 255).round() / 255


def judge(net, clean, adversarial, labels, targets=None, ball=None):
    """Scores an adversarial set: a dict of plain numbers, norms over successes.

    `ball` is (norm, epsilon) or None; an image outside of it or of [0,1], or not finite, is counted in `violations` and
    never as a success.
    """
    change = (adversarial - clean).flatten(1)
    norms = {
        "l2": change.double().norm(dim=1),
        "linf": change.double().abs().amax(1),
        "l0": (change.abs() > DIFFERS).sum(1).double(),
    }
    outside = ~torch.isfinite(adversarial).flatten(1).all(1)
    outside |= (adversarial < -1e-6).flatten(1).any(1) | (adversarial > 1 + 1e-6).flatten(1).any(1)
    if ball:
        outside |= norms[ball[0]] > ball[1] * (1 + 1e-6) + 1e-7  # x + d - x in float32 is off by up to 6e-8
    found = predict(net, adversarial.nan_to_num())
    won = (found == targets if targets is not None else found != labels) & ~outside
    after = predict(net, rounded(adversarial.clamp(0, 1).nan_to_num()))
    kept = won & (after == targets if targets is not None else after != labels)
    result = {
        "success_rate": mean(won),
        "successes": int(won.sum()),
        "violations": int(outside.sum()),
        "survive_8_bit": mean(kept[won].double()),
        "won": won.tolist(),
    }
    for name, values in norms.items():
        result["mean_" + name], result["median_" + name] = mean(values[won]), median(values[won])
        result[name] = values.tolist()
    result["largest_norm"] = norms[ball[0]].max().item() if ball else None
    return result
