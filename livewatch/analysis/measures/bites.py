"""Bites: steps up in the tumor-colored material inside an NK cell that last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, isfinite, nan
from typing import TYPE_CHECKING

from livewatch.model import Bite

if TYPE_CHECKING:
    from livewatch.analysis.measures.uptake import Uptake

SMALLEST = 0.003
"""Share of the tumor's dye below which a step is not called a bite."""
CERTAIN = 4.0
"""A step is at least this many times its noise."""
LASTING_FRAMES = 3
LASTING_S = 5.0
SETTLE_S = 20.0
"""How fast the level follows what is there."""
FADE_S = 120.0
"""How slowly it follows downwards: material that was hidden for a while is not new."""
MOST_BITES = 64
LOSS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Meal:
    """What is remembered of one NK cell's uptake from one tumor cell.

    `level` is the material known to be there, `step_*` a rise that has yet to last.
    """

    level: float = nan
    time_s: float = nan
    fraction: float = nan
    step_from_s: float = nan
    step_sum: float = 0.0
    step_frames: int = 0
    dye_before: float = nan
    bites: tuple[Bite, ...] = ()


def eaten(meal: Meal, uptake: Uptake, tumor_dye: float, time_s: float, *, holding: bool) -> Meal:
    """The meal after one more frame. Only while `holding` can a rise be a bite.

    `tumor_dye` is what the tumor has left, relative to before contact (NaN: not known).
    """
    meal = replace(meal, fraction=uptake.fraction)
    if not isfinite(meal.level) or not holding:
        return replace(meal, level=_towards(meal, uptake.fraction, time_s, SETTLE_S), time_s=time_s)
    if uptake.fraction - meal.level < max(SMALLEST, CERTAIN * uptake.noise):
        calm_s = SETTLE_S if uptake.fraction > meal.level else FADE_S
        level = _towards(meal, uptake.fraction, time_s, calm_s)
        return replace(
            meal, level=level, time_s=time_s, step_frames=0, step_sum=0.0, dye_before=tumor_dye
        )
    return _rising(meal, uptake.fraction, tumor_dye, time_s)


def _towards(meal: Meal, fraction: float, time_s: float, within_s: float) -> float:
    if not isfinite(meal.level):
        return fraction
    return meal.level + (1 - exp(-(time_s - meal.time_s) / within_s)) * (fraction - meal.level)


def _rising(meal: Meal, fraction: float, tumor_dye: float, time_s: float) -> Meal:
    since_s = time_s if meal.step_frames == 0 else meal.step_from_s
    frames, total = meal.step_frames + 1, meal.step_sum + fraction
    lasts = (frames >= LASTING_FRAMES and time_s - since_s >= LASTING_S) or (
        frames >= 2 and time_s - since_s >= 4 * LASTING_S
    )
    if not lasts:
        return replace(meal, step_from_s=since_s, step_frames=frames, step_sum=total, time_s=time_s)
    size = total / frames - meal.level
    lost = bool(meal.dye_before - tumor_dye >= LOSS_SHARE * size)
    return Meal(
        level=total / frames,
        time_s=time_s,
        fraction=fraction,
        dye_before=tumor_dye,
        bites=(*meal.bites, Bite(since_s, size, lost))[-MOST_BITES:],
    )
