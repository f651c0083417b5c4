"""Two channels in one image or on two cameras, and cameras that are turned: on the real core."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from microscope_stand import EXPERIMENT, NK, TUMOR, Ramp, shows

from livewatch.clock import VirtualClock
from livewatch.errors import BadInput
from livewatch.microscope.load import load_demo
from livewatch.microscope.microscope import Microscope
from livewatch.microscope.orientation import Orientation
from livewatch.model import Frame, Region
from livewatch.settings import Channel, Experiment, Imaging
from livewatch.settings import Microscope as Settings
from livewatch.specimen.camera import SpecimenCamera

if TYPE_CHECKING:
    from pathlib import Path

    from microscope_stand import Build, Stand

BOTH = {
    "nk": Channel(preset="Both", exposure_ms=30),
    "tumor": Channel(preset="Both", exposure_ms=30),
}
SENSOR = (320, 192)
REGION = Region(40, 32, 64, 48)
TURNS = list(product((False, True), repeat=3))


def experiment(**microscope: Any) -> Experiment:
    return Experiment(channels=EXPERIMENT.channels, microscope=Settings(**microscope))


class TurnedCamera(SpecimenCamera):
    """A camera mounted turned and mirrored before the same specimen."""

    def __init__(self, specimen: Ramp, turn: tuple[bool, bool, bool]) -> None:
        super().__init__(specimen, VirtualClock(), SENSOR)
        self.swap_xy, self.mirror_x, self.mirror_y = turn

    def _paint(self, buffer: Any, time_s: float) -> None:
        width, height = self._sensor_px
        seen_px = (height, width) if self.swap_xy else (width, height)
        view = replace(self._view(), sensor_px=seen_px, region=None)
        image = self._expose(view, self._shown()[0], self._power(), time_s)
        image = image[::-1] if self.mirror_y else image
        image = image[:, ::-1] if self.mirror_x else image
        image = image.T if self.swap_xy else image
        x, y, columns, rows = self.get_roi()
        buffer[:] = image[y : y + rows, x : x + columns]


@pytest.mark.parametrize(
    "turn", TURNS, ids=lambda turn: "".join("sxy"[n] for n in range(3) if turn[n])
)
def test_however_the_camera_is_turned_images_lie_along_the_stage(
    build: Build, turn: tuple[bool, bool, bool]
) -> None:
    settings = dict(zip(("swap_xy", "mirror_x", "mirror_y"), turn, strict=True))
    stand = build(experiment(**settings), camera=TurnedCamera(Ramp(), turn))
    whole, part, binned = stand.take(
        stand.shot(stage_x_um=50.0),
        stand.shot(stage_x_um=50.0, region=REGION),
        stand.shot(region=REGION, binning=2, pixel_um=0.65),
    )
    assert whole.view.sensor_px == ((192, 320) if turn[0] else SENSOR)
    assert part.view.region == binned.view.region == REGION
    assert part.planes[0].shape == (48, 64)
    for frame in (whole, part, binned):
        assert shows(frame, "nk")
        assert shows(frame, "tumor")


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("split_axis", [None, 0, 1])
def test_what_is_read_out_is_what_is_shown(
    turn: tuple[bool, bool, bool], split_axis: int | None
) -> None:
    orientation = Orientation(SENSOR, *turn, split_axis)
    readout = orientation.readout(REGION)
    assert orientation.shown(REGION, readout) == REGION


@pytest.mark.parametrize("imaging", [Imaging.SPLIT_LEFT_RIGHT, Imaging.SPLIT_TOP_BOTTOM])
def test_both_halves_of_a_split_image_are_exposed_at_once(build: Build, imaging: Imaging) -> None:
    split = Experiment(channels=BOTH, microscope=Settings(imaging=imaging))
    stand = build(split, sensor_px=SENSOR, channels=BOTH, imaging=imaging)
    both = (NK, replace(TUMOR, exposure_ms=30.0))
    whole, part, one, binned = stand.take(
        stand.shot(*both),
        stand.shot(*both, region=REGION, stage_y_um=-30.0),
        stand.shot(both[1], region=REGION),
        stand.shot(*both, region=REGION, binning=2, pixel_um=0.65),
    )
    half = (160, 192) if imaging is Imaging.SPLIT_LEFT_RIGHT else (320, 96)
    assert whole.view.sensor_px == half
    assert whole.planes[0].shape == half[::-1]
    assert part.planes[1].shape == (48, 64)
    assert binned.planes[1].shape == (24, 32)
    for frame in (whole, part, binned):
        assert shows(frame, "nk")
        assert shows(frame, "tumor")
        assert frame.exposures[0].start_s == frame.exposures[1].start_s
    assert len(one.planes) == 1
    assert shows(one, "tumor")
    assert stand.clock.now_s() == pytest.approx(4 * 0.03)


def test_a_split_image_is_streamed_in_a_burst(build: Build) -> None:
    from livewatch.clock import RealClock

    imaging = Imaging.SPLIT_LEFT_RIGHT
    split = Experiment(channels=BOTH, microscope=Settings(imaging=imaging))
    stand = build(split, clock=RealClock(), sensor_px=SENSOR, channels=BOTH, imaging=imaging)
    both = tuple(replace(plane, exposure_ms=3.0) for plane in (NK, TUMOR))
    started: list[str] = []
    stand.core.events.sequenceAcquisitionStarted.connect(lambda camera: started.append(camera))
    shots = [stand.shot(*both, region=REGION, count=count) for count in (4, 3, 2, 1)]
    frames = stand.take(*shots)
    assert started == ["Specimen"]
    assert [shows(frame, "tumor") for frame in frames] == [True] * 4


TWO_CAMERAS = """
Property,Core,Initialize,0
Device,Left,DemoCamera,DCam
Device,Right,DemoCamera,DCam
Device,Both,Utilities,Multi Camera
Device,Objective,DemoCamera,DObjective
Property,Core,Initialize,1
Property,Both,Physical Camera 1,Left
Property,Both,Physical Camera 2,Right
Property,Core,Camera,Both
Label,Objective,0,20x
ConfigPixelSize,Res20x,Objective,Label,20x
PixelSize_um,Res20x,0.325
ConfigGroup,System,Startup,Objective,Label,20x
ConfigGroup,System,Startup,Left,PixelType,16bit
ConfigGroup,System,Startup,Right,PixelType,16bit
ConfigGroup,System,Startup,Left,Mode,Noise
ConfigGroup,System,Startup,Right,Mode,Noise
ConfigGroup,System,Startup,Left,Photon Flux,10
ConfigGroup,System,Startup,Right,Photon Flux,1000
"""


def two_cameras(folder: Path, build_with: Experiment) -> tuple[Any, Microscope]:
    from livewatch.microscope.load import load_core

    file = folder / "two.cfg"
    file.write_text(TWO_CAMERAS)
    core = load_core(file)
    return core, Microscope(core, build_with, VirtualClock())


TOGETHER = Experiment(
    channels={"nk": Channel(exposure_ms=5), "tumor": Channel(exposure_ms=5)},
    microscope=Settings(imaging=Imaging.TWO_CAMERAS),
)


def test_two_cameras_give_one_channel_each(tmp_path: Path) -> None:
    from microscope_stand import Stand

    core, microscope = two_cameras(tmp_path, TOGETHER)
    with microscope:
        stand = Stand(core, microscope, Ramp(), VirtualClock())
        both = tuple(replace(plane, exposure_ms=5.0) for plane in (NK, TUMOR))
        whole, part, tumor_first = stand.take(
            stand.shot(*both),
            stand.shot(*both, region=Region(64, 32, 128, 96)),
            stand.shot(*both[::-1], count=3),
        )
        assert isinstance(whole, Frame)
        assert whole.view.sensor_px == (512, 512)
        dim, bright = (np.mean(whole.plane(channel)) for channel in ("nk", "tumor"))
        assert bright > 5 * dim
        assert [plane.shape for plane in part.planes] == [(96, 128)] * 2
        assert np.mean(tumor_first.planes[0]) > 5 * np.mean(tumor_first.planes[1])
    assert microscope.failures == []


def refusal(stand: Stand) -> str:
    with pytest.raises(BadInput) as caught:
        stand.microscope.inspect()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("channels", "imaging", "said"),
    [
        (BOTH, Imaging.TWO_CAMERAS, "Specimen gives 1 image"),
        (
            {**BOTH, "death": Channel()},
            Imaging.SPLIT_TOP_BOTTOM,
            "imaging = 'split-top-bottom' shows nk and tumor, nothing else",
        ),
        (
            {"nk": BOTH["nk"], "tumor": Channel(preset="Both", exposure_ms=31)},
            Imaging.SPLIT_LEFT_RIGHT,
            "their exposure_ms differ: 30.0 and 31.0",
        ),
    ],
    ids=["one camera", "third channel", "exposures"],
)
def test_what_one_exposure_cannot_show_is_refused_beforehand(
    build: Build, channels: dict[str, Channel], imaging: Imaging, said: str
) -> None:
    stand = build(
        Experiment(channels=channels, microscope=Settings(imaging=imaging)), channels=BOTH
    )
    assert said in refusal(stand)


def test_the_demo_takes_on_another_microscopes_objectives_and_presets() -> None:
    channels = {"nk": Channel(preset="FITC"), "tumor": Channel(preset="Cy3")}
    core = load_demo(
        Ramp(), VirtualClock(), pixel_um={"63x oil": 0.1, "20x": 0.3}, channels=channels
    )
    with Microscope(core, Experiment(channels=channels), VirtualClock()) as microscope:
        assert microscope.inspect().pixel_um == {"63x oil": 0.1, "20x": 0.3}
        assert microscope.inspect().home.objective == "63x oil"
