"""Trim cells to what is bright enough, and doubt those too dim to be sure of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.box import within
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

CORE = 5
"""What is cut off a cell and is nowhere wider than this many pixels was its halo."""


@compiled
def trim(labels: Ints, boxes: Ints, image: Floats, level: Floats) -> None:
    """Take away, in place, what is darker than each label's own level (n)."""
    for number in range(len(boxes)):
        own, bright = within(labels, boxes[number]), within(image, boxes[number])
        for row in range(own.shape[0]):
            for column in range(own.shape[1]):
                if own[row, column] == number + 1 and bright[row, column] < level[number]:
                    own[row, column] = 0


@compiled
def keep(labels: Ints, boxes: Ints, sure: NDArray[np.bool_]) -> None:
    """Take away, in place, the labels that are not `sure` (n), and number the others anew."""
    if sure.all():
        return
    kept = 0
    for number in range(len(boxes)):
        kept += sure[number]
        anew = kept if sure[number] else 0
        own = within(labels, boxes[number])
        for row in range(own.shape[0]):
            for column in range(own.shape[1]):
                if own[row, column] == number + 1:
                    own[row, column] = anew


@compiled
def shed(
    labels: Ints, image: Floats, level: np.float32, top: int, left: int, shape: tuple[int, int]
) -> None:
    """Trim label 1, in place; what is cut off and solid becomes label 2.

    Solid is what a square of `CORE` fits into, be it partly beyond the border of the image of
    `shape`, in which `labels` begin at row `top` and column `left`.
    """
    height, width = labels.shape
    rest = np.zeros((height, width), np.bool_)
    for row in range(height):
        for column in range(width):
            if labels[row, column] == 1 and image[row, column] < level:
                rest[row, column], labels[row, column] = True, 0
    low, high = max(-top, 0), min(shape[0] - top, height)
    first, stop = max(-left, 0), min(shape[1] - left, width)
    for row in range(low, high):
        for column in range(first, stop):
            if not rest[row, column]:
                continue
            up, down = max(row - CORE // 2, low), min(row + CORE // 2 + 1, high)
            before, after = max(column - CORE // 2, first), min(column + CORE // 2 + 1, stop)
            corners = rest[up, before] and rest[down - 1, after - 1]  # mostly tell it is not
            if corners and is_full(rest[up:down, before:after]):
                labels[up:down, before:after] = 2


@compiled
def is_full(mask: NDArray[np.bool_]) -> bool:
    """Whether all of a mask is true."""
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            if not mask[row, column]:
                return False
    return True


@compiled
def edges(labels: Ints, boxes: Ints, image: Floats) -> Floats:
    """How far the image falls across each label's outline, on average, over three pixels.

    Where it rises, or where another cell begins, it is taken not to fall: a halo between bright
    cells has no edge.
    """
    height, width = labels.shape
    found = np.zeros(len(boxes), np.float32)
    for number in range(len(boxes)):
        box, fall, length = boxes[number], 0.0, 0
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] != number + 1:
                    continue
                for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
                    y, x = row + down, column + right
                    if not (0 <= y < height and 0 <= x < width) or labels[y, x] == number + 1:
                        continue
                    length += 1
                    if labels[y, x] == 0:
                        within = image[clip(row - down, height), clip(column - right, width)]
                        beyond = image[clip(y + down, height), clip(x + right, width)]
                        fall += max(within - beyond, 0.0)
        found[number] = fall / max(length, 1)
    return found


@compiled
def clip(index: int, size: int) -> int:
    """The index, kept within an axis."""
    return min(max(index, 0), size - 1)
