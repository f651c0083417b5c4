"""What an image shows where there is no cell: its background and its noise.

The image is first reduced to a working resolution that follows from pixel size and cell size,
so that a zoomed view costs no more than a survey.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.middle import median
from livewatch.analysis.segmentation.calm import averaged, calmed, sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Pixels

    Floats = NDArray[np.float32]
    Counts = NDArray[np.uint16] | Floats

ACROSS_PX = 14
"""Working pixels across a typical cell."""
COARSE = 4
"""Working pixels to one of the background's."""
OPENING = 5.0
"""The background's opening, in cell diameters: islands of cells narrower than this stand out."""
FAR = 16
"""One in so many rows tells how rows are that do not lie at a side of the image."""
SAMPLES = 8_000
CORE = 0.2
"""Share of the pixels, the most alike, that tells the background's level."""
BRIGHT = 10.0
"""A pixel this many noise SDs above background needs no more than 3 x 3 pixels' average.

What is dimmer is averaged over 5 x 5, a third of a cell.
"""
LEAST_NOISE = 0.25
"""Counts: no camera is quieter; a rendered image may be."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """One image at working resolution, with its background taken off.

    `signal` (h, w) is the image minus background, `smooth` the same blurred, by more where it
    is dimmer than `bright` (see `calmed`); `pixel_um` their pixel size, `by` how many image
    pixels that is. `level` (coarse) is the background in counts, `noise` the SD of `smooth`
    where there is no cell; `diameter_um` a typical cell. `coarse` is the signal averaged over
    blocks of COARSE x COARSE.
    """

    signal: Floats
    smooth: Floats
    level: Floats
    coarse: Floats
    noise: float
    bright: float
    pixel_um: float
    by: int
    diameter_um: float

    @property
    def across_px(self) -> float:
        """Working pixels across a typical cell."""
        return self.diameter_um / self.pixel_um

    def minus(self, leak: Floats, coarse: Floats) -> Ground:
        """The same with an image (h, w) taken off, whose memory is used for it.

        `coarse` is that image averaged over blocks.
        """
        smooth = calmed(self.signal, leak, np.float32(0), np.float32(self.bright))
        return replace(self, signal=leak, smooth=smooth, coarse=self.coarse - coarse)


def warm_up() -> None:
    """Compile, or load from the cache, what reduces images: cameras' may be read-only."""
    image = np.zeros((4, 4), np.uint16)
    averaged(image, 2)
    image.flags.writeable = False
    averaged(image, 2)


def reduction(pixel_um: float, diameter_um: float, across_px: int = ACROSS_PX) -> int:
    """How many image pixels make one working pixel, `across_px` of them a typical cell."""
    return max(1, round(diameter_um / (across_px * pixel_um)))


def reduced(image: Pixels, by: int) -> Counts:
    """The image averaged over `by` x `by` pixels, hot pixels taken out; a rest is cut off."""
    calm = cv2.medianBlur(image, 3) if by <= 2 and min(image.shape) >= 3 else image
    counts = np.ascontiguousarray(calm, np.uint16)
    if by == 1:  # a camera's own image may be read-only, which would be compiled for anew
        return counts.copy() if counts is image else counts
    return averaged(counts, by)


def ground(
    image: Pixels, pixel_um: float, diameter_um: float, across_px: int = ACROSS_PX
) -> Ground:
    """The image at working resolution, its background and its noise."""
    by = min(reduction(pixel_um, diameter_um, across_px), *image.shape)
    work = reduced(image, by)
    return grounded(work, by, pixel_um * by, diameter_um, across_px)


def grounded(
    work: Counts, by: int, pixel_um: float, diameter_um: float, across_px: int = ACROSS_PX
) -> Ground:
    """Background and noise of an image already at working resolution."""
    level, coarse = floor_of(work, across_px)
    height, width = work.shape
    under = cv2.resize(level, (width, height), interpolation=cv2.INTER_LINEAR)
    signal = np.asarray(under, np.float32)
    middle, noise = quiet(sampled(work, signal, stride_of(work)))
    bright = BRIGHT * noise
    smooth = calmed(work, signal, np.float32(middle), np.float32(bright))
    return Ground(
        signal=signal,
        smooth=smooth,
        level=level + np.float32(middle),
        coarse=coarse - level - np.float32(middle),
        noise=noise_of(smooth),
        bright=bright,
        pixel_um=pixel_um,
        by=by,
        diameter_um=diameter_um,
    )


def floor_of(work: Counts, across_px: int = ACROSS_PX) -> tuple[Floats, Floats]:
    """The slowly varying floor of the image, and the image, each averaged over COARSE x COARSE."""
    coarse = averaged(work, min(COARSE, *work.shape))
    reach = round(OPENING * across_px / COARSE) | 1
    opened = cv2.morphologyEx(coarse, cv2.MORPH_OPEN, np.ones((reach, reach), np.uint8))
    level = np.asarray(cv2.blur(opened, (reach, reach)), np.float32)
    add_rims(level, coarse, max(1, across_px // COARSE))
    return level, coarse


def add_rims(level: Floats, coarse: Floats, reach: int) -> None:
    """Add, in place, what glows along a whole side of the image: no cell is as long as that.

    A row or column less than `reach` from its side glows if three quarters of it are further
    above the floor than is usual for a row.
    """
    if min(level.shape) <= max(2 * reach, FAR):
        return
    for floor, image in ((level, coarse), (level.T, coarse.T)):
        usual = median(dimmest(image[FAR::FAR] - floor[FAR::FAR]))
        for rows in (slice(0, reach), slice(-reach, None)):
            glow = dimmest(image[rows] - floor[rows]) - np.float32(usual)
            floor[rows] += np.maximum(glow, 0)[:, None]


def dimmest(rows: Floats) -> Floats:
    """What three quarters of each row's pixels are brighter than."""
    quarter = rows.shape[1] // 4
    return np.asarray(np.partition(rows, quarter, axis=1)[:, quarter], np.float32)


def stride_of(image: Counts) -> int:
    """One pixel in so many of each axis is enough to tell level and noise of an image."""
    return max(1, round(math.sqrt(image.size / SAMPLES)))


def noise_of(smooth: Floats) -> float:
    """SD of the pixels without cells."""
    stride = stride_of(smooth)
    return quiet(smooth[stride // 2 :: stride, stride // 2 :: stride])[1]


def quiet(sample: Floats) -> tuple[float, float]:
    """Level and SD of the pixels without cells, from a sample of an image.

    The level is the middle of the narrowest interval that holds a fifth of the pixels (the
    shorth, Andrews 1972, with a smaller share), which holds while cells cover less than most of
    the image; the SD comes from the pixels below it alone.
    """
    values = np.sort(sample, axis=None)
    span = max(1, int(CORE * len(values)))
    widths = values[span:] - values[: len(values) - span]
    if not len(widths):
        return float(values[0]), LEAST_NOISE
    at = int(np.argmin(widths))
    middle = float(values[at : at + span + 1].mean())
    count = int(np.searchsorted(values, middle))  # values are in order, and so is what is below
    half = values[(count - 1) // 2 : count // 2 + 1]
    noise = 1.4826 * float(np.mean(middle - half)) if count else 0.0
    return middle, max(noise, LEAST_NOISE)
