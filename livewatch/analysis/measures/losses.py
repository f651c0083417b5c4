"""Losses: steps down in a tumor's brightness, and what begins to rise in an NK cell with them.

The brightness is that of the same places of the body (see `glow`). Validated on synthetic cells
only: there, dye that is lost is missed everywhere in the cell at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled
from livewatch.model import Bite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SMALLEST, LARGEST = 0.005, 0.08
"""Shares of the tumor's dye that one bite takes. The photons show nothing smaller: the error of a
step at 20x is 0.0016 to 0.0032."""
FAINT = 2.2
"""A step is at least this many times its standard error..."""
TOGETHER, A_RISE = 3.7, 1 / 3
"""...and so many with this share of how many times its own the rise is that begins there."""
CLEAREST = 8.0
"""No rise speaks for more than this: its error is small, but outlines fail."""
WINDOW_S, WINDOW_FRAMES = 22.0, 4.5
"""So long before a step and after it is looked at, or so many frames if that is longer."""
FEWEST = 4
DRIFT_PER_S = 1.0e-4
"""How fast brightness changes by itself: SD of what a trend is expected to be.

Bleaching does 0.8e-4 at a frame every 2 s; other trends between bites have an SD of 0.5e-4.
"""
FREE_PER_S = 1.0
"""The same, where any trend is likely: earlier bites go on rising."""
STEADY = 0.0012
"""Brightness is never trusted better than this, nor what rises than"""
STILL = 0.0003
OUTLYING = 2.0
FITS = 3
SINK_S = 60.0
"""What is bitten off comes out over so long."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A step down in the tumor's brightness: a share of it, in units of its error `certainty`.

    `rise` is what began to show in the NK cell there, in units of its error; `held` is what it
    had when the step came. `bitten` says that it was a bite; `gained` is how much has come to light
    since, and `yielded` says that more of it did in another NK cell.
    """

    time_s: float
    fraction: float
    certainty: float
    rise: float
    held: float
    bitten: bool = False
    gained: float = 0.0
    yielded: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it was a bite of this NK cell."""
        return self.bitten and not self.yielded

    @property
    def bite(self) -> Bite:
        """The bite that it was, if it was one."""
        return Bite(self.time_s, self.fraction, True)

    @property
    def evidence(self) -> float:
        """Both together."""
        return evidence_of(self.certainty, self.rise)


def steps(
    sights: Floats, tested_s: float, since_s: float, noise: float
) -> tuple[float, Loss | None]:
    """Look for bites in `sights` (n, 3: time, brightness, fraction) not tested yet.

    `noise` is the fraction's SD. (tested_s, loss): tested now up to when, and the likeliest loss,
    its `held` left open.
    """
    tested_s, time_s, loss, certainty, rise = likeliest(sights, tested_s, since_s, noise)
    return tested_s, Loss(time_s, loss, certainty, rise, nan) if isfinite(time_s) else None


@compiled
def likeliest(
    sights: Floats, tested_s: float, since_s: float, noise: float
) -> tuple[float, float, float, float, float]:
    """Up to when `steps` were looked for, and time to rise of the likeliest `Loss` (NaN: none)."""
    times, size = sights[:, 0].copy(), len(sights)
    best, found = TOGETHER, (nan, nan, nan, nan)
    if size < 2 * FEWEST:
        return tested_s, *found
    apart_s = np.median(np.diff(times[-2 * FEWEST :]))
    window_s = max(WINDOW_S, WINDOW_FRAMES * apart_s)
    tested_before_s = tested_s
    for at in range(FEWEST, size - FEWEST + 1):
        if times[at] <= tested_before_s or times[at] + window_s > times[-1] + 1e-6:
            continue
        tested_s = times[at]
        if tested_s < since_s:
            continue
        loss, certainty, rise = change_at(sights, at, window_s, noise)
        rise = min(max(rise, 0.0), CLEAREST)
        together = evidence_of(certainty, rise)
        is_best = together > best if isfinite(found[0]) else together >= best
        if is_best and SMALLEST <= loss <= LARGEST and certainty >= FAINT:
            best, found = together, (tested_s, loss, certainty, rise)
    return tested_s, *found


@compiled
def evidence_of(certainty: float, rise: float) -> float:
    """How strongly a step and the rise that begins with it speak together."""
    return certainty + A_RISE * rise


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
