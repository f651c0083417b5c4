"""Bites: the tumor loses dye at once, and the NK cell in contact shows it a little later.

What is bitten off lies under the tumor's own light at first, and comes out while it sinks into
the NK cell, within a minute. The tumor, though, is that much dimmer from the moment on. So a bite's
time and size are those of a step down in the tumor's brightness, found by a change-point test
against a steady trend (bleaching); it is a bite of the NK cell in which tumor-colored material
rises after it. A step that no NK cell follows is none, nor is a rise without a step: outlines
that fail for a moment hide and show material, too.

The brightness is that of the cell's core, which outlines do not change. Validated on synthetic
cells only: there, dye that is lost is missed everywhere in the cell at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, inf, isfinite, nan, sqrt
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled
from livewatch.model import Bite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.uptake import Uptake

    Floats = NDArray[np.float64]

SMALLEST, LARGEST = 0.0045, 0.08
"""Shares of the tumor's dye that one bite takes."""
CERTAIN = 4.0
"""A step is at least this many times its standard error."""
WINDOW_S, WINDOW_FRAMES = 24.0, 4.5
"""So long before a step and after it is looked at, or so many frames if that is longer."""
FEWEST = 4
DRIFT_PER_S = 1.5e-4
"""How fast brightness changes by itself: SD of what a trend is expected to be."""
STEADY = 0.0012
"""Brightness is never trusted better than this."""
OUTLYING = 2.0
FITS = 3
SETTLE_S = 12.0
APART_S = 16.0
"""Steps nearer than this are one."""
FOLLOWED = 0.2
"""So much of a loss must come to light in the NK cell..."""
LEAST_RISE, CERTAIN_RISE = 0.0015, 4.0
"""...and at least so much of the dye, and so many times the noise..."""
WAIT_S = 80.0
"""...within this."""
OUT_S = 75.0
"""A bite has wholly come out after this."""
SIGHTS, MOST_SIGHTS = 8, 96
PACE_S = 1.0
GROUND_S = 30.0
RECENT = 4
MOST_BITES = 64
LEARNT, CLEAN = 0.15, 0.0015


@dataclass(frozen=True, slots=True)
class Loss:
    """A step down in the tumor's brightness: a share of it, in units of its error `certainty`.

    `held` is what the NK cell had when it came. `bitten` says that it was a bite of this NK cell.
    """

    time_s: float
    fraction: float
    certainty: float
    held: float
    bitten: bool = False


@dataclass(frozen=True, slots=True)
class Meal:
    """What is remembered of what one NK cell has of one tumor cell.

    `fraction` is the share of the tumor's dye it holds now. `sights` are the last (time_s,
    brightness, fraction), the brightness as a share of `whole`, its mean in the first sights (of
    which there were `seen`). `ground` is the mean background, which hardly changes. Steps were
    looked for up to `tested_s`. `leaks` are bleed-through and stray light.
    """

    fraction: float = nan
    whole: float = nan
    seen: int = 0
    ground: float = nan
    sights: tuple[tuple[float, float, float], ...] = ()
    tested_s: float = -inf
    losses: tuple[Loss, ...] = ()
    leaks: tuple[float, ...] = ()
    bites: tuple[Bite, ...] = ()


def eaten(
    meal: Meal, uptake: Uptake, glow: float, ground: float, time_s: float, *, since_s: float
) -> Meal:
    """The meal after one more frame. Only what happens after `since_s` can be a bite.

    `glow` is the mean light of the tumor's core in any unit (NaN: not known), with the
    background, which is `ground`.
    """
    last_s = meal.sights[-1][0] if meal.sights else -inf
    if not isfinite(glow) or time_s - last_s < PACE_S:
        return replace(meal, fraction=uptake.fraction, leaks=_leaks(meal, uptake))
    ground = _ground(meal, ground, time_s - last_s)
    whole, seen = meal.whole, meal.seen
    if seen < SIGHTS:
        whole = glow - ground if seen == 0 else whole + (glow - ground - whole) / (seen + 1)
        seen += 1
    sights = (*meal.sights, (time_s, (glow - ground) / max(whole, 1e-9), uptake.fraction))
    table = np.array(sights[-MOST_SIGHTS:])
    tested_s, first_s, when_s, lost, certainty = steps(table, meal.tested_s, since_s)
    losses = _noted(meal.losses, Loss(when_s, lost, certainty, nan), sights, time_s)
    losses, bites = _followed(losses, meal.bites, sights, uptake.noise, since_s)
    return Meal(
        median(sight[2] for sight in sights[-3:]),
        whole,
        seen,
        ground,
        tuple(sight for sight in sights[-MOST_SIGHTS:] if sight[0] >= first_s),
        tested_s,
        losses,
        _leaks(meal, uptake),
        bites[-MOST_BITES:],
    )


def _ground(meal: Meal, ground: float, since_s: float) -> float:
    """The background, followed slowly: its noise would be that of the brightness."""
    if meal.seen == 0:
        return ground
    share = max(1 - exp(-since_s / GROUND_S), 1 / (meal.seen + 1) if meal.seen < SIGHTS else 0.0)
    return meal.ground + share * (ground - meal.ground)


def _noted(
    losses: tuple[Loss, ...],
    found: Loss,
    sights: tuple[tuple[float, float, float], ...],
    time_s: float,
) -> tuple[Loss, ...]:
    """The losses still of interest, with one that was just found."""
    losses = tuple(loss for loss in losses if time_s - loss.time_s <= WAIT_S + WINDOW_S)
    if not isfinite(found.time_s):
        return losses
    near = [loss for loss in losses if abs(loss.time_s - found.time_s) < APART_S]
    if any(loss.bitten or loss.certainty >= found.certainty for loss in near):
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
    light = median(sight[1] for sight in sights[-RECENT:])
    after: list[Loss] = []
    for loss in losses:
        # what earlier bites have yet to show is not this one's
        owed = sum(
            max(one.fraction - (loss.held - one.held), 0.0)
            for one in losses
            if one.bitten and 0 < loss.time_s - one.time_s < OUT_S
        )
        least = max(FOLLOWED * loss.fraction, CERTAIN_RISE * noise, LEAST_RISE)
        settled = time_s - loss.time_s >= min(WINDOW_S + SETTLE_S, WAIT_S)
        lasts = _light_after(sights, loss.time_s) - light < LARGEST  # it does not die
        if not loss.bitten and settled and lasts and held - loss.held - owed >= least:
            loss = replace(loss, bitten=True)
            bites = (*bites, Bite(loss.time_s, loss.fraction, True))
        after.append(loss)
    return tuple(after), tuple(sorted(bites, key=lambda bite: bite.time_s))


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


@compiled
def steps(
    sights: Floats, tested_s: float, since_s: float
) -> tuple[float, float, float, float, float]:
    """Look for steps down in `sights` (n, 3: time, brightness, ...) not tested yet.

    (tested_s, first_s, time_s, fraction, certainty): tested now up to when, sights are needed
    from when on, and the most certain step, at NaN if there is none.
    """
    times, lights = sights[:, 0].copy(), sights[:, 1].copy()
    best_s, best, certainty = nan, 0.0, 0.0
    if len(times) < 2 * FEWEST:
        return tested_s, -inf, best_s, best, certainty
    apart_s = np.median(np.diff(times[-2 * FEWEST :]))
    window_s = max(WINDOW_S, WINDOW_FRAMES * apart_s)
    leaps = np.diff(lights)
    noise = 1.4826 * np.median(np.abs(leaps - np.median(leaps))) / sqrt(2.0)
    noise = max(noise, STEADY)
    for i in range(FEWEST, len(times) - FEWEST + 1):
        if times[i] <= tested_s or times[i] + window_s > times[-1] + 1e-6:
            continue
        tested_s = times[i]
        if times[i] < since_s:
            continue
        loss, error = step_at(times, lights, i, window_s, noise)
        if SMALLEST <= loss <= LARGEST and loss > max(CERTAIN, certainty) * error:
            best_s, best, certainty = times[i], loss, loss / error
    return tested_s, times[-1] - 2.0 * window_s - apart_s, best_s, best, certainty


@compiled
def step_at(
    times: Floats, lights: Floats, at: int, window_s: float, noise: float
) -> tuple[float, float]:
    """A step down at sight `at`, and its standard error; infinite where there is too little.

    Least squares of a level, a step and a trend, the trend held to DRIFT_PER_S, outliers
    weighted down (Huber).
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
        causes[1, i - first] = 1.0 if i >= at else 0.0
        causes[2, i - first] = times[i] - times[at]
    seen = lights[first:last]
    for _ in range(FITS):
        square, toward = np.zeros((3, 3)), np.zeros(3)
        square[2, 2] = (noise / DRIFT_PER_S) ** 2
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
    return -shares[1], sqrt(inverse[1, 1]) * noise * worse
