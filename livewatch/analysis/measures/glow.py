"""How bright a tumor cell's body is, as a share of what it was: the same places compared.

A mean over the cell changes whenever an outline, an NK cell or a turn changes which of its bright
and dark places are seen. Here every place of the body, unrolled and turned back, is compared with
a map of the body itself. What is uneven about the cell, and what it is hidden by, then does not
matter, nor does uneven light (see `stand`): the error left is about that of photon statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.outline import DIRECTIONS
from livewatch.analysis.measures.stand import levelled
from livewatch.analysis.measures.texture import RINGS, turned_back
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.stand import Stand

    Map = NDArray[np.float32]

REFRESH_S = 60.0
LEAST_SHARE = 0.02
GROUND_S = 30.0
AT_FIRST = 8
"""The first frames count alike: a map of one frame would be as noisy as that."""
LEAST_OVERLAP = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Glow:
    """A body's brightness: `level` is 1 at first sight, NaN where it could not be told last.

    `light` (rings, directions) is the upright body's map in counts at level 1, `weight` 1 where
    it is known. `ground` is the background's mean in counts, which hardly changes and is followed
    slowly: its noise would be that of the level. `last` is the last level known, `stands` are
    where it was seen.
    """

    light: Map
    weight: Map
    ground: float
    frames: int
    time_s: float
    level: float
    last: float
    stands: tuple[Stand, ...]


def glowing(
    before: Glow | None,
    light: Map,
    weight: Map,
    angle_deg: float,
    ground: float,
    time_s: float,
    here: Stand,
) -> Glow:
    """The glow after one more frame, in which the cell was seen from `here`.

    `light` (rings, directions) is the body unrolled, in counts with the background, whose mean
    is `ground`; it counts where `weight` is 1. The body has turned by `angle_deg`.
    """
    turn = angle_deg * DIRECTIONS / 360
    if before is None:
        light, weight = upright(light, weight, turn, ground)
        stands, level = levelled((), here, 1.0, 1.0)
        return Glow(light, weight, ground, 1, time_s, level, level, stands)
    frames = min(before.frames + 1, AT_FIRST)
    since_s = time_s - before.time_s
    at_first = 1 / frames if before.frames < AT_FIRST else 0.0
    ground = before.ground + max(1 - exp(-since_s / GROUND_S), at_first) * (ground - before.ground)
    share = max(1 - exp(-since_s / REFRESH_S), at_first, LEAST_SHARE)
    bright, light, weight = compared(
        before.light, before.weight, light, weight, turn, ground, share
    )
    stands, level = levelled(before.stands, here, bright, before.last)
    last = level if isfinite(level) else before.last
    return Glow(light, weight, ground, frames, time_s, level, last, stands)


@compiled
def upright(light: Map, weight: Map, turn: float, ground: float) -> tuple[Map, Map]:
    """The map less `ground`, as if the body had not turned by `turn` of DIRECTIONS."""
    light, weight = turned_back(light, weight, turn)
    return light - np.float32(ground) * weight, weight


@compiled
def compared(
    known: Map,
    known_weight: Map,
    light: Map,
    weight: Map,
    turn: float,
    ground: float,
    share: float,
) -> tuple[float, Map, Map]:
    """(level, map, weight): the level of `light`, and what is known with `share` of it.

    The light is made `upright` first. The level is NaN, and nothing is learnt, where too little
    is seen in both.
    """
    light, weight = upright(light, weight, turn, ground)
    total, past, overlap, area = 0.0, 0.0, 0.0, 0.0
    for ring in range(len(known)):
        for i in range(DIRECTIONS):
            area += RINGS[ring] * known_weight[ring, i]
            if known_weight[ring, i] > 0 and weight[ring, i] > 0:
                total += RINGS[ring] * light[ring, i]
                past += RINGS[ring] * known[ring, i]
                overlap += RINGS[ring]
    if overlap <= LEAST_OVERLAP * area or past <= 0 or total <= 0:
        return nan, known, known_weight
    level = total / past
    known, known_weight = known.copy(), known_weight.copy()
    for ring in range(len(known)):
        for i in range(DIRECTIONS):
            if weight[ring, i] > 0:
                part = share if known_weight[ring, i] > 0 else 1.0
                known[ring, i] += np.float32(part * (light[ring, i] / level - known[ring, i]))
                known_weight[ring, i] = 1.0
    return level, known, known_weight
