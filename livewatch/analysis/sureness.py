"""How surely a gap is known: hardly, where a seam of cells of one kind is near.

At the membrane of a cell by itself an image tells the gap well. Where an NK cell lies against
another, no membrane is seen between them: the seam is where parting put it, and a tip of one may
have been given to the other. So a gap that is measured beside a seam is in doubt, the more the
nearer; that is stated with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.boxes import boxes_of, neighbours, square_to_box
from livewatch.analysis.gap import nearest
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Starts = NDArray[np.int32]
    Floats = NDArray[np.float64]

GAP_SD_UM, SEAM_SD_UM = 0.2, 1.25
"""Error of a gap between cells that lie by themselves, and of one right at a seam: from 7,300 gaps
in synthetic specimens (seeds 5000-5011 and 5100-5115), as is how it fades."""
FADING = 0.22
"""The latter fades to a third in this share of a cell's diameter."""
REACH = 3 * FADING
"""What is further off than this in diameters is no matter."""


def gap_sd_um(nk: Floats, tumor: Floats) -> Floats:
    """The SD of gaps (n,) whose ends are so many diameters (n,) from others of their kind."""
    doubt_um = SEAM_SD_UM * np.exp(-np.array((nk, tumor)) / FADING)
    return np.asarray(np.sqrt(GAP_SD_UM**2 + (doubt_um**2).sum(0)))


@compiled
def from_others(
    points: Points, start: Starts, pairs: NDArray[np.int64], places: Floats, side: int
) -> Floats:
    """How far the ends of gaps are from all outlines but that on which each lies, in its diameters.

    `pairs` (n, 2) and `places` (n, 4) are those of `measured`; the ends are those at the NK cells
    (`side` 0) or the tumor cells (1), whose outlines are given. Beyond `REACH` it is infinity.
    """
    boxes = boxes_of(points, start)
    across = (boxes[:, 2] - boxes[:, 0] + boxes[:, 3] - boxes[:, 1]) / 2
    beside = neighbours(boxes, boxes, REACH * across.max() if len(across) else 0.0)
    first = np.searchsorted(beside[:, 0], np.arange(len(boxes) + 1))
    found = np.full(len(places), np.inf)
    for nth in range(len(places)):
        own, x, y = pairs[nth, side], places[nth, 2 * side], places[nth, 2 * side + 1]
        reach = (REACH * across[own]) ** 2
        best = reach
        for at in range(first[own], first[own + 1]):
            other = beside[at, 1]
            if other != own and square_to_box(x, y, boxes[other]) < best:
                begin, end = start[other], start[other + 1]
                best, _ = nearest(x, y, points, begin, end, boxes[other, 4], begin, best)
        if best < reach:
            found[nth] = np.sqrt(best) / across[own]
    return found
