"""A ghost: what a cell's light that bleeds into the other channel looks like there.

Bleed-through is taken off once it is measured, for which a few cells are needed; a picture of one
or two shows their ghosts. A ghost has the cell's own outline and is far dimmer. No cell lies over
one of the other kind like that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import cKDTree

from livewatch.analysis.sightings import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.model import Cell

DIM = 0.3
"""A ghost is dimmer than this share of its cell, in counts."""
ALIKE = 0.75
"""Of both areas the lesser is at least this share of the greater, and so is what they share."""
RASTER_UM = 0.5
"""Outlines are laid over each other on a grid of this step."""


def without_ghosts(cells: Sequence[Cell], others: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells of one kind without ghosts of those of the other."""
    likely = may_be_ghosts(cells, others)
    ghosts = {at for at, of in likely if overlap(cells[at], others[of]) >= ALIKE}
    return tuple(cell for at, cell in enumerate(cells) if at not in ghosts)


def may_be_ghosts(cells: Sequence[Cell], others: Sequence[Cell]) -> list[tuple[int, int]]:
    """Cells, by number, at the place of a far brighter one of their size, and that one."""
    if not cells or not others:
        return []
    one, other = table_of(cells), table_of(others)
    places = [np.column_stack((table["x_um"], table["y_um"])) for table in (one, other)]
    apart_um, nearest = cKDTree(places[1]).query(places[0])
    other = other[nearest]
    greater = np.maximum(one["area_um2"], other["area_um2"])
    likely = one["signal"] < DIM * other["signal"]
    likely &= np.minimum(one["area_um2"], other["area_um2"]) >= ALIKE * greater
    likely &= apart_um <= (1 - ALIKE) * np.sqrt(greater)
    return [(int(at), int(nearest[at])) for at in np.flatnonzero(likely)]


def overlap(one: Cell, other: Cell) -> float:
    """The area that two cells share, of that which either covers."""
    rings = [np.asarray(cell.outline_um, np.float64) for cell in (one, other)]
    both = np.concatenate(rings)
    corner_um = both.min(0) - RASTER_UM
    width, height = np.ceil((both.max(0) - corner_um) / RASTER_UM).astype(int) + 1
    masks = [np.zeros((height, width), np.uint8) for _ in rings]
    for mask, ring in zip(masks, rings, strict=True):
        cv2.fillPoly(mask, [np.round((ring - corner_um) / RASTER_UM).astype(np.int32)], 1)
    shared, either = int((masks[0] & masks[1]).sum()), int((masks[0] | masks[1]).sum())
    return shared / max(either, 1)
