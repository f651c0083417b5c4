"""From labels to cells: outlines in stage um, areas, places and brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.membrane import at_half_height
from livewatch.analysis.segmentation.middles import means
from livewatch.analysis.segmentation.ring import rings
from livewatch.model import Cell
from livewatch.replaced import maker_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground
    from livewatch.analysis.segmentation.pieces import Pieces
    from livewatch.model import Kind

made = maker_of(Cell)


def measured(
    pieces: Pieces, seen: Ground, kind: Kind, corner_um: NDArray[np.float64]
) -> tuple[Cell, ...]:
    """The cells that the pieces of an image are, in their order, numbered from 1.

    Their outlines are at the half height of their edges, and areas, perimeters and centres those
    of the outlines. `corner_um` is the stage place of the image's top-left corner.
    """
    points, start, edge = rings(pieces.labels, pieces.boxes, seen.smooth, pieces.level)
    moved, shapes = at_half_height(seen.signal, points.astype(np.float64) - 0.5, start)
    outline_um = ((moved + 0.5) * seen.pixel_um + corner_um).astype(np.float32)
    bounds, signals = start.tolist(), means(pieces.labels, pieces.boxes, seen.smooth)
    areas_um2, lengths_um = shapes[:, 0] * seen.pixel_um**2, shapes[:, 1] * seen.pixel_um
    places_um = (shapes[:, 2:] + 0.5) * seen.pixel_um + corner_um
    return tuple(
        made(
            id=number + 1,
            kind=kind,
            x_um=x_um,
            y_um=y_um,
            area_um2=area_um2,
            perimeter_um=perimeter_um,
            signal=signal,
            at_edge=cut,
            outline_um=outline_um[bounds[number] : bounds[number + 1]],
        )
        for number, (area_um2, perimeter_um, (x_um, y_um), signal, cut) in enumerate(
            zip(
                areas_um2.tolist(),
                lengths_um.tolist(),
                places_um.tolist(),
                signals.tolist(),
                (edge > 0).tolist(),
                strict=True,
            )
        )
    )
