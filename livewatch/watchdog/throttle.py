"""Which alarms are passed on to those who are far away: none too often, the end of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from livewatch.units import clock, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livewatch.alarm import Alarm, Key


@dataclass(frozen=True, slots=True)
class Message:
    """What those who are far away are told of an alarm."""

    alarm: Alarm
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """When an alarm was last passed on, whether as standing, and how often not since then."""

    real_s: float
    is_open: bool
    kept_back: int = 0


@dataclass(frozen=True, slots=True)
class Throttle:
    """Passes on the same alarm at most once every `repeat_s` real seconds."""

    repeat_s: float
    told: Mapping[Key, Told] = field(default_factory=dict)

    def passing(
        self, changes: Iterable[Alarm], standing: Iterable[Alarm], real_s: float
    ) -> tuple[Throttle, tuple[Message, ...]]:
        """What to pass on of alarms that are new or over, and of those that still stand.

        The end of an alarm is passed on if the alarm was.
        """
        told, messages = dict(self.told), list[Message]()
        for alarm in changes:
            before = told.get(alarm.key)
            if alarm.is_over and before is not None and before.is_open:
                messages.append(Message(alarm, all_clear(alarm)))
                told[alarm.key] = replace(before, is_open=False)
            elif not alarm.is_over and before is not None:
                told[alarm.key] = replace(before, kept_back=before.kept_back + 1)
        for alarm in standing:
            before = told.get(alarm.key)
            if before is None or not (before.is_open or real_s - before.real_s < self.repeat_s):
                messages.append(Message(alarm, worded(alarm, before)))
                told[alarm.key] = Told(real_s, is_open=True)
        return replace(self, told=told) if messages or told != self.told else self, tuple(messages)


def worded(alarm: Alarm, before: Told | None) -> str:
    """An alarm in one line; how often it came and went unsaid."""
    again = before.kept_back - 1 if before else 0
    often = f" (again; {again} more in between)" if again > 0 else " (again)" if before else ""
    return f"{alarm.text} [{clock(alarm.time_s)}]{often}"


def all_clear(alarm: Alarm) -> str:
    """The end of an alarm in one line."""
    lasted_s = (alarm.over_s or alarm.time_s) - alarm.time_s
    return f"all clear after {span(lasted_s)}: {alarm.text}"
