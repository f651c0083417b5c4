"""Bites: the tumor loses dye at once, and the NK cell in contact shows it a little later.

What is bitten off lies under the tumor's own light at first, and comes out while it sinks into
the NK cell, within a minute. The tumor, though, is that much dimmer from the moment on. So a bite's
time and size are those of a step down in the tumor's brightness, and it is a bite of the NK cell
in which tumor-colored material rises after it. Both are looked for at once: a large step needs some
rise within a minute or so; one that is lost in the noise counts when a clear rise begins with it.
A step that no NK cell follows is none, nor is a rise without a step: outlines that fail for a
moment hide and show material, too. Of several NK cells at one tumor cell, a loss is the bite of
the one whose rise is clearest.

The brightness is that of the same places of the body (see `glow`). Validated on synthetic cells
only: there, dye that is lost is missed everywhere in the cell at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, inf, isfinite, nan, sqrt
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled
from livewatch.model import Bite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from livewatch.analysis.measures.uptake import Uptake

    Floats = NDArray[np.float64]

SMALLEST, LARGEST = 0.003, 0.08
"""Shares of the tumor's dye that one bite takes."""
CERTAIN = 3.8
"""A step is at least this many times its standard error..."""
LIKELY, RISING, TOGETHER = 2.5, 4.0, 6.0
"""...or at least LIKELY, and the rise that begins there RISING times its own; and both together."""
CLEAREST = 8.0
"""No rise speaks for more than this: its error is small, but outlines fail."""
WINDOW_S, WINDOW_FRAMES = 22.0, 4.5
"""So long before a step and after it is looked at, or so many frames if that is longer."""
FEWEST = 4
DRIFT_PER_S = 1.5e-4
"""How fast brightness changes by itself: SD of what a trend is expected to be."""
FREE_PER_S = 1.0
"""The same, where any trend is likely: earlier bites go on rising."""
STEADY = 0.0012
"""Brightness is never trusted better than this, nor what rises than"""
STILL = 0.0003
OUTLYING = 2.0
FITS = 3
SINK_S = 60.0
"""What is bitten off comes out over so long."""
SETTLE_S, SETTLE_FRAMES = 12.0, 2
APART_S, APART_FRAMES = 16.0, 2.5
"""Steps nearer than this are one."""
FOLLOWED = 0.15
"""So much of a loss must come to light in the NK cell..."""
LEAST_RISE, CERTAIN_RISE = 0.0015, 4.0
"""...and at least so much of the dye, and so many times the noise..."""
WAIT_S = 80.0
"""...within this."""
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
class Loss:
    """A step down in the tumor's brightness: a share of it, in units of its error `certainty`.

    `rise` is what began to show in the NK cell there, in units of its error; `held` is what it
    had when the step came. `bitten` says that it was a bite of this NK cell.
    """

    time_s: float
    fraction: float
    certainty: float
    rise: float
    held: float
    bitten: bool = False

    @property
    def evidence(self) -> float:
        """Both together."""
        return hypot(self.certainty, self.rise)


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
        return replace(meal, fraction=uptake.fraction, leaks=_leaks(meal, uptake))
    sights = (*meal.sights, (time_s, level, uptake.fraction))
    table = np.array(sights[-MOST_SIGHTS:])
    tested_s, found = steps(table, meal.tested_s, since_s, uptake.noise)
    first_s = time_s - _kept_s(sights)
    losses = _noted(meal.losses, found, sights, time_s)
    losses, bites = _followed(losses, meal.bites, sights, uptake.noise, since_s)
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
    return replace(
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
    losses = tuple(loss for loss in losses if time_s - loss.time_s <= _kept_s(sights))
    if found is None:
        return losses
    apart_s = max(APART_S, APART_FRAMES * _pace_s(sights))
    near = [loss for loss in losses if abs(loss.time_s - found.time_s) < apart_s]
    if any(loss.bitten or loss.evidence >= found.evidence for loss in near):
        return losses
    before = [sight[2] for sight in sights if found.time_s - 10 <= sight[0] < found.time_s]
    before = before or [sight[2] for sight in sights if sight[0] < found.time_s][-1:] or [0.0]
    kept = tuple(loss for loss in losses if loss not in near)
    return (*kept, replace(found, held=median(before)))


def _followed(
    losses: tuple[Loss, ...],
    bites: tuple[Bite, ...],
    sights: tuple[tuple[float, float, float], ...],
    noise: float,
    since_s: float,
) -> tuple[tuple[Loss, ...], tuple[Bite, ...]]:
    """Losses and bites, after those losses that material in the NK cell followed became bites."""
    if not isfinite(since_s) or all(loss.bitten for loss in losses):
        return losses, bites
    time_s = sights[-1][0]
    held = median(sight[2] for sight in sights[-RECENT:])
    after: list[Loss] = []
    for loss in losses:
        # what earlier bites have yet to show is not this one's
        owed = sum(
            max(one.fraction - (loss.held - one.held), 0.0)
            for one in losses
            if one.bitten and 0 < loss.time_s - one.time_s < OUT_S
        )
        least = max(FOLLOWED * loss.fraction, CERTAIN_RISE * noise, LEAST_RISE)
        is_followed = loss.rise >= RISING or held - loss.held - owed >= least
        if not loss.bitten and is_followed and _has_settled(loss, sights, time_s):
            loss = replace(loss, bitten=True)
            bites = (*bites, Bite(loss.time_s, loss.fraction, True))
        after.append(loss)
    return tuple(after), tuple(sorted(bites, key=lambda bite: bite.time_s))


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


def steps(
    sights: Floats, tested_s: float, since_s: float, noise: float
) -> tuple[float, Loss | None]:
    """Look for bites in `sights` (n, 3: time, brightness, fraction) not tested yet.

    `noise` is the fraction's SD. (tested_s, loss): tested now up to when, and the likeliest loss,
    its `held` left open.
    """
    times = sights[:, 0]
    if len(times) < 2 * FEWEST:
        return tested_s, None
    apart_s = float(np.median(np.diff(times[-2 * FEWEST :])))
    window_s = max(WINDOW_S, WINDOW_FRAMES * apart_s)
    new = (times > tested_s) & (times + window_s <= times[-1] + 1e-6)
    new[:FEWEST], new[len(times) - FEWEST + 1 :] = False, False
    places = np.flatnonzero(new)
    if not len(places):
        return tested_s, None
    likely = [
        Loss(float(times[i]), loss, certainty, min(max(rise, 0.0), CLEAREST), nan)
        for i in places[times[places] >= since_s]
        for loss, certainty, rise in [change_at(sights, int(i), window_s, noise)]
        if SMALLEST <= loss <= LARGEST
    ]
    likely = [loss for loss in likely if _is_likely(loss)]
    tested_s = float(times[places[-1]])
    return tested_s, max(likely, key=lambda loss: loss.evidence, default=None)


def _is_likely(loss: Loss) -> bool:
    if loss.certainty >= CERTAIN:
        return True
    begins = loss.certainty >= LIKELY and loss.rise >= RISING
    return begins and loss.evidence >= TOGETHER


@compiled
def change_at(sights: Floats, at: int, window_s: float, noise: float) -> tuple[float, float, float]:
    """(loss, certainty, rise) of a `Loss` at sight `at`."""
    times, lights, held = sights[:, 0].copy(), sights[:, 1].copy(), sights[:, 2].copy()
    leaps = np.diff(lights)
    dim = 1.4826 * np.median(np.abs(leaps - np.median(leaps))) / sqrt(2.0)
    change, error = fitted(times, lights, at, window_s, 0.0, max(dim, STEADY), DRIFT_PER_S)
    rise, doubt = fitted(times, held, at, window_s, SINK_S, max(noise, STILL), FREE_PER_S)
    return -change, -change / error, rise / doubt


@compiled
def fitted(
    times: Floats,
    values: Floats,
    at: int,
    window_s: float,
    ramp_s: float,
    noise: float,
    drift_per_s: float,
) -> tuple[float, float]:
    """A change up that begins at sight `at` and takes `ramp_s` (0: at once), and its error.

    Least squares of a level, the change and a trend, the trend held to `drift_per_s`, outliers
    weighted down (Huber). The error is infinite where there is too little.
    """
    first, last = at, at
    while first > 0 and times[first - 1] >= times[at] - window_s:
        first -= 1
    while last < len(times) and times[last] < times[at] + window_s:
        last += 1
    if at - first < FEWEST or last - at < FEWEST:
        return 0.0, inf
    weight, rest = np.ones(last - first), np.zeros(last - first)
    inverse: Floats = np.zeros((3, 3))
    shares = np.zeros(3)
    causes = np.ones((3, last - first))
    for i in range(first, last):
        after_s = times[i] - times[at]
        done = 1.0 if ramp_s == 0.0 else min(after_s / ramp_s, 1.0)
        causes[1, i - first] = done if i >= at else 0.0
        causes[2, i - first] = after_s
    seen = values[first:last]
    for _ in range(FITS):
        square, toward = np.zeros((3, 3)), np.zeros(3)
        square[2, 2] = (noise / drift_per_s) ** 2
        for i in range(last - first):
            for j in range(3):
                toward[j] += weight[i] * causes[j, i] * seen[i]
                for k in range(3):
                    square[j, k] += weight[i] * causes[j, i] * causes[k, i]
        inverse = np.asarray(np.linalg.inv(square), np.float64)
        scatter = 0.0
        for j in range(3):
            shares[j] = inverse[j, 0] * toward[0] + inverse[j, 1] * toward[1]
            shares[j] += inverse[j, 2] * toward[2]
        for i in range(last - first):
            rest[i] = seen[i] - shares[0] - shares[1] * causes[1, i] - shares[2] * causes[2, i]
            scatter += weight[i] * rest[i] ** 2
            weight[i] = min(1.0, OUTLYING * noise / max(abs(rest[i]), 1e-9))
    worse = max(sqrt(scatter / max(last - first - 3, 1)) / noise, 1.0)
    return shares[1], sqrt(inverse[1, 1]) * noise * worse
