#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes a run store's LID figures anew: features in NumPy, noise drawn anew, regression by scikit-learn.

build/peers/bin/python benchmarks/peers/lid_cells.py --store FOLDER [--fit-minibatch N] [--sigma NAME=VALUE,…]

For every LID fit of a Feinman MNIST network that the store holds, and every set of attacked test images of the same
network: AUC over successful attacks against clean and noisy images, as the report has it. The noise's own randomness
alone moves figures by a point or two. --fit-minibatch shows what another number of images beside the fitted ones
does; --sigma takes the standard deviations of the noise from a table (fgsm, bim-a, bim-b, cw) instead of from the
attack's mean L2 change."""

import argparse
import json
import pathlib
import sqlite3

import numpy as np
import torch
from detectors import layers, lid
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold


def entries(store, stage):
    database = sqlite3.connect(f"file:{store / 'runs.sqlite'}?mode=ro", uri=True)
    rows = database.execute("select key, artefact, document from entries where stage = ?", (stage,))
    return {key: (store / artefact, json.loads(document)) for key, artefact, document in rows}


def name_of(document):
    parts = document["attack"]
    suffix = {"first_success": "-a", "last": "-b"}.get(parts["parameters"].get("stop"), "")
    return parts["attack"] + (suffix if parts["attack"] == "bim" else "")


def mean_l2(a, b):
    return np.sqrt(((a - b).astype(np.float64) ** 2).reshape(len(a), -1).sum(1)).mean()


def noisy(clean, adversarial, name, sigma):
    random = np.random.default_rng(1)
    if name == "jsma":
        images = clean.reshape(len(clean), -1).copy()
        for row, changed in zip(images, (clean != adversarial).reshape(len(clean), -1).sum(1)):
            row[random.permutation(np.flatnonzero(row < 1))[:changed]] = 1
        return images.reshape(clean.shape)
    drawn = random.normal(size=clean.shape).astype(np.float32)
    if sigma is None:
        low, sigma = 0.0, 8.0
        for _ in range(40):
            middle = (low + sigma) / 2
            if mean_l2(np.clip(clean + drawn * middle, 0, 1), clean) < mean_l2(clean, adversarial):
                low = middle
            else:
                sigma = middle
    return np.clip(clean + drawn * np.float32(sigma), 0, 1)


def features(weights, images, clean, minibatch):
    """Every image among exactly `minibatch` clean ones, its own twin among them."""
    columns = []
    for first in range(0, len(images), minibatch):
        start = max(0, min(first, len(images) - minibatch))
        with torch.no_grad():
            queries = layers(weights, images[first : first + minibatch] - np.float32(0.5))
            references = layers(weights, clean[start : start + minibatch] - np.float32(0.5))
        columns.append(lid(queries, references, 20))
    return np.concatenate(columns)


def values(weights, file, name, sigmas, minibatch, fit=False):
    tensors = load_file(file)
    kept = tensors["success"].astype(bool) if fit else tensors["adversarial_prediction"] != tensors["label"]
    clean, adversarial = tensors["original"][kept], tensors["adversarial"][kept]
    kinds = (clean, noisy(clean, adversarial, name, sigmas.get(name)), adversarial)
    return [features(weights, images, clean, minibatch) for images in kinds]


def fitted(clean, noise, adversarial):
    negatives = np.stack([clean, noise], 1).reshape(-1, clean.shape[1])
    x = np.r_[negatives, adversarial]
    y = np.r_[np.zeros(len(negatives)), np.ones(len(adversarial))]
    offset, scale = x.min(0), np.ptp(x, 0)
    x = (x - offset) / scale

    def model(c):
        return LogisticRegression(C=c, max_iter=20000, solver="newton-cholesky")

    folds = list(StratifiedKFold(5).split(x, y))
    strengths = np.logspace(-4, 4, 10)
    means = [np.mean([model(c).fit(x[a], y[a]).score(x[b], y[b]) for a, b in folds]) for c in strengths]
    best = model(strengths[int(np.argmax(np.array(means) > max(means) - 1e-12))]).fit(x, y)
    return lambda rows: (rows - offset) / scale @ best.coef_[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=pathlib.Path, required=True)
    parser.add_argument("--fit-minibatch", type=int, default=100)
    parser.add_argument("--sigma", default="")
    options = parser.parse_args()
    sigmas = {name: float(value) for name, value in (pair.split("=") for pair in options.sigma.split(",") if pair)}
    sets = entries(options.store, "set")
    models = {file.stem: file for file, _ in entries(options.store, "model").values()}
    for _, fit in entries(options.store, "fit").values():
        if fit["detector"] != "lid" or fit["set"] not in sets:
            continue
        weights = {name: torch.from_numpy(w) for name, w in load_file(models[fit["models"][0]]).items()}
        file, document = sets[fit["set"]]
        score = fitted(*values(weights, file, name_of(document), sigmas, options.fit_minibatch, fit=True))
        for key, (file, document) in sorted(sets.items(), key=lambda item: name_of(item[1][1])):
            if key == fit["set"] or document["attack"]["model"] != fit["models"][0]:
                continue
            clean, noise, adversarial = map(score, values(weights, file, name_of(document), sigmas, 100))
            truth = np.r_[np.zeros(len(clean) + len(noise)), np.ones(len(adversarial))]
            area = 100 * roc_auc_score(truth, np.r_[clean, noise, adversarial])
            print(f"{name_of(document):8} {len(adversarial):5} images  AUC {area:6.2f}")


if __name__ == "__main__":
    main()
