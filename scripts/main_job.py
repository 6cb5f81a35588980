# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on the real MNIST, through the command line: train one epoch with fingerprints, attack, detect, predict.

Checks floors, not aims: one epoch of a recipe of four. Writes what it measured to WORK/main_job.json. Needs the files of
MNIST in WHORL_DATA (or --data-dir) and fails without them. Standard library only.
"""
import argparse
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import time
import zlib

FLOORS = [
    # what, measured value's name, at least
    ("test accuracy after one epoch", "test_accuracy", 0.985),
    ("AUC against FGSM, successful attacks", "fgsm_auc", 0.995),
    ("AUC against BIM-b, successful attacks", "bim_auc", 0.97),
    ("success rate of BIM-b", "bim_success_rate", 0.95),
    ("digits of ten that predict names right", "predicted_right", 9),
]
CEILINGS = [
    # A plain network with fingerprints that it was never trained for must show no such signal.
    ("AUC of the plain network against FGSM", "plain_auc", 0.9),
]
ATTACKS = {
    "fgsm": ["--attack", "fgsm", "--epsilon", "0.4"],
    "bim": ["--attack", "bim", "--epsilon", "0.4", "--steps", "50", "--step-size", "0.01", "--stop", "last"],
}
COUNT = 1000


class Job:
    def __init__(self, options):
        self.cli = options.cli
        self.work = pathlib.Path(options.work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.data = options.data_dir
        self.measured = {}

    def run(self, name, *arguments):
        """One command; its JSON object. A command that fails ends the job with the command's own words."""
        result = self.work / f"{name}.json"
        result.unlink(missing_ok=True)
        command = [self.cli, *arguments, "--json", str(result), "--quiet", "--data-dir", self.data]
        start = time.monotonic()
        ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if ended.returncode != 0:
            sys.exit(f"{name}: exit code {ended.returncode}: {ended.stderr.strip()}\n  {' '.join(command)}")
        print(f"{name}: {time.monotonic() - start:.1f} s", flush=True)
        with open(result, encoding="utf-8") as file:
            return json.load(file)


def read_digits(folder, count):
    """The first test digits as (28x28 bytes, label)."""
    def content(stem):
        for path in (folder / stem, folder / (stem + ".gz")):
            if path.exists():
                return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        sys.exit(f"{folder / stem}: the real MNIST is missing; WHORL_DATA or --data-dir must lead to it")
    images, labels = content("t10k-images-idx3-ubyte"), content("t10k-labels-idx1-ubyte")
    return [(images[16 + 784 * i:16 + 784 * (i + 1)], labels[8 + i]) for i in range(count)]


def write_png(path, pixels, width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + pixels[width * y:width * (y + 1)] for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def tensors_of(path):
    """Name → shape of a safetensors file."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def train(job):
    model = job.work / "model.safetensors"
    for stale in job.work.glob("model.safetensors*"):
        stale.unlink()
    result = job.run("train", "train", "--data", "mnist", "--preset", "mnist-fingerprint", "--epochs", "1", "--seed", "1",
                     "--output", str(model))
    job.measured["test_accuracy"] = result["test_accuracy"]
    job.measured["train_seconds"] = result["seconds"]
    job.measured["train_images_per_second"] = result["images_per_second"]
    return str(model)


def attack(job, model):
    saved = job.work / "attacked.safetensors"
    result = job.run("attack", "attack", "--model", model, "--data", "mnist", "--count", "100", "--seed", "1",
                     "--save", str(saved), *ATTACKS["fgsm"])
    job.measured["attack_success_rate"] = result["success_rate"]
    shapes = tensors_of(saved)
    n = result["attacked"]
    wanted = {"original": [n, 1, 28, 28], "adversarial": [n, 1, 28, 28], "label": [n], "prediction": [n],
              "adversarial_prediction": [n], "success": [n], "index": [n], "score": [n], "adversarial_score": [n]}
    wrong = {name: shapes.get(name) for name, shape in wanted.items() if shapes.get(name) != shape}
    if wrong:
        sys.exit(f"attack --save: {wrong} instead of {wanted}")


def detect(job, model, name, attack_name, *more):
    result = job.run(name, "detect", "--model", model, "--data", "mnist", "--count", str(COUNT), "--seed", "1",
                     *more, *ATTACKS[attack_name])
    return result["auc"]["successful"], result["success_rate"]


def predict(job, model, digits):
    files = []
    for i, (pixels, _) in enumerate(digits):
        files.append(job.work / f"digit-{i}.png")
        write_png(files[-1], pixels, 28, 28)
    result = job.run("predict", "predict", "--model", model, *map(str, files))
    right = sum(str(image["class"]) == str(label) for image, (_, label) in zip(result["images"], digits))
    job.measured["predicted_right"] = right
    job.measured["predicted_accepted"] = sum(bool(image["accepted"]) for image in result["images"])


def judge(measured):
    """Prints a line for each floor and ceiling; whether all hold."""
    good = True
    for rows, holds, word in ((FLOORS, lambda v, b: v >= b, "at least"), (CEILINGS, lambda v, b: v <= b, "at most")):
        for what, name, bound in rows:
            if name not in measured:
                continue
            fine = holds(measured[name], bound)
            good = good and fine
            print(f"{'ok  ' if fine else 'FAIL'} {what}: {measured[name]:.5g} ({word} {bound})")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cli", required=True, help="whorl-cli")
    parser.add_argument("--work", required=True, help="folder for models and results")
    parser.add_argument("--source", required=True, help="root of the project, for its shipped models")
    parser.add_argument("--data-dir", default=os.environ.get("WHORL_DATA", ""), help="folder that has mnist/")
    options = parser.parse_args()
    if not options.data_dir:
        sys.exit("the real MNIST is missing: set WHORL_DATA or give --data-dir")

    digits = read_digits(pathlib.Path(options.data_dir) / "mnist", 10)
    job = Job(options)
    model = train(job)
    attack(job, model)
    job.measured["fgsm_auc"], job.measured["fgsm_success_rate"] = detect(job, model, "detect_fgsm", "fgsm")
    job.measured["bim_auc"], job.measured["bim_success_rate"] = detect(job, model, "detect_bim", "bim")
    predict(job, model, digits)
    plain = pathlib.Path(options.source) / "resources/models/mnist-plain.safetensors"
    if plain.exists():
        job.measured["plain_auc"], _ = detect(job, str(plain), "detect_plain", "fgsm", "--fingerprints-from", model)
    (job.work / "main_job.json").write_text(json.dumps(job.measured, indent=2) + "\n", encoding="utf-8")
    if not judge(job.measured):
        sys.exit(1)


if __name__ == "__main__":
    main()
