"""The alarms of a session: raised when something goes wrong, over when it no longer is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from livewatch.alarm import Alarm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.alarm import Key

KEPT = 200
"""Alarms that are over are remembered up to this many; all are in the record."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """Every alarm so far, the oldest first; `next_number` is the next one's."""

    all: tuple[Alarm, ...] = ()
    next_number: int = 1
    standing: Mapping[Key, Alarm] = field(default_factory=dict)

    def now(self, wrong: Mapping[Key, str], time_s: float) -> tuple[Alarms, tuple[Alarm, ...]]:
        """The alarms when this is what is wrong, and those of them that are new or over."""
        over = [
            replace(alarm, over_s=time_s)
            for key, alarm in self.standing.items()
            if key not in wrong
        ]
        new_keys = [key for key in wrong if key not in self.standing]
        raised = [
            Alarm(self.next_number + index, key[0], wrong[key], time_s, key[1])
            for index, key in enumerate(new_keys)
        ]
        if not over and not raised:
            return self, ()
        known = {alarm.number: alarm for alarm in (*self.all, *over, *raised)}
        standing = {alarm.key: alarm for alarm in known.values() if not alarm.is_over}
        alarms = Alarms(tuple(known.values())[-KEPT:], self.next_number + len(raised), standing)
        return alarms, (*over, *raised)
