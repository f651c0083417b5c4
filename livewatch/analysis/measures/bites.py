"""Bites: the tumor loses dye at once, and the NK cell in contact shows it a little later.

What is bitten off lies under the tumor's own light at first, and comes out while it sinks into
the NK cell, within a minute. The tumor, though, is that much dimmer from the moment on. So a bite's
time and size are those of a step down in the tumor's brightness, and it is a bite of the NK cell
in which tumor-colored material rises after it. Both are looked for at once: a large step needs some
rise within a minute or so; one that is lost in the noise counts when a clear rise begins with it.
A step that no NK cell follows is none, nor is a rise without a step: outlines that fail for a
moment hide and show material, too (see `losses` for the steps themselves).

What comes to light after a step is its own only up to the next clearer step and, unless the step
is certain, beyond what earlier bites still owe: a bite must not lend its material to a flicker of
the brightness before it or after it. So it is looked at only as far as steps were looked for. Of
several NK cells at one tumor cell, a loss is the bite of the one in which most came to light, as
far as is known: it may pass from one to another while their bites come out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import inf, isfinite, nan
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.losses import (
    FEWEST,
    LARGEST,
    WINDOW_FRAMES,
    WINDOW_S,
    Loss,
    steps,
)
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livewatch.analysis.measures.uptake import Uptake
    from livewatch.model import Bite

SETTLE_S, SETTLE_FRAMES = 12.0, 2
APART_S, APART_FRAMES = 16.0, 2.5
"""Steps nearer than this are one."""
FOLLOWED, LEAST_RISE, CERTAIN_RISE = 0.15, 0.002, 4.0
"""So much of a loss, of the dye, and so many times the noise must come to light..."""
SHOWN_S = (8.0, 24.0), (24.0, 40.0), (40.0, 60.0)
"""...in the NK cell, on the median over one of these times after it."""
WAIT_S = 80.0
"""A loss is of interest for so long, and the window beside it."""
CERTAIN = 4.5
"""So clear a step is hardly ever one of nothing: what earlier bites owe is not asked of it."""
STAYS = 0.3
"""So much of a loss is still missing when it counts: an outline that failed is right again."""
STAYS_S = 12.0
OUT_S = 75.0
"""A bite has wholly come out after this."""
MOST_SIGHTS = 96
PACE_S = 1.0
RECENT = 4
MOST_BITES = 64
LEARNT, CLEAN = 0.15, 0.0015


@dataclass(frozen=True, slots=True)
class Meal:
    """What is remembered of what one NK cell has of one tumor cell.

    `fraction` is the share of the tumor's dye it holds now. `sights` are the last (time_s,
    brightness, fraction), the brightness as a share of what it was. Steps were looked for up to
    `tested_s`. `leaks` are bleed-through and stray light.
    """

    fraction: float = nan
    sights: tuple[tuple[float, float, float], ...] = ()
    tested_s: float = -inf
    losses: tuple[Loss, ...] = ()
    leaks: tuple[float, ...] = ()
    bites: tuple[Bite, ...] = ()


def eaten(meal: Meal, uptake: Uptake, level: float, time_s: float, *, since_s: float) -> Meal:
    """The meal after one more frame. Only what happens after `since_s` can be a bite.

    `level` is the tumor's brightness as a share of what it was (NaN: not known).
    """
    last_s = meal.sights[-1][0] if meal.sights else -inf
    if not isfinite(level) or time_s - last_s < PACE_S:
        return replaced(meal, fraction=uptake.fraction, leaks=_leaks(meal, uptake))
    sights = (*meal.sights, (time_s, level, uptake.fraction))
    table = np.fromiter(chain.from_iterable(sights[-MOST_SIGHTS:]), np.float64).reshape(-1, 3)
    tested_s, found = steps(table, meal.tested_s, since_s, uptake.noise)
    first_s = time_s - _kept_s(sights)
    losses = _noted(meal.losses, found, sights, time_s)
    losses, bites = _followed(losses, meal.bites, sights, tested_s, uptake.noise, since_s)
    return Meal(
        median(sight[2] for sight in sights[-3:]),
        tuple(sight for sight in sights[-MOST_SIGHTS:] if sight[0] >= first_s),
        tested_s,
        losses,
        _leaks(meal, uptake),
        bites[-MOST_BITES:],
    )


def yielded(meal: Meal, others: Iterable[Meal]) -> Meal:
    """The meal without bites of which more came to light in `others`, of the same tumor cell."""
    rest = (other for other in others if other is not meal)
    rivals = [loss for other in rest for loss in other.losses if loss.bitten]
    if not rivals:
        return meal
    losses = tuple(_contested(loss, rivals) if loss.bitten else loss for loss in meal.losses)
    if losses == meal.losses:
        return meal
    bites = {bite.time_s: bite for bite in meal.bites}
    for loss in losses:
        bites.pop(loss.time_s, None)
        if loss.is_own:
            bites[loss.time_s] = loss.bite
    return replaced(meal, losses=losses, bites=tuple(bites[time_s] for time_s in sorted(bites)))


def _contested(loss: Loss, rivals: Iterable[Loss]) -> Loss:
    """A bite beside those of other NK cells at its time; as it was when there are none any more."""
    near = [rival.gained for rival in rivals if abs(rival.time_s - loss.time_s) < APART_S]
    return replaced(loss, yielded=max(near) > loss.gained) if near else loss


def _noted(
    losses: tuple[Loss, ...],
    found: Loss | None,
    sights: tuple[tuple[float, float, float], ...],
    time_s: float,
) -> tuple[Loss, ...]:
    """The losses still of interest, with one that was just found."""
    kept_s = _kept_s(sights)
    losses = tuple(loss for loss in losses if time_s - loss.time_s <= kept_s + OUT_S * loss.bitten)
    if found is None:
        return losses
    apart_s = max(APART_S, APART_FRAMES * _pace_s(sights))
    near = [loss for loss in losses if abs(loss.time_s - found.time_s) < apart_s]
    if any(loss.bitten or loss.evidence >= found.evidence for loss in near):
        return losses
    before = [sight[2] for sight in sights if found.time_s - 10 <= sight[0] < found.time_s]
    before = before or [sight[2] for sight in sights if sight[0] < found.time_s][-1:] or [0.0]
    kept = tuple(loss for loss in losses if loss not in near)
    return (*kept, replaced(found, held=median(before)))


def _followed(
    losses: tuple[Loss, ...],
    bites: tuple[Bite, ...],
    sights: tuple[tuple[float, float, float], ...],
    tested_s: float,
    noise: float,
    since_s: float,
) -> tuple[tuple[Loss, ...], tuple[Bite, ...]]:
    """Losses and bites, after those losses that material in the NK cell followed became bites."""
    time_s = sights[-1][0]
    after: list[Loss] = []
    for loss in losses:
        if not loss.bitten and isfinite(since_s) and _has_settled(loss, sights, time_s):
            own_until_s = min(tested_s, _next_s(loss, losses))
            owed = 0.0 if loss.certainty >= CERTAIN else _owed(loss, losses)
            if _is_followed(loss, sights, own_until_s, owed, noise):
                loss = replaced(loss, bitten=True)
                bites = (*bites, loss.bite)
        after.append(_grown(loss, sights) if loss.bitten else loss)
    return tuple(after), tuple(sorted(bites, key=lambda bite: bite.time_s))


def _grown(loss: Loss, sights: tuple[tuple[float, float, float], ...]) -> Loss:
    """A bite with what has come to light of it by now, as long as it does."""
    if sights[-1][0] - loss.time_s > OUT_S:
        return loss
    now = median(sight[2] for sight in sights[-RECENT:])
    return replaced(loss, gained=now - loss.held)


def _next_s(loss: Loss, losses: tuple[Loss, ...]) -> float:
    """When the next clearer step comes."""
    later = (one for one in losses if one.time_s > loss.time_s)
    return min((one.time_s for one in later if one.evidence > loss.evidence), default=inf)


def _owed(loss: Loss, losses: tuple[Loss, ...]) -> float:
    """What earlier bites had yet to show."""
    earlier = (one for one in losses if one.is_own and 0 < loss.time_s - one.time_s < OUT_S)
    return sum(max(one.fraction - (loss.held - one.held), 0.0) for one in earlier)


def _is_followed(
    loss: Loss,
    sights: tuple[tuple[float, float, float], ...],
    own_until_s: float,
    owed: float,
    noise: float,
) -> bool:
    """Whether enough of a loss has come to light in the NK cell."""
    least = max(FOLLOWED * loss.fraction, LEAST_RISE, CERTAIN_RISE * noise)
    for first_s, last_s in SHOWN_S:
        until_s = min(loss.time_s + last_s, own_until_s)
        shown = [s[2] for s in sights if loss.time_s + first_s <= s[0] <= until_s]
        if shown and median(shown) - loss.held - owed >= least:
            return True
    return False


def _has_settled(loss: Loss, sights: tuple[tuple[float, float, float], ...], time_s: float) -> bool:
    """Whether enough time has passed, the tumor does not fade on, and has not come back."""
    frames_s = (WINDOW_FRAMES + SETTLE_FRAMES) * _pace_s(sights)
    if time_s - loss.time_s < max(WINDOW_S + SETTLE_S, frames_s):
        return False
    after = _light_after(sights, loss.time_s)
    now = median(sight[1] for sight in sights[-RECENT:])
    before = [s[1] for s in sights if loss.time_s - STAYS_S <= s[0] < loss.time_s]
    lately = [s[1] for s in sights if s[0] > time_s - STAYS_S]
    missing = fmean(before) - fmean(lately) if before and lately else inf
    return after - now < LARGEST and missing >= STAYS * loss.fraction


def _pace_s(sights: tuple[tuple[float, float, float], ...]) -> float:
    """The time from one sight to the next, lately."""
    times = [sight[0] for sight in sights[-2 * FEWEST :]]
    return (times[-1] - times[0]) / max(len(times) - 1, 1)


def _kept_s(sights: tuple[tuple[float, float, float], ...]) -> float:
    """So long a loss is of interest, and the sights about it."""
    return max(WAIT_S + WINDOW_S, 3 * WINDOW_FRAMES * _pace_s(sights))


def _light_after(sights: tuple[tuple[float, float, float], ...], time_s: float) -> float:
    """The tumor's brightness in the first sights from a time on."""
    after = [sight[1] for sight in sights if sight[0] >= time_s][:RECENT]
    return median(after) if after else nan


def _leaks(meal: Meal, uptake: Uptake) -> tuple[float, ...]:
    """Bleed-through and stray light, learnt while nothing in the NK cell is mistaken for them."""
    if not meal.leaks:
        return uptake.leaks
    share = LEARNT if uptake.fraction < CLEAN else 0.0
    pairs = zip(meal.leaks, uptake.leaks, strict=True)
    return tuple(known + share * (now - known) for known, now in pairs)
