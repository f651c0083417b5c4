"""A cell with another outline than it was found with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.replaced import replaced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from livewatch.model import Cell


def reshaped(cell: Cell, ring: NDArray[np.float32], shape: NDArray[np.float64]) -> Cell:
    """The cell within an outline (n, 2) of this `shape` (see `shape_of`)."""
    area_um2, perimeter_um, x_um, y_um = shape.tolist()
    return replaced(
        cell,
        x_um=x_um,
        y_um=y_um,
        area_um2=area_um2,
        perimeter_um=perimeter_um,
        outline_um=ring,
    )
