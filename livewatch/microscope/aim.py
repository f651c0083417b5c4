"""Bring the microscope to a view, and say where it really looks.

Only what differs is moved, in a safe order: objective, stage, focus, binning, region. Everything is
read back: the view that is returned is what the devices say, never what they were told. A stage
that did not arrive, an objective with another pixel size, a region that was not taken is a `Fault`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pymmcore_plus import Keyword

from livewatch.microscope.bench import binning_in_use
from livewatch.microscope.configuration import listed
from livewatch.microscope.fault import Fault, Refused, asking
from livewatch.model import Region, View
from livewatch.settings import Objective

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

    from livewatch.clock import Clock
    from livewatch.microscope.bench import Bench
    from livewatch.microscope.motors import Motors
    from livewatch.settings import Experiment

ROUNDING_PX = 32
"""A camera may move a region's edges by this much to suit its readout; the frame says so."""
ON_AXIS = Objective()


class Aim:
    """Moves stage, focus, turret and readout of one core.

    Views are in the sample's coordinates: an objective's offset lies between them and what the
    stage and the focus drive say.
    """

    def __init__(
        self,
        core: CMMCorePlus,
        bench: Bench,
        experiment: Experiment,
        clock: Clock,
        motors: Motors,
    ) -> None:
        self._core = core
        self._bench = bench
        self._settings = experiment.microscope
        self._zoom = experiment.zoom
        self._retracts = experiment.limits.retract_z_um is not None
        self._objectives = experiment.objectives
        self._clock = clock
        self._motors = motors
        self._focus = motors.focus
        self._readouts: dict[tuple[Region, int], list[int]] = {}
        self._parked_um: float | None = None
        self._found_um = 0.0
        self._left_um: dict[str, float] = {}

    def at(self, view: View) -> tuple[View, str]:
        """Go to `view`; the view that the devices then state, and '' or why it is out of focus.

        Raises `Fault` when that is not the view that was asked for.
        """
        self._need_binning(view.binning)
        if self._settings.hold_focus:  # the lock keeps the focus, not the drive
            view = replace(view, z_um=None)
        if view.z_um is None:  # a focus out of the way since a turn that failed comes back
            view = replace(view, z_um=self._parked_um)
        if view.z_um is None:
            self._focus.need_here()
        label = self._motors.objective(view.objective)
        view = self._turn(view, label)
        off = self._offset(view)
        target = (view.stage_x_um - off.offset_x_um, view.stage_y_um - off.offset_y_um)
        if self._motors.is_far(*target):
            view = self._returning(view, off)
        self._settle(self._motors.move(*target))
        remark = self._focused(view, off)
        if label != view.objective == self._zoom.objective and self._zoom.autofocus:
            remark = self._found() or remark
        self._bin(view)
        region = self._read_out(view)
        return self._confirmed(view, region, off), remark

    def _settle(self, moved: bool) -> None:
        if moved:
            self._clock.wait_out(self._settings.settle_ms / 1e3)

    def _offset(self, view: View) -> Objective:
        """What lies between the sample's coordinates and the devices' at a view."""
        off = self._objectives.get(view.objective, ON_AXIS)
        return Objective(
            offset_x_um=off.offset_x_um + view.trim_x_um,
            offset_y_um=off.offset_y_um + view.trim_y_um,
            offset_z_um=off.offset_z_um + view.trim_z_um,
        )

    # --- objective and focus -----------------------------------------------------------------

    def _turn(self, view: View, label: str) -> View:
        """Turn the objective in, if it is another one than `label`, which is in place.

        The view that is returned states a focus, so that the sample is in focus again: where none
        is asked for, that of the last look through the same objective, or the one it has now.
        """
        if label == view.objective:
            return view
        if view.z_um is None and self._focus.has_motor:
            here_um = self._focus.z_um() + self._objectives.get(label, ON_AXIS).offset_z_um
            self._left_um[label] = here_um
            view = replace(view, z_um=self._left_um.pop(view.objective, here_um))
        if view.z_um is not None:  # where an objective's offset may lead it
            self._focus.need(view.z_um - self._offset(view).offset_z_um)
        view = self._returning(view, self._objectives.get(label, ON_AXIS))
        self._motors.turn(view.objective)
        self._found_um = 0.0
        self._settle(True)
        self._clock.wait_out(self._zoom.settle_ms / 1e3)
        return view

    def _returning(self, view: View, off: Objective) -> View:
        """The view with its focus stated, for one that is about to get out of the way."""
        if not self._focus.has_motor:
            return view
        if view.z_um is None:
            view = replace(view, z_um=self._focus.z_um() + off.offset_z_um)
        if self._retracts:
            self._parked_um = view.z_um
        return view

    def _focused(self, view: View, off: Objective) -> str:
        """Bring the sample into focus; why it is not, or ''. Out of focus is an image still."""
        try:
            if view.z_um is not None:
                self._settle(self._focus.go(view.z_um - off.offset_z_um + self._found_um))
                self._parked_um = None
        except Refused:
            raise
        except Fault as fault:
            return f"out of focus: {fault}"
        return self._focus.lock() if self._settings.hold_focus else ""

    def _found(self) -> str:
        """Let the autofocus focus; what it found holds while this objective is turned in."""
        before_um = self._focus.z_um()
        remark = self._focus.find()
        self._found_um = self._focus.z_um() - before_um if self._focus.has_motor else 0.0
        return remark

    # --- readout ---------------------------------------------------------------------------

    def _need_binning(self, binning: int) -> None:
        """Raise `Refused` for a binning that the camera does not have."""
        if binning not in self._bench.binnings:
            has = listed(self._bench.binnings)
            raise Refused(f"refused: binning {binning}: {self._bench.camera} has {has}")

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

    def _confirmed(self, view: View, readout: Region, off: Objective) -> View:
        """The view as the devices state it."""
        x, y = self._motors.stage_um()
        shown = self._bench.orientation.shown(view.window, readout)
        whole = (shown.x_px, shown.y_px) == (0, 0) and (
            abs(shown.width_px - view.sensor_px[0]) < view.binning
            and abs(shown.height_px - view.sensor_px[1]) < view.binning
        )
        return replace(
            view,
            stage_x_um=x + off.offset_x_um,
            stage_y_um=y + off.offset_y_um,
            z_um=self._z_um(off),
            region=None if whole else shown,
        )

    def _z_um(self, off: Objective) -> float | None:
        """The focus as the drive states it, None if it has nothing to say."""
        if not self._focus.has_motor:
            return None
        try:
            with asking("reading the focus"):
                return self._focus.z_um() + off.offset_z_um
        except Fault:
            return None


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
