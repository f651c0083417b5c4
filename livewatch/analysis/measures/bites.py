"""Bites: rises of the tumor-colored material inside an NK cell, in contact, that last.

A bite comes out from under the tumor's own light within some tens of seconds, while it sinks
into the NK cell. So the material rises from one plateau to the next, and when that began is known
roughly. The tumor's own dye, though, steps down at once: where such a loss is seen, and material
rises in the NK cell after it, its time and size are the bite's, and the bite is supported. A rise
without a loss (slow time-lapse, little light) counts too, unsupported.

Validated on synthetic cells only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, hypot, inf, isfinite, nan, sqrt
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
MEMORY_S, MOST_MEMORIES = 45.0, 48
LONGEST_RISE_S, SHORTEST_RISE_S = 75.0, 25.0
ONE_S = 55.0
"""A rise that stops and goes on within this is one."""
AGAIN_S = 10.0
LOSS_S = 12.0
"""A loss shows between the means of so long before it and after it."""
SMALLEST_LOSS, LARGEST_LOSS, CERTAIN_LOSS, FEWEST_FRAMES = 0.0045, 0.08, 3.5, 4
TREND = 0.7
APART_S = 20.0
"""Losses nearer than this are one."""
FOLLOWED = 0.3
"""So much of a loss must be seen in the NK cell."""
MOST_BITES = 64
LEARNT = 0.15


@dataclass(frozen=True, slots=True)
class Meal:
    """What is remembered of what one NK cell has of one tumor cell.

    `level` is the plateau known; while a bite rises, `rising_s` says since when. `memories` are
    the last (time_s, fraction), `dyes` the last (time_s, dye) of the tumor, `losses` steps in it
    that no rise has followed yet: (time_s, fraction of the dye, material at that time). `leaks`
    are bleed-through and stray light.
    """

    fraction: float = nan
    level: float = nan
    rising_s: float = nan
    memories: tuple[tuple[float, float], ...] = ()
    dyes: tuple[tuple[float, float], ...] = ()
    losses: tuple[tuple[float, float, float], ...] = ()
    leaks: tuple[float, ...] = ()
    bites: tuple[Bite, ...] = ()


def eaten(meal: Meal, uptake: Uptake, dye: float, time_s: float, *, holding: bool) -> Meal:
    """The meal after one more frame. Only what rises while `holding` can be a bite.

    `dye` is the tumor's own light now, in any unit (NaN: not known).
    """
    before_s = meal.memories[-1][0] if meal.memories else time_s
    recent = _remembered(meal.memories, time_s, uptake.fraction)
    now = sorted(fraction for _, fraction in recent[-3:])[len(recent[-3:]) // 2]
    dyes = _remembered(meal.dyes, time_s, dye) if isfinite(dye) else meal.dyes
    meal = replace(meal, fraction=now, memories=recent, dyes=dyes, leaks=_leaks(meal, uptake))
    if not holding or not isfinite(meal.level):
        return replace(meal, level=now, rising_s=nan, losses=())
    meal = _supported(_with_loss(meal, time_s), time_s, uptake.noise)
    least = max(SMALLEST, CERTAIN * uptake.noise, WOBBLE * meal.level)
    if isfinite(meal.rising_s):
        return _rising(meal, time_s, least)
    if now - meal.level >= least and _lasts(meal, least):
        onset_s = _onset_s(meal, meal.level + ONSET * least)
        if meal.bites and onset_s - meal.bites[-1].time_s < ONE_S:
            return _continued(meal, now)
        return _bitten(replace(meal, rising_s=onset_s), onset_s, now - meal.level)
    follow_s = UP_S if now > meal.level else DOWN_S
    level = meal.level + (1 - exp(-(time_s - before_s) / follow_s)) * (now - meal.level)
    return replace(meal, level=level)


def _remembered(
    known: tuple[tuple[float, float], ...], time_s: float, value: float
) -> tuple[tuple[float, float], ...]:
    recent = [one for one in known if time_s - one[0] <= MEMORY_S]
    return (*recent, (time_s, value))[-MOST_MEMORIES:]


def _with_loss(meal: Meal, time_s: float) -> Meal:
    """The meal with a step down of the tumor's dye LOSS_S ago, if there was one."""
    step_s = time_s - LOSS_S
    before = [dye for when, dye in meal.dyes if step_s - LOSS_S <= when < step_s]
    after = [dye for when, dye in meal.dyes if when >= step_s]
    losses = tuple(one for one in meal.losses if time_s - one[0] <= LONGEST_RISE_S)
    meal = replace(meal, losses=losses)
    if min(len(before), len(after)) < FEWEST_FRAMES:
        return meal
    earlier = [dye for when, dye in meal.dyes if -2 * LOSS_S <= when - step_s < -LOSS_S] or before
    whole = max(sum(before) / len(before), 1e-9)
    # What goes on anyway (bleaching, drifting focus) is no loss.
    trend = max(sum(earlier) / len(earlier) / whole - 1, 0.0)
    loss = 1 - sum(after) / len(after) / whole - TREND * trend
    noise = hypot(_error(before), _error(after)) / whole
    if not max(SMALLEST_LOSS, CERTAIN_LOSS * noise) <= loss <= LARGEST_LOSS:
        return meal
    if _at(meal, step_s) - _at(meal, step_s - LOSS_S) > FOLLOWED * loss:
        return meal  # material was rising already: this is no beginning
    near = [one for one in losses if abs(one[0] - step_s) < APART_S]
    if any(one[1] >= loss for one in near):
        return meal
    if any(bite.supported and abs(bite.time_s - step_s) < APART_S for bite in meal.bites):
        return meal
    kept = tuple(one for one in losses if one not in near)
    return replace(meal, losses=(*kept, (step_s, loss, _at(meal, step_s))))


def _error(values: list[float]) -> float:
    """Standard error of a mean."""
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _supported(meal: Meal, time_s: float, noise: float) -> Meal:
    """The meal with those losses that material in the NK cell followed, as bites."""
    for loss in meal.losses:
        when_s, size, held = loss
        risen = meal.fraction - held
        if time_s - when_s < 2 * LOSS_S or risen < max(FOLLOWED * size, CERTAIN * noise):
            continue
        others = tuple(
            _cut_short(bite, when_s, held - meal.level)
            for bite in meal.bites
            if bite.supported or not -APART_S < bite.time_s - when_s < ONE_S
        )
        bites = sorted((*others, Bite(when_s, size, True)), key=lambda bite: bite.time_s)
        rest = tuple(one for one in meal.losses if one != loss)
        meal = replace(meal, bites=tuple(bites)[-MOST_BITES:], losses=rest, rising_s=when_s)
    return meal


def _cut_short(bite: Bite, next_s: float, risen: float) -> Bite:
    """An unsupported bite that was still rising when the next one came."""
    if bite.supported or bite.time_s > next_s or next_s - bite.time_s > LONGEST_RISE_S:
        return bite
    return replace(bite, fraction=min(bite.fraction, max(risen, SMALLEST)))


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


def _rising(meal: Meal, time_s: float, least: float) -> Meal:
    """One more frame of a bite that is coming out."""
    bite = meal.bites[-1]
    if not bite.supported:
        bite = replace(bite, fraction=max(bite.fraction, meal.fraction - meal.level))
        meal = replace(meal, bites=(*meal.bites[:-1], bite))
    age_s = time_s - meal.rising_s
    growth = meal.fraction - _at(meal, time_s - 1.5 * AGAIN_S)
    if age_s > LONGEST_RISE_S or (age_s > SHORTEST_RISE_S and growth < ONSET * least):
        return replace(meal, level=meal.fraction, rising_s=nan)
    return meal


def _continued(meal: Meal, now: float) -> Meal:
    """A rise so soon after the last bite that it is more of it."""
    last = meal.bites[-1]
    if last.supported:
        return replace(meal, rising_s=last.time_s)
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
