"""From labels to cells: outlines in stage um, areas, places and brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.middles import means
from livewatch.analysis.segmentation.ring import rings, shapes
from livewatch.model import Cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Kind

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]


def measured(
    labels: Ints,
    boxes: Ints,
    level: Floats,
    smooth: Floats,
    kind: Kind,
    pixel_um: float,
    corner_um: NDArray[np.float64],
) -> tuple[tuple[Cell, ...], Floats, Ints]:
    """The cells in `labels` (1..n), all outlines (m, 2) in stage um, and where each starts.

    `boxes` (n, 4) hold the labels, `smooth` is the image above background at their resolution,
    `level` (n) each cell's brightness at its outline, `corner_um` the stage place of the labels'
    top-left corner.
    """
    points, start, edge = rings(labels, boxes, smooth, level)
    shape = shapes(points, start) * (pixel_um**2, pixel_um, pixel_um, pixel_um)
    shape[:, 2:] += corner_um
    outline_um = (points * np.float64(pixel_um) + corner_um).astype(np.float32)
    signal = means(labels, boxes, smooth)
    bounds = start.tolist()
    cells = tuple(
        Cell(
            id=number + 1,
            kind=kind,
            x_um=x_um,
            y_um=y_um,
            area_um2=area_um2,
            perimeter_um=perimeter_um,
            signal=bright,
            at_edge=cut > 0,
            outline_um=outline_um[bounds[number] : bounds[number + 1]],
        )
        for number, ((area_um2, perimeter_um, x_um, y_um), bright, cut) in enumerate(
            zip(shape.tolist(), signal.tolist(), edge.tolist(), strict=True)
        )
    )
    return cells, outline_um, start
