"""Faults 6 to 10: stage, focus, focus lock, presets, objectives and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymmcore_plus.experimental.unicore import StageDevice, StateDevice, XYStageDevice

from livewatch.model import Frame
from livewatch.specimen.camera import SpecimenCamera
from tests.faults.bench import SENSOR_PX, Bench, Scene, bench, plan

if TYPE_CHECKING:
    from pathlib import Path

    from livewatch.clock import Clock

TWO = ({"name": "A", "x_um": 500, "y_um": 300}, {"name": "B", "x_um": 900, "y_um": 300})


def rounds(**changes: Any) -> Any:
    """A survey of two places, with nothing to react to at the second."""
    experiment = plan(**changes)
    return experiment.model_copy(update={"positions": type(experiment).model_validate(
        {"positions": TWO}).positions})  # fmt: skip


def at_step(made: Bench, number: int, act: Any) -> None:
    made.session.subscribe(lambda step: act() if len(made.steps) == number else None)


def test_a_stage_that_is_stuck_is_stopped_and_its_slots_are_missed(tmp_path: Path) -> None:
    made = bench(tmp_path / "s", rounds(microscope={"timeout_s": 0.15}))
    at_step(made, 3, lambda: made.core.setProperty("XY", "Velocity", "0.001"))
    at_step(made, 6, lambda: made.core.setProperty("XY", "Velocity", "10"))
    made.run().survived()
    assert made.misses
    assert all("moving XY" in reason for reason in made.misses)
    places = {(frame.view.position, round(frame.view.stage_x_um)) for frame in frames(made)}
    assert places == {("A", 500), ("B", 900)}


def frames(made: Bench) -> list[Frame]:
    return [step.reply for step in made.steps if isinstance(step.reply, Frame)]


class Table(XYStageDevice):
    """A stage whose commands can fail, and that may stop somewhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.place = (0.0, 0.0)
        self.fails = False
        self.error_um = 0.0

    def set_position_um(self, x: float, y: float) -> None:
        if self.fails:
            raise OSError("serial time-out")
        self.place = (x + self.error_um, y)

    def get_position_um(self) -> tuple[float, float]:
        return self.place

    def home(self) -> None: ...
    def stop(self) -> None: ...
    def set_origin_x(self) -> None: ...
    def set_origin_y(self) -> None: ...


def with_table(core: Any) -> Table:
    table = Table()
    core.loadPyDevice("Table", table)
    core.initializeDevice("Table")
    core.setXYStageDevice("Table")
    return table


def test_a_stage_command_that_fails_never_labels_a_frame_with_another_place(
    tmp_path: Path,
) -> None:
    tables = list[Table]()
    made = bench(tmp_path / "s", rounds(), prepare=lambda core: tables.append(with_table(core)))
    at_step(made, 3, lambda: setattr(tables[0], "fails", True))
    at_step(made, 8, lambda: setattr(tables[0], "fails", False))
    made.run().survived()
    assert any("serial time-out" in reason for reason in made.misses)
    assert {round(frame.view.stage_x_um) for frame in frames(made)} == {500, 900}


def test_a_stage_that_is_a_little_off_is_labelled_where_it_is(tmp_path: Path) -> None:
    tables = list[Table]()
    made = bench(tmp_path / "s", rounds(), prepare=lambda core: tables.append(with_table(core)))
    tables[0].error_um = 1.5
    made.run().survived()
    assert {frame.view.stage_x_um for frame in frames(made)} == {501.5, 901.5}
    assert {frame.shot.view.stage_x_um for frame in frames(made)} == {500, 900}


class Knob(StageDevice):
    """A focus drive that can fail."""

    fails = False
    place = 0.0

    def set_position_um(self, val: float) -> None:
        if self.fails:
            raise OSError("focus drive blocked")
        self.place = val

    def get_position_um(self) -> float:
        return self.place

    def home(self) -> None: ...
    def stop(self) -> None: ...
    def set_origin(self) -> None: ...


def test_a_focus_drive_that_fails_tags_the_frames_and_keeps_the_rate(tmp_path: Path) -> None:
    knob = Knob()

    def prepare(core: Any) -> None:
        core.loadPyDevice("Knob", knob)
        core.initializeDevice("Knob")
        core.setFocusDevice("Knob")

    focused = plan()
    place = focused.positions[0].model_copy(update={"z_um": 12.0})
    made = bench(
        tmp_path / "s", focused.model_copy(update={"positions": (place,)}), prepare=prepare
    )

    def block() -> None:
        knob.fails, knob.place = True, 40.0

    at_step(made, 3, block)
    at_step(made, 6, lambda: setattr(knob, "fails", False))
    made.run().survived()
    remarks = [bool(frame.remark) for frame in frames(made)]
    assert remarks == [False] * 3 + [True] * 3 + [False] * (len(remarks) - 6)
    assert "focus drive blocked" in frames(made)[3].remark
    assert made.misses == []


class Lock:
    """The core's focus lock, lost when told to; Python cannot make an autofocus device."""

    def __init__(self, core: Any) -> None:
        core.loadDevice("Lock", "DemoCamera", "DAutoFocus")
        core.initializeDevice("Lock")
        core.setAutoFocusDevice("Lock")
        self.holds = True
        self._is_locked = core.isContinuousFocusLocked
        core.isContinuousFocusLocked = lambda: self.holds and self._is_locked()


def test_a_focus_lock_that_is_lost_is_locked_again_and_the_frames_are_tagged(
    tmp_path: Path,
) -> None:
    locks = list[Lock]()
    held = plan(microscope={"hold_focus": True, "timeout_s": 0.1})
    made = bench(tmp_path / "s", held, prepare=lambda core: locks.append(Lock(core)))
    at_step(made, 3, lambda: setattr(locks[0], "holds", False))
    at_step(made, 6, lambda: setattr(locks[0], "holds", True))
    made.run().survived()
    remarks = [bool(frame.remark) for frame in frames(made)]
    assert remarks == [False] * 3 + [True] * 3 + [False] * (len(remarks) - 6)


def test_a_preset_that_is_gone_is_a_miss_and_nothing_is_imaged_in_its_place(
    tmp_path: Path,
) -> None:
    made = bench(tmp_path / "s")

    def lose() -> None:
        made.core.deleteConfig("Channel", "Tumor")

    at_step(made, 3, lose)
    made.run().failed("No frame for")
    assert all("applying preset 'Tumor'" in reason for reason in made.misses)
    assert made.session.tally.frames == 3


class Slipping(StateDevice):
    """A wheel that turns and, while `slips`, falls back."""

    slips = False
    position = 0

    def get_state(self) -> int:
        return self.position

    def set_state(self, position: int) -> None:
        self.position = position

    def busy(self) -> bool:
        if self.slips:
            self.position = 0
        return False


def test_a_property_that_does_not_take_is_a_miss_that_names_it(tmp_path: Path) -> None:
    wheel = Slipping({0: "blue", 1: "green"})

    def prepare(core: Any) -> None:
        core.loadPyDevice("Wheel", wheel)
        core.initializeDevice("Wheel")
        core.defineConfig("Channel", "NK", "Wheel", "Label", "blue")
        core.defineConfig("Channel", "Tumor", "Wheel", "Label", "green")

    made = bench(tmp_path / "s", prepare=prepare)
    at_step(made, 3, lambda: setattr(wheel, "slips", True))
    at_step(made, 5, lambda: setattr(wheel, "slips", False))
    made.run().survived()
    assert made.misses == ["preset 'Tumor': Wheel Label is 'blue' instead of 'green'"] * 2


class Deaf(SpecimenCamera):
    """A camera that reads out regions somewhere else."""

    def set_roi(self, x: int, y: int, width: int, height: int) -> None:
        super().set_roi(0, 0, width, height)


def test_a_region_somewhere_else_is_a_miss_and_never_a_frame(tmp_path: Path) -> None:
    def camera(scene: Scene, clock: Clock) -> Deaf:
        return Deaf(scene, clock, SENSOR_PX)

    made = bench(tmp_path / "s", camera=camera, scene=Scene()).run()
    made.survived()
    assert any("the camera reads out" in reason for reason in made.misses)
    assert all(frame.view.region is None for frame in frames(made))
    assert made.session.tally.frames >= 8
