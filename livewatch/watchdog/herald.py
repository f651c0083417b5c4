"""Passes messages on to the hooks, each on a thread of its own: nobody ever waits for a hook."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from livewatch.clock import stopwatch_s
from livewatch.watchdog.hook import HookFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livewatch.watchdog.hook import Hook
    from livewatch.watchdog.throttle import Message

MOST_WAITING = 20
"""Messages that wait for a hook; what comes while so many wait is not passed on by it."""


class Herald:
    """Tells every hook. `on_change` hears of a hook that fails, with why, and that works again.

    A hook that goes on failing for the same reason is mentioned once; '' says that it works.
    """

    def __init__(
        self, hooks: Iterable[Hook], session: str, on_change: Callable[[str, str], None]
    ) -> None:
        self._errands = [_Errand(hook, session, on_change) for hook in hooks]

    def tell(self, message: Message) -> None:
        """Have every hook told; returns at once."""
        for errand in self._errands:
            errand.add(message)

    def close(self, patience_s: float) -> None:
        """Wait until all is told, at most `patience_s` real seconds, and end."""
        until_s = stopwatch_s() + patience_s
        for errand in self._errands:
            errand.end()
        for errand in self._errands:
            errand.join(max(until_s - stopwatch_s(), 0.0))


class _Errand:
    """One hook, its thread, and the messages that wait for it."""

    def __init__(self, hook: Hook, session: str, on_change: Callable[[str, str], None]) -> None:
        self._hook = hook
        self._session = session
        self._on_change = on_change
        self._waiting: queue.Queue[Message | None] = queue.Queue(MOST_WAITING + 1)
        self._failing = ""
        self._thread = threading.Thread(target=self._run, name=hook.name, daemon=True)
        self._thread.start()

    def add(self, message: Message) -> None:
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put_nowait(message)

    def end(self) -> None:
        self._waiting.put(None)

    def join(self, patience_s: float) -> None:
        self._thread.join(patience_s)

    def _run(self) -> None:
        while (message := self._waiting.get()) is not None:
            try:
                self._hook.tell(message, self._session)
            except HookFailed as failed:
                self._note(str(failed))
            else:
                self._note("")

    def _note(self, failing: str) -> None:
        """Mention a change."""
        if failing != self._failing:
            self._failing = failing
            self._on_change(self._hook.name, failing)
