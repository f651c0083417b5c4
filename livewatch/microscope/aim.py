"""Bring the microscope to a view, and say where it really looks.

Only what differs is moved, in a safe order: objective, stage, focus, binning, region. Everything is
read back: the view that is returned is what the devices say, never what they were told. A stage
that did not arrive, an objective with another pixel size, a region that was not taken is a `Fault`.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pymmcore_plus import Keyword

from livewatch.microscope.bench import binning_in_use
from livewatch.microscope.fault import Fault, asking
from livewatch.model import Region, View
from livewatch.settings import Objective

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymmcore_plus import CMMCorePlus

    from livewatch.clock import Clock
    from livewatch.microscope.bench import Bench
    from livewatch.settings import Experiment

ROUNDING_PX = 32
"""A camera may move a region's edges by this much to suit its readout; the frame says so."""
STILL_S = 0.3
"""A stage that has not moved for this long has stopped, whatever its busy flag says."""
POLL_S = 0.005
ON_AXIS = Objective()


class Aim:
    """Moves stage, focus, turret and readout of one core."""

    def __init__(
        self, core: CMMCorePlus, bench: Bench, experiment: Experiment, clock: Clock
    ) -> None:
        self._core = core
        self._bench = bench
        self._settings = experiment.microscope
        self._limits = experiment.limits
        self._objectives = experiment.objectives
        self._offset = ON_AXIS
        self._clock = clock
        self._sent: tuple[float, float] | None = None
        self._sent_z: float | None = None
        self._readouts: dict[tuple[Region, int], list[int]] = {}

    def at(self, view: View) -> View:
        """Go to `view`; the view that the devices then state.

        Raises `Fault` when that is not the view that was asked for.
        """
        view = self._keeping_focus(view)
        moved = self._turn(view)
        self._offset = self._objectives.get(view.objective, ON_AXIS)
        moved = self._move(view) or moved
        moved = self._focus(view, moved) or moved
        if moved:
            self._clock.wait_out(self._settings.settle_ms / 1e3)
        self._bin(view)
        region = self._read_out(view)
        return self._confirmed(view, region)

    def _keeping_focus(self, view: View) -> View:
        """The view with its focus stated, if the turret has to turn: it stays on the sample."""
        stays = not self._bench.turret or self._bench.focus == "" or view.z_um is not None
        if stays or self._core.getStateLabel(self._bench.turret) == view.objective:
            return view
        self._offset = self._objectives.get(self._core.getStateLabel(self._bench.turret), ON_AXIS)
        return replace(view, z_um=self._z())

    # --- objective ---------------------------------------------------------------------

    def _turn(self, view: View) -> bool:
        """Turn the objective in, if it is another one."""
        core, turret = self._core, self._bench.turret
        if not turret or core.getStateLabel(turret) == view.objective:
            return False
        if self._limits.turret_z_um is not None and self._bench.focus:
            self._send_focus(self._limits.turret_z_um)
        with asking(f"turning to objective {view.objective!r}"):
            core.setStateLabel(turret, view.objective)
            core.waitForDevice(turret)
        label = core.getStateLabel(turret)
        if label != view.objective:
            raise Fault(f"the turret is at {label!r}, it was sent to {view.objective!r}")
        self._check_pixel(view)
        return True

    def _check_pixel(self, view: View) -> None:
        """The core's pixel size has to be the one that the view was planned with."""
        known_um = self._bench.pixel_um.get(view.objective)
        if known_um is None:
            raise Fault(f"no pixel size is known for objective {view.objective!r}")
        if abs(view.pixel_um / view.binning / known_um - 1) > 0.01:
            raise Fault(
                f"{view.objective!r} has {known_um:g} um per pixel, the shot was planned with "
                f"{view.pixel_um / view.binning:g}"
            )

    # --- stage and focus -----------------------------------------------------------------

    def _move(self, view: View) -> bool:
        """Send the stage, if it is not there or was last sent elsewhere."""
        if not self._bench.stage:
            return False
        off = self._offset
        target = (view.stage_x_um - off.offset_x_um, view.stage_y_um - off.offset_y_um)
        if self._sent in (None, target) and self._is_near(target):
            self._sent = target
            return False
        with asking(f"moving the stage to {target[0]:.1f}, {target[1]:.1f} um"):
            self._twice(lambda: self._core.setXYPosition(self._bench.stage, *target))
            self._arrive(self._bench.stage, lambda: self._is_near(target), self._place)
        self._sent = target
        return True

    def _focus(self, view: View, moved: bool) -> bool:
        """Send the focus, if the view states one and it is not there."""
        if not self._bench.focus or view.z_um is None:
            return False
        target = view.z_um - self._offset.offset_z_um
        if not moved and self._sent_z in (None, target) and self._is_focused(target):
            self._sent_z = target
            return False
        self._send_focus(target)
        return True

    def _send_focus(self, target: float) -> None:
        with asking(f"focusing to {target:.2f} um"):
            self._twice(lambda: self._core.setPosition(self._bench.focus, target))
            self._arrive(
                self._bench.focus, lambda: self._is_focused(target), lambda: (self._raw_z(),)
            )
        self._sent_z = target

    def _twice(self, move: Callable[[], None]) -> None:
        """An absolute move may be tried again: the second lands in the same place."""
        try:
            move()
        except Exception:  # noqa: BLE001 - the second attempt says what is wrong
            move()

    def _arrive(
        self, device: str, is_there: Callable[[], bool], place: Callable[[], tuple[float, ...]]
    ) -> None:
        """Wait until a stage is where it was sent; stop it and raise if it is not."""
        try:
            self._core.waitForDevice(device)
            if is_there() or self._creeps_in(is_there, place):
                return
        except Exception:
            self._halt(device)
            raise
        self._halt(device)
        where = ", ".join(f"{value:.2f}" for value in place())
        raise Fault(f"{device} stopped at {where} um, which is not where it was sent")

    def _creeps_in(
        self, is_there: Callable[[], bool], place: Callable[[], tuple[float, ...]]
    ) -> bool:
        """Watch a stage that calls itself ready but is not there yet, for as long as it moves."""
        until_s = time.monotonic() + self._settings.timeout_s
        last, still_since_s = place(), time.monotonic()
        while time.monotonic() < until_s and time.monotonic() - still_since_s < STILL_S:
            time.sleep(POLL_S)
            if is_there():
                return True
            if (now := place()) != last:
                last, still_since_s = now, time.monotonic()
        return False

    def _halt(self, device: str) -> None:
        with suppress(Exception):  # many stages cannot be stopped
            self._core.stop(device)
        self._sent = self._sent_z = None

    def _place(self) -> tuple[float, float]:
        """Where the stage says it is; without a stage, at 0, 0."""
        if not self._bench.stage:
            return 0.0, 0.0
        x, y = self._core.getXYPosition(self._bench.stage)
        return x + 0.0, y + 0.0  # never -0.0

    def _raw_z(self) -> float:
        return float(self._core.getPosition(self._bench.focus)) + 0.0

    def _z(self) -> float:
        """Where the sample is in focus, whatever the objective."""
        return self._raw_z() + self._offset.offset_z_um

    def _is_focused(self, target: float) -> bool:
        return abs(self._raw_z() - target) <= self._settings.z_tolerance_um

    def _is_near(self, target: tuple[float, float]) -> bool:
        x, y = self._place()
        distance_um = ((x - target[0]) ** 2 + (y - target[1]) ** 2) ** 0.5
        return bool(distance_um <= self._settings.xy_tolerance_um)

    # --- readout ---------------------------------------------------------------------------

    def _bin(self, view: View) -> None:
        """Set the binning, if it is another one."""
        if binning_in_use(self._core, self._bench) == view.binning:
            return
        word = self._bench.binnings[view.binning]
        with asking(f"setting binning {word}"):
            self._core.clearROI()
            self._core.setProperty(self._bench.camera, Keyword.Binning, word)
            self._core.waitForDevice(self._bench.camera)
        real = binning_in_use(self._core, self._bench)
        if real != view.binning:
            raise Fault(f"the camera bins {real} x {real}, it was told {word}")

    def _read_out(self, view: View) -> Region:
        """Set the region, if it is another one; the one that is really read out, unbinned."""
        wanted = self._bench.orientation.readout(view.window)
        known = self._readouts.get((wanted, view.binning))
        roi = list(self._core.getROI(self._bench.camera))
        if known is None or roi != known:
            roi = self._set_region(wanted, view.binning)
            self._readouts = {(wanted, view.binning): roi}
        real = Region(*(side * view.binning for side in roi))
        check_region(wanted, real, max(ROUNDING_PX, view.binning))
        return real

    def _set_region(self, wanted: Region, binning: int) -> list[int]:
        width, height = self._bench.orientation.camera_px
        with asking(f"reading out {wanted.width_px} x {wanted.height_px} pixels"):
            if (wanted.width_px, wanted.height_px) == (width, height):
                self._core.clearROI()
            else:
                sides = (wanted.x_px, wanted.y_px, wanted.width_px, wanted.height_px)
                self._core.setROI(self._bench.camera, *(side // binning for side in sides))
            self._core.waitForDevice(self._bench.camera)
            return list(self._core.getROI(self._bench.camera))

    # --- the answer ----------------------------------------------------------------------------

    def _confirmed(self, view: View, readout: Region) -> View:
        """The view as the devices state it."""
        x, y = self._place()
        shown = self._bench.orientation.shown(view.window, readout)
        whole = (shown.x_px, shown.y_px) == (0, 0) and (
            abs(shown.width_px - view.sensor_px[0]) < view.binning
            and abs(shown.height_px - view.sensor_px[1]) < view.binning
        )
        return replace(
            view,
            stage_x_um=x + self._offset.offset_x_um,
            stage_y_um=y + self._offset.offset_y_um,
            z_um=self._z() if self._bench.focus else None,
            region=None if whole else shown,
        )


def check_region(wanted: Region, real: Region, slack_px: int) -> None:
    """Raise `Fault` when the camera reads out something else than a rounding explains."""
    off = max(
        abs(wanted.x_px - real.x_px),
        abs(wanted.y_px - real.y_px),
        abs(wanted.width_px - real.width_px),
        abs(wanted.height_px - real.height_px),
    )
    if off > slack_px:
        raise Fault(
            f"the camera reads out {real.width_px} x {real.height_px} at {real.x_px}, {real.y_px} "
            f"instead of {wanted.width_px} x {wanted.height_px} at {wanted.x_px}, {wanted.y_px}"
        )
