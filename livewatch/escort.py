"""The way of a frame from the microscope to the loop, and of the next shot back.

Its order is the promise: a frame goes to the recorder before the loop sees it, and no decision
made from a frame reaches the microscope before that frame is acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.model import Frame, Missed
from livewatch.recording.gap import Gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from livewatch.clock import Clock
    from livewatch.disk import Disk
    from livewatch.loop import Watch
    from livewatch.model import Reply, Shot, Step
    from livewatch.recording.recorder import Recorder
    from livewatch.settings import Experiment

MOST_FILLED = 0.5
"""A burst ends when this much of the recorder's queue is used: the disk does not keep up."""


class Escort:
    """Sees frames to the recorder and to the loop, on the session's thread.

    `stop` asks for the session's end. `held_by` says what the thread waits for, `last_reply` what
    the microscope gave last, `forced` why the disk forced an end, if it did.
    """

    def __init__(
        self,
        experiment: Experiment,
        recorder: Recorder,
        disk: Disk,
        clock: Clock,
        stop: Callable[[str], None],
    ) -> None:
        self.held_by = "the session"
        self.last_reply: Reply | None = None
        self.forced: str | None = None
        self._recorder = recorder
        self._disk = disk
        self._clock = clock
        self._stop = stop
        self._reserve_bytes = int(experiment.limits.disk_reserve_gb * 1e9)
        self._gaps = Gaps(experiment.survey.interval_s)
        self._basis: int | None = None

    def along(self, loop: Watch) -> Generator[Shot, Reply, None]:
        """The loop, with every frame recorded, and acknowledged before it has consequences."""
        shot = next(loop, None)
        while shot is not None:
            self.held_by = "the microscope"
            reply = yield shot
            self.last_reply = reply
            self.held_by = "the recorder"
            if isinstance(reply, Frame):
                self._mind_the_time(reply)
                self._recorder.put(reply)
                self._mind_the_disk()
            shot = self._sent(loop, reply)
            if shot is not None and shot.count > 1 and self._recorder.filled > MOST_FILLED:
                why = "the disk is slower than the burst, which ends early"
                shot = self._sent(loop, Missed(shot, why, self._clock.now_s(), lit=0))

    def see(self, step: Step) -> None:
        """Take note of which frame the step's decision was made from."""
        self._basis = None if step.observation is None else step.observation.frame
        self._gaps.after(step.reply)

    def _sent(self, loop: Watch, reply: Reply) -> Shot | None:
        """The next shot; the frame that it is decided from is acknowledged."""
        try:
            return loop.send(reply)
        except StopIteration:
            return None
        finally:
            self.held_by = "the recorder"
            if self._basis is not None:
                self._recorder.wait(self._basis)

    def _mind_the_time(self, frame: Frame) -> None:
        """Write down that slots were dropped, or a clock jumped."""
        gap = self._gaps.before(frame)
        if gap is not None:
            self._recorder.event("gap", gap)

    def _mind_the_disk(self) -> None:
        """Ask for the end before the disk is full."""
        free_bytes = self._disk.free_bytes()
        if free_bytes < self._reserve_bytes and self.forced is None:
            self.forced = (
                f"{free_bytes / 1e9:.2f} GB free on disk, "
                f"less than limits.disk_reserve_gb = {self._reserve_bytes / 1e9:g}"
            )
            self._stop(self.forced)
