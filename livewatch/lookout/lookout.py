"""Analysis beside the loop: the newest frame, in time or not, never in the way.

One frame is analysed at a time. A frame that comes while another is being analysed waits; if
a newer one comes before its turn it is skipped, and counted. Every observation goes into the
inbox; the loop finds it there in its own turn, or is woken by it later.

An analyst that hangs or dies is replaced by another, which goes on from the state before the
frame that was too much; that frame's analysis has failed. A plug-in with which this happens too
often is given up for the built-in segmentation.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from livewatch.analysis.segmentation.segmenter import BUILT_IN, plug_ins, without_plug_ins
from livewatch.clock import stopwatch_s
from livewatch.lookout.apart import Apart
from livewatch.lookout.beside import Beside
from livewatch.lookout.desk import Failed, Lost
from livewatch.model import Frame, Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.analysis.analyst import AnalystState
    from livewatch.clock import Clock
    from livewatch.inbox import Inbox
    from livewatch.lookout.desk import Desk
    from livewatch.settings import Experiment

CHECKPOINT_S = 30.0
CHECKPOINT_WORK_S = 3.0
"""What analysis remembers is kept so often, and after so much work: that is all that a resumption
has to do again."""
MARGIN_S = 5.0
"""Where work takes no session time the loop waits for analysis, this much longer than it may take:
hanging analysis is then given up here, not there."""
MOST_STUCK = 3
"""So many threads that hang are left behind; no more are begun then."""


class Lookout:
    """The loop's eyes. `skipped` counts frames that were recorded and never analysed.

    `lost` counts the analysts that hung or died. `given_up` says that plug-ins were given up;
    `on_giving_up` is told the last frame before that; `on_checkpoint` a frame, how many
    observations there were with it, and what analysis remembers.
    """

    def __init__(
        self,
        experiment: Experiment,
        clock: Clock,
        inbox: Inbox,
        on_fault: Callable[[str, BaseException], None],
        on_checkpoint: Callable[[int, int, AnalystState], None],
        on_giving_up: Callable[[int], None],
        state: AnalystState | None = None,
    ) -> None:
        self._experiment = experiment
        self._desk = desk_for(experiment, state)
        self._on_fault = on_fault
        self._on_checkpoint = on_checkpoint
        self._on_giving_up = on_giving_up
        self._kept_s = stopwatch_s()
        # What a resumption did again is kept with its first frame: another crash may come soon.
        self._worked_s = 0.0 if state is None else CHECKPOINT_WORK_S
        self._clock = clock
        self._inbox = inbox
        self._changed = threading.Condition()
        self._waiting: Frame | None = None
        self._begun_s: float | None = None
        self._stuck: list[Desk] = []
        self._in_a_row = 0
        self._observed = 0
        self._over = False
        self.skipped = 0
        self.lost = 0
        self.given_up = ""
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)

    def start(self) -> None:
        """Compile what has to be compiled, and begin to wait for frames."""
        self._desk.start()
        self._thread.start()

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        """Analyse `frame`; None if that is not done by session time `until_s`."""
        with self._changed:
            if self._waiting is not None:
                self.skipped += 1
            self._waiting = frame
            self._changed.notify()
        longest_s = self._experiment.analysis.timeout_s + MARGIN_S
        patience_s = min(self._clock.patience_s(until_s), longest_s)
        return self._inbox.await_observation(frame.index, patience_s)

    @property
    def analysing_s(self) -> float:
        """Real seconds the frame in analysis has been there; 0 while there is none."""
        begun_s = self._begun_s
        return 0.0 if begun_s is None else stopwatch_s() - begun_s

    @property
    def is_stuck(self) -> bool:
        """Whether a thread hangs that would keep the interpreter from exiting."""
        return any(desk.is_stuck for desk in (*self._stuck, self._desk))

    def close(self, patience_s: float = 2.0) -> None:
        """End it; analysis that hangs is ended where possible, else left behind."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(patience_s)
        self._desk.leave()

    def _run(self) -> None:
        while (frame := self._next()) is not None:
            self._begun_s = stopwatch_s()
            try:
                observation = self._desk.observe(frame)
            except Failed as failed:
                self._failed(frame, failed)
                self._keep(frame)
            except Lost as lost:
                self._failed(frame, lost)
                self._begun_s = None
                self._replace(frame)
            else:
                self._put(observation)
                self._in_a_row = 0
                self._worked_s += stopwatch_s() - self._begun_s
                self._keep(frame)
            self._begun_s = None

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._waiting is not None)
            frame, self._waiting = self._waiting, None
            return None if self._over else frame

    def _failed(self, frame: Frame, why: Failed | Lost) -> None:
        """The loop hears that there is nothing to be known of a frame."""
        self._on_fault(f"analysis of frame {frame.index} failed", why.__cause__ or why)
        problem = f"analysis failed: {why}"
        self._put(Observation(frame.index, frame.number, frame.time_s, frame.view, problem=problem))

    def _put(self, observation: Observation) -> None:
        self._observed += 1
        self._inbox.put(observation)

    def _keep(self, frame: Frame) -> None:
        """Now and then, have what analysis remembers kept."""
        is_long_ago = stopwatch_s() - self._kept_s > CHECKPOINT_S
        if is_long_ago or self._worked_s > CHECKPOINT_WORK_S:
            self._kept_s, self._worked_s = stopwatch_s(), 0.0
            self._on_checkpoint(frame.index, self._observed, self._desk.state)

    def _replace(self, frame: Frame) -> None:
        """Another analyst takes over, unless too many have been left behind."""
        self.lost += 1
        self._in_a_row += 1
        if self._over:
            return
        if self._in_a_row >= self._experiment.analysis.chances:
            self._give_up_plug_ins(frame)
        left = self._desk
        if left.is_stuck and sum(desk.is_stuck for desk in self._stuck) + 1 >= MOST_STUCK:
            return
        self._stuck = [desk for desk in (*self._stuck, left) if desk.is_stuck]
        left.leave()
        try:
            self._desk = desk_for(self._experiment, left.state)
            self._desk.start()
        except Lost as lost:
            self._on_fault("analysis could not be begun afresh", lost)

    def _give_up_plug_ins(self, frame: Frame) -> None:
        """Go on with the built-in segmentation, if there was another."""
        names = plug_ins(self._experiment)
        if names:
            self._on_giving_up(frame.index)
            self._experiment = without_plug_ins(self._experiment)
            self.given_up = (
                f"segmenter {' and '.join(names)} hung or crashed {self._in_a_row} times in a row "
                f"and was given up: '{BUILT_IN}' goes on"
            )
            self._in_a_row = 0


def desk_for(experiment: Experiment, state: AnalystState | None) -> Desk:
    """An analyst where the experiment wants it."""
    return (Apart if experiment.analysis.own_process else Beside)(experiment, state)
