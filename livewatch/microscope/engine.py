"""The loop inside a Micro-Manager acquisition.

`core.mda` runs an endless iterator of events; the engine here executes each of them strictly and
tells the loop at once, in `exec_event`: the `frameReady` signal comes late when a window is open.
Other pymmcore-plus tools still see every frame by that signal.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from math import inf, isinf
from typing import TYPE_CHECKING, Protocol, cast

from pymmcore_plus.mda import PMDAEngine
from useq import MDAEvent

from livewatch.model import Ask, Frame, Request

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterable, Iterator

    from pymmcore_plus import CMMCorePlus
    from pymmcore_plus.mda._protocol import PImagePayload
    from pymmcore_plus.metadata.schema import FrameMetaV1, SummaryMetaV1
    from useq import MDASequence

    from livewatch.clock import Clock
    from livewatch.model import Observation, Reply, Shot, Taken

PATIENCE_S = 0.25
"""How long a wait may last before looking whether the acquisition was cancelled elsewhere."""


class Inbox(Protocol):
    """What other threads have for the loop; `wake` is set while there is something."""

    wake: threading.Event

    def take(self) -> Request | Observation | None:
        """The oldest piece of news, or None."""
        ...


class LoopEngine(PMDAEngine):
    """Drives one loop: waits for a shot's time, takes it, and sends the loop what came of it.

    `take` yields what comes of a shot, one or (streamed) many; it is sent None when the loop wants
    something else, and what it still yields then is told to the loop all the same, or kept in
    `unread` if the loop is over. At `end_s` even a shot that waits for the operator is due: the
    gate refuses it then, and the loop learns that its time is over.
    """

    def __init__(
        self,
        core: CMMCorePlus,
        watch: Generator[Shot, Reply, None],
        inbox: Inbox,
        clock: Clock,
        take: Callable[[Shot], Generator[Taken, Shot | None, None]],
        end_s: float = inf,
    ) -> None:
        self._core = core
        self._watch = watch
        self._inbox = inbox
        self._clock = clock
        self._take = take
        self._end_s = end_s
        self._shot: Shot | None = None
        self._events = 0
        self.unread: list[Taken] = []

    def conclude(self) -> None:
        """Tell the loop, if it wanted to go on, that the acquisition was cancelled elsewhere."""
        if self._shot is not None:
            text = "the acquisition was cancelled in Micro-Manager"
            self._tell(Request(Ask.END, self._clock.now_s(), text=text))

    # --- what the runner asks for -------------------------------------------------------

    def events(self) -> Iterator[MDAEvent]:
        """One event for each shot, when its time has come."""
        self._shot = next(self._watch, None)
        while self._await_time():
            yield MDAEvent(index={"t": self._events})
            self._events += 1

    def setup_sequence(self, sequence: MDASequence) -> SummaryMetaV1 | None:
        """Nothing: every shot states its whole view."""
        return None

    def setup_event(self, event: MDAEvent) -> None:
        """Nothing: a shot is set up where it is taken, so that a failure is a `Missed`."""

    def exec_event(self, event: MDAEvent) -> Iterable[PImagePayload]:
        """Take the shot, tell the loop, and show the images to whoever listens."""
        shot = self._shot
        if shot is None:
            return
        with closing(self._take(shot)) as taking:
            taken: Taken | None = next(taking)
            while taken is not None:
                self._tell(taken)
                self._take_news()
                rest = self._shot if self._goes_on(shot) else None
                left = self._left_of(taking) if rest is None else []
                for each in (taken, *left):
                    yield from payloads(each, event, self._core)
                taken = further(taking, rest)
                shot = rest or shot

    def _goes_on(self, shot: Shot) -> bool:
        """Whether the loop wants what is left of `shot`, now."""
        return self._is_due() and not self._is_cancelled() and is_rest(self._shot, shot)

    def _left_of(self, taking: Generator[Taken, Shot | None, None]) -> list[Taken]:
        """What a burst that is not wanted any more has exposed by now. The loop is told it all."""
        left: list[Taken] = []
        while (taken := further(taking, None)) is not None:
            left.append(taken)
            if self._shot is None:
                self.unread.append(taken)
            self._tell(taken)
        return left

    def teardown_event(self, event: MDAEvent) -> None:
        """Nothing: the shutter was closed with the exposure."""
        return

    def teardown_sequence(self, sequence: MDASequence) -> None:
        """Nothing: the microscope is left when the session is over."""
        return

    def event_iterator(self, events: Iterable[MDAEvent]) -> Iterator[MDAEvent]:
        """The events as they are: nothing is merged."""
        return iter(events)

    # --- the loop ------------------------------------------------------------------------

    def _tell(self, reply: Reply) -> None:
        """Send the loop a reply and keep the shot it wants next."""
        if self._shot is None:
            return
        try:
            self._shot = self._watch.send(reply)
        except StopIteration:
            self._shot = None

    def _take_news(self) -> None:
        """Pass on all news that has come in."""
        while self._shot is not None and (news := self._inbox.take()) is not None:
            self._tell(news)

    def _await_time(self) -> bool:
        """Wait until the next shot is due, awake for news; False when there is no next shot."""
        while True:
            self._take_news()
            if self._shot is None or self._is_cancelled():
                return False
            if self._is_due():
                return True
            if self._is_held():
                self._inbox.wake.wait(PATIENCE_S)
            else:
                until_s = min(self._shot.not_before_s, self._clock.now_s() + PATIENCE_S)
                self._clock.wait_until(until_s, self._inbox.wake)

    def _is_due(self) -> bool:
        now_s = self._clock.now_s()
        return self._shot is not None and (
            not self._shot.not_before_s > now_s or (self._is_held() and now_s >= self._end_s)
        )

    def _is_held(self) -> bool:
        return self._shot is not None and isinf(self._shot.not_before_s)

    def _is_cancelled(self) -> bool:
        status = self._core.mda.status
        return status.cancel_requested or str(status.phase) == "finishing"


def further(taking: Generator[Taken, Shot | None, None], shot: Shot | None) -> Taken | None:
    """What a running burst gives for the next shot; None when there is nothing more.

    Without one that is wanted, it is what was exposed by now.
    """
    try:
        return taking.send(shot)
    except StopIteration:
        return None


def is_rest(shot: Shot | None, before: Shot) -> bool:
    """Whether the loop wants what is left of the same burst, or again what was missed of it."""
    if shot is None or before.count < 2:
        return False
    same = replace(shot, decision=before.decision, not_before_s=before.not_before_s) == before
    return same or shot.continues(before)


def payloads(taken: Taken, event: MDAEvent, core: CMMCorePlus) -> Iterator[PImagePayload]:
    """What pymmcore-plus tools are shown of a frame: one image for each plane."""
    if not isinstance(taken, Frame):
        return
    for number, (pixels, exposure) in enumerate(zip(taken.planes, taken.exposures, strict=True)):
        view = taken.view
        plane = event.model_copy(update={"index": {**event.index, "c": number}})
        position = {"x": view.stage_x_um, "y": view.stage_y_um}
        meta = {
            "format": "frame-dict",
            "version": "1.0",
            "pixel_size_um": view.pixel_um,
            "camera_device": core.getCameraDevice(),
            "exposure_ms": exposure.exposure_ms,
            "property_values": (),
            "position": position if view.z_um is None else {**position, "z": view.z_um},
            "mda_event": plane,
            "extra": {"channel": exposure.channel, "time_s": exposure.start_s},
        }
        yield pixels, plane, cast("FrameMetaV1", meta)
