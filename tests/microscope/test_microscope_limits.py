"""No move goes past the limits, whoever asks for it: a shot, a lock, a preset, or the way back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import EXPERIMENT, NK

from livewatch.clock import RealClock
from livewatch.errors import BadInput
from livewatch.model import Frame, Missed, Plane
from livewatch.settings import Channel, Experiment, Limits, Objective, Zoom
from livewatch.settings import Microscope as Settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from microscope_stand import Build, Stand

    from livewatch.model import Reply, Shot

ROOM = Path(__file__).parents[2] / "livewatch"
MOVES = re.compile(
    r"\.(setXYPosition|setPosition|setRelative\w+|setStateLabel|setState|setZPosition|home|"
    r"fullFocus|incrementalFocus|enableContinuousFocus|setAutoFocusOffset|setOrigin\w*)\("
)
BOX = Limits(x_um=(-100.0, 100.0), y_um=(-100.0, 100.0), z_um=(-150.0, 50.0))
CLOSER = {"objective": "40x", "pixel_um": 0.1625}


def limited(limits: Limits = BOX, **sections: Any) -> Experiment:
    return EXPERIMENT.model_copy(update={"limits": limits, **sections})


def with_lock(core: Any) -> None:
    core.loadDevice("Lock", "DemoCamera", "DAutoFocus")
    core.initializeDevice("Lock")
    core.setAutoFocusDevice("Lock")


def where(core: Any) -> tuple[float, float, float, str]:
    """Stage, focus and objective, rounded to um."""
    x, y, z = (*core.getXYPosition(), core.getPosition())
    return round(x) + 0.0, round(y) + 0.0, round(z) + 0.0, str(core.getStateLabel("Objective"))


def left_at(stand: Stand) -> tuple[float, float, float, str]:
    """Leave the microscope; where it stood right before it let go of its devices."""
    seen: list[tuple[float, float, float, str]] = []
    unload = stand.core.unloadAllDevices
    stand.core.unloadAllDevices = lambda: (seen.append(where(stand.core)), unload())
    stand.microscope.leave()
    return seen[0]


def test_every_command_that_moves_something_is_given_behind_the_limits() -> None:
    given = {
        str(path.relative_to(ROOM)).replace("\\", "/")
        for path in ROOM.rglob("*.py")
        if MOVES.search(path.read_text(encoding="utf-8"))
    }
    assert given == {
        "microscope/motors.py",
        "microscope/focus.py",
        "microscope/load.py",  # puts the demo's own objectives into its turret
    }


# --- the way back ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stood", "left", "said"),
    [
        ({"x": 5000.0}, (20.0, 0.0, 7.0, "20x"), "moving the stage back: refused: stage x"),
        ({"z": 300.0}, (0.0, 0.0, 5.0, "20x"), "putting the focus back: refused: focus 300 um"),
        (
            {"z": 7.0, "objective": "10x"},
            (20.0, 0.0, 5.0, "20x"),
            "putting the objective back: refused: objective '10x' is not among those allowed",
        ),
    ],
    ids=["stage", "focus", "objective"],
)
def test_what_was_found_beyond_a_limit_is_left_where_it_is_and_said(
    build: Build, stood: dict[str, Any], left: tuple[float, float, float, str], said: str
) -> None:
    def prepare(core: Any) -> None:
        core.setXYPosition(stood.get("x", 0.0), 0.0)
        core.setPosition(stood.get("z", 7.0))
        core.setStateLabel("Objective", stood.get("objective", "20x"))
        core.waitForSystem()

    place = {"name": "A", "x_um": 20.0, "y_um": 0.0, "z_um": 5.0}
    experiment = limited(
        BOX.model_copy(update={"objectives": ("20x", "40x")}),
        microscope=Settings(objective="20x", timeout_s=1.0),
        positions=Experiment(positions=[place], channels=EXPERIMENT.channels).positions,
    )
    stand = build(experiment, prepare=prepare)
    there = {"stage_x_um": 20.0, "stage_y_um": 0.0, "z_um": 5.0}
    (frame,) = stand.take(stand.shot(NK, objective="20x", pixel_um=0.325, **there))
    assert isinstance(frame, Frame)
    assert left_at(stand) == left
    assert stand.microscope.failures == []
    assert said in stand.microscope.left[0]


def test_a_turret_that_other_presets_of_the_group_turn_goes_back_with_the_focus_away(
    build: Build,
) -> None:
    def prepare(core: Any) -> None:
        core.defineConfig("Channel", "Overview", "Objective", "Label", "10x")
        core.setPosition(7.0)

    stand = build(limited(BOX.model_copy(update={"retract_z_um": -120.0})), prepare=prepare)
    stand.take(stand.shot(NK, **CLOSER))
    core, turns = stand.core, []
    turn, write = core.setStateLabel, core.setProperty

    def turned(device: str, label: str) -> None:
        turns.append((label, round(core.getPosition())))
        turn(device, label)

    def written(device: str, prop: str, value: Any) -> None:
        assert device != "Objective"
        write(device, prop, value)

    core.setStateLabel, core.setProperty = turned, written
    assert left_at(stand) == (0.0, 0.0, 7.0, "20x")
    assert turns == [("20x", -120)]
    assert stand.microscope.failures == stand.microscope.left == []


# --- what finds the focus by itself ----------------------------------------------------------


def test_a_focus_lock_that_finds_something_else_is_undone_and_never_switched_on_again(
    build: Build,
) -> None:
    switched: list[bool] = []

    def prepare(core: Any) -> None:
        with_lock(core)
        core.setPosition(7.0)
        core.enableContinuousFocus(True)  # as the user left it
        switch = core.enableContinuousFocus

        def runs_away(on: bool) -> None:
            switched.append(on)
            switch(on)
            if on:
                core.setPosition(250.0)

        core.enableContinuousFocus = runs_away

    held = limited(
        BOX.model_copy(update={"retract_z_um": -120.0}), microscope=Settings(hold_focus=True)
    )
    stand = build(held, prepare=prepare)
    kept, near, again = stand.take(
        stand.shot(NK), stand.shot(NK, **CLOSER), stand.shot(NK, **CLOSER)
    )
    assert kept.remark == ""
    assert near.remark.startswith("out of focus: the focus lock was switched off for good")
    assert "focus 250 um is outside the limits -150 to 50 um" in near.remark
    assert near.view.z_um == again.view.z_um == 7.0
    assert again.remark == near.remark
    assert switched == [False, True, False]
    assert left_at(stand) == (0.0, 0.0, 7.0, "20x")
    assert switched == [False, True, False]
    assert "switched off for good" in stand.microscope.left[0]


def test_a_lock_that_drifts_out_of_the_limits_between_two_frames_is_noticed(build: Build) -> None:
    stand = build(limited(microscope=Settings(hold_focus=True)), prepare=with_lock)
    (kept,) = stand.take(stand.shot(NK))
    stand.core.setPosition(250.0)
    (missed,) = stand.take(stand.shot(NK, stage_x_um=50.0))
    assert kept.remark == ""
    assert missed.reason == (
        "refused: focus 250 um is outside the limits -150 to 50 um, and it stands there"
    )
    assert where(stand.core)[0] == 0.0


def test_an_autofocus_that_cannot_be_undone_exposes_nothing(build: Build) -> None:
    def prepare(core: Any) -> None:
        with_lock(core)
        send = core.setPosition

        def jams() -> None:
            send(300.0)
            core.setPosition = lambda *where: (_ for _ in ()).throw(OSError("focus jammed"))

        core.fullFocus = jams

    stand = build(limited(zoom=Zoom(objective="40x", autofocus=True)), prepare=prepare)
    near, after = stand.take(stand.shot(NK, **CLOSER), stand.shot(NK, z_um=None, **CLOSER))
    assert near.reason == "moving Z to 0.00 um: focus jammed"
    assert "focus 300 um is outside the limits" in after.reason
    assert stand.specimen.exposed == []


# --- shots -----------------------------------------------------------------------------------


def test_a_shot_that_leaves_the_focus_alone_needs_it_within_the_limits(build: Build) -> None:
    stand = build(limited())
    (first,) = stand.take(stand.shot(NK, z_um=None))
    stand.core.setPosition(60.0)  # by hand
    (missed,) = stand.take(stand.shot(NK, z_um=None, stage_x_um=40.0))
    assert isinstance(first, Frame)
    assert isinstance(missed, Missed)
    assert "focus 60 um is outside the limits -150 to 50 um, and it stands there" in missed.reason
    assert where(stand.core)[0] == 0.0


def test_the_focus_does_not_come_back_from_a_far_move_to_where_it_may_not_be(
    build: Build,
) -> None:
    careful = BOX.model_copy(update={"retract_z_um": -120.0, "far_um": 30.0})
    stand = build(limited(careful))
    stand.take(stand.shot(NK, z_um=None))
    stand.core.setPosition(60.0)  # by hand
    (missed,) = stand.take(stand.shot(NK, z_um=None, stage_x_um=90.0))
    assert "focus 60 um is outside" in missed.reason
    assert where(stand.core)[0] == 0.0


def test_a_binning_that_the_camera_lacks_is_refused_and_nothing_moves(build: Build) -> None:
    stand = build()
    (missed,) = stand.take(stand.shot(NK, binning=3, pixel_um=0.975, stage_x_um=40.0))
    assert missed.reason == "refused: binning 3: Specimen has 1, 2, 4, 8"
    assert where(stand.core)[0] == 0.0


def on(shot: Shot, replies: list[Any]) -> Generator[Shot, Reply, None]:
    """A loop that wants every frame of a burst, however long it takes."""
    while True:
        replies.append((yield shot))
        if not isinstance(replies[-1], Frame) or shot.count == 1:
            return
        shot = replace(shot, count=shot.count - 1)


def test_a_burst_ends_with_the_sessions_planned_time(build: Build) -> None:
    stand = build(limited(Limits(duration_s=0.4)), clock=RealClock())
    asked: list[int] = []
    start = stand.core.startSequenceAcquisition
    stand.core.startSequenceAcquisition = lambda *how: (asked.append(how[1]), start(*how))
    replies: list[Any] = []
    shot = stand.shot(Plane("nk", 10.0), count=5000)
    stand.clock.start()
    stand.microscope.run(on(shot, replies), stand.inbox)
    assert asked[0] <= 40
    assert sum(asked) < 50
    assert replies[-1].reason == "refused: the planned 0.4 s are over"


# --- said before anything moves --------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"limits": Limits(x_um=(100.0, 200.0))}, "where the microscope stands: stage x 0 um is"),
        ({"limits": Limits(z_um=(-50.0, -10.0))}, "stands: focus 0 um is outside the limits"),
        (
            {
                "limits": Limits(x_um=(-10.0, 10.0)),
                "objectives": {"40x": Objective(offset_x_um=-30.0)},
                "microscope": Settings(objective="40x"),
            },
            "where the microscope stands: stage x 30 um is outside the limits",
        ),
    ],
    ids=["stage", "focus", "offset"],
)
def test_a_survey_beyond_the_limits_is_refused_at_once(
    build: Build, sections: dict[str, Any], message: str
) -> None:
    stand = build(EXPERIMENT.model_copy(update=sections))
    with pytest.raises(BadInput, match=message):
        stand.microscope.inspect()


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        (Channel(preset="NK", group="Sly"), r"\[channels\.nk\] preset = 'NK' would move Objective"),
        (
            Channel(preset="NK", power_property="Z.Position"),
            r"power_property = 'Z\.Position' would move Z past \[limits\]",
        ),
    ],
    ids=["preset", "power"],
)
def test_a_channel_that_moves_stage_focus_or_turret_is_refused(
    build: Build, channel: Channel, message: str
) -> None:
    def prepare(core: Any) -> None:
        core.defineConfig("Sly", "NK", "Objective", "Label", "40x")

    sly = Experiment(channels={"nk": channel, "tumor": EXPERIMENT.channels["tumor"]})
    stand = build(sly, prepare=prepare)
    with pytest.raises(BadInput, match=message):
        stand.microscope.inspect()
