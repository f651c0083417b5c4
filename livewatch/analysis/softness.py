"""How soft the edges in an image are, in um: what goes up when the sample is out of focus.

Measured in the sample, so that it can be compared between objectives and binnings.
"""

from __future__ import annotations

from math import inf, isnan, nan, sqrt
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from livewatch.model import Contact, Frame, Pixels, View

    Image = NDArray[np.float32]

FINE_UM, COARSE_UM = 0.6, 1.8
"""The two blurs between which edges are compared: about a sharp edge's, and a soft one's."""
AROUND_UM = 16.0
"""Half the side of what is looked at around a pair: the border between them, and most of both."""
FINEST_UM = 0.35
"""Pixels are taken together up to this size: finer ones hold no more of these blurs."""
FEWEST_PX = 24
CLEAR = 3.0
"""Fine edges are told from so many times the energy of noise on: a camera's noise is not white."""


def softnesses(
    frame: Frame, contacts: Iterable[Contact], most: int = 2
) -> tuple[tuple[int, int, float], ...]:
    """(NK, tumor, softness in um) of the nearest pairs, those left out that tell nothing."""
    nearest = sorted(contacts, key=lambda one: (one.gap_um, one.pair))[:most]
    found = []
    for contact in nearest:
        x_um = (contact.nk_x_um + contact.tumor_x_um) / 2
        y_um = (contact.nk_y_um + contact.tumor_y_um) / 2
        parts = [cut(image, frame.view, x_um, y_um) for image in frame.planes[:2]]
        soft_um = softness_um([part for part in parts if part is not None], frame.view.pixel_um)
        if not isnan(soft_um):
            found.append((*contact.pair, soft_um))
    return tuple(found)


def cut(image: Pixels, view: View, x_um: float, y_um: float) -> Pixels | None:
    """What an image shows around a place; None if that is too little."""
    column, row = (x_um - view.left_um) / view.pixel_um, (y_um - view.top_um) / view.pixel_um
    half = AROUND_UM / view.pixel_um
    top, left = max(int(row - half), 0), max(int(column - half), 0)
    part = image[top : max(int(row + half), 0), left : max(int(column + half), 0)]
    return part if min(part.shape) >= FEWEST_PX else None


def softness_um(images: Iterable[Pixels], pixel_um: float) -> float:
    """The edges' softness: standard deviation of the blur of a step.

    Infinite where no edge stands out of the noise, NaN where there is nothing to look at.

    A step blurred by s and then by t has a gradient energy of 1 / sqrt(s^2 + t^2); the ratio of
    the energies after two known blurs gives s. What noise adds to them is taken off.
    """
    fine = coarse = noise = 0.0
    by = max(int(FINEST_UM / pixel_um), 1)
    pixel_um *= by
    for image in images:
        pixels = shrunk(image.astype(np.float32), by)
        sigma = noise_of(pixels)
        fine_added, coarse_added = (
            sigma**2 / (4 * np.pi * (blur_um / pixel_um) ** 4) for blur_um in (FINE_UM, COARSE_UM)
        )
        fine += energy(pixels, FINE_UM / pixel_um) - fine_added
        coarse += energy(pixels, COARSE_UM / pixel_um) - coarse_added
        noise += fine_added
    if noise == 0 or coarse <= 0:
        return nan
    if fine < CLEAR * noise or fine <= coarse:
        return inf
    ratio = (fine / coarse) ** 2
    return sqrt(max((COARSE_UM**2 - ratio * FINE_UM**2) / (ratio - 1), 0.0))


def shrunk(pixels: Image, by: int) -> Image:
    """The image with `by` x `by` pixels taken together."""
    if by == 1:
        return pixels
    size = pixels.shape[1] // by, pixels.shape[0] // by
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)


def energy(pixels: Image, blur_px: float) -> float:
    """Mean squared gradient per pixel after a Gaussian blur, the border left out."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), blur_px)
    across = smooth[1:-1, 2:] - smooth[1:-1, :-2]
    down = smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    return float(np.mean(across * across + down * down)) / 4


def noise_of(pixels: Image) -> float:
    """Standard deviation of a pixel's noise, structures left out (Immerkaer 1996)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    seen = cv2.filter2D(pixels, -1, kernel)[1:-1, 1:-1]
    return float(sqrt(np.pi / 2) / 6 * np.mean(np.abs(seen)))
