"""What the alarm bar says: the alarms that the operator has not acknowledged. Pure: no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.units import clock

if TYPE_CHECKING:
    from livewatch.alarm import Alarm


@dataclass(frozen=True, slots=True)
class Notice:
    """The texts of the alarm bar. `newest` is the number of the newest alarm it speaks of."""

    headline: str
    text: str
    others: str
    is_standing: bool
    newest: int


def notice_of(alarms: tuple[Alarm, ...], acknowledged: int) -> Notice | None:
    """What to say of the alarms after number `acknowledged`; None if there are none.

    The newest that still stands comes first, else the newest.
    """
    new = [alarm for alarm in alarms if alarm.number > acknowledged]
    if not new:
        return None
    standing = [alarm for alarm in new if not alarm.is_over]
    first = (standing or new)[-1]
    return Notice(
        f"ALARM  {clock(first.time_s)}" if standing else f"WAS ALARM  {clock(first.time_s)}",
        first.text if first.over_s is None else f"{first.text} (over since {clock(first.over_s)})",
        others_of(len(new) - 1, max(len(standing) - 1, 0)),
        bool(standing),
        new[-1].number,
    )


def others_of(count: int, standing: int) -> str:
    """How many more alarms there are, and how many of them still stand."""
    if not count:
        return ""
    return f"and {count} more, {standing} of them not over" if standing else f"and {count} more"
