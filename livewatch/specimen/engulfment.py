"""One cell inside the other: the tumor cell's membrane rises round an NK cell and closes over it.

While the NK cell sinks, the outline lies on it as a cup; then the cup's lips close. What is left is
an NK cell in a vacuole, as in entosis and heterotypic cell cannibalism.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from livewatch.compiled import compiled
from livewatch.specimen.cells import CORNERS, ENGULF
from livewatch.specimen.outline import STEP, farthest_of, inside, wrapped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOLDS_ON = 0.25
"""The first part of an engulfment is an ordinary grip."""
LIPS = 0.5
"""So far sunk, the lips begin to close."""
WALL_UM = 1.4
"""Of the tumor cell there is between the vacuole and the outside."""
LOOK_UM = 0.2


@compiled
def sunk(nk: Any, time_s: float) -> float:
    """How far an NK cell has sunk in: 0 not at all, 1 when it is inside for good."""
    if nk.plan != ENGULF:
        return 0.0
    part = (time_s - nk.grip_s) / (nk.leave_s - nk.grip_s)
    return float(min(max((part - HOLDS_ON) / (1.0 - HOLDS_ON), 0.0), 1.0))


@compiled
def depth_of(nk: Any, tumor: Any, time_s: float) -> float:
    """How far from the tumor's centre the NK cell is drawn."""
    part = sunk(nk, time_s)
    outside = tumor.size + 0.4 * nk.size
    room = math.sqrt(tumor.size * tumor.size + room_for(nk, time_s))
    within = max(room - nk.size - WALL_UM, 0.0)
    return float(outside + part * (within - outside))


@compiled
def room_for(nk: Any, time_s: float) -> float:
    """The part of its squared radius that an NK cell adds to its host's, once the lips close."""
    part = (sunk(nk, time_s) - LIPS) / (1.0 - LIPS)
    return float(nk.size * nk.size * min(max(part, 0.0), 1.0))


@compiled
def make_cup(
    nk: Any,
    tumor: Any,
    nk_radii: NDArray[np.float64],
    tumor_radii: NDArray[np.float64],
    side_um: float,
    time_s: float,
) -> None:
    """Lay the tumor's outline on the NK cell's near side, between the cup's lips."""
    part = sunk(nk, time_s)
    dx = wrapped(nk.x - tumor.x, side_um)
    dy = wrapped(nk.y - tumor.y, side_um)
    way = math.hypot(dx, dy) + 1e-9
    far = farthest_of(nk_radii)
    half = math.asin(min(far / way, 1.0)) * min((1.0 - part) / (1.0 - LIPS), 1.0)
    bearing = math.atan2(dy, dx) - tumor.angle
    for corner in range(CORNERS):
        if abs(wrapped(corner * STEP - bearing, 2.0 * math.pi)) >= half:
            continue
        turn = tumor.angle + corner * STEP
        ux, uy = math.cos(turn), math.sin(turn)
        length = max(way - far, 0.1 * tumor.size)
        while length < tumor_radii[corner]:
            if inside(length * ux - dx, length * uy - dy, nk.angle, nk_radii):
                tumor_radii[corner] = length
                break
            length += LOOK_UM
