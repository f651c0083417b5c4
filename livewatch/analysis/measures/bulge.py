"""Bulges: where the tumor's outline went round what an NK cell has bitten off of it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from livewatch.analysis.measures.distance import narrow
from livewatch.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.float32]
    Mask = NDArray[np.uint8]

BULGE_UM = 6.0
"""What juts out into an NK cell and is narrower than twice this is one."""


@compiled
def unbulged(
    tumor: Mask, tumors: Mask, depth_um: Image, nks: NDArray[np.int16], pixel_um: float
) -> bool:
    """Unmark in both masks what belongs to an NK cell: narrow, and covered by one. True if any was.

    `depth_um` says how deep in the tumor cell each pixel is.
    """
    rows, columns = tumor.shape
    top, bottom, left, right = rows, -1, columns, -1
    for row in range(rows):
        for column in range(columns):
            if tumor[row, column] > 0 and nks[row, column] != 0:
                top, bottom = min(top, row), max(bottom, row)
                left, right = min(left, column), max(right, column)
    if bottom < 0 or depth_um.max() <= BULGE_UM:
        return False
    # no core further off than this matters; distances are up to 5 % short
    reach = ceil(1.1 * BULGE_UM / pixel_um) + 3
    top, left = max(top - reach, 0), max(left - reach, 0)
    is_narrow = narrow(
        depth_um[top : bottom + reach + 1, left : right + reach + 1], BULGE_UM, pixel_um
    )
    any_is = False
    for row in range(is_narrow.shape[0]):
        for column in range(is_narrow.shape[1]):
            at = top + row, left + column
            if is_narrow[row, column] and tumor[at] > 0 and nks[at] != 0:
                tumor[at] = tumors[at] = 0
                any_is = True
    return any_is
