# SPDX-License-Identifier: GPL-3.0-or-later
"""The published formulas of common corruptions (Hendrycks & Dietterich 2019, constants for 32x32), written down anew in
plain NumPy, SciPy, scikit-image and Pillow: what whorl-cli is compared with, in pixels and in time.

Images are float arrays [H, W, 3] or [H, W] in [0, 1]; lengths scale with the smaller side over 32, as in Whorl.
"""
import io
import math

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import color, filters, transform, util

LEVELS = {
    "gaussian-noise": [0.04, 0.06, 0.08, 0.09, 0.10],
    "shot-noise": [500, 250, 100, 75, 50],
    "impulse-noise": [0.01, 0.02, 0.03, 0.05, 0.07],
    "defocus-blur": [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
    "glass-blur": [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
    "motion-blur": [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
    "zoom-blur": [1.06, 1.11, 1.15, 1.2, 1.25],
    "snow": [(0.1, 0.2, 1, 0.6, 8, 3, 0.95), (0.1, 0.2, 1, 0.5, 10, 4, 0.9), (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
             (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85), (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8)],
    "frost": [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)],
    "fog": [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
    "brightness": [0.05, 0.1, 0.15, 0.2, 0.3],
    "contrast": [0.75, 0.5, 0.4, 0.3, 0.15],
    "elastic": [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)],
    "pixelate": [0.95, 0.9, 0.85, 0.75, 0.65],
    "jpeg": [80, 65, 58, 50, 40],
}


def scale_of(image):
    return min(image.shape[:2]) / 32


def blurred(image, sigma, **options):
    return filters.gaussian(image, sigma=sigma, channel_axis=2 if image.ndim == 3 else None, **options)


def to_bytes(image):
    return np.uint8(np.round(np.clip(image, 0, 1) * 255))


def through_pillow(image, work):
    return np.asarray(work(Image.fromarray(to_bytes(image)))) / 255


def per_channel(image, work):
    return np.dstack([work(image[..., c]) for c in range(3)]) if image.ndim == 3 else work(image)


def gaussian_noise(image, level, rng):
    return image + rng.normal(size=image.shape, scale=level)


def shot_noise(image, level, rng):
    return rng.poisson(image * level) / level


def impulse_noise(image, level, rng):
    return util.random_noise(image, mode="s&p", amount=level, rng=rng)


def disc(radius, softness):
    reach = np.arange(-8, 9) if radius <= 8 else np.arange(-int(radius) - 2, int(radius) + 3)
    x, y = np.meshgrid(reach, reach)
    kernel = (x**2 + y**2 <= radius**2).astype(float)
    taps = np.arange(-1, 2) if radius <= 8 else np.arange(-2, 3)
    soft = np.exp(-(taps**2) / (2 * softness**2))
    soft /= soft.sum()
    return ndimage.convolve(kernel / kernel.sum(), np.outer(soft, soft), mode="constant")


def defocus_blur(image, level, rng):
    radius, softness = np.array(level) * scale_of(image)
    kernel = disc(radius, softness)
    return per_channel(image, lambda plane: ndimage.correlate(plane, kernel, mode="mirror"))


def glass_blur(image, level, rng):
    sigma, reach, iterations = level
    sigma *= scale_of(image)
    image = blurred(image, sigma)
    height, width = image.shape[:2]
    for _ in range(iterations):
        for h in range(height - reach, reach, -1):
            for w in range(width - reach, reach, -1):
                dx, dy = rng.integers(-reach, reach, size=2)
                image[h, w] = image[h + dy, w + dx]
    return blurred(image, sigma)


def motion_blurred(image, radius, sigma, angle):
    """ImageMagick's kernel: a half normal one along a direction, the border's pixels repeated."""
    taps = 2 * math.ceil(radius) + 1
    weights = np.exp(-(np.arange(taps) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    rows, columns = np.indices(image.shape[:2])
    result = np.zeros_like(image)
    for i, weight in enumerate(weights):
        x = math.ceil(i * math.cos(math.radians(angle)) - 0.5)
        y = math.ceil(i * math.sin(math.radians(angle)) - 0.5)
        result += weight * image[np.clip(rows + y, 0, image.shape[0] - 1), np.clip(columns + x, 0, image.shape[1] - 1)]
    return result


def motion_blur(image, level, rng):
    radius, sigma = np.array(level) * scale_of(image)
    return motion_blurred(image, radius, sigma, rng.uniform(-45, 45))


def zoomed(image, factor):
    """Cuts the middle out and stretches it to at least the old size, side by side."""
    height, width = image.shape[:2]
    rows, columns = math.ceil(height / factor), math.ceil(width / factor)
    top, left = (height - rows) // 2, (width - columns) // 2
    cut = image[top : top + rows, left : left + columns]
    grown = ndimage.zoom(cut, (factor, factor) + (1,) * (image.ndim - 2), order=1)
    if grown.shape[0] < height or grown.shape[1] < width:  # rounding down
        grown = ndimage.zoom(cut, (height / rows, width / columns) + (1,) * (image.ndim - 2), order=1)
    top, left = (grown.shape[0] - height) // 2, (grown.shape[1] - width) // 2
    return grown[top : top + height, left : left + width]


def zoom_blur(image, level, rng):
    factors = 1 + 0.01 * np.arange(round((level - 1) / 0.01) + 1)
    return (image + sum(zoomed(image, factor) for factor in factors)) / (len(factors) + 1)


def grey_of(image):
    return image if image.ndim == 2 else image @ np.array([0.299, 0.587, 0.114])


def snow(image, level, rng):
    mean, sigma, size, threshold, radius, blur, clear = level
    layer = zoomed(rng.normal(size=image.shape[:2], loc=mean, scale=sigma), size)
    layer = np.clip(np.where(layer < threshold, 0, layer), 0, 1)
    layer = motion_blurred(layer, radius * scale_of(image), blur * scale_of(image), rng.uniform(-135, -45))
    whitened = grey_of(image) * 1.5 + 0.5
    if image.ndim == 3:
        layer, whitened = layer[..., None], whitened[..., None]
    return clear * image + (1 - clear) * np.maximum(image, whitened) + layer + np.rot90(layer, 2)


ICE = np.random.default_rng(0).uniform(0.2, 1, (400, 400, 3))  # in place of the photographs, which cost as much to cut


def frost(image, level, rng):
    height, width = image.shape[:2]
    y, x = rng.integers(0, 400 - height), rng.integers(0, 400 - width)
    ice = ICE[y : y + height, x : x + width]
    return level[0] * image + level[1] * (ice if image.ndim == 3 else ice[..., 0])


def plasma(size, decay, rng):
    """Diamond-square on a torus."""
    cells = np.zeros((size, size))
    step, weight = size, 100.0
    while step >= 2:
        half = step // 2

        def disturbed(sums):
            return sums / 4 + weight * rng.uniform(-weight, weight, sums.shape)

        corners = cells[::step, ::step]
        sums = corners + np.roll(corners, -1, 0)
        cells[half::step, half::step] = disturbed(sums + np.roll(sums, -1, 1))
        middles = cells[half::step, half::step]
        corners = cells[::step, ::step]
        cells[::step, half::step] = disturbed(middles + np.roll(middles, 1, 0) + corners + np.roll(corners, -1, 1))
        cells[half::step, ::step] = disturbed(middles + np.roll(middles, 1, 1) + corners + np.roll(corners, -1, 0))
        step, weight = half, weight / decay
    cells -= cells.min()
    return cells / cells.max()


def fog(image, level, rng):
    density, decay = level
    height, width = image.shape[:2]
    clouds = plasma(1 << (max(height, width) - 1).bit_length(), decay, rng)[:height, :width]
    if image.ndim == 3:
        clouds = clouds[..., None]
    return (image + density * clouds) * image.max() / (image.max() + density)


def in_hsv(image, change):
    hsv = color.rgb2hsv(image if image.ndim == 3 else np.dstack([image] * 3))
    result = np.clip(color.hsv2rgb(change(hsv)), 0, 1)
    return result if image.ndim == 3 else result[..., 0]


def brightness(image, level, rng):
    def change(hsv):
        hsv[..., 2] = np.clip(hsv[..., 2] + level, 0, 1)
        return hsv

    return in_hsv(image, change)


def contrast(image, level, rng):
    mean = image.mean(axis=(0, 1), keepdims=True)
    return (image - mean) * level + mean


def elastic(image, level, rng):
    side = min(image.shape[:2])
    amplitude, smoothness, affine = np.array(level) * side
    middle = np.array(image.shape[:2]) // 2
    size = side // 3
    points = np.array([middle + size, [middle[0] + size, middle[1] - size], middle - size], float)
    moved = points + rng.uniform(-affine, affine, points.shape)
    back = transform.estimate_transform("affine", moved, points)
    image = transform.warp(image, back, order=1, mode="reflect")
    rows, columns = np.indices(image.shape[:2]).astype(float)
    for axis in (rows, columns):
        noise = rng.uniform(-1, 1, image.shape[:2])
        axis += filters.gaussian(noise, smoothness, mode="reflect", truncate=3) * amplitude
    return per_channel(image, lambda plane: ndimage.map_coordinates(plane, [rows, columns], order=1, mode="reflect"))


def pixelate(image, level, rng):
    height, width = image.shape[:2]
    small = (int(width * level), int(height * level))
    return through_pillow(image, lambda p: p.resize(small, Image.BOX).resize((width, height), Image.BOX))


def jpeg(image, level, rng):
    def recode(picture):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=level)
        return Image.open(file)

    return through_pillow(image, recode)


def corrupted(name, image, severity, rng):
    """[0, 1], clipped."""
    return np.clip(globals()[name.replace("-", "_")](image, LEVELS[name][severity - 1], rng), 0, 1)
