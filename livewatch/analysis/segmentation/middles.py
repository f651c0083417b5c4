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
    largest = 0
    for number in range(len(boxes)):
        box = boxes[number]
        largest = max(largest, (box[2] - box[0]) * (box[3] - box[1]))
    values = np.empty(largest, np.float32)
    for number in range(len(boxes)):
        box, used = boxes[number], 0
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                values[used] = image[row, column]
                used += labels[row, column] == number + 1
        if used > 0:
            found[number] = middle_of(values, used)
    return found


@compiled
def middle_of(values: Floats, count: int) -> float:
    """The median of the first `count` values, which are put into another order."""
    half = count // 2
    select(values, count, half)
    upper = values[half]
    if count % 2 == 1:
        return float(upper)
    lower = values[0]
    for at in range(1, half):
        lower = max(lower, values[at])
    return float((lower + upper) / 2)


@compiled
def select(values: Floats, count: int, rank: int) -> None:
    """Put, of the first `count` values, none that is larger before that rank (Hoare's FIND)."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while pivot < values[right]:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if right < rank:
            low = left
        if rank < left:
            high = right


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
