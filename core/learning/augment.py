"""Random augmentation of a batch: geometry, light and bands. All randomness comes from the given generator."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor


def random_affine(
    images: Tensor,
    size: int,
    rng: Generator,
    *,
    zoom: tuple[float, float] = (1.0, 1.0),
    rotate: bool = True,
    labels: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Crop, scale, flip and turn every image at random.

    Args:
        images: (B, C, H, W) float32.
        size: side of the result in pixels.
        rng: source of chance.
        zoom: smallest and largest source pixels per output pixel, drawn log-uniformly.
        rotate: any angle, not only quarter turns.
        labels: (B, H, W) int64, cut alike (nearest neighbour, -1 outside).

    Returns:
        Images (B, C, size, size) and labels (B, size, size) or None. Outside the source the image is mirrored.
    """
    batch, _, height, width = images.shape
    matrices = np.zeros((batch, 2, 3), dtype=np.float32)
    for item in range(batch):
        scale = math.exp(rng.uniform(math.log(zoom[0]), math.log(zoom[1])))
        angle = rng.uniform(0, 2 * math.pi) if rotate else rng.integers(4) * math.pi / 2
        flip = 1.0 if rng.random() < 0.5 else -1.0
        cos, sin = math.cos(angle), math.sin(angle)
        # grid_sample works in half-sizes of the source, so pixels are scaled by its two sides.
        matrices[item, 0, :2] = np.array([cos, -sin * flip]) * scale * size / width
        matrices[item, 1, :2] = np.array([sin, cos * flip]) * scale * size / height
        reach = scale * size * (abs(cos) + abs(sin))
        room_x, room_y = max(0.0, 1 - reach / width), max(0.0, 1 - reach / height)
        matrices[item, :, 2] = rng.uniform(-room_x, room_x), rng.uniform(-room_y, room_y)
    grid = F.affine_grid(torch.from_numpy(matrices), [batch, 1, size, size], align_corners=False)
    warped = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    if labels is None:
        return warped, None
    known = F.grid_sample(
        (labels + 1).float()[:, None], grid, mode="nearest", padding_mode="zeros", align_corners=False
    )
    return warped, known[:, 0].round().long() - 1


def random_light(images: Tensor, rng: Generator, strength: float = 0.1) -> Tensor:
    """Vary gain, offset and contrast, per image and a little per band, as haze, sun and sensors do.

    Args:
        images: (B, C, H, W) in model units (-1..1).
        rng: source of chance.
        strength: standard deviation of the common gain; bands vary by half of it.
    """
    batch, bands = images.shape[:2]
    shape = (batch, 1, 1, 1), (batch, bands, 1, 1)
    gain = rng.normal(0, strength, shape[0]) + rng.normal(0, strength / 2, shape[1])
    offset = rng.normal(0, strength / 3, shape[0]) + rng.normal(0, strength / 6, shape[1])
    unit = (images + 1) / 2
    unit = unit * torch.from_numpy(np.exp(gain)).float() + torch.from_numpy(offset).float()
    return unit.clamp(0, 1) * 2 - 1


def random_tint(images: Tensor, rng: Generator, strength: float) -> Tensor:
    """Vary gamma, saturation and colour balance of each image, as seasons, cameras and image processing do.

    Args:
        images: (B, C, H, W) in model units (-1..1).
        rng: source of chance.
        strength: standard deviation of the logarithms of gamma and saturation; the balance of the bands, whose gains
            multiply to about 1, varies by half of it.
    """
    batch, bands = images.shape[:2]
    gamma = torch.from_numpy(np.exp(rng.normal(0, strength, (batch, 1, 1, 1)))).float()
    saturation = torch.from_numpy(np.exp(rng.normal(0, strength, (batch, 1, 1, 1)))).float()
    balance = rng.normal(0, strength / 2, (batch, bands, 1, 1))
    gains = torch.from_numpy(np.exp(balance - balance.mean(1, keepdims=True))).float()
    unit = ((images.clamp(-1, 1) + 1) / 2).pow(gamma)
    grey = unit.mean(1, keepdim=True)
    return ((grey + (unit - grey) * saturation) * gains).clamp(0, 1) * 2 - 1


def random_blur(images: Tensor, rng: Generator, largest: float) -> Tensor:
    """Blur half of the images by a Gaussian, as optics, compression and resampled basemaps do.

    Args:
        images: (B, C, H, W) float32.
        rng: source of chance.
        largest: standard deviation in pixels; each image's is drawn evenly up to it.
    """
    deviations = rng.uniform(0.3, max(largest, 0.31), len(images)) * (rng.random(len(images)) < 0.5)
    reach = max(1, math.ceil(2.5 * largest))
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32)
    blurred = images.clone()
    for item in np.flatnonzero(deviations):
        kernel = torch.exp(-0.5 * (offsets / float(deviations[item])).square())
        kernel = (kernel / kernel.sum())[None, None]
        planes = F.pad(images[item][:, None], (reach, reach, reach, reach), mode="reflect")
        planes = F.conv2d(F.conv2d(planes, kernel[:, :, None, :]), kernel[:, :, :, None])
        blurred[item] = planes[:, 0]
    return blurred


def random_display(images: Tensor, wavelengths_um: Tensor, rng: Generator, chance: float) -> Tensor:
    """Render scaled reflectance as for display: stretched to other limits, with haze and a gamma.

    Model units end where physical_range says; pictures that people have end where someone's stretch did, from the
    darkest parts to a few per cent of clipped bright ones, with the path radiance of the air left in or taken away.

    Args:
        images: (B, C, H, W) in model units (-1..1).
        wavelengths_um: (C,); haze is strongest in blue.
        rng: source of chance.
        chance: that an image is rendered so; the others are unchanged.
    """
    batch = len(images)
    haze = torch.from_numpy(rng.uniform(-0.1, 0.4, (batch, 1))).float()
    path = haze * (0.49 / wavelengths_um[None]) ** 2.5
    unit = (images + 1) / 2 + path[:, :, None, None]
    low = torch.from_numpy(rng.uniform(-0.02, 0.08, (batch, 1, 1, 1))).float()
    high = low + torch.from_numpy(np.exp(rng.uniform(math.log(0.45), math.log(1.6), (batch, 1, 1, 1)))).float()
    gamma = torch.from_numpy(np.exp(rng.uniform(math.log(0.6), math.log(1.25), (batch, 1, 1, 1)))).float()
    shown = ((unit - low) / (high - low)).clamp(0, 1).pow(gamma) * 2 - 1
    changed = torch.from_numpy(rng.random(batch) < chance)[:, None, None, None]
    return torch.where(changed, shown, images)


def random_haze(images: Tensor, wavelengths_um: Tensor, rng: Generator, typical: float) -> Tensor:
    """Remove a clear day's atmosphere from half of the images, so that the model learns surface reflectance as well.

    Two kinds of images are seen, as users have them, rather than every shade between: colour then still says much.

    Args:
        images: (B, C, H, W) in model units, at the top of the atmosphere.
        wavelengths_um: (C,); molecules scatter with the fourth power of the wavelength, haze with less: 3.5 here.
        rng: source of chance.
        typical: what the air adds to blue (0.49 µm), in units of the full range; 0.7 to 1.1 of it is taken away. A
            negative one adds the atmosphere to images at surface reflectance.
    """
    amount = torch.from_numpy(rng.uniform(0.7, 1.1, len(images)) * (rng.random(len(images)) < 0.5)).float()
    path = typical * (0.49 / wavelengths_um) ** 3.5
    return (images - 2 * amount[:, None, None, None] * path[None, :, None, None]).clamp(-1, 1)


def random_noise(images: Tensor, rng: Generator, deviation: float = 0.02) -> Tensor:
    """Add noise whose strength differs from image to image."""
    strength = torch.from_numpy(np.abs(rng.normal(0, deviation, (len(images), 1, 1, 1)))).float()
    noise = torch.from_numpy(rng.standard_normal(tuple(images.shape), dtype=np.float32))
    return images + noise * strength


def random_bands(count: int, rng: Generator, chance: float, smallest: int = 1) -> list[int]:
    """Choose the bands to keep, in their order: all of them, or with ``chance`` a random subset."""
    if count <= smallest or rng.random() >= chance:
        return list(range(count))
    keep = int(rng.integers(smallest, count + 1))
    return sorted(rng.choice(count, keep, replace=False).tolist())
