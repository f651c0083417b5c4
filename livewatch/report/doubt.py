"""How far the figures of so many trials may be off by chance.

By the delete-a-group jackknife (Kott 2001, J. Off. Stat. 17, 521): each figure is summed up again
without one group of encounters after the other. What happens within one encounter belongs together,
so that whole encounters are left out, never frames or bites.
"""

from __future__ import annotations

from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING

from livewatch.report.score import row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from livewatch.report.trial import Trial

GROUPS = 12


def doubts_of(trials: Sequence[Trial], names: Iterable[str]) -> dict[str, float]:
    """The standard error of each named figure of the trials' `Row`; NaN where it is not known."""
    groups = min(GROUPS, len(trials))
    if groups < 2:
        return dict.fromkeys(names, nan)
    without = [
        row_of("", [trial for at, trial in enumerate(trials) if at % groups != group])
        for group in range(groups)
    ]
    return {name: _error([getattr(row, name) for row in without]) for name in names}


def _error(values: Sequence[float]) -> float:
    """The jackknife's standard error from what a figure is without each group."""
    if not all(map(isfinite, values)):
        return nan
    middle = sum(values) / len(values)
    square = sum((value - middle) ** 2 for value in values)
    return sqrt((len(values) - 1) / len(values) * square)
