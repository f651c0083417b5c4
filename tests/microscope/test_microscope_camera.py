"""The Python camera obeys the core it is loaded in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import Ramp, seen_at

from livewatch.clock import VirtualClock
from livewatch.errors import BadInput
from livewatch.microscope.load import close_core, load_demo
from livewatch.model import Region, View

if TYPE_CHECKING:
    from collections.abc import Iterator

Demo = tuple[Any, Ramp, VirtualClock]


@pytest.fixture
def demo() -> Iterator[Demo]:
    specimen, clock = Ramp(), VirtualClock()
    core = load_demo(specimen, clock, sensor_px=(256, 128))
    core.setAutoShutter(False)
    core.setShutterOpen(core.getShutterDevice(), True)
    core.setConfig("Channel", "NK")
    yield core, specimen, clock
    close_core(core)


def test_it_sees_what_lies_before_the_lens(demo: Demo) -> None:
    core, specimen, clock = demo
    core.setXYPosition(12.0, -7.5)
    core.waitForDevice("XY")
    core.setPosition(3.0)
    core.setStateLabel("Objective", "40x")
    core.setProperty("Specimen", "Binning", "2")
    core.setROI(8, 4, 64, 32)
    core.setExposure(25.0)
    core.setProperty("Lamp", "Voltage", 4.0)
    image = core.snap()
    view, channel, exposure_ms, power, time_s = specimen.exposed[-1]
    x_um, y_um = core.getXYPosition()
    region = Region(16, 8, 128, 64)
    assert view == View("", x_um, y_um, 3.0, "40x", 0.325, 2, (256, 128), region)
    assert (channel, exposure_ms, power, time_s) == ("nk", 25.0, pytest.approx(0.4), 0.0)
    assert image.shape == (32, 64)
    assert (image == seen_at(view, "nk")).all()
    assert clock.now_s() == pytest.approx(0.025)


@pytest.mark.parametrize("preset", ["NK", "Tumor", "Death"])
def test_each_preset_shows_its_channel(demo: Demo, preset: str) -> None:
    core, specimen, _ = demo
    core.setConfig("Channel", preset)
    core.snap()
    assert specimen.exposed[-1][1] == preset.lower()


def test_behind_a_closed_shutter_it_is_dark(demo: Demo) -> None:
    core, specimen, _ = demo
    core.setShutterOpen(core.getShutterDevice(), False)
    assert core.snap().max() == 0
    assert specimen.exposed[-1][3] == 0.0


def test_an_unknown_mixture_of_filters_is_dark(demo: Demo) -> None:
    core, specimen, _ = demo
    core.setStateLabel("Emission", "Empty")
    assert core.snap().max() == 0
    assert specimen.exposed[-1][3] == 0.0


def test_an_autoshutter_lights_every_snap(demo: Demo) -> None:
    core, specimen, _ = demo
    core.setShutterOpen(core.getShutterDevice(), False)
    core.setAutoShutter(True)
    core.snap()
    assert specimen.exposed[-1][3] == 1.0


def test_binning_clears_the_region(demo: Demo) -> None:
    core, _, _ = demo
    core.setROI(8, 8, 16, 16)
    core.setProperty("Specimen", "Binning", "4")
    assert core.getROI() == [0, 0, 64, 32]


@pytest.mark.parametrize("region", [(250, 0, 16, 16), (-1, 0, 16, 16), (0, 0, 0, 16)])
def test_a_region_off_the_sensor_is_refused(demo: Demo, region: tuple[int, ...]) -> None:
    core, _, _ = demo
    with pytest.raises(ValueError, match="does not lie in the sensor's 256 x 128 pixels"):
        core.setROI(*region)


def test_it_tells_which_recorded_time_point_it_showed(demo: Demo) -> None:
    core, _, _ = demo
    assert core.getProperty("Specimen", "Source") == -1
    core.snap()
    assert core.getProperty("Specimen", "Source") == 1


def test_more_objectives_than_the_turret_has_places_are_refused() -> None:
    seven = {f"{power}x": 6.5 / power for power in (4, 10, 20, 40, 60, 63, 100)}
    with pytest.raises(BadInput, match="7 objectives: the demo's turret has 6 places"):
        load_demo(Ramp(), VirtualClock(), pixel_um=seven)
