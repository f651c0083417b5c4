"""The microscope is left as it was found, in the dark; and the interpreter exits as it should."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import EXPERIMENT, NK, Ramp, shows
from pymmcore_plus.experimental.unicore import StageDevice, XYStageDevice

from livewatch.clock import VirtualClock
from livewatch.model import Missed, Region
from livewatch.settings import Channel, Experiment, Limits, Objective
from livewatch.settings import Microscope as Settings
from livewatch.specimen.camera import SpecimenCamera

if TYPE_CHECKING:
    from collections.abc import Callable

    from microscope_stand import Build

STATE = ("getExposure", "getROI", "getXYPosition", "getPosition", "getAutoShutter")


def seen(core: Any) -> dict[str, Any]:
    """How the microscope stands."""
    state = {name: getattr(core, name)() for name in STATE}
    return state | {
        "objective": core.getStateLabel("Objective"),
        "channel": core.getCurrentConfig("Channel"),
        "voltage": core.getProperty("Lamp", "Voltage"),
        "binning": core.getProperty("Specimen", "Binning"),
        "shutter": core.getShutterOpen("LED Shutter"),
    }


class Kept:
    """Looks at a core right before it lets go of its devices."""

    def __init__(self, core: Any) -> None:
        self.state: dict[str, Any] = {}
        unload = core.unloadAllDevices

        def watched() -> None:
            if not self.state:
                self.state = seen(core)
            unload()

        core.unloadAllDevices = watched


def disturb(core: Any) -> None:
    """A state of its own to be put back."""
    core.setExposure(17.0)
    core.setConfig("Channel", "Death")
    core.setStateLabel("Objective", "10x")
    core.setXYPosition(33.0, -21.0)
    core.setPosition(5.5)
    core.setProperty("Lamp", "Voltage", 3.0)
    core.setProperty("Specimen", "Binning", "2")
    core.setROI(16, 16, 64, 64)
    core.waitForSystem()


LAMP = {"power_property": "Lamp.Voltage", "full_power": 10.0}
LIT = Experiment(
    channels={
        "nk": Channel(preset="NK", exposure_ms=30, **LAMP),
        "tumor": Channel(preset="Tumor", exposure_ms=40, **LAMP),
    }
)


def test_everything_is_put_back(build: Build) -> None:
    stand = build(LIT, prepare=disturb)
    before, kept = seen(stand.core), Kept(stand.core)
    (frame,) = stand.take(
        stand.shot(
            objective="40x",
            pixel_um=0.1625,
            binning=1,
            stage_x_um=100.0,
            z_um=9.0,
            region=Region(0, 0, 32, 32),
        )
    )
    assert shows(frame)
    during = seen(stand.core)
    assert all(during[name] != before[name] for name in before if name != "shutter")
    assert stand.microscope.leave() == []
    assert kept.state == {**before, "getXYPosition": pytest.approx((33.0, -21.0), abs=0.02)}
    assert stand.core.getLoadedDevices() == ("Core",)


def test_power_is_set_where_the_experiment_says(build: Build) -> None:
    from dataclasses import replace

    stand = build(LIT)
    stand.take(stand.shot(replace(NK, power=0.25)), stand.shot(replace(NK, power=1.0)))
    assert [power for *_, power, _ in stand.specimen.exposed] == [0.25, 1.0]
    fixed = build(EXPERIMENT)
    (missed,) = fixed.take(fixed.shot(replace(NK, power=0.25)))
    assert missed.reason == "refused: light power 0.25 for nk: it cannot be set, it is 1"


class Stuck(XYStageDevice):
    """A stage that goes away and never comes back."""

    where = (0.0, 0.0)

    def set_position_um(self, x: float, y: float) -> None:
        if self.where != (0.0, 0.0):
            raise OSError("stage jammed")
        self.where = (x, y)

    def get_position_um(self) -> tuple[float, float]:
        return self.where

    def home(self) -> None: ...
    def stop(self) -> None: ...
    def set_origin_x(self) -> None: ...
    def set_origin_y(self) -> None: ...


def test_what_cannot_be_put_back_is_said_and_the_rest_is_put_back(build: Build) -> None:
    def prepare(core: Any) -> None:
        core.loadPyDevice("Stuck", Stuck())
        core.initializeDevice("Stuck")
        core.setXYStageDevice("Stuck")

    stand = build(prepare=prepare)
    before, kept = seen(stand.core), Kept(stand.core)
    stand.take(stand.shot(stage_x_um=50.0, z_um=4.0, region=Region(0, 0, 64, 64)))
    assert stand.microscope.leave() == [
        "moving the stage back: moving Stuck to 0.00, 0.00 um: stage jammed"
    ]
    assert kept.state == {**before, "getXYPosition": (50.0, 0.0)}


class Hanging(Ramp):
    """A specimen that never answers after its first exposure, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def expose(self, *how: Any) -> Any:
        if self.exposed:
            self.let_go.wait(120)
        return super().expose(*how)


def test_a_hanging_camera_does_not_keep_the_sample_lit_or_the_session_from_ending(
    build: Build,
) -> None:
    quick = EXPERIMENT.model_copy(update={"microscope": Settings(timeout_s=0.05)})
    specimen, clock = Hanging(), VirtualClock()
    stand = build(quick, camera=SpecimenCamera(specimen, clock), clock=clock)
    core = stand.core
    try:
        _, missed = stand.take(stand.shot(NK), stand.shot(NK, stage_x_um=40.0))
        assert isinstance(missed, Missed)
        failures = stand.microscope.leave()
        assert stand.microscope.is_hung
        assert any("gave no answer" in failure for failure in failures)
        assert failures[-1] == "a device hangs, so the devices were not unloaded"
        assert not core.getShutterOpen("LED Shutter")
        assert core.getXYPosition() == pytest.approx((0.0, 0.0), abs=0.02)
    finally:
        specimen.let_go.set()


class Journal(StageDevice):
    """A focus drive that notes when it moved, and under which objective."""

    def __init__(self) -> None:
        super().__init__()
        self.z_um = 7.0
        self.moves: list[tuple[float, str]] = []
        self.objective: Callable[[], str] = str

    def set_position_um(self, val: float) -> None:
        self.moves.append((val, self.objective()))
        self.z_um = val

    def get_position_um(self) -> float:
        return self.z_um

    def home(self) -> None: ...
    def stop(self) -> None: ...
    def set_origin(self) -> None: ...


def test_the_focus_gets_out_of_the_turrets_way_and_back_to_the_sample(build: Build) -> None:
    journal = Journal()

    def prepare(core: Any) -> None:
        core.loadPyDevice("Journal", journal)
        core.initializeDevice("Journal")
        core.setFocusDevice("Journal")
        journal.objective = lambda: str(core.getStateLabel("Objective"))

    offsets = {"40x": Objective(offset_x_um=3.0, offset_y_um=-2.0, offset_z_um=0.5)}
    careful = Experiment(
        channels=EXPERIMENT.channels, limits=Limits(retract_z_um=-100.0), objectives=offsets
    )
    stand = build(careful, prepare=prepare)
    closer, back = stand.take(
        stand.shot(z_um=None, objective="40x", pixel_um=0.1625, stage_x_um=20.0),
        stand.shot(z_um=None, stage_x_um=20.0),
    )
    assert journal.moves == [(-100.0, "20x"), (6.5, "40x"), (-100.0, "40x"), (7.0, "20x")]
    assert closer.view.z_um == back.view.z_um == 7.0
    assert closer.view.stage_x_um == pytest.approx(20.0, abs=0.02)
    at_40x = stand.specimen.exposed[0][0]
    assert (at_40x.stage_x_um, at_40x.stage_y_um) == pytest.approx((17.0, 2.0), abs=0.02)
    journal.moves.clear()
    stand.take(stand.shot(z_um=8.0, objective="40x", pixel_um=0.1625))
    assert stand.microscope.leave() == []
    assert journal.moves[-2:] == [(-100.0, "40x"), (7.0, "20x")]


def test_the_focus_retracts_before_the_stage_moves_far(build: Build) -> None:
    journal = Journal()

    def prepare(core: Any) -> None:
        core.loadPyDevice("Journal", journal)
        core.initializeDevice("Journal")
        core.setFocusDevice("Journal")
        journal.objective = lambda: str(abs(round(core.getXPosition())))

    careful = Experiment(
        channels=EXPERIMENT.channels, limits=Limits(retract_z_um=-100.0, far_um=50.0)
    )
    stand = build(careful, prepare=prepare)
    stand.take(stand.shot(z_um=None, stage_x_um=40.0), stand.shot(z_um=None, stage_x_um=100.0))
    assert journal.moves == [(-100.0, "40"), (7.0, "100")]
    journal.moves.clear()
    assert stand.microscope.leave() == []
    assert journal.moves == [(-100.0, "100"), (7.0, "0")]


def test_a_locked_focus_comes_back_after_the_turret_has_turned(build: Build) -> None:
    journal = Journal()

    def prepare(core: Any) -> None:
        core.loadPyDevice("Journal", journal)
        core.initializeDevice("Journal")
        core.setFocusDevice("Journal")
        core.loadDevice("Lock", "DemoCamera", "DAutoFocus")
        core.initializeDevice("Lock")
        core.setAutoFocusDevice("Lock")
        journal.objective = lambda: str(core.getStateLabel("Objective"))

    held = Experiment(
        channels=EXPERIMENT.channels,
        microscope=Settings(hold_focus=True),
        limits=Limits(retract_z_um=-100.0),
    )
    stand = build(held, prepare=prepare)
    frame, _ = stand.take(
        stand.shot(objective="40x", pixel_um=0.1625),
        stand.shot(objective="40x", pixel_um=0.1625, z_um=3.0),
    )
    assert journal.moves == [(-100.0, "20x"), (7.0, "40x")]
    assert frame.remark == ""
    assert stand.core.isContinuousFocusLocked()


SESSION = """
import sys, numpy as np
from livewatch.clock import RealClock
from livewatch.inbox import Inbox
from livewatch.microscope.load import load_demo
from livewatch.microscope.microscope import Microscope
from livewatch.model import Plane, Purpose, Shot, View
from livewatch.settings import Channel, Experiment
from livewatch.specimen.specimen import Picture

class Blank:
    def expose(self, view, channel, exposure_ms, power, time_s):
        return Picture(np.zeros(view.shape, np.uint16))

def watch(view):
    plane = Plane("nk", 2.0)
    yield Shot(view, (plane,), 0.0, Purpose.SURVEY)
    for count in (5, 4, 3):
        yield Shot(view, (plane,), 0.0, Purpose.BURST, count)
    HOW

clock = RealClock()
core = load_demo(Blank(), clock, camera=sys.argv[1])
channels = {"nk": Channel(preset="NK"), "tumor": Channel(preset="Tumor")}
microscope = Microscope(core, Experiment(channels=channels), clock)
LEAVE
"""
CLEAN = "with microscope:\n    microscope.run(watch(microscope.inspect().home), Inbox())"
CARELESS = "microscope.run(watch(microscope.inspect().home), Inbox())"


@pytest.mark.parametrize(
    ("how", "leave", "code"),
    [
        ("return", CLEAN, 0),
        ("return", CARELESS, 0),
        ("raise ValueError", CLEAN, 1),
        ("raise ValueError", CARELESS, 1),
        ("sys.exit(3)", CARELESS, 3),
    ],
    ids=["clean", "careless", "raising", "raising carelessly", "exiting"],
)
@pytest.mark.parametrize("camera", ["specimen", "demo"])
def test_the_interpreter_exits_with_its_own_code_never_134(
    camera: str, how: str, leave: str, code: int
) -> None:
    script = SESSION.replace("HOW", how).replace("LEAVE", leave)
    done = subprocess.run(
        [sys.executable, "-c", script, camera], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == code, done.stderr
    assert "exception not rethrown" not in done.stderr
