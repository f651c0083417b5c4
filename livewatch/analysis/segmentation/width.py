"""How large the cells of a recording are, where nobody says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.classic import classic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Pixels

ENOUGH = 10
"""From so many cells on, their median is worth more than a guess."""
ROUNDS = 8
SAME = 0.03
"""Two widths that differ by less than this share are the same."""


def usual_diameter_um(images: Sequence[Pixels], pixel_um: float, guess_um: float) -> float:
    """The width at which cells, looked for at that width, have it: in um, by their median area.

    Looked for too large, neighbours pass for one cell; too small, one for several. For compact
    cells what is found lies nearer the truth than what was looked for, from both sides; branched
    ones have several such widths. `images` (rows, columns) are of one channel; the guess stands
    where too few cells are found.
    """
    width_um = guess_um
    for _ in range(ROUNDS):
        found = [_widths_um(image, pixel_um, width_um) for image in images]
        found_um = np.concatenate([np.empty(0), *found])
        if len(found_um) < ENOUGH:
            return guess_um
        last_um, width_um = width_um, float(np.median(found_um))
        if abs(width_um / last_um - 1) < SAME:
            break
    return width_um


def _widths_um(image: Pixels, pixel_um: float, width_um: float) -> NDArray[np.float64]:
    """Diameters of the circles as large as the cells found, in um; (cells,)."""
    labels, label_um = classic(image, pixel_um, width_um)
    areas_px = np.bincount(labels.ravel())[1:]
    widths_um: NDArray[np.float64] = np.sqrt(4 / np.pi * areas_px[areas_px > 0]) * label_um
    return widths_um
