"""Where in the field of view a cell was seen, and how bright it looks there.

Illumination is uneven: the same cell is some percent brighter or dimmer after the stage has moved,
about as much as a bite takes. So each place in the field, and each objective, binning and exposure,
has a gain of its own. It is learnt in the first frames there from what the cell was like right
before, and is known when the microscope comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isfinite

NEAR_UM = 5.0
"""Places in the field this near are lit alike; a cell that creeps is followed."""
FEWEST = 5
"""A gain is learnt in so many frames."""
MOST = 8


@dataclass(frozen=True, slots=True)
class Stand:
    """A cell's place relative to the optical axis, through certain `optics`, and its gain there.

    `gain` is the brightness there as a share of that at first sight, learnt in `frames` frames.
    """

    optics: str
    x_um: float
    y_um: float
    gain: float = 1.0
    frames: int = 0


def levelled(
    stands: tuple[Stand, ...], here: Stand, brightness: float, before: float
) -> tuple[tuple[Stand, ...], float]:
    """(stands, level): a brightness as it would be at first sight's stand.

    `here` is where the cell is now, `before` its last level. The stand last used comes last.
    """
    if not isfinite(brightness):
        return stands, brightness
    near = [one for one in stands if one.optics == here.optics and apart_um(one, here) <= NEAR_UM]
    known = min(near, key=lambda one: apart_um(one, here), default=None)
    gain, frames = (1.0, 0) if known is None else (known.gain, known.frames)
    if not stands:
        frames = FEWEST
    elif frames < FEWEST:
        frames += 1
        gain += (brightness / before - gain) / frames
    now = Stand(here.optics, here.x_um, here.y_um, gain, frames)
    others = tuple(one for one in stands if one is not known)
    return (*others, now)[-MOST:], brightness / gain


def apart_um(one: Stand, other: Stand) -> float:
    """How far apart two stands are in the field."""
    return hypot(one.x_um - other.x_um, one.y_um - other.y_um)
