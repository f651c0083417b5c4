"""What cells are like in an image: each one's median or mean, looked for in its box alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.box import within
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]


BINS = 128
"""A cell's values are counted in so many steps of brightness; the median is sought in one."""


@compiled
def medians(labels: Ints, boxes: Ints, image: Floats) -> Floats:
    """The image's median over each label (n): what a bright spot in a cell does not move.

    `boxes` (n, 4) hold each label's first row, first column, stop row and stop column, or more.
    """
    found = np.zeros(len(boxes), np.float32)
    values, tally = room_for(boxes), np.empty(BINS, np.int32)
    for number in range(len(boxes)):
        used = gathered(labels, number + 1, boxes[number], image, values)
        if used > 0:
            found[number] = middle_of(values, used, tally)
    return found


@compiled
def room_for(boxes: Ints) -> Floats:
    """Room for the values of the largest of the boxes."""
    largest = 0
    for number in range(len(boxes)):
        box = boxes[number]
        largest = max(largest, (box[2] - box[0]) * (box[3] - box[1]))
    return np.empty(largest, np.float32)


@compiled
def gathered(labels: Ints, label: int, box: Ints, image: Floats, values: Floats) -> int:
    """The image's values in one label, put at the front of `values`; how many there are."""
    used, own, bright = 0, within(labels, box), within(image, box)
    for row in range(own.shape[0]):
        for column in range(own.shape[1]):
            values[used] = bright[row, column]
            used += own[row, column] == label
    return used


@compiled
def middle_of(values: Floats, count: int, tally: Ints) -> float:
    """The median of the first `count` values, which are put into another order.

    Values are counted by brightness, and only those that lie in the median's own step are sorted:
    a sort of all of them asks the processor to guess at every comparison.
    """
    low, high = values[0], values[0]
    for at in range(1, count):
        low, high = min(low, values[at]), max(high, values[at])
    if low == high:
        return float(low)
    per_count = np.float32(len(tally) - 1) / (high - low)
    tally[:] = 0
    for at in range(count):
        tally[int((values[at] - low) * per_count)] += 1
    half, step, before = count // 2, 0, 0
    while before + tally[step] <= half:
        before += tally[step]
        step += 1
    used, lower = 0, low
    for at in range(count):
        value = values[at]
        own = int((value - low) * per_count)
        if own < step:
            lower = max(lower, value)
        values[used] = value
        used += own == step
    few = np.sort(values[:used])
    upper = few[half - before]
    if count % 2 == 1:
        return float(upper)
    if half > before:
        lower = few[half - before - 1]
    return float((lower + upper) / 2)


@compiled
def means(labels: Ints, boxes: Ints, image: Floats) -> Floats:
    """The image's mean over each label (n)."""
    found = np.zeros(len(boxes), np.float32)
    for number in range(len(boxes)):
        own, bright = within(labels, boxes[number]), within(image, boxes[number])
        total, area = 0.0, 0
        for row in range(own.shape[0]):
            for column in range(own.shape[1]):
                if own[row, column] == number + 1:
                    total += bright[row, column]
                    area += 1
        found[number] = total / max(area, 1)
    return found
