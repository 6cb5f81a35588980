#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks Whorl's detectors against scikit-learn, SciPy and formulas written anew in NumPy.

benchmarks/peers/setup.sh && build/peers/bin/python benchmarks/peers/detectors.py [--program FILE]

The program is build/release/bin/whorl-detector-values (-DWHORL_BENCHMARKS=ON). PyTorch gives the network's activations
and the masks of dropout; all else is NumPy. Prints one line a check and ends with 1 if one fails."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from scipy.ndimage import median_filter
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.model_selection import StratifiedKFold

ROOT = pathlib.Path(__file__).resolve().parents[2]
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
FAILED = []


def check(name, ours, theirs, tolerance):
    """Largest difference, relative where numbers are larger than 1."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    same = ours.shape == theirs.shape
    worst = np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))) if same else np.inf
    good = worst <= tolerance
    print(f"{'ok  ' if good else 'FAIL'} {name:48} {worst:.2e} (allowed {tolerance:.0e})")
    if not good:
        FAILED.append(name)


def finalise(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def mix_seed(seed, purpose):
    """SplitMix64's finaliser over the seed and the FNV-1a hash of the purpose."""
    hashed = 0xCBF29CE484222325
    for byte in purpose.encode():
        hashed = ((hashed ^ byte) * 0x100000001B3) & MASK
    state = finalise((seed + GOLDEN) & MASK)
    for value in (hashed, 0, 0):
        state = finalise((state + GOLDEN + value) & MASK)
    return state


def feinman_mnist(generator):
    """Random weights of the architecture, large enough that classes differ."""

    def draw(*shape):
        fan_in = int(np.prod(shape[1:]))
        return (torch.rand(shape, generator=generator) * 2 - 1) * 2.5 / fan_in**0.5

    weights = {"conv1.weight": draw(64, 1, 3, 3), "conv2.weight": draw(64, 64, 3, 3)}
    weights |= {"fc1.weight": draw(128, 9216), "fc2.weight": draw(10, 128)}
    for name, size in (("conv1", 64), ("conv2", 64), ("fc1", 128), ("fc2", 10)):
        weights[name + ".bias"] = (torch.rand(size, generator=generator) - 0.5) * 0.1
    return weights


def layers(weights, images):
    """Input, convolution, ReLU, convolution, ReLU, pool, dropout, flatten, dense, ReLU, dropout, dense, softmax."""
    f = torch.nn.functional
    x = torch.from_numpy(images)
    all_layers = [x]
    for name in ("conv1", "conv2"):
        all_layers.append(f.conv2d(all_layers[-1], weights[name + ".weight"], weights[name + ".bias"]))
        all_layers.append(f.relu(all_layers[-1]))
    all_layers.append(f.max_pool2d(all_layers[-1], 2))
    all_layers += [all_layers[-1], all_layers[-1].flatten(1)]
    all_layers.append(f.linear(all_layers[-1], weights["fc1.weight"], weights["fc1.bias"]))
    all_layers.append(f.relu(all_layers[-1]))
    all_layers.append(all_layers[-1])
    all_layers.append(f.linear(all_layers[-1], weights["fc2.weight"], weights["fc2.bias"]))
    all_layers.append(f.softmax(all_layers[-1], 1))
    return [layer.numpy() for layer in all_layers]


def lid(queries, references, k):
    columns = []
    for query, reference in zip(queries, references):
        q = query.reshape(len(query), -1).astype(np.float64)
        r = reference.reshape(len(reference), -1).astype(np.float64)
        column = []
        for row in q:
            distances = np.sort(np.sqrt(((r - row) ** 2).sum(1)))[1 : k + 1]
            distances = np.maximum(distances, 1e-9)
            column.append(-k / np.log(distances / distances[-1]).sum())
        columns.append(column)
    return np.array(columns).T


def dropout_passes(weights, pooled, passes):
    f = torch.nn.functional
    generator = torch.Generator().manual_seed(mix_seed(0, "dropout uncertainty"))

    def mask(*shape):
        return torch.empty(1, *shape).bernoulli_(0.5, generator=generator) / 0.5

    probabilities = []
    for _ in range(passes):
        x = (torch.from_numpy(pooled) * mask(64, 12, 12)).flatten(1)
        x = f.relu(f.linear(x, weights["fc1.weight"], weights["fc1.bias"])) * mask(128)
        logits = f.linear(x, weights["fc2.weight"], weights["fc2.bias"])
        probabilities.append(softmax(logits.numpy().astype(np.float64), axis=1))
    return np.array(probabilities)


def kernel_density(features, predictions, samples, labels, bandwidth):
    values = []
    for feature, predicted in zip(features, predictions):
        own = samples[labels == predicted]
        exponents = -((own - feature) ** 2).sum(1) / (2 * bandwidth**2)
        constant = own.shape[1] / 2 * np.log(2 * np.pi * bandwidth**2)
        values.append(-(logsumexp(exponents) - np.log(len(own)) - constant))
    return np.array(values)


def mahalanobis(features, samples, labels):
    means = np.array([samples[labels == c].mean(0) for c in range(10)])
    centred = samples - means[labels]
    precision = np.linalg.pinv(centred.T @ centred / len(samples), rcond=1e-10, hermitian=True)
    differences = features[:, None] - means[None]
    return np.einsum("bkf,fg,bkg->bk", differences, precision, differences).min(1)


def check_figures(ours, negatives, positives, rates, name):
    truth = np.r_[np.zeros(len(negatives)), np.ones(len(positives))]
    scores = np.r_[negatives, positives]
    check(f"{name}: AUC", ours["auc"][0], roc_auc_score(truth, scores), 1e-9)
    check(f"{name}: average precision", ours["average_precision"][0], average_precision_score(truth, scores), 1e-9)
    fpr, tpr, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    check(f"{name}: detection accuracy", ours["detection_accuracy"][0], np.max((1 + tpr - fpr) / 2), 1e-9)
    # The largest TPR with an FPR of at most the wanted one, and the score at which scikit-learn reaches it.
    allowed = [np.flatnonzero(fpr <= rate + 1e-12)[-1] for rate in rates]
    check(f"{name}: FPR at the thresholds", [(negatives >= t).mean() for t in ours["thresholds"]], fpr[allowed], 1e-9)
    # Ours is the smallest such threshold, just above a clean score: it finds no fewer.
    found = [max(tpr[at], (positives >= t).mean()) for at, t in zip(allowed, ours["thresholds"])]
    check(f"{name}: TPR at the thresholds", ours["true_positive_rates"], found, 1e-9)


def check_regression(ours, x, labels, name):
    folds = np.empty(len(x))
    for number, (_, held) in enumerate(StratifiedKFold(5).split(x, labels)):
        folds[held] = number
    check(f"{name}: folds", ours["folds"], folds, 0)

    def model(c):
        return LogisticRegression(C=c, tol=1e-12, max_iter=100000, solver="newton-cholesky")

    strengths = np.logspace(-4, 4, 10)
    means = []
    for c in strengths:
        means.append(
            np.mean(
                [
                    model(c).fit(x[folds != f], labels[folds != f]).score(x[folds == f], labels[folds == f])
                    for f in range(5)
                ]
            )
        )
    best = strengths[np.flatnonzero(np.array(means) >= max(means) - 1e-12)[0]]
    check(f"{name}: strength", np.log10(ours["c"][0]), np.log10(best), 1e-9)
    fitted = model(best).fit(x, labels)
    check(f"{name}: weights", ours["weights"], fitted.coef_[0], 1e-5)
    check(f"{name}: intercept", ours["intercept"][0], fitted.intercept_[0], 1e-5)


def check_statistics(ours, weights, data):
    with torch.no_grad():
        images, twins = layers(weights, data["images"]), layers(weights, data["twins"])
        training = np.concatenate([layers(weights, part)[9] for part in np.array_split(data["train_images"], 10)])
        passes = dropout_passes(weights, images[6], 50)
    features, logits = images[9].astype(np.float64), images[11].astype(np.float64)
    training, labels = training.astype(np.float64), data["train_labels"]
    predicted = logits.argmax(1)
    bandwidth = data["bandwidth"][0]
    check("kd", ours["kd"][:, 0], kernel_density(features, predicted, training, labels, bandwidth), 1e-5)
    check("bu", ours["bu"][:, 0], passes.var(0).mean(1), 1e-5)
    # Relative: the smallest uncertainties are far below 1.
    check("bu, relative", ours["bu"][:, 0] / passes.var(0).mean(1), np.ones(len(features)), 1e-3)
    theirs = lid(images, twins, 20)
    for layer in range(theirs.shape[1]):
        check(f"lid, activation {layer}", ours["lid"][:, layer], theirs[:, layer], 1e-5)
    check("mahalanobis", ours["mahalanobis"][:, 0], mahalanobis(features, training, labels), 1e-4)
    check("energy", ours["energy"][:, 0], -logsumexp(logits, axis=1), 1e-5)
    probabilities = softmax(logits, axis=1)
    check("max-softmax", ours["max-softmax"][:, 0], -np.log(probabilities.max(1)), 1e-5)
    squeezed = [np.rint(data["images"]), median_filter(data["images"], size=(1, 1, 2, 2))]
    with torch.no_grad():
        distances = [
            np.abs(softmax(layers(weights, s)[11].astype(np.float64), axis=1) - probabilities).sum(1) for s in squeezed
        ]
    check("feature-squeezing", ours["feature-squeezing"][:, 0], np.max(distances, 0), 1e-5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build/release/bin/whorl-detector-values", type=pathlib.Path)
    program = parser.parse_args().program
    random = np.random.default_rng(1)
    generator = torch.Generator().manual_seed(1)
    weights = feinman_mnist(generator)
    # Smooth pictures, so that classes differ: random blobs.
    coarse = torch.rand((1300, 1, 5, 5), generator=generator)
    pictures = torch.nn.functional.interpolate(coarse, size=(28, 28), mode="bilinear").numpy()
    images = np.clip(pictures[:100] + random.normal(0, 0.05, (100, 1, 28, 28)), 0, 1).astype(np.float32)
    with torch.no_grad():
        # No class is likelier than the others, so that all are predicted.
        weights["fc2.bias"] -= torch.from_numpy(layers(weights, pictures[:300])[11].mean(0))
        given = np.concatenate([layers(weights, part)[11] for part in np.array_split(pictures[100:], 10)]).argmax(1)
    data = {
        "images": images,
        "twins": np.ascontiguousarray(pictures[:100]),
        "train_images": np.ascontiguousarray(pictures[100:]),
        "train_labels": np.where(np.arange(1200) < 200, np.arange(1200) % 10, given).astype(np.int64),
        "bandwidth": np.array([0.3]),
        "rates": np.array([0, 0.01, 0.05, 0.1, 0.29, 0.5]),
    }
    with tempfile.TemporaryDirectory() as folder:
        files = [str(pathlib.Path(folder) / name) for name in ("weights", "input", "output")]
        files = [name + ".safetensors" for name in files]
        save_file({name: tensor.numpy() for name, tensor in weights.items()}, files[0])
        for round_, step in enumerate((0, 0.25, 1)):  # continuous scores, ties, hardly anything but ties
            def scores(count, shift):
                drawn = random.normal(shift, 1, count)
                return drawn if step == 0 else np.round(drawn / step) * step

            data |= {"negatives": scores(700, 0), "positives": scores(430, 0.8)}
            labels = (random.random(300) < 0.4).astype(np.int64)
            x = random.normal(0, 1, (300, 4)) + labels[:, None] * np.array([0.9, -0.5, 0, 2.5 * round_])
            data |= {"x": x, "labels": labels}
            save_file(data, files[1])
            subprocess.run([program, files[0], "feinman-mnist", files[1], files[2]], check=True)
            ours = load_file(files[2])
            name = ("continuous", "tied", "mostly tied")[round_]
            check_figures(ours, data["negatives"], data["positives"], data["rates"], name)
            check_regression(ours, x, labels, name)
        check_statistics(ours, weights, data)
    print(f"{len(FAILED)} checks failed" if FAILED else "all checks passed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
