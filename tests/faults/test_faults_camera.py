"""Faults 1, 2, 3 and 20: the camera raises, is lost, hangs, or gives an image of another shape."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from livewatch.clock import RealClock
from livewatch.specimen.camera import SpecimenCamera
from livewatch.specimen.specimen import Picture
from tests.faults.bench import SENSOR_PX, Scene, bench, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livewatch.clock import Clock
    from livewatch.model import View


def failing(*exposures: int) -> Callable[[int, View], Any]:
    """A scene's fault: the camera raises at these exposures."""

    def instead(number: int, view: View) -> None:
        if number in exposures:
            raise OSError("USB connection lost")

    return instead


def test_a_snap_that_raises_once_is_a_recorded_miss_and_tried_again(tmp_path: Path) -> None:
    made = bench(tmp_path / "s", scene=Scene(failing(7))).run()
    made.survived()
    assert made.misses == ["exposing: USB connection lost"]
    assert any("try 2 of 3" in reason for reason in made.reasons)


def test_a_snap_that_keeps_raising_suspends_the_session_until_it_works_again(
    tmp_path: Path,
) -> None:
    made = bench(tmp_path / "s", scene=Scene(failing(*range(7, 14)))).run()
    made.survived()
    assert len(made.misses) == 7
    waits = [reason for reason in made.reasons if "slot skipped, waiting" in reason]
    assert [("5 s" in waits[0]), ("10 s" in waits[1])] == [True, True]
    assert made.session.tally.frames > 20


def test_a_snap_that_never_works_again_ends_the_session_in_the_dark(tmp_path: Path) -> None:
    made = bench(tmp_path / "s", scene=Scene(failing(*range(7, 1000)))).run()
    made.failed("No frame for")


def test_a_camera_that_was_lost_is_loaded_again(tmp_path: Path) -> None:
    made = bench(tmp_path / "s", demo_camera=True)
    made.session.subscribe(
        lambda step: made.core.unloadDevice("Camera") if len(made.steps) == 4 else None
    )
    made.run().survived()
    assert all('No device with label "Camera"' in reason for reason in made.misses)
    assert made.misses[-1].endswith("; Camera was loaded again")
    assert len(made.misses) == 3
    assert made.session.tally.frames > 10


def test_a_camera_whose_reloading_fails_too_ends_the_session(tmp_path: Path) -> None:
    made = bench(tmp_path / "s", demo_camera=True)

    def away(*_: object) -> None:
        raise RuntimeError("no camera on the bus")

    def unplug(step: object) -> None:
        if len(made.steps) == 4:
            made.core.unloadDevice("Camera")
            made.core.loadDevice = away

    made.session.subscribe(unplug)
    made.run().failed("No frame for")
    assert made.misses[2].endswith("; loading Camera again: no camera on the bus")


def test_a_camera_that_cannot_be_loaded_again_ends_the_session(tmp_path: Path) -> None:
    made = bench(tmp_path / "s")
    made.session.subscribe(
        lambda step: made.core.unloadDevice("Specimen") if len(made.steps) == 4 else None
    )
    made.run().failed("No frame for")


def hanging(release: threading.Event, number: int) -> Callable[[int, View], Any]:
    """A scene's fault: the camera does not come back from an exposure until it is released."""

    def instead(exposure: int, view: View) -> None:
        if exposure == number:
            release.wait(60)

    return instead


def test_a_camera_that_hangs_for_a_while_is_used_again(tmp_path: Path) -> None:
    release = threading.Event()
    quick = plan(microscope={"timeout_s": 0.15})
    made = bench(tmp_path / "s", quick, scene=Scene(hanging(release, 7)))
    made.session.subscribe(lambda step: release.set() if len(made.misses) == 2 else None)
    made.run().survived()
    assert "the devices gave no answer within" in made.misses[0]
    assert made.session.tally.frames > 20


def test_a_camera_that_hangs_for_good_leaves_the_session_stoppable(tmp_path: Path) -> None:
    release = threading.Event()
    quick = plan(microscope={"timeout_s": 0.15}, limits={"give_up_s": 1e5})
    clock = RealClock(50.0)
    made = bench(tmp_path / "s", quick, scene=Scene(hanging(release, 7)), clock=clock)
    made.session.subscribe(lambda step: len(made.misses) == 1 and made.session.stop("enough"))
    made.run()
    assert made.session.is_hung
    release.set()
    made.failed("a device hangs")


def test_a_camera_that_hangs_for_good_ends_the_session_by_itself(tmp_path: Path) -> None:
    release = threading.Event()
    quick = plan(microscope={"timeout_s": 0.15})
    made = bench(tmp_path / "s", quick, scene=Scene(hanging(release, 7))).run()
    release.set()
    made.failed("No frame for")


class Bold(SpecimenCamera):
    """A camera that hands over whatever image the specimen gives."""

    def start_sequence(self, n: Any, get_buffer: Any) -> Any:
        pixels = self._specimen.expose(self._view(), self._shown()[0], 1, 1, 0).pixels
        get_buffer(pixels.shape, pixels.dtype)[:] = pixels
        yield {}


@pytest.mark.parametrize(
    "image",
    [np.zeros((191, 256), np.uint16), np.zeros((192, 256), np.float32)],
    ids=["rows", "floats"],
)
def test_a_frame_of_the_wrong_kind_is_refused_before_it_is_written(
    tmp_path: Path, image: Any
) -> None:
    def instead(number: int, view: View) -> Picture | None:
        return Picture(image) if number in (7, 8) else None

    def camera(scene: Scene, clock: Clock) -> Bold:
        return Bold(scene, clock, SENSOR_PX)

    made = bench(tmp_path / "s", scene=Scene(instead), camera=camera).run()
    made.survived()
    assert made.misses
    assert all("the camera gave" in reason for reason in made.misses)
