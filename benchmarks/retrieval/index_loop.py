#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain PyTorch loop beside `whorl-cli similar index` and `query`: the same weights, images, features and distances.

index_loop.py --model FILE --mnist FOLDER [--cli FILE] [--rounds 3] [--threads 2] [--count 10000] [--queries 320]

Indexing: batches of 64 test images through the network up to its last hidden layer, each row divided by its length, and
saved to a file. Searching: for each batch of 32 queries one matrix product with all rows and topk. Sides take turns;
seconds are medians. What whorl-cli finds must be what PyTorch finds, with distances within 1e-4. Start-up of either
program isn't counted: whorl-cli tells the seconds of its work itself. Processor time, which says more on a busy machine,
is counted for indexing, that of whorl-cli with its start-up and the loading of the data set.
"""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "landscape"))

import torch  # noqa: E402
from point_loop import load, test_images  # noqa: E402
from torch.nn import functional  # noqa: E402

TOLERANCE = 1e-4


def features(net, images):
    """nfp-mnist up to the last hidden layer; rows of length 1."""
    x = images - 0.5
    for number in (1, 2, 3, 4):
        x = getattr(net, f"bn{number}")(functional.relu(getattr(net, f"conv{number}")(x)))
        if number % 2 == 0:
            x = functional.max_pool2d(x, 2)
    x = x.flatten(1)
    for number in (1, 2):
        x = getattr(net, f"bn{number + 4}")(functional.relu(getattr(net, f"fc{number}")(x)))
    return functional.normalize(x)


def index(net, images, path):
    start, processor = time.perf_counter(), time.process_time()
    with torch.no_grad():
        rows = torch.cat([features(net, images[first:first + 64]) for first in range(0, len(images), 64)])
    torch.save(rows, path)
    return rows, time.perf_counter() - start, time.process_time() - processor


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def search(rows, queries):
    start = time.perf_counter()
    found = []
    for first in range(0, len(queries), 32):
        distances = 2 - 2 * queries[first:first + 32] @ rows.T
        found.append(distances.topk(10, dim=1, largest=False))
    seconds = time.perf_counter() - start
    return torch.cat([each.values for each in found]), seconds


def whorl(options, arguments):
    command = [options.cli, "similar", *arguments, "--threads", str(options.threads), "--device", "cpu", "--json", "-",
               "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--cli", default="build/release/bin/whorl-cli")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--queries", type=int, default=320)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    net, _ = load(options.model)
    images = test_images(options.mnist)[0][:options.count]
    seconds = {name: [] for name in ("index", "torch_index", "index_processor", "torch_index_processor",
                                   "search", "torch_search")}
    worst = 0
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "mnist.index")
            before = children_seconds()
            made = whorl(options, ["index", "--model", options.model, "--data", "mnist", "--count", str(options.count),
                                   "--index", path])
            seconds["index"].append(made["images"] / made["images_per_second"])
            seconds["index_processor"].append(children_seconds() - before)
            rows, took, processor = index(net, images, folder + "/rows.pt")
            seconds["torch_index"].append(took)
            seconds["torch_index_processor"].append(processor)
            answer = whorl(options, ["query", "--index", path, "--data", "mnist", "--count", str(options.queries)])
            seconds["search"].append(answer["search_seconds"])
            expected, took = search(rows, rows[:options.queries])
            seconds["torch_search"].append(took)
        for row, query in zip(expected.tolist(), answer["queries"]):
            for wanted, got in zip(row, query["neighbours"]):
                worst = max(worst, abs(wanted - got["distance"]))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(json.dumps({
        "threads": options.threads, "images": options.count, "queries": options.queries,
        "seconds": {name: round(value, 4) for name, value in medians.items()},
        "index_ratio": round(medians["torch_index"] / medians["index"], 2),
        "index_processor_ratio": round(medians["torch_index_processor"] / medians["index_processor"], 2),
        "search_ratio": round(medians["torch_search"] / medians["search"], 2),
        "largest_difference": worst}))
    if worst > TOLERANCE:
        sys.exit(f"distances differ by {worst}")


if __name__ == "__main__":
    main()
