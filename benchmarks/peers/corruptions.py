# SPDX-License-Identifier: GPL-3.0-or-later
"""Whorl's natural perturbations beside Python's: pixels of the deterministic ones, and time of the suite.

    benchmarks/peers/setup.sh
    build/peers/bin/python benchmarks/peers/corruptions.py [--cli FILE] [--count 500] [--only pixels|time]

Pixels: the same image through `whorl-cli perturb` and through scikit-image, SciPy, Pillow or OpenCV, rounded to 8 bits; a line each,
exit code 1 if one differs by more than one grey level. Time: `whorl-cli perturb --suite` on one thread (perturb_seconds)
against corruption_formulas.py on the same images, both on one core, in turns.
"""
import argparse
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
from PIL import Image, ImageOps
from skimage import transform

import corruption_formulas as formulas

cv2.setNumThreads(1)


def affine(image, matrix):
    """Reads the image through a matrix about its middle, bilinear, reflected at its borders."""
    middle = (np.array(image.shape[1::-1]) - 1) / 2
    whole = np.eye(3)
    whole[:2, :2] = matrix
    whole[:2, 2] = middle - np.array(matrix) @ middle
    return transform.warp(image, transform.AffineTransform(whole), order=1, mode="reflect")


def rotated(image, angle):
    a = np.deg2rad(angle)
    return affine(image, [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def resized(image, size, how):
    return cv2.resize(image.astype(np.float32), size, interpolation=how)


def rescaled(image, factor):
    size = image.shape[1::-1]
    small = tuple(max(1, int(np.floor(side / factor + 0.5))) for side in size)
    return resized(resized(image, small, cv2.INTER_AREA), size, cv2.INTER_LINEAR)


def cropped(image, offset):
    return resized(image[offset:-offset, offset:-offset], image.shape[1::-1], cv2.INTER_LINEAR)


def saturated(image, factor, offset):
    def change(hsv):
        hsv[..., 1] = np.clip(hsv[..., 1] * factor + offset, 0, 1)
        return hsv

    return image if image.ndim == 2 else formulas.in_hsv(image, change)


def turned(image, angle):
    def change(hsv):
        hsv[..., 0] = (hsv[..., 0] + angle / 360) % 1
        return hsv

    return image if image.ndim == 2 else formulas.in_hsv(image, change)


def webp(image, quality):
    """Pillow's encoder at OpenCV's settings differs in its effort; OpenCV's own is asked."""
    bgr = formulas.to_bytes(image)[..., ::-1] if image.ndim == 3 else formulas.to_bytes(image)
    ok, data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, quality])
    read = cv2.imdecode(data, cv2.IMREAD_COLOR if image.ndim == 3 else cv2.IMREAD_GRAYSCALE)
    return (read[..., ::-1] if image.ndim == 3 else read) / 255


def cases():
    """Name, whorl-cli's options, and the reference."""
    for severity in range(1, 6):
        for name in ("defocus-blur", "zoom-blur", "brightness", "contrast", "pixelate", "jpeg"):
            reference = lambda x, n=name, s=severity: formulas.corrupted(n, x, s, None)
            yield name, {"severity": severity}, reference
    for sigma in (0.4, 0.7, 1, 2.5):
        yield "gaussian-blur", {"sigma": sigma}, lambda x, s=sigma: formulas.blurred(x, s)
    for angle in (-45, 0, 30):
        options = {"radius": 6, "sigma": 2, "angle": angle, "spread": 0}
        yield "motion-blur", options, lambda x, a=angle: formulas.motion_blurred(x, 6, 2, a)
    for angle in (10, 30, -75):
        yield "rotate", {"angle": angle}, lambda x, a=angle: rotated(x, a)
    yield "shear", {"x": 0.2, "y": -0.1}, lambda x: affine(x, [[1, 0.2], [-0.1, 1]])
    shift = transform.AffineTransform(translation=(-1.3, 2.6))
    yield "shift", {"x": 1.3, "y": -2.6}, lambda x: transform.warp(x, shift, order=1, mode="reflect")
    for axis, places in (("horizontal", (1,)), ("vertical", (0,)), ("both", (0, 1))):
        yield "flip", {"axis": axis}, lambda x, p=places: np.flip(x, p)
    for offset in (1, 4):
        yield "crop", {"offset": offset}, lambda x, o=offset: cropped(x, o)
    for factor in (1.5, 2, 4):
        yield "rescale", {"factor": factor}, lambda x, f=factor: rescaled(x, f)
    yield "gamma", {"exponent": 2.2}, lambda x: x**2.2
    for factor, offset in ((0.3, 0), (2.5, 0.2)):
        yield "saturation", {"factor": factor, "offset": offset}, lambda x, f=factor, o=offset: saturated(x, f, o)
    for angle in (40, -100):
        yield "hue", {"angle": angle}, lambda x, a=angle: turned(x, a)
    for bits in (2, 4):
        yield "posterise", {"bits": bits}, lambda x, b=bits: formulas.through_pillow(
            x, lambda picture: ImageOps.posterize(picture, b))
    yield "quantise", {"levels": 5}, lambda x: np.floor(x * 4 + 0.5) / 4
    yield "webp", {"quality": 50}, lambda x: webp(x, 50)


def pictures(data):
    """One of each kind: a digit, a small photograph, and one of odd sides."""
    with gzip.open(data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        yield "28x28 grey", np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)[0]
    photo = next((p for p in (data / "photos").glob("*.png") if Image.open(p).mode == "RGB"), None)
    if photo:
        picture = Image.open(photo)
        yield "32x32 colour", np.asarray(picture.resize((32, 32), Image.BOX))
        yield "51x33 colour", np.asarray(picture.resize((33, 51), Image.BOX))


def through_whorl(cli, file, name, options, folder):
    target = folder / "out.png"
    command = [cli, "perturb", file, "--perturbation", name, "--output", target, "--quiet"]
    for option, value in options.items():
        command.append(f"--{option}={value}")
    subprocess.run([str(part) for part in command], check=True)
    return np.asarray(Image.open(target)).astype(int)


def compare_pixels(cli, data):
    worst = 0
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        for kind, picture in pictures(data):
            Image.fromarray(picture).save(folder / "in.png")
            for name, options, reference in cases():
                expected = formulas.to_bytes(reference(picture / 255)).astype(int)
                found = through_whorl(cli, folder / "in.png", name, options, folder)
                difference = np.abs(found - expected)
                print(f"{kind:14} {name:14} {json.dumps(options):52} largest {difference.max()}, "
                      f"{100 * (difference > 0).mean():.1f} % differ", flush=True)
                worst = max(worst, difference.max())
    print(f"largest difference of all: {worst} grey levels")
    return worst <= 1


def suite_seconds(cli, name, count, work):
    """Whorl's seconds for all five severities on so many MNIST images, on one thread."""
    command = [cli, "perturb", "--suite", "corruptions", "--perturbation", name, "--model", "mnist-plain", "--data",
               "mnist", "--count", str(count), "--threads", "1", "--device", "cpu", "--quiet", "--json", str(work)]
    subprocess.run([str(part) for part in command], check=True)
    return json.loads(work.read_text())["perturb_seconds"]


def compare_time(cli, data, count):
    with gzip.open(data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)[:count] / 255
    print(f"{'28x28, ' + str(count) + ' images x 5 severities':36} {'Whorl µs':>9} {'Python µs':>10} {'ratio':>7}")
    totals = np.zeros(2)
    with tempfile.TemporaryDirectory() as place:
        for name in formulas.LEVELS:
            whorl = suite_seconds(cli, name, count, pathlib.Path(place) / "out.json")
            rng = np.random.default_rng(0)
            start = time.perf_counter()
            for severity in range(1, 6):
                for image in images:
                    formulas.corrupted(name, image, severity, rng)
            python = time.perf_counter() - start
            totals += whorl, python
            each = 1e6 / (5 * count)
            print(f"{name:36} {whorl * each:9.1f} {python * each:10.1f} {python / whorl:7.1f}", flush=True)
    each = 1e6 / (5 * count * len(formulas.LEVELS))
    print(f"{'all 15':36} {totals[0] * each:9.1f} {totals[1] * each:10.1f} {totals[1] / totals[0]:7.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--cli", default=root / "build/release/bin/whorl-cli", help="whorl-cli")
    parser.add_argument("--count", type=int, default=500, help="images for the time (default 500)")
    parser.add_argument("--only", choices=["pixels", "time"], help="one of the two")
    options = parser.parse_args()
    data = pathlib.Path(os.environ["WHORL_DATA"])
    good = options.only == "time" or compare_pixels(options.cli, data)
    if options.only != "pixels":
        compare_time(options.cli, data, options.count)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
