"""How near to an ellipse a set of pixels is, from sums over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.box import within
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Sums = NDArray[np.float64]

ROUND = 0.985
"""More elliptical than this is one cell."""
AREA, X, Y, XX, YY, XY = range(6)
"""The sums: pixels, and first and second moments of their places."""


@compiled
def ellipticity_of(labels: Ints, label: int, box: Ints) -> float:
    """Ellipticity of one region."""
    body, own = np.zeros(6), within(labels, box)
    for y in range(own.shape[0]):
        area, x, xx = 0, 0, 0  # whole numbers, several pixels at a time
        for column in range(own.shape[1]):
            here = int(own[y, column] == label)
            area += here
            x += here * column
            xx += here * column * column
        body[AREA] += area
        body[X] += x
        body[Y] += area * y
        body[XX] += xx
        body[YY] += area * y * y
        body[XY] += x * y
    return ellipticity(body)


@compiled
def add(body: Sums, x: float, y: float) -> None:
    """Count one pixel to a body."""
    body[AREA] += 1
    body[X] += x
    body[Y] += y
    body[XX] += x * x
    body[YY] += y * y
    body[XY] += x * y


@compiled
def ellipticity(body: Sums) -> float:
    """Area over that of the ellipse of the same second moments: 1 for any ellipse, else less."""
    area = body[AREA]
    x, y = body[X] / area, body[Y] / area
    xx, yy = body[XX] / area - x * x + 1 / 12, body[YY] / area - y * y + 1 / 12
    xy = body[XY] / area - x * y
    return float(area / (4 * np.pi * np.sqrt(max(xx * yy - xy * xy, 1e-9))))
