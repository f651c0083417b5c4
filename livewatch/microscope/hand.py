"""A thread that does what may hang, so that whoever waits for it can give up.

Device adapters may block forever in a snap or a move. The work is done here; the caller waits for
as long as it has patience. Work that is given up is not ended (nothing can end it): until it comes
back the hand is busy, and refuses other work.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from livewatch.microscope.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
GLANCE_S = 0.1


class Hung(Fault):
    """The devices gave no answer in time."""


class _Work:
    """One piece of work and what came of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self.done = threading.Event()
        self.result: object = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
            self.error = error
        finally:
            self.done.set()


class Hand:
    """One working thread, started with the first work."""

    def __init__(self, name: str = "livewatch devices") -> None:
        self._name = name
        self._asked: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._last: _Work | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether work that was given up has not come back yet."""
        return self._last is not None and not self._last.done.is_set()

    def do(
        self, work: Callable[[], Result], patience_s: float, wake: threading.Event | None = None
    ) -> Result:
        """The result of `work`, or what it raised; `Hung` after `patience_s` real seconds.

        Once a third of that has passed, `wake` ends the waiting: somebody wants to be heard.
        """
        if self._last is not None and not waited(self._last.done, 0.0, patience_s, wake):
            raise Hung("the devices still give no answer")
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        asked = self._last = _Work(work)
        self._asked.put(asked)
        start_s = time.monotonic()
        if not waited(asked.done, patience_s / 3, patience_s, wake):
            raise Hung(f"the devices gave no answer within {time.monotonic() - start_s:.1f} s")
        if asked.error is not None:
            raise asked.error
        return asked.result  # type: ignore[return-value]

    def rest(self) -> None:
        """End the thread, once it is free."""
        if self._thread is not None:
            self._asked.put(None)
            if not self.is_stuck:
                self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while (work := self._asked.get()) is not None:
            work.run()


def waited(
    done: threading.Event, at_least_s: float, at_most_s: float, wake: threading.Event | None
) -> bool:
    """Whether `done` came: waiting `at_least_s`, and `at_most_s` while `wake` is not set."""
    if done.wait(at_least_s):
        return True
    until_s = time.monotonic() + at_most_s - at_least_s
    while (left_s := until_s - time.monotonic()) > 0:
        if done.wait(min(left_s, GLANCE_S)):
            return True
        if wake is not None and wake.is_set():
            return False
    return done.is_set()
