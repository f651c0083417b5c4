"""How far a long body has turned, by the direction of its long axis, where it shows no texture.

A direction of an axis is known but for half turns: it is followed from frame to frame. An outline
may grow long without anything turning: a neighbour presses, a living cell deforms. So the axis
speaks only for a body that stays as long as it was, by more than its own noise, and whose whole
outline is the one it was, turned. Validated on synthetic cells only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.outline import DIRECTIONS
from livewatch.compiled import compiled
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.outline import Outline

    Floats = NDArray[np.float64]
    Map = NDArray[np.float32]

LEAST = 0.18
"""Elongation (a^2 - b^2) / (a^2 + b^2) below which a cell counts as round: axes 1.2 to 1."""
CLEAR = 6.0
"""It is at least so many times its noise..."""
SAME = 0.3
"""...and within this share of what it was."""
ALIKE = 0.85
"""The outline's radius correlates so well with what it was, turned."""
FEWEST = 10
"""Frames in which a body is learnt before its axis speaks."""
FARTHEST_DEG = 55.0
"""A step from frame to frame beyond this might as well be one the other way."""


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """What is remembered of a body's long axis.

    `angle_deg` is its direction, half turns followed, `zero_deg` that at first sight. `length` is
    the elongation as learnt (NaN once the axis is lost for good), `now` the last one, `noise` its
    SD from frame to frame. `radius` (DIRECTIONS,) is the outline as learnt, as a share of its mean,
    the axis along +x. Learning ends when the axis first speaks: `has_told`.
    """

    time_s: float
    angle_deg: float
    zero_deg: float
    length: float
    now: float
    noise: float
    frames: int
    radius: Map
    has_told: bool = False

    @property
    def turn_deg(self) -> float:
        """How far it has turned since first sight."""
        return self.angle_deg - self.zero_deg

    @property
    def is_clear(self) -> bool:
        """Whether the body is long now, by more than noise, and as long as it was."""
        is_same = abs(self.now - self.length) <= SAME * self.length
        return is_same and self.now >= max(LEAST, CLEAR * self.noise)


def pointed(before: Axis | None, outline: Outline, time_s: float) -> tuple[Axis, float, float]:
    """(axis, turn, likeness): the axis after one more frame, and how far it has turned.

    The turn is NaN where that is not clear; `likeness` is how well the outline is the one it was.
    """
    ratio, direction_deg = outline.elongation
    length = (ratio**2 - 1) / (ratio**2 + 1)
    if before is None:
        radius = upright(outline.radius_um, direction_deg)
        axis = Axis(time_s, direction_deg, direction_deg, length, length, 0.0, 1, radius)
        return axis, nan, nan
    axis = replaced(
        before,
        time_s=time_s,
        now=length,
        noise=_noise(before, length),
        frames=before.frames + 1,
    )
    if axis.has_told and not axis.is_clear:
        return axis, nan, nan  # its direction now means nothing
    step_deg = (direction_deg - before.angle_deg + 90) % 180 - 90
    axis = replaced(axis, angle_deg=before.angle_deg + step_deg)
    shape = upright(outline.radius_um, axis.angle_deg)
    if not axis.has_told:
        axis = _learnt(axis, shape)
    elif abs(step_deg) > FARTHEST_DEG:
        return replaced(axis, length=nan), nan, nan
    likeness = likeness_of(axis.radius, shape)
    if axis.frames <= FEWEST or not axis.is_clear or likeness < ALIKE:
        return axis, nan, likeness
    return replaced(axis, has_told=True), axis.turn_deg, likeness


def _learnt(axis: Axis, shape: Map) -> Axis:
    """The axis with its length and outline as they are now, mixed with those before."""
    share = max(1 / axis.frames, 1 / FEWEST)
    return replaced(
        axis,
        length=axis.length + share * (axis.now - axis.length),
        radius=axis.radius + np.float32(share) * (shape - axis.radius),
    )


def _noise(before: Axis, length: float) -> float:
    """SD of an elongation, from what it leaps from frame to frame."""
    leap = (length - before.now) ** 2 / 2
    share = max(1 / before.frames, 1 / FEWEST)
    return sqrt(before.noise**2 + share * (leap - before.noise**2))


@compiled
def upright(radius: Floats, angle_deg: float) -> Map:
    """The radius by direction as a share of its mean, as if the long axis lay along +x."""
    turn = angle_deg * DIRECTIONS / 360
    whole = int(np.floor(turn))
    part, mean = turn - whole, radius.mean()
    turned = np.empty(DIRECTIONS, np.float32)
    for i in range(DIRECTIONS):
        this = radius[(i + whole) % DIRECTIONS]
        following = radius[(i + whole + 1) % DIRECTIONS]
        turned[i] = (this + part * (following - this)) / mean
    return turned


@compiled
def likeness_of(one: Map, other: Map) -> float:
    """Correlation of two radii by direction; the other may be upside down."""
    ahead, behind, power, others_power = 0.0, 0.0, 0.0, 0.0
    mean, others_mean = one.mean(), other.mean()
    for i in range(DIRECTIONS):
        here, there = one[i] - mean, other[i] - others_mean
        ahead += here * there
        behind += here * (other[(i + DIRECTIONS // 2) % DIRECTIONS] - others_mean)
        power += here * here
        others_power += there * there
    return float(max(ahead, behind) / np.sqrt(max(power * others_power, 1e-12)))
