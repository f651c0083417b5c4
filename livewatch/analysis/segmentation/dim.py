"""Cells whose pixels hardly stand out of the noise: looked for as a whole, after all others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.middle import median
from livewatch.analysis.segmentation import cores
from livewatch.analysis.segmentation.clump import HALF, Rules, parted
from livewatch.analysis.segmentation.cores import BLOCKS, averages, contrasts, standing_out
from livewatch.analysis.segmentation.ground import COARSE
from livewatch.analysis.segmentation.quiet import LEAST_NOISE
from livewatch.analysis.segmentation.regions import regions, relabel
from livewatch.analysis.segmentation.trim import keep
from livewatch.analysis.segmentation.window import widened, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground
    from livewatch.analysis.segmentation.pieces import Pieces
    from livewatch.analysis.segmentation.window import Window

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

SIGMAS = 5.0
"""A cell stands out by so many SDs of averages over most of it, and again once it is drawn.

In 80 images of noise alone no place did; by 4.5, six places in ten of them with much light.
"""
MOST = 4.0
"""A block counts as no brighter than this many of the image's noise SDs."""
NARROW_PX = 10
"""Cells narrower than this are smoothed as a whole already."""
AWAY = 1.3
"""What is around a cell is looked for so far from its middle, in diameters."""
SAMPLES, FEWEST = 1500, 100
"""Averages that the noise is told from; fewer do not tell it."""
FALL = 0.6
"""From within a cell to what is around it, brightness falls by this share."""
TOP = 0.75
"""An outline is at half of what this share of the cell's pixels are dimmer than."""
INNER, OUTER = 0.125, 0.375
"""The ring around a cell: so far from its outline, in diameters."""
FREE = 0.6
"""So much of the ring must be free of other cells."""
SMALL, LARGE, HOLE = 0.4, 2.5, 0.3
"""Areas of the smallest and the largest dim cell, and the largest hole, in typical cells."""


class Dim(NamedTuple):
    """A dim cell: its pixels in a window, brightness at its outline and median brightness."""

    window: Window
    mask: Mask
    level: float
    middle: float


class Measure(NamedTuple):
    """What a dim cell is measured against.

    `noise` is the SD of averages over most of a cell; what falls by less than `ghost` from within
    to around it is none. Lengths and areas are in pixels.
    """

    noise: float
    ghost: float
    across_px: float
    usual_px: float


def warm_up() -> None:
    """Compile, or load from the cache, what is called for the sake of dim cells alone."""
    cores.warm_up()
    relabel(np.zeros((4, 4), np.int32), 1, 0, True)


def with_dim(
    pieces: Pieces, under: NDArray[np.uint8], seen: Ground, clear: float, ghost: float
) -> Pieces:
    """The pieces, and the dim cells beside them; the labels are changed in place.

    None is looked for in the blocks `under` clear cells, nor right beside them. Pieces dimmer
    than `clear` make way for what is found in their stead; nothing dimmer than `ghost` is a cell.
    """
    if seen.across_px < NARROW_PX:
        return pieces
    hidden = widened(under.view(np.bool_), 1).view(np.uint8)
    core = averages(seen.coarse, hidden, np.float32(MOST * seen.noise))
    reach = round(AWAY * seen.across_px / COARSE)
    sample = contrasts(core, reach, max(1, round((core.size / SAMPLES) ** 0.5)))
    if len(sample) < FEWEST:
        return pieces
    noise = max(1.4826 * median(np.abs(sample)), LEAST_NOISE)
    places, floors = standing_out(core, reach, max(SIGMAS * noise, ghost))
    if not len(places):
        return pieces
    is_clear = pieces.middle >= clear
    measure = Measure(noise, ghost, seen.across_px, np.pi / 4 * seen.across_px**2)
    found = [
        one
        for window in windows(places, floors, pieces.labels, is_clear, seen)
        for one in cells_in(window, measure)
    ]
    return joined(pieces, found, is_clear, round(SMALL * measure.usual_px))


def cells_in(window: Window, measure: Measure) -> Iterator[Dim]:
    """The dim cells in a window."""
    faint = np.float32(max(SIGMAS * measure.noise, measure.ghost) / 2)
    near = widened(window.core, round(measure.across_px / 2))
    mask = (window.calm >= faint) & near & ~window.shut
    least_px, hole_px = round(SMALL * measure.usual_px), round(HOLE * measure.usual_px)
    labels, _, _, boxes = regions(mask.view(np.uint8), least_px, hole_px, False)
    rules = Rules(faint, measure.noise, measure.across_px, least_px, hole_px, least_px)
    boxes, _, levels = parted(labels, boxes, window.calm, rules)
    for number, level in enumerate(levels.tolist(), 1):
        bright = np.sort(window.calm[labels == number])
        half = max(float(HALF * bright[int(TOP * len(bright))]), level)
        own = ((labels == number) & (window.calm >= np.float32(half))).astype(np.int32)
        relabel(own, least_px, hole_px, True)
        inside = own > 0
        others = window.shut | ((labels > 0) & (labels != number))
        if (inside & window.core).any() and is_cell(inside, others, window, measure):
            middle = median(window.smooth[inside])
            yield Dim(window, inside, half + window.under, middle + window.under)


def is_cell(inside: Mask, others: Mask, window: Window, measure: Measure) -> bool:
    """Whether brightness falls enough from within a region to the ring around it.

    The noise of a mean over the region follows from that over a core.
    """
    area = np.count_nonzero(inside)
    ring = widened(inside, round(OUTER * measure.across_px))
    ring &= ~widened(inside, round(INNER * measure.across_px))
    free = ring & ~others
    count = np.count_nonzero(free)
    if area > LARGE * measure.usual_px or count == 0 or count < FREE * np.count_nonzero(ring):
        return False
    middle = median(window.smooth[inside])
    fall = middle - float(window.signal[free].mean())
    noise = measure.noise * BLOCKS * COARSE / area**0.5
    return fall >= max(SIGMAS * noise, FALL * middle, measure.ghost)


def joined(pieces: Pieces, found: list[Dim], is_clear: Mask, least_px: int) -> Pieces:
    """The pieces and the dim cells found, as far as these do not lie over each other.

    Of the pieces that are not clear, those that lie in a dim cell by more than half are left out.
    """
    sure = is_clear | ~covered_by(found, pieces)
    keep(pieces.labels, pieces.boxes, sure)
    boxes, levels, middles = [pieces.boxes[sure]], [], []
    count = len(boxes[0])
    for one in found:
        labels = pieces.labels[one.window.rows, one.window.columns]
        own = (one.mask & (labels == 0)).astype(np.int32)
        _, _, box = relabel(own, least_px, 0, True)
        if len(box):
            labels[own > 0] = count = count + 1
            corner = one.window.rows.start, one.window.columns.start
            boxes.append(box + np.array(2 * corner, np.int32))
            levels.append(one.level)
            middles.append(one.middle)
    return replace(
        pieces,
        boxes=np.concatenate(boxes),
        level=np.append(pieces.level[sure], np.array(levels, np.float32)),
        middle=np.append(pieces.middle[sure], np.array(middles, np.float32)),
    )


def covered_by(found: list[Dim], pieces: Pieces) -> Mask:
    """Which pieces (n) lie in a dim cell by more than half."""
    covered = np.zeros(len(pieces.boxes), np.bool_)
    for one in found:
        under = pieces.labels[one.window.rows, one.window.columns][one.mask]
        for label in np.unique(under[under > 0]).tolist():
            top, left, bottom, right = pieces.boxes[label - 1].tolist()
            area = np.count_nonzero(pieces.labels[top:bottom, left:right] == label)
            covered[label - 1] |= 2 * np.count_nonzero(under == label) > area
    return covered
