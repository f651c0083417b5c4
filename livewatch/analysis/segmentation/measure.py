"""From labels to outlines in stage um, areas, places and brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.segmentation.middles import means
from livewatch.analysis.segmentation.ring import rings, shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]


class Measured(NamedTuple):
    """What is measured of each of n labels: see `Seen`."""

    outline_um: Floats
    outline_start: Ints
    shapes: NDArray[np.float64]
    signals: Floats
    at_edge: NDArray[np.bool_]


def measured(
    labels: Ints,
    boxes: Ints,
    level: Floats,
    smooth: Floats,
    pixel_um: float,
    corner_um: NDArray[np.float64],
) -> Measured:
    """Outlines, shapes and brightness of the cells in `labels` (1..n).

    `boxes` (n, 4) hold the labels, `smooth` is the image above background at their resolution,
    `level` (n) each cell's brightness at its outline, `corner_um` the stage place of the labels'
    top-left corner.
    """
    points, start, edge = rings(labels, boxes, smooth, level)
    shape = shapes(points, start) * (pixel_um**2, pixel_um, pixel_um, pixel_um)
    shape[:, 2:] += corner_um
    outline_um = (points * np.float64(pixel_um) + corner_um).astype(np.float32)
    return Measured(outline_um, start, shape, means(labels, boxes, smooth), edge > 0)
