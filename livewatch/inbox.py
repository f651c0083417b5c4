"""What reaches the loop from other threads: the operator's requests, and late observations."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from livewatch.model import Observation, Request

if TYPE_CHECKING:
    from collections.abc import Callable


class Inbox:
    """A queue that wakes whoever waits for a shot's time. `wake` is set while news is in it."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self._news: deque[Request | Observation] = deque()
        self._changed = threading.Condition()

    def put(self, news: Request | Observation) -> None:
        """Add news, from any thread."""
        with self._changed:
            self._news.append(news)
            self.wake.set()
            self._changed.notify_all()

    def take(self) -> Request | Observation | None:
        """The oldest news, or None."""
        return self._take(lambda news: True)

    def await_observation(self, frame: int, patience_s: float) -> Observation | None:
        """The observation of `frame`, once it is here; None after `patience_s` real seconds.

        A request of the operator cuts the wait short.
        """

        def is_wanted(news: Request | Observation) -> bool:
            return isinstance(news, Observation) and news.frame == frame

        def is_enough() -> bool:
            return any(is_wanted(news) or isinstance(news, Request) for news in self._news)

        with self._changed:
            self._changed.wait_for(is_enough, min(patience_s, threading.TIMEOUT_MAX))
        found = self._take(is_wanted)
        return found if isinstance(found, Observation) else None

    def _take(
        self, wanted: Callable[[Request | Observation], bool]
    ) -> Request | Observation | None:
        with self._changed:
            found = next((news for news in self._news if wanted(news)), None)
            if found is not None:
                self._news.remove(found)
            if not self._news:
                self.wake.clear()
            return found
