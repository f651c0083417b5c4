"""The microscope, as the session sees it: inspect it, run the loop on it, leave it as it was."""

from __future__ import annotations

import logging
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Self

from livewatch.errors import BadInput
from livewatch.microscope.aim import Aim
from livewatch.microscope.bench import instrument_of, survey_bench
from livewatch.microscope.burst import Burst
from livewatch.microscope.engine import LoopEngine
from livewatch.microscope.exposing import Exposing, unseen
from livewatch.microscope.fault import CameraFault, Fault, Unsafe, asking, one_line
from livewatch.microscope.fitness import check_start, refuse_unfit
from livewatch.microscope.gate import over_s, refusal
from livewatch.microscope.hand import Hand
from livewatch.microscope.leaving import Before, before_of, restore
from livewatch.microscope.light import Light
from livewatch.microscope.load import close_core, keep_core
from livewatch.microscope.motors import Motors
from livewatch.microscope.reload import Origin, origin_of, reload_camera
from livewatch.model import Frame, Missed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pymmcore_plus import CMMCorePlus

    from livewatch.clock import Clock
    from livewatch.microscope.engine import Inbox
    from livewatch.microscope.exposing import Begin
    from livewatch.model import Instrument, Reply, Shot, Taken
    from livewatch.settings import Experiment


@contextmanager
def no_diary() -> Iterator[None]:
    """Keep pymmcore-plus from writing a line of log for every event: each turn waits for it."""
    log = logging.getLogger("pymmcore-plus")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


class Microscope:
    """One core, driven strictly; a context manager that leaves the sample dark.

    Frames are numbered from `first_index`. `failures` says what could not be put back, `left` what
    was not put back because a limit forbids it.
    """

    def __init__(
        self, core: CMMCorePlus, experiment: Experiment, clock: Clock, first_index: int = 0
    ) -> None:
        self._core = core
        self._experiment = experiment
        self._clock = clock
        self._index = first_index
        self._hand = Hand()
        self._wake = threading.Event()
        self._before: Before | None = None
        self._ready: tuple[Instrument, Exposing, Burst] | None = None
        self._is_left = False
        self._motors: Motors | None = None
        self._origin: Origin | None = None
        self._mishaps = 0
        self.failures: list[str] = []
        self.left: list[str] = []
        self.unread: list[Taken] = []
        self._begin: Begin = unseen

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def inspect(self) -> Instrument:
        """What this microscope can do, and where it stood when livewatch took over.

        Moves nothing. Raises `BadInput`, in one line, when it cannot do what the experiment asks.
        """
        return self._prepared()[0]

    def run(
        self,
        watch: Generator[Shot, Reply, None],
        inbox: Inbox,
        begin: Begin = unseen,
    ) -> None:
        """Run the loop until it has no next shot. What the loop raises is raised here.

        `begin` is shown the first images of a frame while the others are exposed, in the devices'
        own thread. `unread` are images of a burst that the camera had exposed when the loop was
        over.
        """
        self._prepared()
        self._begin = begin
        self._wake = inbox.wake
        end_s = over_s(self._experiment.limits)
        engine = LoopEngine(self._core, watch, inbox, self._clock, self._take, end_s)
        before = self._core.mda.set_engine(engine)
        try:
            with no_diary():
                self._core.mda.run(engine.events())
            engine.conclude()
            self.unread = engine.unread
        finally:
            with suppress(RuntimeError):  # an interrupted runner keeps its engine
                self._core.mda.set_engine(before or engine)

    def leave(self) -> list[str]:
        """Put everything back, in the dark, and let go of the devices; what failed of it.

        Devices that hang are given up, and are then not let go of: see `is_hung`.
        """
        if not self._is_left:
            self._is_left = True
            if self._before is not None:
                attempt = restore(self._core, self._before, self._motors, self._experiment)
                self.failures += attempt.failures
                self.left += attempt.left
            self._hand.rest()
            self._let_go()
        return self.failures

    @property
    def is_hung(self) -> bool:
        """Whether a device never came back: the interpreter may then not exit by itself."""
        return self._hand.is_stuck

    def _let_go(self) -> None:
        if self.is_hung:
            keep_core(self._core)
            self.failures.append("a device hangs, so the devices were not unloaded")
        elif (failure := close_core(self._core)) is not None:
            self.failures.append(failure)

    def _prepared(self) -> tuple[Instrument, Exposing, Burst]:
        """The devices read and checked, once."""
        if self._ready is None:
            core, experiment, clock = self._core, self._experiment, self._clock
            core.setTimeoutMs(int(experiment.microscope.timeout_s * 1e3))
            try:
                with asking("the microscope does not answer"):
                    self._before = before_of(core, experiment)
                    bench = survey_bench(core, experiment)
                    refuse_unfit(core, bench, experiment)
                    instrument = instrument_of(core, bench, experiment)
                    check_start(experiment, instrument)
                    self._origin = origin_of(core, bench.camera)
            except Fault as fault:
                raise BadInput(str(fault)) from fault
            core.setAutoShutter(False)
            core.setCircularBufferMemoryFootprint(experiment.microscope.buffer_mb)
            self._motors = motors = Motors(core, bench, experiment)
            aim = Aim(core, bench, experiment, clock, motors)
            light = Light(core, bench, experiment)
            exposing = Exposing(core, bench, experiment, clock, aim, light)
            burst = Burst(core, bench, experiment, clock, aim, light, exposing, self._hand)
            self._ready = instrument, exposing, burst
        return self._ready

    def _take(self, shot: Shot) -> Generator[Taken, Shot | None, None]:
        """What comes of a shot: a frame or a miss; of a burst that streams, one after the other."""
        instrument, exposing, burst = self._prepared()
        now_s = self._clock.now_s()
        reason = refusal(shot, self._experiment, instrument, now_s)
        if reason is not None:
            yield Missed(shot, f"refused: {reason}", now_s, lit=0)
        elif burst.can_stream(shot):
            yield from self._counted(burst.frames(shot, self._index), shot)
        else:
            yield from self._counted(self._single(exposing, shot), shot)

    def _single(self, exposing: Exposing, shot: Shot) -> Generator[Taken, Shot | None, None]:
        index, patience_s = self._index, self._patience_s(shot)
        yield self._hand.do(
            lambda: exposing.frame(shot, index, self._begin), patience_s, self._wake
        )

    def _counted(
        self, taking: Generator[Taken, Shot | None, None], shot: Shot
    ) -> Generator[Taken, Shot | None, None]:
        """Pass on what is taken, count the frames, and turn a device's failure into a miss."""
        with closing(taking):
            taken = self._next(taking, shot, None)
            while taken is not None:
                self._index += isinstance(taken, Frame)
                self._mishaps = 0 if isinstance(taken, Frame) else self._mishaps
                rest = yield taken
                shot = rest or shot
                taken = self._next(taking, shot, rest)

    def _next(
        self, taking: Generator[Taken, Shot | None, None], shot: Shot, sent: Shot | None
    ) -> Taken | None:
        try:
            return next(taking) if sent is None else taking.send(sent)
        except StopIteration:
            return None
        except Unsafe:
            raise
        except Exception as error:  # noqa: BLE001 - only devices are asked here, and raise anything
            self._mishaps += 1
            return Missed(shot, one_line(error) + self._revived(error), self._clock.now_s())

    def _revived(self, error: Exception) -> str:
        """Load a camera again that failed as often as a shot is tried; what came of it, or ''."""
        often = self._mishaps % (self._experiment.limits.retries + 1) == 0
        origin = self._origin
        if origin is None or not often:
            return ""
        if not (isinstance(error, CameraFault) or origin.is_lost(self._core)):
            return ""
        try:
            patience_s = 3 * self._experiment.microscope.timeout_s
            self._hand.do(lambda: reload_camera(self._core, origin), patience_s)
        except Fault as fault:
            return f"; {fault}"
        return f"; {origin.label} was loaded again"

    def _patience_s(self, shot: Shot) -> float:
        """How long a shot may take before its devices count as hung."""
        exposing_s = sum(plane.exposure_ms for plane in shot.planes) / 1e3
        return 2 * exposing_s + 3 * self._experiment.microscope.timeout_s
