#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual Python way beside `whorl-cli landscape`: a loop over the points of a plane, each through the network alone.

point_loop.py --model FILE --mnist FOLDER [--cli FILE] [--resolution 51] [--rounds 3] [--fingerprints]

The plane is spanned by two other test images, which needs no random numbers: both sides make it by themselves, from the
same weights (architecture nfp-mnist) and images, and must agree on every value within 1e-4. With --fingerprints the
value is the fingerprint distance, with all copies of a point in one batch. Rounds take turns; seconds are medians.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

INDEX, OTHERS, RANGE, TOLERANCE = 4, (7, 12), 0.5, 1e-4


class Network(nn.Module):
    """nfp-mnist: convolution or linear layer, ReLU, BatchNorm; pixels minus 0.5."""

    def __init__(self):
        super().__init__()
        for number, (inputs, outputs) in enumerate(((1, 32), (32, 32), (32, 64), (64, 64)), 1):
            self.add_module(f"conv{number}", nn.Conv2d(inputs, outputs, 3))
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))
        for number, (inputs, outputs) in enumerate(((1024, 200), (200, 200)), 1):
            self.add_module(f"fc{number}", nn.Linear(inputs, outputs))
            self.add_module(f"bn{number + 4}", nn.BatchNorm1d(outputs))
        self.fc3 = nn.Linear(200, 10)

    def forward(self, x):
        x = x - 0.5
        for number in (1, 2, 3, 4):
            x = getattr(self, f"bn{number}")(functional.relu(getattr(self, f"conv{number}")(x)))
            if number % 2 == 0:
                x = functional.max_pool2d(x, 2)
        x = x.flatten(1)
        for number in (1, 2):
            x = getattr(self, f"bn{number + 4}")(functional.relu(getattr(self, f"fc{number}")(x)))
        return self.fc3(x)


def load(path):
    tensors = load_file(path)
    secret = {name: tensors.pop(name) for name in list(tensors) if name.startswith("fingerprint.")}
    net = Network()
    missing, unexpected = net.load_state_dict(tensors, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        sys.exit(f"{path}: no network of the architecture nfp-mnist")
    return net.eval().requires_grad_(False), secret


def test_images(folder):
    folder = pathlib.Path(folder)
    pixels = numpy.frombuffer(gzip.open(folder / "t10k-images-idx3-ubyte.gz").read(), numpy.uint8, offset=16)
    labels = numpy.frombuffer(gzip.open(folder / "t10k-labels-idx1-ubyte.gz").read(), numpy.uint8, offset=8)
    return torch.tensor(pixels.reshape(-1, 1, 28, 28).astype(numpy.float32)) / 255, labels


def axes(images):
    """Gram and Schmidt, largest pixel change 1."""
    found = []
    for other in OTHERS:
        rest = (images[other] - images[INDEX]).double().flatten()
        for axis in found:
            rest = rest - axis * axis.dot(rest) / axis.dot(axis)
        found.append(rest / rest.norm())
    return [(axis / axis.abs().max()).float().view(1, 1, 28, 28) for axis in found]


def distance(net, secret, image):
    logits = net(torch.cat([image, image + secret["fingerprint.dx"]]))
    phi = logits / logits.norm(dim=1, keepdim=True).clamp_min(1e-12)
    answers = phi[1:] - phi[:1]
    return (answers.unsqueeze(1) - secret["fingerprint.dy"]).norm(dim=2).mean(0).min().item()


@torch.no_grad()
def point_loop(net, secret, images, label, resolution, fingerprints):
    start = time.perf_counter()
    first, second = axes(images)
    target = torch.tensor([int(label)])
    steps = [RANGE * (2 * i - (resolution - 1)) / (resolution - 1) for i in range(resolution)]
    values = numpy.empty((resolution, resolution))
    for row, y in enumerate(steps):
        for column, x in enumerate(steps):
            image = images[INDEX : INDEX + 1] + x * first + y * second
            values[row, column] = (
                distance(net, secret, image) if fingerprints else functional.cross_entropy(net(image), target).item()
            )
    return time.perf_counter() - start, values


def whorl(arguments, value):
    command = [arguments.cli, "landscape", "--model", arguments.model, "--data", "mnist", "--index", str(INDEX),
               "--directions", *(f"image:index={other}" for other in OTHERS), "--values", value,
               "--range", str(RANGE), "--resolution", str(arguments.resolution),
               "--data-dir", str(pathlib.Path(arguments.mnist).parent), "--json", "-", "--quiet"]  # fmt: skip
    if arguments.threads:
        command += ["--threads", str(arguments.threads)]
    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return document["seconds"], document["first_picture_seconds"], numpy.array(document["values"][value])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="safetensors file of the architecture nfp-mnist")
    parser.add_argument("--mnist", required=True, help="folder with the test set's .gz files, named mnist")
    parser.add_argument("--cli", default=str(pathlib.Path(__file__).parents[2] / "build/release/bin/whorl-cli"))
    parser.add_argument("--resolution", type=int, default=51)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="of both sides; default: all cores")
    parser.add_argument("--fingerprints", action="store_true")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    net, secret = load(arguments.model)
    images, labels = test_images(arguments.mnist)
    value = "fingerprint_distance" if arguments.fingerprints else "cross_entropy"
    theirs, ours, first, worst = [], [], [], 0
    for _ in range(arguments.rounds):
        seconds, picture, values = whorl(arguments, value)
        ours.append(seconds)
        first.append(picture)
        seconds, expected = point_loop(
            net, secret, images, labels[INDEX], arguments.resolution, arguments.fingerprints
        )
        theirs.append(seconds)
        worst = max(worst, float(numpy.abs(values - expected).max()))
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"{value}, {arguments.resolution} x {arguments.resolution}: loop {statistics.median(theirs):.3f} s, "
        f"whorl-cli {statistics.median(ours):.3f} s ({ratio:.1f} times as fast; first picture after "
        f"{statistics.median(first):.3f} s), largest difference {worst:.2g}"
    )
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
