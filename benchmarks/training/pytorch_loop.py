# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain PyTorch training loop on the same network, batch and loss as train_step.cpp: one JSON object on stdout.

Written as a careful user of PyTorch would write it: torch.nn modules, torch.optim, one forward for a batch and its
shifted copies; nothing tuned. With --tuned it gets channels-last and torch's fused Adam as well.
"""

import argparse
import json
import time

import torch
from torch import nn


def nfp_mnist():
    def block(n_in, n_out):
        return [nn.Conv2d(n_in, n_out, 3), nn.ReLU(), nn.BatchNorm2d(n_out)]

    return nn.Sequential(
        *block(1, 32), *block(32, 32), nn.MaxPool2d(2),
        *block(32, 64), *block(64, 64), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(1024, 200), nn.ReLU(), nn.BatchNorm1d(200),
        nn.Linear(200, 200), nn.ReLU(), nn.BatchNorm1d(200), nn.Linear(200, 10))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--fingerprints", type=int, default=10)
    parser.add_argument("--per-step", type=int, default=3, help="0 for all")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--tuned", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    n, k = options.fingerprints, options.per_step or options.fingerprints
    images = torch.randint(0, 256, (options.images, 1, 28, 28), dtype=torch.uint8, device=device)
    labels = torch.randint(0, 10, (options.images,), device=device)
    dx = torch.rand(n, 1, 28, 28, device=device) * 0.1
    dy = (torch.full((10, 10), 0.25) - torch.eye(10)).repeat(n, 1, 1).to(device)
    net = nfp_mnist().to(device)
    if options.tuned:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True if options.tuned else None)

    copies, start = 0, time.perf_counter()
    for first in range(0, options.images, options.batch):
        x = images[first:first + options.batch].float() / 255 - 0.5
        y = labels[first:first + options.batch]
        chosen = torch.randperm(n)[:k]
        batch = torch.cat([x] + [x + dx[i] for i in chosen])
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bfloat16"):
            logits = net(batch)
        logits = logits.float().view(k + 1, len(x), 10)
        phi = nn.functional.normalize(logits, dim=2)
        loss = nn.functional.cross_entropy(logits[0], y)
        loss = loss + n / k * ((phi[1:] - phi[:1] - dy[chosen][:, y]) ** 2).mean(dim=(1, 2)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        copies += (k + 1) * len(x)
    if device.type != "cpu":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    print(json.dumps({"program": "pytorch tuned" if options.tuned else "pytorch", "precision": options.precision,
                      "device": str(device), "threads": torch.get_num_threads(), "copies_per_second": copies / seconds,
                      "images_per_second": options.images / seconds, "seconds": seconds, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
