"""A session: the parts put together, the threads owned, and the place where errors end up.

Three threads: the session's own drives the microscope and the loop; analysis has one (see
`lookout.py`), the recorder has one. Faces live on whichever thread calls them.

The order of things is the promise: a frame goes to the recorder before the loop sees it, and
no decision made from a frame reaches the microscope before that frame is acknowledged.
"""

from __future__ import annotations

import shutil
import threading
import traceback
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from livewatch.analysis.freeze import to_json
from livewatch.analysis.measures import at_end
from livewatch.clock import stopwatch_s
from livewatch.inbox import Inbox
from livewatch.latency import Latencies
from livewatch.lookout import Lookout
from livewatch.loop import watch
from livewatch.model import Ask, Frame, Outcome, Request, Step
from livewatch.policy.policy import Policy
from livewatch.tally import Status, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from livewatch.analysis.analyst import AnalystState
    from livewatch.clock import Clock
    from livewatch.loop import Watch
    from livewatch.microscope.microscope import Microscope
    from livewatch.model import Decision, Instrument, Reply, Shot
    from livewatch.policy.state import PolicyState
    from livewatch.recording.recorder import Recorder
    from livewatch.recording.resume import Memory
    from livewatch.settings import Experiment


class Ending(StrEnum):
    """How a session ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class End:
    """How and why a session ended."""

    status: Ending
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """What a session that goes on remembers, and the session time at which it goes on."""

    memory: Memory
    time_s: float


class Session:
    """One session, from the first shot to the tables. Build it, `start()` it, `join()` it.

    `announce` is called with a line about long work (compiling, making tables). A session that
    goes on after a crash is given what was `before`.
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
    ) -> None:
        self.clock = clock
        self.folder = recorder.folder
        self.tally = Tally()
        self.latencies = Latencies()
        self.end: End | None = None
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
            before.memory.analysis if before else None,
        )
        self._policy = Policy(experiment, instrument)
        self._reserve_bytes = int(experiment.limits.disk_reserve_gb * 1e9)
        self._listeners: list[Callable[[Step], None]] = []
        self._afterwards: list[Callable[[], object]] = []
        self._basis: int | None = None
        self._last_reply: Reply | None = None
        self._forced: str | None = None
        self._thread = threading.Thread(target=self._run, name="session")

    @property
    def is_over(self) -> bool:
        """Whether the session has ended, everything written and the sample dark."""
        return not self._thread.is_alive() and self.end is not None

    @property
    def is_hung(self) -> bool:
        """Whether a device hangs, so that the process can only be left by force."""
        return self._microscope.is_hung

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
        free_bytes = shutil.disk_usage(self.folder).free
        ended = f"{self.end.status}: {self.end.reason}" if self.end else ""
        failed = self.end is not None and self.end.status is Ending.FAILED
        return Status(self.clock.now_s(), free_bytes, str(self.folder), ended, failed)

    def _run(self) -> None:
        try:
            end = self._work()
        except Exception as fault:  # noqa: BLE001 - the end of the line: end.json says what it was
            self._fault("the session failed", fault)
            end = End(Ending.FAILED, f"{type(fault).__name__}: {fault}")
        self._close(end)

    def _work(self) -> End:
        """Run the loop until it is over; how it ended."""
        self._announce("compiling the analysis")
        self._lookout.start()
        self.clock.start()
        begun, number = self._begun()
        loop = watch(self._lookout, self._policy, self._publish, stopwatch_s, begun, number)
        self._microscope.run(self._recorded(loop), self._inbox)
        decision = self.tally.decision or begun[1]
        if decision.shot is not None:
            return End(Ending.FAILED, "the microscope stopped before the loop was over")
        if decision.failed or self._forced:
            return End(Ending.FAILED, self._forced or decision.reason)
        stopped = isinstance(self._last_reply, Request)
        return End(Ending.STOPPED if stopped else Ending.COMPLETED, decision.reason)

    def _begun(self) -> tuple[tuple[PolicyState, Decision], int]:
        """The first decision, and how many were made before it."""
        if self._before is None:
            return self._policy.begin(0.0), 0
        memory = self._before.memory
        return self._policy.resume(memory.policy, self._before.time_s), memory.decisions

    def _recorded(self, loop: Watch) -> Generator[Shot, Reply, None]:
        """The loop, with every frame recorded, and acknowledged before it has consequences."""
        shot = next(loop, None)
        while shot is not None:
            reply = yield shot
            self._last_reply = reply
            if isinstance(reply, Frame):
                self._recorder.put(reply)
                self._mind_the_disk()
            try:
                shot = loop.send(reply)
            except StopIteration:
                return
            finally:
                if self._basis is not None:
                    self._recorder.wait(self._basis)

    def _publish(self, step: Step) -> None:
        self._basis = None if step.observation is None else step.observation.frame
        self.tally = self.tally.after(step)
        self.latencies.add(step.lateness)
        self._recorder.step(step)
        for listener in self._listeners:
            listener(step)

    def _mind_the_disk(self) -> None:
        """Ask for the end before the disk is full."""
        free_bytes = shutil.disk_usage(self.folder).free
        if free_bytes < self._reserve_bytes and self._forced is None:
            self._forced = (
                f"{free_bytes / 1e9:.2f} GB free on disk, "
                f"less than limits.disk_reserve_gb = {self._reserve_bytes / 1e9:g}"
            )
            self.stop(self._forced)

    def _keep(self, frame: int, state: AnalystState) -> None:
        """Keep what analysis remembers, for a resumption."""
        self._recorder.checkpoint(frame, to_json(state))

    def _fault(self, what: str, fault: BaseException) -> None:
        trail = traceback.format_exception(fault)
        self._recorder.event("fault", {"what": what, "why": str(fault), "trail": "".join(trail)})

    def _close(self, end: End) -> None:
        """Leave the sample dark, close the record truthfully, make the tables."""
        left = self._microscope.leave()
        self._lookout.close()
        if left:
            end = End(Ending.FAILED, f"{end.reason}; on leaving: {'; '.join(left)}")
        self._censor()
        try:
            self._recorder.close(self._record_of(end))
            self._announce("making the tables")
            for callback in self._afterwards:
                callback()
        except OSError as fault:
            end = End(Ending.FAILED, f"{end.reason}; then, closing the record: {fault}")
        finally:
            self.end = end

    def _censor(self) -> None:
        """Write down that what is not known of an encounter by now will not be known."""
        for encounter in self.tally.encounters.values():
            if encounter.outcome is Outcome.ONGOING:
                last = {"frame": None, "encounter": at_end(encounter)}
                self._recorder.event("encounter censored", last)

    def _record_of(self, end: End) -> dict[str, object]:
        """What end.json says."""
        return {
            "status": str(end.status),
            "reason": end.reason,
            "time_s": self.clock.now_s(),
            "frames": self.tally.frames,
            "missed": self.tally.missed,
            "unseen": self.tally.unseen,
            "skipped": self.skipped,
            "encounters": len(self.tally.encounters),
            "light_ms": dict(self.tally.light_ms),
            "latency": {
                stage: asdict(spread) for stage, spread in self.latencies.spreads().items()
            },
        }
