"""What cells are like in an image: each one's median or mean, looked for in its box alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]


@compiled
def medians(labels: Ints, boxes: Ints, image: Floats) -> Floats:
    """The image's median over each label (n): what a bright spot in a cell does not move.

    `boxes` (n, 4) hold each label's first row, first column, stop row and stop column, or more.
    """
    found = np.zeros(len(boxes), np.float32)
    for number in range(len(boxes)):
        box = boxes[number]
        values = np.empty((box[2] - box[0]) * (box[3] - box[1]), np.float32)
        used = 0
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1:
                    values[used] = image[row, column]
                    used += 1
        if used > 0:
            found[number] = np.median(values[:used])
    return found


@compiled
def means(labels: Ints, boxes: Ints, image: Floats) -> Floats:
    """The image's mean over each label (n)."""
    found = np.zeros(len(boxes), np.float32)
    for number in range(len(boxes)):
        box, total, area = boxes[number], 0.0, 0
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1:
                    total += image[row, column]
                    area += 1
        found[number] = total / max(area, 1)
    return found
