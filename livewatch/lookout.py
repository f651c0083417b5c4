"""Analysis on a thread of its own: the newest frame, in time or not, never in the way.

One frame is analysed at a time. A frame that comes while another is being analysed waits; if
a newer one comes before its turn it is skipped, and counted. Every observation goes into the
inbox; the loop finds it there in its own turn, or is woken by it later.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from livewatch.analysis.analyst import Analyst
from livewatch.clock import stopwatch_s
from livewatch.model import Frame, Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.analysis.analyst import AnalystState
    from livewatch.clock import Clock
    from livewatch.inbox import Inbox
    from livewatch.settings import Experiment

CHECKPOINT_S = 30.0
HANG_S = 60.0  # real seconds; only where work takes no session time, so nothing else ends a wait


class Lookout:
    """The loop's eyes. `skipped` counts frames that were recorded and never analysed."""

    def __init__(
        self,
        experiment: Experiment,
        clock: Clock,
        inbox: Inbox,
        on_fault: Callable[[str, BaseException], None],
        on_checkpoint: Callable[[int, AnalystState], None],
        state: AnalystState | None = None,
    ) -> None:
        self._channels = ThreadPoolExecutor(2, "channel")
        self._analyst = Analyst(experiment, together=self._channels.map)
        self._state = state or self._analyst.begin()
        self._on_checkpoint = on_checkpoint
        self._kept_s = stopwatch_s()
        self._clock = clock
        self._inbox = inbox
        self._on_fault = on_fault
        self._changed = threading.Condition()
        self._waiting: Frame | None = None
        self._over = False
        self.skipped = 0
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)

    def start(self) -> None:
        """Compile what has to be compiled, and begin to wait for frames."""
        self._analyst.warm_up()
        self._thread.start()

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        """Analyse `frame`; None if that is not done by session time `until_s`."""
        with self._changed:
            if self._waiting is not None:
                self.skipped += 1
            self._waiting = frame
            self._changed.notify()
        patience_s = min(self._clock.patience_s(until_s), HANG_S)
        return self._inbox.await_observation(frame.index, patience_s)

    def close(self, patience_s: float = 2.0) -> None:
        """End the thread; a hanging analysis is left behind (its thread is a daemon)."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(patience_s)
        self._channels.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while (frame := self._next()) is not None:
            self._inbox.put(self._observe(frame))

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._waiting is not None)
            frame, self._waiting = self._waiting, None
            return None if self._over else frame

    def _observe(self, frame: Frame) -> Observation:
        try:
            self._state, observation = self._analyst.observe(self._state, frame)
        except Exception as fault:  # noqa: BLE001 - whatever analysis does, the survey goes on
            self._on_fault(f"analysis of frame {frame.index} failed", fault)
            problem = f"analysis failed: {type(fault).__name__}: {fault}"
            return Observation(frame.index, frame.number, frame.time_s, frame.view, problem=problem)
        if stopwatch_s() - self._kept_s > CHECKPOINT_S:
            self._kept_s = stopwatch_s()
            self._on_checkpoint(frame.index, self._state)
        return observation
