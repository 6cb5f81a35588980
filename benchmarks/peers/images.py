# SPDX-License-Identifier: GPL-3.0-or-later
"""Which test images are attacked: the first of each class in the test set's order, interleaved. Standard library only.

For ten classes: class 0's first image, class 1's first, …, class 9's first, class 0's second, … So any first n of them
are class-balanced, and a shorter comparison uses a prefix of a longer one's images.
"""

import gzip
import os
import pathlib
import sys

SIDE = 28


def interleaved(labels, per_class=100, classes=10):
    """Indices into `labels`: the k-th images of all classes in class order, for k = 1 … per_class.

    A class with fewer images drops out of the later rounds. Labels outside 0 … classes-1 are an error.
    """
    of_class = [[] for _ in range(classes)]
    for index, label in enumerate(labels):
        if not 0 <= label < classes:
            raise ValueError(f"image {index} has label {label}; there are {classes} classes")
        if len(of_class[label]) < per_class:
            of_class[label].append(index)
    return [found[k] for k in range(per_class) for found in of_class if k < len(found)]


def content(folder, stem):
    """Bytes of an IDX file, gzipped or not."""
    for path in (pathlib.Path(folder) / stem, pathlib.Path(folder) / (stem + ".gz")):
        if path.exists():
            return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    sys.exit(
        f"{pathlib.Path(folder) / stem}: MNIST is missing; WHORL_DATA or --data-dir must lead to the folder of mnist/"
    )


def mnist_folder(data_dir=""):
    """The folder of MNIST's files below `data_dir` or WHORL_DATA."""
    root = data_dir or os.environ.get("WHORL_DATA", "")
    if not root:
        sys.exit("MNIST is missing: set WHORL_DATA or give --data-dir")
    return pathlib.Path(root) / "mnist"


def test_labels(folder):
    """Labels of the test set, 0 … 9."""
    return list(content(folder, "t10k-labels-idx1-ubyte")[8:])


def test_pixels(folder):
    """Pixels of the test set: one bytes object, images of 28x28 one after the other."""
    return content(folder, "t10k-images-idx3-ubyte")[16:]


def write_indices(path, indices):
    """One index a line, as `whorl-cli attack --indices` reads them."""
    pathlib.Path(path).write_text("".join(f"{index}\n" for index in indices), encoding="ascii")
