"""A session: the parts put together, the threads owned, and the place where errors end up.

Four threads: the session's own drives the microscope and the loop; analysis, the recorder and
the watchdog have one each. Faces live on whichever thread calls them.
"""

from __future__ import annotations

import threading
import traceback
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from livewatch.analysis.freeze import to_json
from livewatch.analysis.measures import at_end
from livewatch.clock import stopwatch_s
from livewatch.disk import Disk
from livewatch.end import End, Ending, ended
from livewatch.escort import Escort
from livewatch.inbox import Inbox
from livewatch.latency import Latencies
from livewatch.lookout import Lookout
from livewatch.loop import watch
from livewatch.model import NAN, Ask, Missed, Outcome, Request, Step
from livewatch.policy.remembering import Remembering
from livewatch.tally import Status, Tally
from livewatch.watchdog.signs import Glance
from livewatch.watchdog.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livewatch.analysis.analyst import AnalystState
    from livewatch.clock import Clock
    from livewatch.microscope.microscope import Microscope
    from livewatch.model import Decision, Instrument
    from livewatch.policy.state import PolicyState
    from livewatch.recording.recorder import Recorder
    from livewatch.recording.resume import Memory
    from livewatch.settings import Experiment
    from livewatch.watchdog.hook import Hook


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """What a session that goes on remembers, and the session time at which it goes on."""

    memory: Memory
    time_s: float


class Session:
    """One session, from the first shot to the tables. Build it, `start()` it, `join()` it.

    `announce` is called with a line about long work (compiling, making tables). A session that
    goes on after a crash is given what was `before`. `hooks` pass alarms on.
    """

    def __init__(
        self,
        experiment: Experiment,
        microscope: Microscope,
        instrument: Instrument,
        recorder: Recorder,
        clock: Clock,
        announce: Callable[[str], None],
        before: Before | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self.clock = clock
        self.folder = recorder.folder
        self.tally = Tally()
        self.latencies = Latencies()
        self.end: End | None = None
        self._disk = Disk(recorder.folder)
        self._microscope = microscope
        self._recorder = recorder
        self._announce = announce
        self._inbox = Inbox()
        self._before = before
        self._lookout = Lookout(
            experiment,
            clock,
            self._inbox,
            self._fault,
            self._keep,
            self._segmenters_given_up,
            before.memory.analysis if before else None,
        )
        self._mind = Remembering(experiment, instrument)
        self._escort = Escort(experiment, recorder, self._disk, clock, self.stop)
        self._listeners: list[Callable[[Step], None]] = []
        self._afterwards: list[Callable[[], object]] = []
        self._watchdog = Watchdog(
            experiment, clock, self._glance, recorder.event, hooks, str(recorder.folder)
        )
        self._thread = threading.Thread(target=self._run, name="session")

    @property
    def is_over(self) -> bool:
        """Whether the session has ended, everything written and the sample dark."""
        return not self._thread.is_alive() and self.end is not None

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on after a crash; what is counted is counted from then on."""
        return self._before is not None

    @property
    def is_hung(self) -> bool:
        """Whether a device or analysis hangs, so that the process can only be left by force."""
        return self._microscope.is_hung or self._lookout.is_stuck

    @property
    def skipped(self) -> int:
        """Frames that were recorded and never analysed, because a newer one came."""
        return self._lookout.skipped

    def subscribe(self, callback: Callable[[Step], None]) -> None:
        """Have `callback` called with every step, on the session's thread; it must not block."""
        self._listeners.append(callback)

    def afterwards(self, callback: Callable[[], object]) -> None:
        """Have `callback` called when the sample is dark and the record closed."""
        self._afterwards.append(callback)

    def start(self) -> None:
        """Begin, in the session's own thread."""
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Pass on what the operator asks for; returns at once."""
        self._inbox.put(request)

    def stop(self, why: str) -> None:
        """Ask for the end of the session."""
        self.ask(Request(Ask.END, self.clock.now_s(), text=why))

    def join(self, timeout: float | None = None) -> None:
        """Wait until the session's thread has finished, at most `timeout` seconds."""
        self._thread.join(timeout)

    def status(self) -> Status:
        """Session time, free disk, folder, and how it ended."""
        free_bytes = self._disk.free_bytes()
        ended = f"{self.end.status}: {self.end.reason}" if self.end else ""
        failed = self.end is not None and self.end.status is Ending.FAILED
        alarms = self._watchdog.alarms
        return Status(self.clock.now_s(), free_bytes, str(self.folder), ended, failed, alarms)

    def acknowledge(self, alarm: int) -> None:
        """Write down that the operator has seen the alarms up to this number."""
        self._recorder.event("acknowledged", {"alarm": alarm, "time_s": self.clock.now_s()})

    def _run(self) -> None:
        try:
            end = self._work()
        except Exception as fault:  # noqa: BLE001 - the end of the line: end.json says what it was
            self._fault("the session failed", fault)
            end = End(Ending.FAILED, f"{type(fault).__name__}: {fault}")
        self._close(end)

    def _work(self) -> End:
        """Run the loop until it is over; how it ended."""
        self._announce("compiling the analysis: a minute or two the first time, then no more")
        self._lookout.start()
        self.clock.start()
        begun, number = self._begun()
        self._watchdog.start(begun[1].shot)
        loop = watch(self._lookout, self._mind, self._publish, stopwatch_s, begun, number)
        self._microscope.run(self._escort.along(loop), self._inbox, self._recorder.begin)
        for taken in self._microscope.unread:
            why = "exposed in a burst, and not read before the session was over"
            missed = Missed(taken.shot, why, self.clock.now_s())
            self._recorder.event("missed", {"missed": missed})
        stopped = isinstance(self._escort.last_reply, Request)
        return ended(self.tally.decision or begun[1], self._escort.forced, stopped)

    def _begun(self) -> tuple[tuple[PolicyState, Decision], int]:
        """The first decision, and how many were made before it."""
        if self._before is None:
            return self._mind.begin(0.0), 0
        memory = self._before.memory
        return self._mind.resume(memory.policy, self._before.time_s), memory.decisions

    def _publish(self, step: Step) -> None:
        self.tally = self.tally.after(step)
        self.latencies.add(step.lateness)
        self._escort.see(step)
        self._recorder.step(step, self._mind.state)
        self._watchdog.see(step)
        for listener in tuple(self._listeners):
            try:
                listener(step)
            except Exception as fault:  # noqa: BLE001 - whatever a face does, the session goes on
                self._listeners.remove(listener)
                self._fault("a listener failed, and is told nothing any more", fault)

    def _keep(self, frame: int, observed: int, state: AnalystState) -> None:
        """Keep what analysis remembers, for a resumption."""
        self._recorder.checkpoint(frame, observed, to_json(state))

    def _segmenters_given_up(self, frame: int) -> None:
        """Write down that frames after this one are analysed without plug-ins."""
        self._recorder.event("segmenters given up", {"frame": frame})

    def _glance(self) -> Glance:
        """How things stand, for the watchdog."""
        try:
            free_bytes: float = self._disk.free_bytes()
        except OSError:  # a disk that is gone fails the recorder; there is no more to be said of it
            free_bytes = NAN
        return Glance(
            stopwatch_s(),
            self.clock.now_s(),
            free_bytes,
            self._escort.held_by,
            self._lookout.analysing_s,
            self._lookout.given_up,
        )

    def _fault(self, what: str, fault: BaseException) -> None:
        trail = traceback.format_exception(fault)
        self._recorder.event("fault", {"what": what, "why": str(fault), "trail": "".join(trail)})

    def _close(self, end: End) -> None:
        """Leave the sample dark, close the record truthfully, make the tables."""
        failures = self._microscope.leave()
        self._lookout.close()
        if failures or self._microscope.left:
            why = "; ".join((*failures, *self._microscope.left))
            status = Ending.FAILED if failures else end.status
            end = End(status, f"{end.reason}; on leaving: {why}")
        if end.status is Ending.FAILED:
            self._watchdog.failed(end.reason)
        self._watchdog.rest()
        self._censor()
        try:
            self._recorder.close(self._record_of(end))
            self._announce("making the tables")
            for callback in self._afterwards:
                callback()
        except OSError as fault:
            end = End(Ending.FAILED, f"{end.reason}; then, closing the record: {fault}")
        finally:
            self._watchdog.close()
            self.end = end

    def _censor(self) -> None:
        """Write down that what is not known of an encounter by now will not be known."""
        for encounter in self.tally.encounters.values():
            if encounter.outcome is Outcome.ONGOING:
                last = {"frame": None, "encounter": at_end(encounter)}
                self._recorder.event("encounter censored", last)

    def _record_of(self, end: End) -> dict[str, object]:
        """What end.json says. `lost` counts frames that were taken and could not be written.

        All is counted from the frame `since` on, which is not the first if it was resumed.
        """
        self._recorder.settle()
        newest = self.tally.frame.index if self.tally.frame else -1
        lost = max(newest - self._recorder.acknowledged, 0)
        return {
            "status": str(end.status),
            "reason": end.reason,
            "time_s": self.clock.now_s(),
            "since": self._before.memory.frames if self._before else 0,
            "frames": self.tally.frames - lost,
            "lost": lost,
            "missed": self.tally.missed,
            "unseen": self.tally.unseen,
            "skipped": self.skipped,
            "encounters": len(self.tally.encounters),
            "light_ms": dict(self.tally.light_ms),
            "latency": {
                stage: asdict(spread) for stage, spread in self.latencies.spreads().items()
            },
        }
