"""Where steps wait for the window: only the newest, and nobody ever waits for it.

`put` is called from the session's thread and costs it some microseconds, whatever the window
does. Steps that were not drawn are counted, and are in the tally all the same.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livewatch.gui.atlas import Atlas
from livewatch.tally import Tally

if TYPE_CHECKING:
    from livewatch.model import Step


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """All there is to draw: the tally, the maps, and how many steps were never drawn."""

    tally: Tally = field(default_factory=Tally)
    atlas: Atlas = field(default_factory=Atlas)
    undrawn: int = 0


class Mailbox:
    """Holds the newest news. Thread-safe, of constant size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news = News()
        self._waiting = 0

    def put(self, step: Step) -> None:
        """Take in one step; replaces what was not fetched yet."""
        with self._lock:
            news = self._news
            self._news = News(
                news.tally.after(step),
                news.atlas.after(step.reply),
                news.undrawn + (self._waiting > 0),
            )
            self._waiting += 1

    def take(self) -> News | None:
        """What is new since the last time, or None."""
        with self._lock:
            if not self._waiting:
                return None
            self._waiting = 0
            return self._news
