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
from livewatch.analysis.segmentation.lit import lit
from livewatch.analysis.segmentation.quiet import quiet

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
BRIGHT = 10.0
"""A pixel this many noise SDs above background needs no more than 3 x 3 pixels' average.

What is dimmer is averaged over 5 x 5, a third of a cell.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """One image at working resolution, with its background taken off.

    `signal` (h, w) is the image minus background, `smooth` the same blurred, by more where it
    is dimmer than `bright` (see `calmed`); `pixel_um` their pixel size, `by` how many image
    pixels that is. `level` (coarse) is the background in counts, `noise` the SD of `smooth`
    where there is no cell; `diameter_um` a typical cell. `coarse` is the signal averaged over
    blocks of COARSE x COARSE. `lit` tells, of samples of the image, whether light falls there
    (see `noise_of`); None if it does everywhere.
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
    lit: NDArray[np.bool_] | None = None

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
    coarse = averaged(work, min(COARSE, *work.shape))
    level, opened = floor_of(coarse, across_px)
    signal, stride = as_large(level, work), stride_of(work)
    sample = sampled(work, signal, stride)
    middle, noise = quiet(sample)
    light = lit(sample + some_of(signal, stride), as_sampled(opened, sample))
    if light is not None:
        level, _ = floor_of(light.everywhere(coarse), across_px)
        signal = as_large(level, work)
        middle, noise = quiet(sampled(work, signal, stride)[light.where])
    where = light and light.where
    bright = BRIGHT * noise
    smooth = calmed(work, signal, np.float32(middle), np.float32(bright))
    return Ground(
        signal=signal,
        smooth=smooth,
        level=level + np.float32(middle),
        coarse=coarse - level - np.float32(middle),
        noise=noise_of(smooth, where),
        bright=bright,
        pixel_um=pixel_um,
        by=by,
        diameter_um=diameter_um,
        lit=where,
    )


def as_large(level: Floats, work: Counts) -> Floats:
    """A floor as large as the image it is of."""
    height, width = work.shape
    resized = cv2.resize(level, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)


def as_sampled(level: Floats, sample: Floats) -> Floats:
    """A floor, or what else is reduced, at the samples of the image it is of."""
    rows, columns = sample.shape
    resized = cv2.resize(level, (columns, rows), interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.float32)


def floor_of(coarse: Floats, across_px: int = ACROSS_PX) -> tuple[Floats, Floats]:
    """The slowly varying floor of an image averaged over COARSE x COARSE; and as it was opened."""
    reach = round(OPENING * across_px / COARSE) | 1
    opened = cv2.morphologyEx(coarse, cv2.MORPH_OPEN, np.ones((reach, reach), np.uint8))
    level = np.asarray(cv2.blur(opened, (reach, reach)), np.float32)
    add_rims(level, coarse, max(1, across_px // COARSE))
    return level, np.asarray(opened, np.float32)


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


def some_of(image: Floats, stride: int) -> Floats:
    """One pixel in `stride` of each axis, as `sampled` takes them."""
    return image[stride // 2 :: stride, stride // 2 :: stride]


def noise_of(smooth: Floats, where: NDArray[np.bool_] | None = None) -> float:
    """SD of the pixels without cells; of samples `where` light falls, if not everywhere."""
    stride = stride_of(smooth)
    sample = some_of(smooth, stride)
    return quiet(sample if where is None else sample[where])[1]
