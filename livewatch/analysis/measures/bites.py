"""Bites: the tumor loses dye at once, and the NK cell in contact shows it a little later.

What is bitten off lies under the tumor's own light at first, and comes out while it sinks into
the NK cell, within a minute. The tumor, though, is that much dimmer from the moment on. So a bite's
time and size are those of a step down in the tumor's brightness, and it is a bite of the NK cell
in which tumor-colored material rises after it. Both are looked for at once: a large step needs some
rise within a minute or so; one that is lost in the noise counts when a clear rise begins with it.
A step that no NK cell follows is none, nor is a rise without a step: outlines that fail for a
moment hide and show material, too. Of several NK cells at one tumor cell, a loss is the bite of
the one whose rise is clearest.

What comes to light after a step is its own only up to the next clearer step, and beyond what
earlier bites still owe: a bite must not lend its material to a flicker of the brightness before it
or after it. So it is looked at only as far as steps were looked for. A faint step, which noise
alone might make, is a bite only if about as much as was lost comes to light from its time on (see
`losses` for the steps themselves).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.losses import (
    FEWEST,
    LARGEST,
    RISING,
    WINDOW_FRAMES,
    WINDOW_S,
    Loss,
    steps,
)
from livewatch.model import Bite
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livewatch.analysis.measures.uptake import Uptake

SETTLE_S, SETTLE_FRAMES = 12.0, 2
APART_S, APART_FRAMES = 16.0, 2.5
"""Steps nearer than this are one."""
FOLLOWED = 0.15
"""So much of a loss must come to light in the NK cell..."""
LEAST_RISE, CERTAIN_RISE = 0.0015, 4.0
"""...and at least so much of the dye, and so many times the noise..."""
WAIT_S = 80.0
"""...within this."""
AS_MUCH, CLEAR_RISE, SHOWN_S = 0.5, 0.003, 45.0
"""After a faint step: this much of it, and of the dye, once so long has passed..."""
EARLY, EARLY_S = 0.3, (15.0, 30.0)
"""...and this much of it already between these times: what comes later is not of this loss."""
SURPLUS = 1.25
"""Earlier bites may have taken this many times what they seem to."""
FLICKER_S, FLICKER = 20.0, 0.25
"""Over so long, this share of the sights may be wrong: outlines fail now and then."""
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
    table = np.array(sights[-MOST_SIGHTS:])
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
    """The meal without bites of which `others`, of the same tumor cell, show more clearly."""
    rivals = [loss for other in others for loss in other.losses if loss.bitten]
    gone = [
        loss
        for loss in meal.losses
        if loss.bitten
        and any(
            abs(rival.time_s - loss.time_s) < APART_S and rival.rise > loss.rise for rival in rivals
        )
    ]
    if not gone:
        return meal
    times = {loss.time_s for loss in gone}
    return replaced(
        meal,
        losses=tuple(loss for loss in meal.losses if loss not in gone),
        bites=tuple(bite for bite in meal.bites if bite.time_s not in times),
    )


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
    if not isfinite(since_s) or all(loss.bitten for loss in losses):
        return losses, bites
    time_s = sights[-1][0]
    after: list[Loss] = []
    for loss in losses:
        own_until_s = min(tested_s, _next_s(loss, losses))
        if loss.is_likely:
            is_followed = _is_followed(loss, sights, own_until_s, _owed(loss, losses, 1.0), noise)
        else:
            owed = _owed(loss, losses, SURPLUS)
            is_followed = _is_matched(loss, sights, own_until_s, owed, noise)
        if not loss.bitten and is_followed and _has_settled(loss, sights, time_s):
            loss = replaced(loss, bitten=True)
            bites = (*bites, Bite(loss.time_s, loss.fraction, True))
        after.append(loss)
    return tuple(after), tuple(sorted(bites, key=lambda bite: bite.time_s))


def _next_s(loss: Loss, losses: tuple[Loss, ...]) -> float:
    """When the next clearer step comes."""
    later = (one for one in losses if one.time_s > loss.time_s)
    return min((one.time_s for one in later if one.certainty > loss.certainty), default=inf)


def _owed(loss: Loss, losses: tuple[Loss, ...], surplus: float) -> float:
    """What earlier bites had yet to show, if they took `surplus` times what they seem to."""
    earlier = (one for one in losses if one.bitten and 0 < loss.time_s - one.time_s < OUT_S)
    return sum(max(surplus * one.fraction - (loss.held - one.held), 0.0) for one in earlier)


def _is_followed(
    loss: Loss,
    sights: tuple[tuple[float, float, float], ...],
    own_until_s: float,
    owed: float,
    noise: float,
) -> bool:
    """Whether something of a likely loss has come to light in the NK cell."""
    own = [sight[2] for sight in sights if loss.time_s < sight[0] <= own_until_s]
    risen = median(own[-RECENT:] or [loss.held]) - loss.held - owed
    least = max(FOLLOWED * loss.fraction, CERTAIN_RISE * noise, LEAST_RISE)
    return risen > 0 and (loss.rise >= RISING or risen >= least)


def _is_matched(
    loss: Loss,
    sights: tuple[tuple[float, float, float], ...],
    own_until_s: float,
    owed: float,
    noise: float,
) -> bool:
    """Whether about as much as a faint loss came to light, from its time on."""
    if sights[-1][0] < loss.time_s + SHOWN_S:
        return False
    before, early, late = (
        [s[2] for s in sights if loss.time_s + first <= s[0] < loss.time_s + last]
        for first, last in (
            (-FLICKER_S, 0.0),
            (EARLY_S[0], min(EARLY_S[1], own_until_s - loss.time_s)),
            (SHOWN_S - FLICKER_S / 2, inf),
        )
    )
    if not before or not early or not late:
        return False
    had = quantile_of(before, 1 - FLICKER) + owed
    at_once, at_last = (quantile_of(held, FLICKER) - had for held in (early, late))
    certain = CERTAIN_RISE * noise
    least = max(AS_MUCH * loss.fraction, CLEAR_RISE, certain)
    return at_once >= max(EARLY * loss.fraction, certain) and at_last >= least


def quantile_of(values: Iterable[float], share: float) -> float:
    """As `numpy.quantile`, of a few numbers in a fraction of its time."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    low, high, part = ordered[below], ordered[min(below + 1, len(ordered) - 1)], place - below
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def _has_settled(loss: Loss, sights: tuple[tuple[float, float, float], ...], time_s: float) -> bool:
    """Whether enough time has passed, the tumor does not fade on, and has not come back."""
    frames_s = (WINDOW_FRAMES + SETTLE_FRAMES) * _pace_s(sights)
    if time_s - loss.time_s < max(min(WINDOW_S + SETTLE_S, WAIT_S), frames_s):
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
