"""One clump by itself: its halo taken off, its cells parted, each trimmed at its own brightness.

All of it is done on a copy of the clump, which stays in the processor's cache: passes over the
whole image would spend their time waiting for memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.segmentation.box import within
from livewatch.analysis.segmentation.ellipse import ROUND, ellipticity_of
from livewatch.analysis.segmentation.middles import medians
from livewatch.analysis.segmentation.regions import relabel
from livewatch.analysis.segmentation.split import split
from livewatch.analysis.segmentation.step import resewn
from livewatch.analysis.segmentation.trim import keep, shed, trim
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

ROUNDS = 2
"""Parting and trimming are done this often: a trimmed clump shows more of its necks. What is one
round cell has none; trimmed, it would lose a dark place at its edge and look as if it had. Trimmed
clumps, with no halo in their gaps any more, show their size too: what is a heap is shared out."""
HALO, HALF = np.float32(0.4), np.float32(0.5)
"""A cell ends at this fraction of its own median: before clumps are parted, and after."""
MARGIN = 1
"""Pixels around a clump's box in its copy: what lies there is outside, and known to be."""


class Rules(NamedTuple):
    """What makes a cell of an image: brightness in counts, areas and width in working pixels.

    What is dimmer than `faint` is none, nor what is smaller than `least_px`, or than `aside_px`
    beside another; holes of `hole_px` are filled. `across_px` is the width of a typical cell,
    `noise` the SD of the image.
    """

    faint: np.float32
    noise: float
    across_px: float
    least_px: int
    hole_px: int
    aside_px: int


@compiled
def parted(labels: Ints, boxes: Ints, smooth: Floats, rules: Rules) -> tuple[Ints, Ints, Floats]:
    """The cells in the clumps of `labels` (h, w), 1..n, in `boxes` (n, 4), which are made theirs.

    The box, the area, and the brightness at the outline of each, from clump to clump.
    """
    found = np.empty((len(boxes) + 16, 4), np.int32)
    areas, levels = np.empty(len(found), np.int32), np.empty(len(found), np.float32)
    count = 0
    for number in range(len(boxes)):
        box = boxes[number]
        here, bright = alone(labels, number + 1, box, smooth)
        area, own = shorn(here, bright, box, labels.shape, rules)
        area, own, level = trimmed(here, bright, area, own, rules)
        while count + len(own) > len(found):
            found = np.concatenate((found, np.empty_like(found)))
            areas = np.concatenate((areas, np.empty_like(areas)))
            levels = np.concatenate((levels, np.empty_like(levels)))
        put(here, labels, number + 1, box, len(boxes) + count)
        for one in range(len(own)):
            for side in range(4):
                found[count, side] = own[one, side] + box[side % 2] - MARGIN
            areas[count], levels[count] = area[one], level[one]
            count += 1
    lower(labels, found[:count], len(boxes))
    return found[:count], areas[:count], levels[:count]


@compiled
def alone(labels: Ints, label: int, box: Ints, smooth: Floats) -> tuple[Ints, Floats]:
    """A copy of one clump, its label 1, and of the image there; both with a margin."""
    shape = box[2] - box[0] + 2 * MARGIN, box[3] - box[1] + 2 * MARGIN
    here, bright = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    own, light = within(labels, box), within(smooth, box)
    for row in range(own.shape[0]):
        for column in range(own.shape[1]):
            here[row + MARGIN, column + MARGIN] = own[row, column] == label
            bright[row + MARGIN, column + MARGIN] = light[row, column]
    return here, bright


@compiled
def shorn(
    here: Ints, bright: Floats, box: Ints, shape: tuple[int, int], rules: Rules
) -> tuple[Ints, Ints]:
    """Take, in place, the halo off a clump; the area and box of what it falls into.

    What is solid of the halo is kept beside it, where it is large enough: a dim cell beside a
    bright one is not lost with the halo. `box` is where the clump lies in an image of `shape`.
    """
    whole = np.array([[MARGIN, MARGIN, here.shape[0] - MARGIN, here.shape[1] - MARGIN]], np.int32)
    level = np.maximum(HALO * medians(here, whole, bright), rules.faint)
    shed(here, bright, level[0], box[0] - MARGIN, box[1] - MARGIN, shape)
    own, area, boxes = relabel(here, rules.least_px, rules.hole_px, False)
    sure = (own <= 1) | (area >= rules.aside_px)
    keep(here, boxes, sure)
    return area[sure], boxes[sure]


@compiled
def trimmed(
    here: Ints, bright: Floats, area: Ints, boxes: Ints, rules: Rules
) -> tuple[Ints, Ints, Floats]:
    """Part, in place, what is several cells, and trim each; their areas, boxes and levels."""
    if is_lone(here, area, boxes, rules.across_px):
        return pared(here, bright, boxes, rules)
    level = np.empty(0, np.float32)
    for turn in range(ROUNDS):
        here, boxes = split(here, area, boxes, bright, rules.noise, rules.across_px, turn > 0)
        resewn(here, boxes, bright, rules.noise)
        area, boxes, level = pared(here, bright, boxes, rules)
    return area, boxes, level


@compiled
def pared(here: Ints, bright: Floats, boxes: Ints, rules: Rules) -> tuple[Ints, Ints, Floats]:
    """Trim, in place, each cell at its own brightness; the areas, boxes and levels of the rest."""
    level = np.maximum(HALF * medians(here, boxes, bright), rules.faint)
    trim(here, boxes, bright, level)
    own, area, boxes = relabel(here, rules.least_px, rules.hole_px, True)
    return area, boxes, level[own - 1]


@compiled
def is_lone(here: Ints, area: Ints, boxes: Ints, across_px: float) -> bool:
    """Whether a clump is one cell by its roundness, and no larger than two usual ones."""
    if len(boxes) != 1 or area[0] > 2 * np.pi / 4 * across_px**2:
        return False
    return bool(ellipticity_of(here, 1, boxes[0]) >= ROUND)


@compiled
def put(here: Ints, labels: Ints, label: int, box: Ints, above: int) -> None:
    """Put a clump's copy back: its cells' labels, raised by `above`, instead of its own."""
    own = within(labels, box)
    for row in range(own.shape[0]):
        for column in range(own.shape[1]):
            if own[row, column] == label or own[row, column] == 0:
                cell = here[row + MARGIN, column + MARGIN]
                own[row, column] = cell + above if cell > 0 else 0


@compiled
def lower(labels: Ints, boxes: Ints, by: int) -> None:
    """Lower, in place, the labels in `boxes` that are above `by`."""
    for number in range(len(boxes)):
        own = within(labels, boxes[number])
        for row in range(own.shape[0]):
            for column in range(own.shape[1]):
                if own[row, column] == number + 1 + by:
                    own[row, column] = number + 1
