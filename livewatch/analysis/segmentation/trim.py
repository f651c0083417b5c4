"""Trim cells to what is bright enough, and doubt those too dim to be sure of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

CORE = np.ones((5, 5), np.uint8)
"""What is cut off a cell and is nowhere wider than this was its halo."""


@compiled
def trim(labels: Ints, boxes: Ints, image: Floats, level: Floats) -> None:
    """Take away, in place, what is darker than each label's own level (n)."""
    for number in range(len(boxes)):
        box = boxes[number]
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1 and image[row, column] < level[number]:
                    labels[row, column] = 0


@compiled
def keep(labels: Ints, boxes: Ints, sure: NDArray[np.bool_]) -> None:
    """Take away, in place, the labels that are not `sure` (n), and number the others anew."""
    if sure.all():
        return
    kept = 0
    for number in range(len(boxes)):
        kept += sure[number]
        anew = kept if sure[number] else 0
        box = boxes[number]
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1:
                    labels[row, column] = anew


def apart(labels: Ints, boxes: Ints, image: Floats, level: Floats) -> None:
    """Trim, in place; what is cut off and solid becomes n + the label it is cut off.

    So a bright cell loses its halo, and a dim cell beside it is not lost with it.
    """
    rest = cut_off(labels, boxes, image, level)
    solid = cv2.morphologyEx(rest, cv2.MORPH_OPEN, CORE)
    settle(labels, boxes, rest, np.asarray(solid, np.uint8))


@compiled
def cut_off(labels: Ints, boxes: Ints, image: Floats, level: Floats) -> NDArray[np.uint8]:
    """Where a label is darker than its level (h, w)."""
    rest = np.zeros(labels.shape, np.uint8)
    for number in range(len(boxes)):
        box = boxes[number]
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1 and image[row, column] < level[number]:
                    rest[row, column] = 1
    return rest


@compiled
def settle(labels: Ints, boxes: Ints, rest: NDArray[np.uint8], solid: NDArray[np.uint8]) -> None:
    """Give what is solid of the rest a label of its own, in place, and none to what is not."""
    for number in range(len(boxes)):
        box = boxes[number]
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1 and rest[row, column] > 0:
                    labels[row, column] = solid[row, column] * (len(boxes) + number + 1)


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
