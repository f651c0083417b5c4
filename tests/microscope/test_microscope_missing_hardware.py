"""Microscopes that lack something, on plain CMMCorePlus: they do with what there is, and say so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import Ramp, Stand

from livewatch.clock import RealClock, VirtualClock
from livewatch.errors import BadInput
from livewatch.microscope.load import load_core
from livewatch.microscope.microscope import Microscope
from livewatch.model import Frame, Missed, Plane, Region
from livewatch.settings import Channel, Experiment
from livewatch.settings import Microscope as Settings
from livewatch.specimen.camera import SpecimenCamera

if TYPE_CHECKING:
    from microscope_stand import Build

DEMO = Path(__file__).parents[2] / "demo_config" / "demo.cfg"
QUICK = (Plane("nk", 5.0), Plane("tumor", 5.0))
EXPERIMENT = Experiment(
    channels={
        "nk": Channel(preset="NK", exposure_ms=5),
        "tumor": Channel(preset="Tumor", exposure_ms=5),
    }
)


def without(folder: Path, *devices: str) -> Path:
    """The demo configuration without these devices, and without what needs them."""
    lines = DEMO.read_text().splitlines()
    kept = [line for line in lines if not set(line.split(",")) & set(devices)]
    file = folder / "less.cfg"
    file.write_text("\n".join(kept))
    return file


def stood(file: Path, experiment: Experiment = EXPERIMENT) -> Stand:
    core, clock = load_core(file), VirtualClock()
    return Stand(core, Microscope(core, experiment, clock), Ramp(), clock)


@pytest.mark.parametrize(
    ("missing", "moves"),
    [
        ((), (True, True, True)),
        (("XY",), (False, True, True)),
        (("Z",), (True, False, True)),
        (("XY", "Z"), (False, False, True)),
        (("LED Shutter",), (True, True, True)),
        (("XY", "Z", "LED Shutter", "Lamp"), (False, False, True)),
    ],
    ids=["all", "no stage", "no focus", "neither", "no shutter", "camera and turret"],
)
def test_a_microscope_does_with_what_it_has(
    tmp_path: Path, missing: tuple[str, ...], moves: tuple[bool, bool, bool]
) -> None:
    stand = stood(without(tmp_path, *missing))
    with stand.microscope as microscope:
        instrument = microscope.inspect()
        assert (instrument.moves_xy, instrument.moves_z, instrument.moves_objective) == moves
        whole, part = stand.take(
            stand.shot(*QUICK), stand.shot(*QUICK, region=Region(64, 64, 128, 96))
        )
        assert isinstance(whole, Frame)
        assert [plane.shape for plane in part.planes] == [(96, 128)] * 2
        assert (whole.view.z_um is None) == ("Z" in missing)
    assert microscope.failures == []


def test_what_is_not_motorized_is_refused_not_imaged_where_it_is(tmp_path: Path) -> None:
    stand = stood(without(tmp_path, "XY", "Z"))
    with stand.microscope:
        aside, above = stand.take(stand.shot(*QUICK, stage_x_um=10.0), stand.shot(*QUICK, z_um=1.0))
    assert aside.reason == "refused: stage x 10 um: this microscope has no motor for it"
    assert above.reason == "refused: focus 1 um: this microscope has no motor for it"


def test_without_a_turret_the_pixel_size_may_be_stated(tmp_path: Path) -> None:
    file = without(tmp_path, "Objective", "Res10x", "Res20x", "Res40x")
    stated = EXPERIMENT.model_copy(update={"microscope": Settings(pixel_um=0.5)})
    with pytest.raises(BadInput, match="no pixel size: calibrate one in Micro-Manager, or set"):
        stood(file).microscope.inspect()
    stand = stood(file, stated)
    with stand.microscope as microscope:
        instrument = microscope.inspect()
        assert instrument.pixel_um == {"": 0.5}
        assert not instrument.moves_objective
        (frame,) = stand.take(stand.shot(*QUICK))
        assert frame.view.pixel_um == 0.5


class Rigid(SpecimenCamera):
    """A camera that reads out its whole sensor, always."""

    def set_roi(self, x: int, y: int, width: int, height: int) -> None:
        raise NotImplementedError("no regions")


def test_a_camera_without_regions_says_so(build: Build) -> None:
    stand = build(camera=Rigid(Ramp(), VirtualClock()))
    assert not stand.microscope.inspect().has_region
    whole, part = stand.take(stand.shot(), stand.shot(region=Region(0, 0, 64, 64)))
    assert isinstance(whole, Frame)
    assert isinstance(part, Missed)
    assert part.reason == "refused: this camera reads out no regions"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objective": "60x"}, "no pixel size is known for '60x'; calibrated are 10x, 20x, 40x"),
        ({"binning": 3}, "[microscope] binning = 3: Camera has 1, 2, 4, 8"),
    ],
)
def test_what_the_microscope_does_not_have_is_refused_with_what_it_has(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    experiment = EXPERIMENT.model_copy(update={"microscope": Settings(**change)})
    stand = stood(without(tmp_path), experiment)
    with pytest.raises(BadInput) as caught:
        stand.microscope.inspect()
    assert said in str(caught.value)
    assert stand.microscope.leave() == []


def channels(**nk: Any) -> dict[str, Any]:
    return {"channels": {"nk": Channel(**nk), "tumor": Channel()}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (channels(preset="GFP"), "preset = 'GFP' is not in group 'Channel', which has Death, NK"),
        (channels(group="Colour", preset="NK"), "group = 'Colour' is not in the configuration"),
        (channels(power_property="Laser.Power"), "'Laser' is not loaded; "),
        (channels(power_property="Lamp.Power"), "Lamp has HubID, Real Voltage, Trigger, Voltage"),
        (
            channels(power_property="Lamp.Voltage", full_power=12.0),
            "full_power x power = 12 is not within 0 to 10",
        ),
        (channels(exposure_ms=5000.0), "exposure_ms = 5000 is above limits.max_exposure_ms = 2000"),
        (channels(power=1.5), "power = 1.5 is above limits.max_power = 1"),
        (
            {
                "positions": [{"name": "far", "x_um": 9000, "y_um": 0}],
                "limits": {"x_um": [-10, 10]},
            },
            "position 'far': x_um = 9000.0 is not within [limits] x_um = [-10.0, 10.0]",
        ),
        (
            {"limits": {"objectives": ["10x"]}, "microscope": {"objective": "20x"}},
            "[microscope] objective = '20x' is not among [limits] objectives = ['10x']",
        ),
    ],
)
def test_an_impossible_experiment_is_refused_before_anything_moves(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    stand = stood(without(tmp_path), Experiment(**{"channels": EXPERIMENT.channels, **change}))
    with pytest.raises(BadInput) as caught:
        stand.microscope.inspect()
    assert said in str(caught.value)


def test_several_positions_need_a_stage(tmp_path: Path) -> None:
    two = [{"name": name, "x_um": 0, "y_um": 0} for name in "AB"]
    experiment = Experiment(channels=EXPERIMENT.channels, positions=two)
    with pytest.raises(BadInput, match="2 positions, but this microscope has no motorized stage"):
        stood(without(tmp_path, "XY"), experiment).microscope.inspect()


# --- devices that lag ------------------------------------------------------------------


def lagging(core: Any) -> None:
    """Micro-Manager's own test stages: busy for 2 ms for every step of 0.1 um."""
    for label, device in (("Slow XY", "NTAsyncXYStage"), ("Slow Z", "NTAsyncStage")):
        core.loadDevice(label, "NotificationTester", device)
        core.initializeDevice(label)
        core.setProperty(label, "SlewTimePerStep_s", 0.002)
    core.setXYStageDevice("Slow XY")
    core.setFocusDevice("Slow Z")


def test_stages_that_lag_are_waited_for(build: Build) -> None:
    stand = build(prepare=lagging)
    frames = stand.take(
        stand.shot(stage_x_um=12.0, z_um=4.0), stand.shot(stage_x_um=0.0, stage_y_um=8.0, z_um=0.0)
    )
    places = [(one.view.stage_x_um, one.view.stage_y_um, one.view.z_um) for one in frames]
    assert places == [pytest.approx((12, 0, 4), abs=0.06), pytest.approx((0, 8, 0), abs=0.06)]
    exposed = [view for view, *_ in stand.specimen.exposed]
    assert [view.stage_x_um for view in exposed] == pytest.approx([12, 12, 0, 0], abs=0.06)


def test_a_stage_too_slow_for_the_time_out_is_stopped_and_missed(build: Build) -> None:
    hasty = Experiment(
        channels=EXPERIMENT.channels, microscope=Settings(timeout_s=0.1, xy_tolerance_um=0.5)
    )
    stand = build(hasty, clock=RealClock(), prepare=lagging)
    (missed,) = stand.take(stand.shot(*QUICK, stage_x_um=500.0))
    assert isinstance(missed, Missed)
    assert missed.reason.startswith("moving Slow XY to 500.00, 0.00 um: Wait for device")
    assert not stand.core.deviceBusy("Slow XY")
    assert stand.specimen.exposed == []
