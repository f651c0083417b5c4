"""A burst at camera speed: the camera streams, and each frame reaches the loop as it comes.

What the camera or its buffer loses is said as `Missed`, never papered over: a gap in the image
numbers, a buffer that overflowed, a sequence that stopped early. A burst that is ended early still
gives what the camera had exposed by then.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from math import ceil, isinf
from typing import TYPE_CHECKING

from pymmcore_plus import Keyword

from livewatch.clock import VirtualClock, stopwatch_s
from livewatch.microscope.fault import CameraFault, asking
from livewatch.microscope.gate import over_s
from livewatch.model import Exposure, Frame, Missed, Stopwatch
from livewatch.settings import Imaging
from livewatch.specimen.camera import END, SOURCE, START

if TYPE_CHECKING:
    from collections.abc import Generator

    from pymmcore_plus import CMMCorePlus, Metadata

    from livewatch.clock import Clock
    from livewatch.microscope.aim import Aim
    from livewatch.microscope.bench import Bench
    from livewatch.microscope.exposing import Exposing
    from livewatch.microscope.hand import Hand
    from livewatch.microscope.light import Light
    from livewatch.model import Pixels, Shot, Taken, View
    from livewatch.settings import Experiment

POLL_S = 0.0005


class Burst:
    """Streams from the camera of one core."""

    def __init__(
        self,
        core: CMMCorePlus,
        bench: Bench,
        experiment: Experiment,
        clock: Clock,
        aim: Aim,
        light: Light,
        exposing: Exposing,
        hand: Hand,
    ) -> None:
        self._core = core
        self._camera = bench.camera
        self._settings = experiment.microscope
        self._over_s = over_s(experiment.limits)
        self._clock = clock
        self._aim = aim
        self._light = light
        self._exposing = exposing
        self._hand = hand

    def can_stream(self, shot: Shot) -> bool:
        """Whether the camera can stream this: several frames, each a single exposure.

        Not on a virtual clock: a stream does not wait for who looks at it, so what is seen would
        depend on how fast the machine is.
        """
        return (
            shot.count > 1
            and len(self._exposing.together(shot.planes)) == 1
            and self._settings.imaging is not Imaging.TWO_CAMERAS
            and not isinstance(self._clock, VirtualClock)
        )

    def frames(self, shot: Shot, index: int) -> Generator[Taken, Shot | None, None]:
        """The burst's frames as they come; sent the shot that each next one belongs to.

        The camera is asked for no more than the session's planned time has room for. Sent None it
        ends the burst: the camera stops, and images that wait are handed over, each as a burst of
        one. Closing it drops them. Raises `Fault` if the burst cannot be begun.
        """
        aimed = self._hand.do(lambda: self._ready(shot), 3 * self._settings.timeout_s)
        with ExitStack() as lamp:
            lamp.enter_context(self._light.on())
            planned = min(shot.count, self._room(shot))
            try:
                start_s = self._start(planned)
                yield from self._stream(shot, planned, aimed, start_s, index, lamp)
            finally:
                self._stop()

    def _ready(self, shot: Shot) -> tuple[View, str]:
        aimed = self._aim.at(shot.view)
        self._exposing.prepare(shot.planes[0])
        return aimed

    def _room(self, shot: Shot) -> int:
        """How many frames of a shot end within the session's planned time; one at the least."""
        left_s = self._over_s - self._now_s()
        exposed_s = shot.planes[0].exposure_ms / 1e3
        return shot.count if isinf(left_s) else max(int(left_s / exposed_s), 1)

    def _start(self, count: int) -> float:
        with asking("starting the camera's sequence", CameraFault):
            self._core.clearCircularBuffer()
            start_s = self._clock.now_s()
            self._core.startSequenceAcquisition(self._camera, count, 0.0, True)
        return start_s

    def _stop(self) -> None:
        self._halt()
        with asking("emptying the image buffer"):
            self._core.clearCircularBuffer()

    def _halt(self) -> None:
        with asking("stopping the camera's sequence"):
            if self._core.isSequenceRunning(self._camera):
                self._core.stopSequenceAcquisition(self._camera)

    def _stream(
        self,
        shot: Shot,
        planned: int,
        aimed: tuple[View, str],
        start_s: float,
        index: int,
        lamp: ExitStack,
    ) -> Generator[Taken, Shot | None, None]:
        """Frames and gaps, until all `planned` images of the burst are accounted for.

        The lamp is put out as soon as the camera stops, whatever is still to be read then.
        """
        number = 0
        wanted: Shot | None = shot
        while number < planned and (wanted is not None or self._core.getRemainingImageCount()):
            reason = self._await_image(shot, number, planned)
            if reason is not None:
                lit = self._unseen(shot, start_s, number, planned)
                yield Missed(shot, reason, self._now_s(), lit)
                return
            with asking("reading a streamed image"):
                if not self._core.isSequenceRunning(self._camera):
                    lamp.close()
                pixels, about = self._core.popNextImageAndMD()
            lost = image_number(about, number) - number
            if lost > 0:
                reason = f"{lost} of {planned} streamed images lost"
                wanted = yield Missed(shot, reason, self._now_s(), lost)
                shot = self._next(shot, wanted, lamp)
                number += lost
            frame = self._frame(shot, aimed, pixels, about, start_s, index)
            number, index = number + 1, index + 1
            wanted = yield frame
            shot = self._next(shot, wanted, lamp)

    def _next(self, shot: Shot, wanted: Shot | None, lamp: ExitStack) -> Shot:
        """The shot that the next image belongs to; if none is wanted, the camera stops."""
        if wanted is None:
            self._halt()
            lamp.close()
        return wanted or replace(shot, count=1)

    def _unseen(self, shot: Shot, start_s: float, number: int, planned: int) -> int:
        """How many exposures may have been made, by the clock, of which no image came."""
        exposed = ceil((self._now_s() - start_s) / (shot.planes[0].exposure_ms / 1e3))
        return min(max(exposed, number), planned) - number

    def _now_s(self) -> float:
        return self._clock.now_s()

    def _await_image(self, shot: Shot, number: int, planned: int) -> str | None:
        """Wait for the next image; why there will be none, if so."""
        patience_s = self._settings.timeout_s + shot.planes[0].exposure_ms / 1e3
        until_s = time.monotonic() + patience_s
        while self._core.getRemainingImageCount() == 0:
            running = self._core.isSequenceRunning(self._camera)
            if self._core.isBufferOverflowed():
                return f"the image buffer overflowed after {number} of {planned} streamed images"
            if not running and self._core.getRemainingImageCount() == 0:
                return f"the camera's sequence stopped after {number} of {planned} images"
            if time.monotonic() > until_s:
                return f"no streamed image for {patience_s:.1f} s after {number} of {planned}"
            time.sleep(POLL_S)
        return None

    def _frame(
        self,
        shot: Shot,
        aimed: tuple[View, str],
        raw: Pixels,
        about: Metadata,
        start_s: float,
        index: int,
    ) -> Frame:
        view, remark = aimed
        in_hand_s = stopwatch_s()
        exposure_ms = shot.planes[0].exposure_ms
        begin_s, end_s = self._times(about, start_s, exposure_ms)
        exposed_s = in_hand_s - max(self._clock.now_s() - end_s, 0.0)
        images = self._exposing.cut(shot.planes, [raw], view)
        return Frame(
            index=index,
            shot=shot,
            view=view,
            planes=tuple(images),
            exposures=tuple(
                Exposure(plane.channel, begin_s, end_s, exposure_ms) for plane in shot.planes
            ),
            time_s=begin_s,
            source=source_of(about),
            stopwatch=Stopwatch(exposed_s - exposure_ms / 1e3, exposed_s, in_hand_s),
            remark=remark,
        )

    def _times(self, about: Metadata, start_s: float, exposure_ms: float) -> tuple[float, float]:
        """When a streamed image was exposed: as the camera says, or by its age in the sequence."""
        if START in about and END in about:
            return float(about[START]), float(about[END])
        now_s = self._clock.now_s()
        elapsed_ms = about.get(Keyword.Elapsed_Time_ms, None)
        end_s = now_s if elapsed_ms is None else min(start_s + float(elapsed_ms) / 1e3, now_s)
        return end_s - exposure_ms / 1e3, end_s


def image_number(about: Metadata, expected: int) -> int:
    """An image's number in its sequence, or the one expected if the camera does not say."""
    said = about.get(Keyword.Metadata_ImageNumber, None)
    return expected if said is None else int(said)


def source_of(about: Metadata) -> int | None:
    """The recorded time point shown, in a replay."""
    source = int(about[SOURCE]) if SOURCE in about else -1
    return None if source < 0 else source
