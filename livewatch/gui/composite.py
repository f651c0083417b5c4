"""Two channels into one picture, each through a look-up table. Pure: no Qt.

Compiled, and without the interpreter's lock, so that drawing does not hold up the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.gui.levels import Levels
    from livewatch.model import Pixels

    Table = NDArray[np.uint32]
    Rgb = tuple[int, int, int]

GAMMA = 0.8
GLOW = 0.82
"""Up to this part of the range the colour deepens, above it turns paler."""
PALEST = 0.35
NIGHT, RED, GREEN, BLUE = (np.uint32(m) for m in (0xFF000000, 0xFF0000, 0xFF00, 0xFF))
COUNTS = 65_536


def table(levels: Levels, color: Rgb) -> Table:
    """What each count 0..65535 looks like, as 0xAARRGGBB: black, then the colour, then paler."""
    counts = np.arange(COUNTS, dtype=np.float32)
    shade = np.clip((counts - levels.low) / max(levels.high - levels.low, 1.0), 0, 1) ** GAMMA
    deep = np.minimum(shade / GLOW, 1.0)
    pale = PALEST * np.maximum(shade - GLOW, 0.0) / (1 - GLOW)
    packed = np.zeros(COUNTS, np.uint32)
    for value, shift in zip(color, (16, 8, 0), strict=True):
        part = value * deep + (255 - value) * pale
        packed |= np.rint(part).astype(np.uint32) << np.uint32(shift)
    return packed | NIGHT


def compose(nk: Pixels, tumor: Pixels, nk_table: Table, tumor_table: Table) -> Table:
    """The picture (rows, columns) as 0xAARRGGBB: both colours added, each part at most 255."""
    picture = np.empty(nk.shape, np.uint32)
    _add(nk, tumor, nk_table, tumor_table, picture)
    return picture


@compiled
def _add(nk: Pixels, tumor: Pixels, nk_table: Table, tumor_table: Table, picture: Table) -> None:
    """Look up and add, pixel by pixel, red, green and blue side by side."""
    for row in range(nk.shape[0]):
        for column in range(nk.shape[1]):
            one, other = nk_table[nk[row, column]], tumor_table[tumor[row, column]]
            red = min((one & RED) + (other & RED), RED)
            green = min((one & GREEN) + (other & GREEN), GREEN)
            blue = min((one & BLUE) + (other & BLUE), BLUE)
            picture[row, column] = NIGHT | red | green | blue


def warm_up() -> None:
    """Compile for both depths a camera may have; costs a second the first time ever."""
    black = np.full(COUNTS, NIGHT, np.uint32)
    for depth in (np.uint8, np.uint16):
        pixels = np.zeros((2, 2), depth)
        compose(pixels, pixels, black, black)
