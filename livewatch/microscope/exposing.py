"""Expose the planes of a shot, one after the other or all at once, and hand over the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.clock import stopwatch_s
from livewatch.microscope.fault import CameraFault, Fault, asking
from livewatch.model import Exposure, Frame, Stopwatch
from livewatch.settings import Imaging
from livewatch.specimen.camera import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymmcore_plus import CMMCorePlus

    from livewatch.clock import Clock
    from livewatch.microscope.aim import Aim
    from livewatch.microscope.bench import Bench
    from livewatch.microscope.light import Light
    from livewatch.model import Pixels, Plane, Shot, View
    from livewatch.settings import Experiment

    Begin = Callable[[Shot, View, tuple[Pixels, ...]], object]

TOGETHER = ("nk", "tumor")
"""Which channel is the first and which the second half, or camera."""


class Exposing:
    """Takes frames with the camera of one core."""

    def __init__(
        self,
        core: CMMCorePlus,
        bench: Bench,
        experiment: Experiment,
        clock: Clock,
        aim: Aim,
        light: Light,
    ) -> None:
        self._core = core
        self._bench = bench
        self._imaging = experiment.microscope.imaging
        self._clock = clock
        self._aim = aim
        self._light = light
        self._tells_source = core.hasProperty(bench.camera, SOURCE)

    def frame(self, shot: Shot, index: int, begin: Begin) -> Frame:
        """Go to the shot's view and expose all its planes.

        `begin` is shown the images so far before others are exposed. Raises `Fault` when the
        devices do not do what the shot asks.
        """
        asked_s = stopwatch_s()
        view, remark = self._aim.at(shot.view)
        images: list[Pixels] = []
        exposures: list[Exposure] = []
        begun_s, source = None, None
        for planes in self.together(shot.planes):
            if images:
                begin(shot, view, tuple(images))
            self.prepare(planes[0])
            with self._light.on(), asking("exposing", CameraFault):
                started_s, begun_s = self._clock.now_s(), begun_s or stopwatch_s()
                self._core.snapImage()
                exposed_s = stopwatch_s()
            exposures += self._exposed(planes, started_s)
            images += self.read(planes, view)
            source = self._newer(source)
        stopwatch = Stopwatch(begun_s or 0.0, exposed_s, stopwatch_s(), asked_s)
        return Frame(
            index=index,
            shot=shot,
            view=view,
            planes=tuple(images),
            exposures=tuple(exposures),
            time_s=exposures[0].start_s,
            source=source,
            stopwatch=stopwatch,
            remark=remark,
        )

    def together(self, planes: tuple[Plane, ...]) -> list[tuple[Plane, ...]]:
        """Which planes one exposure takes."""
        if self._imaging is Imaging.SEQUENTIAL:
            return [(plane,) for plane in planes]
        return [planes]

    def prepare(self, plane: Plane) -> None:
        """Light path and exposure time for a plane."""
        self._light.show(plane.channel)
        self._light.dim(plane.channel, plane.power)
        if abs(self._core.getExposure() - plane.exposure_ms) > 1e-3:
            with asking(f"setting an exposure of {plane.exposure_ms:g} ms"):
                self._core.setExposure(plane.exposure_ms)
            real_ms = self._core.getExposure()
            if abs(real_ms / plane.exposure_ms - 1) > 0.05:
                raise Fault(f"the camera exposes {real_ms:g} ms, not {plane.exposure_ms:g}")

    def read(self, planes: tuple[Plane, ...], view: View) -> list[Pixels]:
        """The images of these planes that the camera has just taken."""
        with asking("reading the image", CameraFault):
            if self._imaging is Imaging.TWO_CAMERAS:
                raw = [self._core.getImage(camera) for camera in range(2)]
            else:
                raw = [self._core.getImage()]
        return self.cut(planes, raw, view)

    def cut(self, planes: tuple[Plane, ...], raw: list[Pixels], view: View) -> list[Pixels]:
        """One image for each plane, from what the camera gave; all of the shape of `view`."""
        images = [
            image
            for one in raw
            for image in self._bench.orientation.images(checked(one), view.window, view.binning)
        ]
        if len(images) > 1:
            images = [images[TOGETHER.index(plane.channel)] for plane in planes]
        for image in images:
            if image.shape != view.shape:
                raise Fault(f"the camera gave {image.shape} pixels instead of {view.shape}")
        return images

    def _exposed(self, planes: tuple[Plane, ...], start_s: float) -> list[Exposure]:
        """When these planes were exposed. Whatever the camera, an exposure takes its time."""
        duration_s = planes[0].exposure_ms / 1e3
        left_s = start_s + duration_s - self._clock.now_s()
        if left_s > 0:
            self._clock.wait_out(left_s)
        end_s = self._clock.now_s()
        return [Exposure(plane.channel, start_s, end_s, plane.exposure_ms) for plane in planes]

    def _newer(self, before: int | None) -> int | None:
        """The newest recorded time point that was shown, in a replay.

        A channel that was recorded less often shows an older one than the others do.
        """
        if not self._tells_source:
            return None
        source = int(self._core.getProperty(self._bench.camera, SOURCE))
        return before if source < 0 else max(source, -1 if before is None else before)


def unseen(shot: Shot, view: View, images: tuple[Pixels, ...]) -> None:
    """Nobody wants to see the first images of a frame."""


def checked(image: Pixels) -> Pixels:
    """The image, if it is one of 8 or 16 bit grey values."""
    if image.ndim != 2 or image.dtype not in (np.uint8, np.uint16):
        raise Fault(f"the camera gave {image.dtype} of shape {image.shape}, not 8 or 16 bit grey")
    return image
