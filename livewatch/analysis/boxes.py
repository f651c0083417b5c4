"""Boxes of outlines: which may be near each other at all, before any distance is measured.

Outlines stand one after the other in one array (m, 2), as in `gap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Starts = NDArray[np.int32]

LEAST_EDGE = 1e-9


@compiled
def boxes_of(points: Points, start: Starts) -> NDArray[np.float64]:
    """(n, 5): left, top, right, bottom of each outline, and its longest edge."""
    boxes = np.empty((len(start) - 1, 5))
    boxes[:, :2] = np.inf
    boxes[:, 2:4] = -np.inf
    boxes[:, 4] = 0.0
    for k in range(len(start) - 1):
        before = start[k + 1] - 1
        for i in range(start[k], start[k + 1]):
            x, y = points[i, 0], points[i, 1]
            dx, dy = float(x) - points[before, 0], float(y) - points[before, 1]
            before = i
            boxes[k, 4] = max(boxes[k, 4], dx * dx + dy * dy)
            boxes[k, 0], boxes[k, 1] = min(boxes[k, 0], x), min(boxes[k, 1], y)
            boxes[k, 2], boxes[k, 3] = max(boxes[k, 2], x), max(boxes[k, 3], y)
        boxes[k, 4] = max(np.sqrt(boxes[k, 4]), LEAST_EDGE)
    return boxes


@compiled
def neighbours(a: NDArray[np.float64], b: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """(pairs, 2): which boxes of `a` and `b` come within `reach` of each other."""
    order = np.argsort(b[:, 0], kind="mergesort")
    left = b[order, 0]
    widest = 0.0
    for j in range(len(b)):
        widest = max(widest, b[j, 2] - b[j, 0])
    pairs = np.empty((16 + 8 * len(a), 2), np.int64)
    count = 0
    for i in range(len(a)):
        first = np.searchsorted(left, a[i, 0] - reach - widest)
        for nth in range(first, len(b)):
            if left[nth] > a[i, 2] + reach:
                break
            j = order[nth]
            dx = max(b[j, 0] - a[i, 2], a[i, 0] - b[j, 2], 0.0)
            dy = max(b[j, 1] - a[i, 3], a[i, 1] - b[j, 3], 0.0)
            if dx * dx + dy * dy <= reach * reach:
                if count == len(pairs):
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                pairs[count, 0], pairs[count, 1] = i, j
                count += 1
    return pairs[:count]


@compiled
def square_to_box(x: float, y: float, box: NDArray[np.float64]) -> float:
    """Squared distance of a point to a box."""
    dx = max(box[0] - x, x - box[2], 0.0)
    dy = max(box[1] - y, y - box[3], 0.0)
    return float(dx * dx + dy * dy)
