"""Put the seam of two cells of unlike brightness where the image steps from one to the other.

Where cells lie over each other, their shape alone tells badly where one ends: a cut at the neck
of both gives half of a dim cell to the bright one at its side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.box import within
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]
    Sides = NDArray[np.int8]

UNLIKE, CLEAR = 1.2, 3.5
"""The brightness of two cells differs by this ratio, and by so many SDs within them, if there is a
step; less is texture: pixels of one texture, taken apart by brightness, differ by 2.7 SDs."""
SURE = 10.0
"""A cell fewer noise SDs above background than this has no edge that is known better than its
shape."""
EXPLAINED = 0.9
"""A seam is moved if that takes the squares about each cell's mean down to this share."""
ROUNDS = 3
"""Each time, the means of both sides part the pixels better."""
RIM = 3
"""Pixels at the outline that are dimmed by blur, and tell nothing of a cell's brightness."""
NOBODY, ONE, OTHER = range(3)
"""On whose side a pixel is."""


@compiled
def resewn(labels: Ints, boxes: Ints, smooth: Floats, noise: float) -> None:
    """Move, in place, the seams between the labels of `boxes` (n, 4) to the steps between them.

    `noise` is the SD of the image. Boxes of cells that give or take are made those of both.
    """
    if len(boxes) < 2:
        return
    seams = seams_of(labels, len(boxes))
    for one in range(len(boxes)):
        for other in range(one + 1, len(boxes)):
            if seams[one, other]:
                both = np.empty_like(boxes[one])
                both[:2] = np.minimum(boxes[one, :2], boxes[other, :2])
                both[2:] = np.maximum(boxes[one, 2:], boxes[other, 2:])
                if resew(labels, one + 1, other + 1, both, smooth, noise):
                    boxes[one], boxes[other] = both, both


@compiled
def seams_of(labels: Ints, count: int) -> NDArray[np.bool_]:
    """Whether any two labels lie side by side: (count, count), the lower one first."""
    seams = np.zeros((count, count), np.bool_)
    for row in range(1, labels.shape[0]):
        for column in range(1, labels.shape[1]):
            here = labels[row, column]
            for beside in (labels[row - 1, column], labels[row, column - 1]):
                if here > 0 and beside > 0 and here != beside:
                    seams[min(here, beside) - 1, max(here, beside) - 1] = True
    return seams


@compiled
def resew(labels: Ints, one: int, other: int, box: Ints, smooth: Floats, noise: float) -> bool:
    """Move the seam of two labels to the step between them, in place; whether there is one."""
    here, bright = within(labels, box), within(smooth, box)
    sides = sides_of(here, one, other)
    deep = inner(sides)
    means, before = told(sides, deep, bright)
    middle = (means[ONE] + means[OTHER]) / 2
    if not is_step(*apart(deep, bright, middle), before, noise):
        return False
    after = before
    for _ in range(ROUNDS):
        grow(sides, votes(sides, deep, bright, means))
        means, after = told(sides, deep, bright)
    if not is_step(means, after, before, noise):
        return False
    for row in range(here.shape[0]):
        for column in range(here.shape[1]):
            if sides[row, column] != NOBODY:
                here[row, column] = one if sides[row, column] == ONE else other
    return True


@compiled
def is_step(means: NDArray[np.float64], left: float, before: float, noise: float) -> bool:
    """Whether sides of these means, with so much variance `left` of that `before`, are two cells.

    Sides of which nothing is known (NaN) are not.
    """
    dim, lit = min(means[ONE], means[OTHER]), max(means[ONE], means[OTHER])
    sure = left < EXPLAINED * before and dim > SURE * noise
    return bool(sure and lit > UNLIKE * dim and lit - dim > CLEAR * left**0.5)


@compiled
def sides_of(here: Ints, one: int, other: int) -> Sides:
    """On whose side each pixel is (h, w)."""
    sides = np.zeros(here.shape, np.int8)
    for row in range(here.shape[0]):
        for column in range(here.shape[1]):
            if here[row, column] == one:
                sides[row, column] = ONE
            elif here[row, column] == other:
                sides[row, column] = OTHER
    return sides


@compiled
def inner(sides: Sides) -> NDArray[np.bool_]:
    """Which pixels of two cells are no nearer than `RIM` to what is neither's: a square fits in."""
    height, width = sides.shape
    run, deep = np.zeros((height, width), np.int32), np.zeros((height, width), np.bool_)
    for row in range(height):
        for column in range(width):
            if sides[row, column] != NOBODY:
                run[row, column] = 1 + (run[row, column - 1] if column > 0 else 0)
    for column in range(2 * RIM, width):
        tall = 0
        for row in range(height):
            tall = tall + 1 if run[row, column] > 2 * RIM else 0
            if tall > 2 * RIM:
                deep[row - RIM, column - RIM] = True
    return deep


@compiled
def apart(
    deep: NDArray[np.bool_], bright: Floats, middle: float
) -> tuple[NDArray[np.float64], float]:
    """As `told`, of pixels taken apart by brightness alone: no seam parts them better."""
    sides = np.zeros(deep.shape, np.int8)
    for row in range(deep.shape[0]):
        for column in range(deep.shape[1]):
            if deep[row, column]:
                sides[row, column] = ONE if bright[row, column] > middle else OTHER
    return told(sides, deep, bright)


@compiled
def told(
    sides: Sides, deep: NDArray[np.bool_], bright: Floats
) -> tuple[NDArray[np.float64], float]:
    """The mean brightness of each side (3,), and the variance about it.

    The mean of a side of which nothing is `deep` is NaN.
    """
    sums, squares, count = np.zeros(3), np.zeros(3), np.zeros(3)
    for row in range(sides.shape[0]):
        for column in range(sides.shape[1]):
            if deep[row, column]:
                side, value = sides[row, column], float(bright[row, column])
                sums[side] += value
                squares[side] += value * value
                count[side] += 1
    means = sums / count
    left = 0.0
    for side in (ONE, OTHER):
        left += squares[side] - sums[side] * means[side]
    return means, max(left, 0.0) / max(count.sum(), 1.0)


@compiled
def votes(
    sides: Sides, deep: NDArray[np.bool_], bright: Floats, means: NDArray[np.float64]
) -> Sides:
    """On whose side each pixel should be by the brightness of those around it."""
    height, width = sides.shape
    middle = (means[ONE] + means[OTHER]) / 2
    up, down = (ONE, OTHER) if means[ONE] > middle else (OTHER, ONE)
    voted = sides.copy()
    for row in range(height):
        for column in range(width):
            if sides[row, column] == NOBODY:
                continue
            brighter, asked = 0, 0
            for y in range(max(row - RIM, 0), min(row + RIM + 1, height)):
                for x in range(max(column - RIM, 0), min(column + RIM + 1, width)):
                    brighter += deep[y, x] and bright[y, x] > middle
                    asked += deep[y, x]
            if 2 * brighter != asked:
                voted[row, column] = up if 2 * brighter > asked else down
    return voted


@compiled
def grow(sides: Sides, voted: Sides) -> None:
    """Give pixels, in place, to the side they voted for, from the seam on."""
    height, width = sides.shape
    changed = True
    while changed:
        changed = False
        for row in range(height):
            for column in range(width):
                wish = voted[row, column]
                if wish == sides[row, column]:
                    continue
                if (
                    (row > 0 and sides[row - 1, column] == wish)
                    or (row < height - 1 and sides[row + 1, column] == wish)
                    or (column > 0 and sides[row, column - 1] == wish)
                    or (column < width - 1 and sides[row, column + 1] == wish)
                ):
                    sides[row, column] = wish
                    changed = True
