"""Devices that fail: a miss with its reason, no mislabelled frame, the next slot as usual."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from microscope_stand import EXPERIMENT, NK, Ramp, shows
from pymmcore_plus.experimental.unicore import (
    ShutterDevice,
    StageDevice,
    StateDevice,
    XYStageDevice,
)

from livewatch.clock import VirtualClock
from livewatch.errors import BadInput
from livewatch.microscope.fault import Unsafe
from livewatch.model import Ask, Frame, Missed, Region, Reply, Request, Shot, View
from livewatch.settings import Limits
from livewatch.settings import Microscope as Settings
from livewatch.specimen.camera import SpecimenCamera
from livewatch.specimen.specimen import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from microscope_stand import Build


class Faulty(Ramp):
    """A specimen that does something else at its n-th exposure."""

    def __init__(self, number: int, instead: Callable[[View], Any]) -> None:
        super().__init__()
        self._number = number
        self._instead = instead

    def expose(self, view: View, *how: Any) -> Picture:
        picture = super().expose(view, *how)
        return self._instead(view) if len(self.exposed) == self._number else picture


class Bold(SpecimenCamera):
    """A camera that hands over whatever image the specimen gives."""

    def _expose(self, view: View, *how: Any) -> Any:
        return self._specimen.expose(view, "nk", 1.0, 1.0, 0.0).pixels

    def start_sequence(self, n: Any, get_buffer: Any) -> Any:
        pixels = self._expose(self._view())
        get_buffer(pixels.shape, pixels.dtype)[:] = pixels
        yield {}


def raising(_: View) -> Any:
    raise OSError("USB connection\nlost")


def around(build: Build, camera: SpecimenCamera) -> list[Any]:
    """What comes of three shots with this camera."""
    stand = build(camera=camera, clock=VirtualClock())
    return stand.take(*(stand.shot(NK, due_s=due_s) for due_s in (0.0, 1.0, 2.0)))


def test_a_snap_that_raises_is_a_miss_and_shifts_nothing(build: Build) -> None:
    first, missed, third = around(build, SpecimenCamera(Faulty(2, raising), VirtualClock()))
    assert missed.reason == "exposing: USB connection lost"
    assert missed.shot.not_before_s == 1.0
    assert (first.index, third.index) == (0, 1)
    assert third.shot.not_before_s == 2.0
    assert shows(third)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (
            np.zeros((512, 500), np.uint16),
            "the camera gave (512, 500) pixels instead of (512, 512)",
        ),
        (np.zeros((512, 512), np.float32), "not 8 or 16 bit grey"),
        (np.zeros((512, 512, 3), np.uint8), "not 8 or 16 bit grey"),
    ],
    ids=["shape", "type", "colour"],
)
def test_an_image_of_the_wrong_kind_is_refused(
    build: Build, image: np.ndarray[Any, Any], reason: str
) -> None:
    odd = Faulty(2, lambda _: Picture(image))
    _, missed, third = around(build, Bold(odd, VirtualClock()))
    assert reason in missed.reason
    assert isinstance(third, Frame)


def test_a_camera_that_hangs_is_given_up_and_used_again_when_it_answers(build: Build) -> None:
    answer = threading.Event()

    def hang(view: View) -> Picture:
        answer.wait(60)
        return Picture(np.zeros(view.shape, np.uint16))

    quick = EXPERIMENT.model_copy(
        update={"microscope": EXPERIMENT.microscope.model_copy(update={"timeout_s": 0.05})}
    )
    clock = VirtualClock()
    stand = build(quick, camera=SpecimenCamera(Faulty(2, hang), clock), clock=clock)
    _, missed, again = stand.take(*[stand.shot(NK)] * 3)
    answer.set()
    (frame,) = stand.take(stand.shot(NK))
    assert "the devices gave no answer within" in missed.reason
    assert again.reason == "the devices still give no answer"
    assert shows(frame)
    assert frame.index == 1


def test_an_operator_is_heard_while_a_device_hangs(build: Build) -> None:
    answer, hangs = threading.Event(), threading.Event()

    def hang(view: View) -> Picture:
        hangs.set()
        answer.wait(60)
        return Picture(np.zeros(view.shape, np.uint16))

    clock = VirtualClock()
    patient = EXPERIMENT.model_copy(update={"microscope": Settings(timeout_s=1.0)})
    stand = build(patient, camera=SpecimenCamera(Faulty(1, hang), clock), clock=clock)
    heard: list[Any] = []

    def ask_for_the_end() -> None:
        hangs.wait(60)
        stand.inbox.put(Request(Ask.END, 0.0))

    def watch() -> Generator[Shot, Reply, None]:
        threading.Thread(target=ask_for_the_end).start()
        while not heard or not isinstance(heard[-1], Request):
            heard.append((yield stand.shot(NK)))

    stand.microscope.run(watch(), stand.inbox)
    answer.set()
    assert [type(one) for one in heard] == [Missed, Request]


class Table(XYStageDevice):
    """A stage that can refuse to move, or stop short."""

    def __init__(self, **behaviour: Any) -> None:
        super().__init__()
        self.x_um, self.y_um = 0.0, 0.0
        self.moves = 0
        self.refuses = behaviour.get("refuses", 0)
        self.reaches = behaviour.get("reaches", 1.0)
        self.stopped = False

    def set_position_um(self, x: float, y: float) -> None:
        self.moves += 1
        if self.refuses:
            self.refuses -= 1
            raise OSError("serial time-out")
        self.x_um, self.y_um = x * self.reaches, y * self.reaches

    def get_position_um(self) -> tuple[float, float]:
        return self.x_um, self.y_um

    def home(self) -> None: ...
    def stop(self) -> None:
        self.stopped = True

    def set_origin_x(self) -> None: ...
    def set_origin_y(self) -> None: ...


def with_table(table: Table) -> Callable[[Any], None]:
    def prepare(core: Any) -> None:
        core.loadPyDevice("Table", table)
        core.initializeDevice("Table")
        core.setXYStageDevice("Table")

    return prepare


def test_a_stage_that_stops_short_is_a_miss_not_a_picture_of_the_wrong_place(build: Build) -> None:
    table = Table(reaches=0.5)
    stand = build(prepare=with_table(table))
    missed, frame = stand.take(stand.shot(stage_x_um=100.0), stand.shot(stage_x_um=2.0))
    assert missed.reason == ("Table stopped at 50.00, 0.00 um, it was sent to 100.00, 0.00 um")
    assert table.stopped
    assert stand.specimen.exposed[0][0].stage_x_um == 1.0  # the missed shot lit nothing
    assert frame.view.stage_x_um == 1.0  # within the tolerance, and labelled as it is
    assert shows(frame)


def test_an_absolute_move_is_tried_twice(build: Build) -> None:
    table = Table(refuses=1)
    stand = build(prepare=with_table(table))
    (frame,) = stand.take(stand.shot(stage_x_um=100.0))
    assert frame.view.stage_x_um == 100.0
    assert table.moves == 2


def test_a_stage_that_refuses_is_a_miss_and_moves_again_for_the_next_shot(build: Build) -> None:
    table = Table(refuses=2)
    stand = build(prepare=with_table(table))
    missed, frame = stand.take(stand.shot(stage_x_um=100.0), stand.shot(stage_x_um=100.0))
    assert missed.reason == "moving Table to 100.00, 0.00 um: serial time-out"
    assert frame.view.stage_x_um == 100.0


def test_a_stage_pushed_away_by_hand_goes_back(build: Build) -> None:
    table = Table()
    stand = build(prepare=with_table(table))
    (before,) = stand.take(stand.shot(stage_x_um=100.0))
    table.x_um = 160.0
    (after,) = stand.take(stand.shot(stage_x_um=100.0))
    assert before.view.stage_x_um == after.view.stage_x_um == 100.0


class Knob(StageDevice):
    """A focus drive that fails."""

    def set_position_um(self, val: float) -> None:
        raise OSError("focus drive blocked")

    def get_position_um(self) -> float:
        return 0.0

    def home(self) -> None: ...
    def stop(self) -> None: ...
    def set_origin(self) -> None: ...


def with_knob(core: Any) -> None:
    core.loadPyDevice("Knob", Knob())
    core.initializeDevice("Knob")
    core.setFocusDevice("Knob")


def test_without_focus_images_are_taken_at_the_same_rate_and_say_so(build: Build) -> None:
    stand = build(prepare=with_knob)
    blurred, frame = stand.take(stand.shot(z_um=5.0), stand.shot(z_um=None))
    assert blurred.remark == "out of focus: moving Knob to 5.00 um: focus drive blocked"
    assert blurred.view.z_um == frame.view.z_um == 0.0
    assert frame.remark == ""


def test_the_turret_does_not_turn_when_the_focus_does_not_get_out_of_its_way(build: Build) -> None:
    careful = EXPERIMENT.model_copy(update={"limits": Limits(retract_z_um=-50.0)})
    stand = build(careful, prepare=with_knob)
    (missed,) = stand.take(stand.shot(objective="40x", pixel_um=0.1625))
    assert missed.reason == "moving Knob to -50.00 um: focus drive blocked"
    assert stand.core.getStateLabel("Objective") == "20x"


class Lock:
    """The core's focus lock, failing when told to; Python cannot make an autofocus device."""

    def __init__(self, core: Any) -> None:
        core.loadDevice("Lock", "DemoCamera", "DAutoFocus")
        core.initializeDevice("Lock")
        core.setAutoFocusDevice("Lock")
        self.holds = True
        self.asked = 0
        self._is_locked = core.isContinuousFocusLocked
        core.isContinuousFocusLocked = self.is_locked

    def is_locked(self) -> bool:
        self.asked += 1
        return self.holds and self._is_locked()


def test_a_lost_focus_lock_is_waited_for_once_and_locked_again(build: Build) -> None:
    held = EXPERIMENT.model_copy(update={"microscope": Settings(hold_focus=True, timeout_s=0.1)})
    locks: list[Lock] = []
    stand = build(held, prepare=lambda core: locks.append(Lock(core)))
    (frame,) = stand.take(stand.shot(z_um=3.0))
    assert frame.remark == ""
    assert frame.view.z_um == 0.0  # the lock keeps the focus, not the drive
    assert stand.core.isContinuousFocusEnabled()
    locks[0].holds, locks[0].asked = False, 0
    (blurred,) = stand.take(stand.shot())
    waited = locks[0].asked
    (still_blurred,) = stand.take(stand.shot())
    assert blurred.remark == still_blurred.remark == "out of focus: the focus lock does not hold"
    assert waited > 2
    assert locks[0].asked - waited == 2
    locks[0].holds = True
    (sharp,) = stand.take(stand.shot())
    assert sharp.remark == ""
    core = stand.core
    switched: list[bool] = []
    switch = core.enableContinuousFocus
    core.enableContinuousFocus = lambda on: (switched.append(on), switch(on))
    assert stand.microscope.leave() == []
    assert switched == [False]


def test_a_focus_lock_that_is_not_there_is_refused(build: Build) -> None:
    held = EXPERIMENT.model_copy(update={"microscope": Settings(hold_focus=True)})
    with pytest.raises(BadInput, match="no autofocus device is assigned"):
        build(held).microscope.inspect()


class Slipping(StateDevice):
    """A wheel that turns and, while it is waited for, slips back."""

    position = 0

    def get_state(self) -> int:
        return self.position

    def set_state(self, position: int) -> None:
        self.position = position

    def busy(self) -> bool:
        self.position = 0
        return False


def test_a_preset_that_does_not_take_is_a_miss_that_names_the_property(build: Build) -> None:
    def prepare(core: Any) -> None:
        core.loadPyDevice("Wheel", Slipping({0: "blue", 1: "green"}))
        core.initializeDevice("Wheel")
        core.defineConfig("Channel", "Tumor", "Wheel", "Label", "green")

    stand = build(prepare=prepare)
    frame, missed = stand.take(stand.shot(NK), stand.shot())
    assert isinstance(frame, Frame)
    assert missed.reason == "preset 'Tumor': Wheel Label is 'blue' instead of 'green'"


def test_a_turret_that_does_not_turn_is_a_miss(build: Build) -> None:
    def prepare(core: Any) -> None:
        core.unloadDevice("Objective")
        core.loadPyDevice("Objective", Slipping({0: "20x", 1: "40x"}))
        core.initializeDevice("Objective")

    stand = build(prepare=prepare)
    (missed,) = stand.take(stand.shot(objective="40x", pixel_um=0.1625))
    assert missed.reason == "the turret is at '20x', it was sent to '40x'"
    assert stand.specimen.exposed == []


class Coarse(SpecimenCamera):
    """A camera that reads out regions in steps of 16 pixels, or not where it is told."""

    shift = 0

    def set_roi(self, x: int, y: int, width: int, height: int) -> None:
        super().set_roi(
            x // 16 * 16 + self.shift, y // 16 * 16, width // 16 * 16, height // 16 * 16
        )


def test_a_rounded_region_is_named_as_it_is(build: Build) -> None:
    clock = VirtualClock()
    stand = build(camera=Coarse(Ramp(), clock), clock=clock)
    (frame,) = stand.take(stand.shot(region=Region(100, 37, 90, 90)))
    assert frame.view.region == Region(96, 32, 80, 80)
    assert frame.planes[0].shape == (80, 80)
    assert shows(frame)


def test_a_region_somewhere_else_is_a_miss(build: Build) -> None:
    clock = VirtualClock()
    camera = Coarse(Ramp(), clock)
    stand = build(camera=camera, clock=clock)
    stand.microscope.inspect()  # while the camera behaves
    camera.shift = 200
    (missed,) = stand.take(stand.shot(region=Region(96, 32, 80, 80)))
    assert missed.reason == ("the camera reads out 80 x 80 at 296, 32 instead of 80 x 80 at 96, 32")


class Shutter(ShutterDevice):
    """A shutter that can stick."""

    def __init__(self, sticks: str) -> None:
        super().__init__()
        self.sticks = sticks
        self.is_open = False

    def get_open(self) -> bool:
        return self.is_open

    def set_open(self, open: bool) -> None:
        if self.sticks != ("open" if self.is_open else "closed"):
            self.is_open = open


def with_shutter(shutter: Shutter) -> Callable[[Any], None]:
    def prepare(core: Any) -> None:
        core.loadPyDevice("Shutter", shutter)
        core.initializeDevice("Shutter")
        core.setShutterDevice("Shutter")

    return prepare


def test_a_shutter_that_stays_closed_is_a_miss(build: Build) -> None:
    stand = build(prepare=with_shutter(Shutter("closed")))
    (missed,) = stand.take(stand.shot())
    assert missed.reason == "shutter Shutter did not open"


def test_a_shutter_that_stays_open_ends_the_session(build: Build) -> None:
    stand = build(prepare=with_shutter(Shutter("open")))
    with pytest.raises(Unsafe, match="shutter Shutter is still open"):
        stand.take(stand.shot(), stand.shot())
    assert len(stand.specimen.exposed) == 1
    assert stand.microscope.leave() == ["closing shutter Shutter: shutter Shutter is still open"]


def test_a_camera_unplugged_in_the_middle_is_missed_from_then_on(build: Build) -> None:
    stand = build()
    (frame,) = stand.take(stand.shot())
    stand.core.unloadDevice("Specimen")
    (missed,) = stand.take(stand.shot())
    assert isinstance(frame, Frame)
    assert isinstance(missed, Missed)
    assert 'No device with label "Specimen"' in missed.reason
    failures = stand.microscope.leave()
    assert all("Specimen" in failure or '""' in failure for failure in failures)
