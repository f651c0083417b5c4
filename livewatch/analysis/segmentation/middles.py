"""The medians of images over labelled cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]


@compiled
def middles(labels: Ints, count: int, one: Floats, two: Floats) -> tuple[Floats, Floats]:
    """The medians of two images over each label (count each)."""
    start = np.zeros(count + 2, np.int64)
    for each in labels.ravel():
        start[each + 1] += 1
    start[1] = 0  # the background's pixels are not kept
    start = np.cumsum(start)
    fill = start.copy()
    ones, twos = np.empty(start[-1], np.float32), np.empty(start[-1], np.float32)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            here = labels[row, column]
            if here > 0:
                ones[fill[here]] = one[row, column]
                twos[fill[here]] = two[row, column]
                fill[here] += 1
    first, second = np.zeros(count, np.float32), np.zeros(count, np.float32)
    for label in range(1, count + 1):
        if start[label + 1] > start[label]:
            first[label - 1] = np.median(ones[start[label] : start[label + 1]])
            second[label - 1] = np.median(twos[start[label] : start[label + 1]])
    return first, second
