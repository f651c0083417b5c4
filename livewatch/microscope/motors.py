"""The motors of one core behind their limits: every command that moves one is given from here.

Whoever asks (a shot, the way back at the end, a calibration), stage and focus do not leave their
bounds, no objective is turned in that is not allowed, and the focus is out of the way before the
turret turns or the stage moves far, where that is set.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from livewatch.microscope.drive import Drive
from livewatch.microscope.fault import Fault, Refused, asking
from livewatch.microscope.focus import Focus
from livewatch.microscope.gate import barred

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Bench
    from livewatch.settings import Experiment, Limits, Microscope


class Motors:
    """Stage, focus and turret, in the devices' own coordinates."""

    def __init__(self, core: CMMCorePlus, bench: Bench, experiment: Experiment) -> None:
        settings, self._limits = experiment.microscope, experiment.limits
        self._core = core
        self._turret = bench.turret
        self._known = bench.pixel_um
        self._stage = stage_of(core, bench, settings, self._limits)
        self.focus = Focus(core, focus_of(core, bench, settings, self._limits), settings.timeout_s)

    # --- stage -------------------------------------------------------------------------------

    def stage_um(self) -> tuple[float, float]:
        """Where the stage says it is; (0, 0) without a motor."""
        if self._stage is None:
            return 0.0, 0.0
        x_um, y_um = self._stage.place()
        return x_um, y_um

    def is_far(self, x_um: float, y_um: float) -> bool:
        """Whether the focus gets out of the way for a move to there."""
        far_um = self._limits.far_um
        if self._stage is None or far_um is None:
            return False
        return math.dist(self._stage.place(), (x_um, y_um)) > far_um

    def move(self, x_um: float, y_um: float) -> bool:
        """Move the stage, the focus out of the way if that is far; whether it moved.

        The focus stays out of the way. Raises `Refused` and `Fault`.
        """
        if self._stage is None:
            return False
        self._stage.need(x_um, y_um)
        if self.is_far(x_um, y_um):
            self.retract()
        return self._stage.go(x_um, y_um)

    # --- turret ------------------------------------------------------------------------------

    def objective(self, default: str = "") -> str:
        """The objective that is turned in; the `default` without a turret."""
        return str(self._core.getStateLabel(self._turret)) if self._turret else default

    def turn(self, objective: str) -> None:
        """Turn an objective in, the focus out of the way first. Raises `Refused` and `Fault`."""
        if why := barred(objective, self._limits, self._known):
            raise Refused(f"refused: {why}")
        self.retract()
        with asking(f"turning to objective {objective!r}"):
            self._core.setStateLabel(self._turret, objective)
            self._core.waitForDevice(self._turret)
        label = self.objective()
        if label != objective:
            raise Fault(f"the turret is at {label!r}, it was sent to {objective!r}")

    def retract(self) -> None:
        """Get the focus out of the way, where that is set; a lock would not let it go."""
        if self._limits.retract_z_um is not None and self.focus.has_motor:
            self.focus.unlock()
            self.focus.go(self._limits.retract_z_um)


def stage_of(core: CMMCorePlus, bench: Bench, settings: Microscope, limits: Limits) -> Drive | None:
    """The stage, if it has a motor."""
    if not bench.stage:
        return None
    return Drive(
        core,
        bench.stage,
        lambda: tuple(core.getXYPosition(bench.stage)),
        lambda x, y: core.setXYPosition(bench.stage, x, y),
        {"stage x": limits.x_um, "stage y": limits.y_um},
        settings.xy_tolerance_um,
        settings.timeout_s,
    )


def focus_of(core: CMMCorePlus, bench: Bench, settings: Microscope, limits: Limits) -> Drive | None:
    """The focus drive, if there is one."""
    if not bench.focus:
        return None
    return Drive(
        core,
        bench.focus,
        lambda: (core.getPosition(bench.focus),),
        lambda z: core.setPosition(bench.focus, z),
        {"focus": limits.z_um},
        settings.z_tolerance_um,
        settings.timeout_s,
    )
