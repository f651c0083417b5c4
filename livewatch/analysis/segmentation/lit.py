"""Where light falls: the corners beyond a field stop are dark, and quieter than all the rest.

The noise of an image is that of its most even fifth. Where a part of it gets no light, that is the
most even one; its noise is none for the part that matters, in which thousands of specks would pass
for cells. Light is known by its own noise, which grows with it as that of photons does; what is
brighter and uneven by more than that is cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from livewatch.analysis.segmentation.quiet import LEAST_NOISE, quiet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

GROUPS, FEWEST = 20, 500
"""Samples are taken apart by the background's level into so many groups of one size; fewer of them
tell nothing."""
NOISIER, BRIGHTER = 1.7, 6.0
"""Where light falls it is noisier by this factor than where none does, and brighter by so many SDs
of that noise."""
HALF, FEW, MOST, BETWEEN = 0.5, 0.2, 0.6, 2
"""Light ends at an edge: no more groups than two are lit by more than few and less than most of
it."""
COUNTS_PER_PHOTON = 4.5
"""No camera that multiplies no electrons gives more; averaged over 3 x 3 pixels, a ninth of it is
the variance for each count of light."""
STEEP, WIDEST_EDGE, BESIDE = 0.02, 12, 2
"""Where light ends, it falls by this share and more from one pixel to the next, over so many; it
is not all there yet so many pixels beside them."""
CALM = 5
"""How bright it is about a pixel is the median of so many times so many."""
NEIGHBOURS = np.ones((3, 3), np.uint8)


class Lit(NamedTuple):
    """Where light falls: on which samples, and how bright the background is with and without."""

    where: NDArray[np.bool_]
    low: float
    high: float

    def everywhere(self, coarse: Floats) -> Floats:
        """An image, reduced, as if light fell everywhere: the dark and its edge made bright.

        So the floor, which is smooth, need not follow the edge; and what is dark lies far below it.
        """
        step = self.high - self.low
        soft = cv2.blur(coarse, (3, 3))
        slope = np.hypot(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)) / 8
        edge = slope > STEEP * step
        dark = coarse < self.low + step / 2
        for _ in range(WIDEST_EDGE):
            dark |= edge & (cv2.dilate(dark.view(np.uint8), NEIGHBOURS) > 0)
        dark = cv2.dilate(dark.view(np.uint8), NEIGHBOURS, iterations=BESIDE) > 0
        return beside(coarse, dark)


def beside(coarse: Floats, dark: NDArray[np.bool_]) -> Floats:
    """An image, each of its dark pixels made as bright as it is about the nearest that is not."""
    if dark.all():
        return coarse
    calm = cv2.medianBlur(coarse, CALM)
    _, nearest = cv2.distanceTransformWithLabels(
        dark.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = np.empty(int(nearest.max()) + 1, np.float32)
    values[nearest[~dark]] = calm[~dark]
    return np.where(dark, values[nearest], coarse)


def lit(sample: Floats, level: Floats) -> Lit | None:
    """Where light falls on an image, `sample`d; None if everywhere.

    `level` is the background's at each sample.
    """
    if level.size < FEWEST:
        return None
    told = np.sort(level, axis=None)
    told = told[((np.arange(GROUPS) + 0.5) / GROUPS * len(told)).astype(int)]  # of each its middle
    share = (told - told[0]) / max(told[-1] - told[0], LEAST_NOISE)
    bright = share > HALF
    if not bright.any() or np.count_nonzero((share > FEW) & (share < MOST)) > BETWEEN:
        return None
    order = np.argsort(level, axis=None, kind="stable")
    rest = (sample - level).ravel()
    noises = np.array([quiet(rest[group])[1] for group in np.array_split(order, GROUPS)])
    low, least = float(told[0]), float(noises[~bright].min())
    high, noise = float(np.median(told[bright])), float(np.median(noises[bright]))
    grown = (noise**2 - least**2) / (high - low)
    if noise < NOISIER * least or high - low < BRIGHTER * noise or grown > COUNTS_PER_PHOTON / 9:
        return None
    return Lit(np.asarray(level > (low + high) / 2), low, high)
