"""Bites: rises of the tumor-colored material inside an NK cell, in contact, that last.

A bite comes out from under the tumor's own light within some tens of seconds, while it sinks
into the NK cell. So the material rises from one plateau to the next: the bite's time is when the
rise began, its size the height of the step. A rise that quickens again is another bite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, inf, isfinite, nan
from typing import TYPE_CHECKING

from livewatch.model import Bite

if TYPE_CHECKING:
    from livewatch.analysis.measures.uptake import Uptake

SMALLEST = 0.003
"""Share of the tumor's dye below which a rise is not called a bite."""
CERTAIN = 5.0
"""A rise is at least this many times the noise..."""
WOBBLE = 0.1
"""...and this share of what is there already, which the cell's own motion hides and shows."""
ONSET = 0.2
"""A rise began when it was this share of the least that counts."""
LASTING_FRAMES = 3
UP_S, DOWN_S = 60.0, 150.0
"""How fast a plateau follows what is seen, while that is no rise."""
MEMORY_S, MOST_MEMORIES = 45.0, 32
LONGEST_RISE_S, SHORTEST_RISE_S = 75.0, 25.0
ONE_S = 55.0
"""A rise that stops and goes on within this is one."""
AGAIN_S = 10.0
QUICKER = 2.0
MOST_BITES = 64
LOSS_SHARE = 0.4
LEARNT = 0.15


@dataclass(frozen=True, slots=True)
class Meal:
    """What is remembered of what one NK cell has of one tumor cell.

    `level` is the plateau known; while a bite rises, `rising_s` says since when. `memories` are
    the last (time_s, fraction). `dye` is the tumor's own, before the bite, `leaks`
    are bleed-through and stray light.
    """

    fraction: float = nan
    level: float = nan
    rising_s: float = nan
    memories: tuple[tuple[float, float], ...] = ()
    dye: float = nan
    leaks: tuple[float, ...] = ()
    bites: tuple[Bite, ...] = ()


def eaten(meal: Meal, uptake: Uptake, dye: float, time_s: float, *, holding: bool) -> Meal:
    """The meal after one more frame. Only what rises while `holding` can be a bite.

    `dye` is what the tumor has left of its own dye (NaN: not known).
    """
    before_s = meal.memories[-1][0] if meal.memories else time_s
    recent = [one for one in meal.memories if time_s - one[0] <= MEMORY_S]
    recent = [*recent, (time_s, uptake.fraction)][-MOST_MEMORIES:]
    now = sorted(fraction for _, fraction in recent[-3:])[len(recent[-3:]) // 2]
    meal = replace(meal, fraction=now, memories=tuple(recent), leaks=_leaks(meal, uptake))
    if not holding or not isfinite(meal.level):
        return replace(meal, level=now, rising_s=nan, dye=dye)
    least = max(SMALLEST, CERTAIN * uptake.noise, WOBBLE * meal.level)
    if isfinite(meal.rising_s):
        return _rising(meal, dye, time_s, least)
    if now - meal.level >= least and _lasts(meal, least):
        onset_s = _onset_s(meal, meal.level + ONSET * least)
        if meal.bites and onset_s - meal.bites[-1].time_s < ONE_S:
            return _continued(meal, now)
        return _bitten(replace(meal, rising_s=onset_s), onset_s, now - meal.level)
    follow_s = UP_S if now > meal.level else DOWN_S
    level = meal.level + (1 - exp(-(time_s - before_s) / follow_s)) * (now - meal.level)
    return replace(meal, level=level, dye=dye if not isfinite(meal.dye) else meal.dye)


def _leaks(meal: Meal, uptake: Uptake) -> tuple[float, ...]:
    """Bleed-through and stray light, learnt while nothing in the NK cell is mistaken for them."""
    if not meal.leaks:
        return uptake.leaks
    share = LEARNT if uptake.fraction < SMALLEST / 2 else 0.0
    pairs = zip(meal.leaks, uptake.leaks, strict=True)
    return tuple(known + share * (now - known) for known, now in pairs)


def _lasts(meal: Meal, least: float) -> bool:
    latest = meal.memories[-LASTING_FRAMES:]
    if latest[-1][0] - latest[0][0] > MEMORY_S / 2:
        latest = latest[-2:]
    return len(latest) > 1 and all(share > meal.level + ONSET * least for _, share in latest)


def _onset_s(meal: Meal, threshold: float) -> float:
    """When the rise that goes on now first exceeded the threshold."""
    onset_s = meal.memories[-1][0]
    for time_s, fraction in reversed(meal.memories):
        if fraction <= threshold:
            break
        onset_s = time_s
    return onset_s


def _rising(meal: Meal, dye: float, time_s: float, least: float) -> Meal:
    """One more frame of a bite that is coming out."""
    bite = meal.bites[-1]
    size = max(bite.fraction, meal.fraction - meal.level)
    lost = bool(meal.dye - dye >= LOSS_SHARE * size)
    bite = replace(bite, fraction=size, supported=bite.supported or lost)
    meal = replace(meal, bites=(*meal.bites[:-1], bite))
    age_s = time_s - meal.rising_s
    growth = meal.fraction - _at(meal, time_s - 1.5 * AGAIN_S)
    if age_s > LONGEST_RISE_S or (age_s > SHORTEST_RISE_S and growth < ONSET * least):
        return replace(meal, level=meal.fraction, rising_s=nan, dye=dye)
    before = _at(meal, time_s - AGAIN_S)
    quick = meal.fraction - before
    slow = before - _at(meal, time_s - 2 * AGAIN_S)
    if age_s > 2.5 * AGAIN_S and quick > least and quick > QUICKER * slow:
        risen = replace(bite, fraction=max(before - meal.level, SMALLEST))
        meal = replace(meal, bites=(*meal.bites[:-1], risen), level=before, dye=dye)
        onset_s = time_s - AGAIN_S
        return _bitten(replace(meal, rising_s=onset_s), onset_s, meal.fraction - before)
    return meal


def _continued(meal: Meal, now: float) -> Meal:
    """A rise so soon after the last bite that it is more of it."""
    last = meal.bites[-1]
    level = now - meal.level
    grown = replace(last, fraction=last.fraction + level)
    start = meal.level - last.fraction
    return replace(meal, bites=(*meal.bites[:-1], grown), level=start, rising_s=last.time_s)


def _at(meal: Meal, time_s: float) -> float:
    """The uptake about a past time: the mean of the memories within a few seconds of it."""
    near = [share for when, share in meal.memories if abs(when - time_s) <= AGAIN_S / 3]
    if near:
        return sum(near) / len(near)
    return min(meal.memories, key=lambda one: abs(one[0] - time_s), default=(0.0, inf))[1]


def _bitten(meal: Meal, time_s: float, fraction: float) -> Meal:
    return replace(meal, bites=(*meal.bites, Bite(time_s, fraction))[-MOST_BITES:])
