"""Whether the disk fills faster than planned: free space by session time, looked ahead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livewatch.settings import Experiment

APART_S = 20.0
WINDOW_S = 1800.0
"""The rate is taken over this long: a burst is no reason to fear for the night."""
TELLING_S = 600.0
"""A rate must have lasted this long before it says something of the session's end."""
RELIEF = 1.5
"""An alarm is over once there is this much more time than raised it."""


@dataclass(frozen=True, slots=True)
class Level:
    """Free bytes at a time on the session's clock."""

    time_s: float
    free_bytes: float


@dataclass(frozen=True, slots=True)
class DiskRules:
    """What is too soon. `end_s` is the session's planned end, inf where none is planned."""

    reserve_bytes: float
    warning_s: float
    end_s: float
    interval_s: float

    @classmethod
    def of(cls, experiment: Experiment) -> DiskRules:
        """The rules of an experiment."""
        limits = experiment.limits
        return cls(
            limits.disk_reserve_gb * 1e9,
            experiment.alarm.disk_warning_s,
            inf if limits.duration_s is None else limits.duration_s,
            experiment.survey.interval_s,
        )


def noted(levels: tuple[Level, ...], level: Level) -> tuple[Level, ...]:
    """The levels with one more, far enough apart, and none older than is needed."""
    if levels and level.time_s - levels[-1].time_s < APART_S:
        return levels
    recent = [each for each in levels if level.time_s - each.time_s <= WINDOW_S]
    return (*recent, level)


def left_s(levels: tuple[Level, ...], now: Level, reserve_bytes: float) -> float:
    """Session time until the reserve is reached at the rate of late; inf if it is not."""
    if not levels or now.time_s <= levels[0].time_s:
        return inf
    rate = (levels[0].free_bytes - now.free_bytes) / (now.time_s - levels[0].time_s)
    return max(now.free_bytes - reserve_bytes, 0.0) / rate if rate > 0 else inf


def filling(
    levels: tuple[Level, ...], now: Level, rules: DiskRules, *, standing: bool
) -> float | None:
    """Session time until the disk is full, if that is alarmingly soon; else None.

    An alarm that is `standing` needs some relief to be over.
    """
    if not levels:
        return None
    lasted_s = now.time_s - levels[0].time_s
    to_go_s = rules.end_s - now.time_s
    soon_s = rules.warning_s if lasted_s >= rules.interval_s else 0.0
    if lasted_s >= TELLING_S and to_go_s < inf:
        soon_s = max(soon_s, to_go_s)
    until_s = left_s(levels, now, rules.reserve_bytes)
    is_soon = until_s < soon_s * (RELIEF if standing else 1.0) and until_s < to_go_s
    return until_s if is_soon else None
