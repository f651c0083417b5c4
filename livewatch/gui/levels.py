"""Which counts are shown black and which bright. Set once, then moved slowly. Pure: no Qt.

Levels that follow every frame make the picture flicker and hide that cells fade; levels that
never move are wrong after an hour of bleaching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livewatch.model import Pixels

SAMPLE = 20_000
"""About so many pixels are looked at; more would say the same."""
BRIGHT_PERCENTILE = 99.7
DARK_NOISES = 2.5
"""Up to so many standard deviations above the background all is black."""
NOISES = 14.0
"""The span is at least so many standard deviations of the background: an empty frame is dark."""
DEAD_BAND = 0.02
"""Changes below this part of the span are not worth a new table."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Counts shown as black (`low`) and as full colour (`high`)."""

    low: float
    high: float

    def towards(self, goal: Levels, share: float) -> Levels:
        """Part of the way to other levels; unchanged when they are about the same."""
        span = self.high - self.low
        if max(abs(goal.low - self.low), abs(goal.high - self.high)) < DEAD_BAND * span:
            return self
        return Levels(
            self.low + share * (goal.low - self.low), self.high + share * (goal.high - self.high)
        )


def measured(pixels: Pixels) -> Levels:
    """Levels that suit one image (rows, columns): background black, bright cells bright.

    Background is the median, its noise 1.4826 times the median absolute deviation below it, so
    that cells, which are brighter, do not count.
    """
    step = max(1, round((pixels.size / SAMPLE) ** 0.5))
    sample = pixels[::step, ::step].astype(np.float32)
    background = float(np.median(sample))
    below = sample[sample <= background]
    noise = max(1.4826 * float(np.median(background - below)), 0.5)
    bright = float(np.percentile(sample, BRIGHT_PERCENTILE))
    low = background + DARK_NOISES * noise
    return Levels(low, max(bright, low + NOISES * noise))
