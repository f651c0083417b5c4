"""What a session left behind when it ended: where the next one in the same folder goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livewatch.recording.folder import SessionFolder
from livewatch.recording.layout import (
    END,
    EVENTS,
    FRAMES,
    OBSERVATIONS,
    TAKE_SUFFIX,
    TAKES,
)
from livewatch.recording.line import cut_torn_line, read_offsets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livewatch.model import Encounter


@dataclass(frozen=True, slots=True)
class Leftovers:
    """How many frames, takes and events there are, and the encounters as last known."""

    frames: int = 0
    takes: int = 0
    events: int = 0
    encounters: Mapping[int, Encounter] = field(default_factory=dict)


def leftovers(folder: Path) -> Leftovers:
    """Tidy a session folder up for more, and count what is in it.

    Torn last lines are cut off, and end.json becomes end.1.json (or .2, ...): it speaks of what
    was before. Raises `BadInput` if the folder is no session, or damaged.
    """
    SessionFolder.open(folder)
    for name in (FRAMES, EVENTS, OBSERVATIONS):
        cut_torn_line(folder / name)
    _set_aside(folder / END)
    session = SessionFolder.open(folder)
    events = len(read_offsets(folder / EVENTS))
    return Leftovers(len(session), _last_take(folder / TAKES), events, session.encounters())


def _last_take(takes: Path) -> int:
    """The highest number a take has, also one that holds no acknowledged frame."""
    names = re.compile(rf"([0-9]+){re.escape(TAKE_SUFFIX)}")
    found = (names.fullmatch(path.name) for path in takes.iterdir())
    return max((int(match[1]) for match in found if match), default=0)


def _set_aside(end: Path) -> None:
    if end.exists():
        number = 1
        while (aside := end.with_name(f"end.{number}.json")).exists():
            number += 1
        end.rename(aside)
