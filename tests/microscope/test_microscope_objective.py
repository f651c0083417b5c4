"""Changing the objective, the binning and the region on the real core, and coming back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import EXPERIMENT, shows

from livewatch.errors import BadInput
from livewatch.model import Frame, Missed, Region
from livewatch.settings import Experiment, Limits, Objective, Zoom
from livewatch.specimen.camera import LENSES

if TYPE_CHECKING:
    from microscope_stand import Build

KNOWN = {
    name: Objective(offset_x_um=x_um, offset_y_um=y_um, offset_z_um=z_um)
    for name, (x_um, y_um, z_um) in LENSES.items()
}
CLOSER = {"objective": "40x", "pixel_um": 0.1625}


def experiment(**sections: Any) -> Experiment:
    return EXPERIMENT.model_copy(update=sections)


def test_offsets_that_are_known_bring_the_same_place_into_view_and_into_focus(
    build: Build,
) -> None:
    stand = build(experiment(objectives=KNOWN), lenses=LENSES)
    far, near = stand.take(stand.shot(stage_x_um=30.0), stand.shot(stage_x_um=30.0, **CLOSER))
    assert shows(far)
    assert shows(near)
    assert near.view.stage_x_um == pytest.approx(30.0, abs=0.05)
    seen = [view for view, *_ in stand.specimen.exposed]
    assert seen[-1].z_um == pytest.approx(seen[0].z_um, abs=0.01)
    assert stand.core.getXPosition() == pytest.approx(30.0 - LENSES["40x"][0], abs=0.05)


def test_offsets_that_are_not_known_miss_by_what_they_are(build: Build) -> None:
    stand = build(lenses=LENSES)
    (near,) = stand.take(stand.shot(**CLOSER))
    assert not shows(near)
    really = stand.specimen.exposed[0][0]
    assert really.stage_x_um - near.view.stage_x_um == pytest.approx(LENSES["40x"][0], abs=0.05)
    assert really.stage_y_um - near.view.stage_y_um == pytest.approx(LENSES["40x"][1], abs=0.05)


def test_what_a_check_of_the_aim_found_is_taken_into_account(build: Build) -> None:
    stand = build(lenses=LENSES)
    x_um, y_um, _ = LENSES["40x"]
    (near,) = stand.take(stand.shot(**CLOSER, trim_x_um=x_um, trim_y_um=y_um))
    assert shows(near)
    assert (near.view.trim_x_um, near.view.trim_y_um) == (x_um, y_um)


def test_a_trim_leads_the_stage_past_no_limit(build: Build) -> None:
    stand = build(experiment(limits=Limits(x_um=(-10.0, 10.0))))
    (missed,) = stand.take(stand.shot(**CLOSER, trim_x_um=-40.0))
    assert isinstance(missed, Missed)
    assert "stage x 40 um is outside the limits -10 to 10 um" in missed.reason
    assert stand.core.getStateLabel("Objective") == "20x"


def test_region_binning_objective_and_focus_all_come_back(build: Build) -> None:
    careful = Limits(retract_z_um=-100.0)
    stand = build(experiment(objectives=KNOWN, limits=careful), lenses=LENSES)
    closer = stand.shot(
        objective="40x",
        pixel_um=0.325,
        binning=2,
        region=Region(128, 128, 256, 256),
        z_um=None,
        stage_x_um=25.0,
    )
    whole = stand.shot(z_um=None)
    frames = stand.take(whole, closer, whole)
    assert all(isinstance(frame, Frame) and shows(frame) for frame in frames)
    before, near, after = frames
    assert near.view.binning == 2
    assert near.planes[0].shape == (128, 128)
    assert replace(after.view, z_um=None) == replace(before.view, z_um=None)
    assert after.view.z_um == pytest.approx(before.view.z_um, abs=0.01)
    seen = stand.specimen.exposed[-1][0]
    assert (seen.objective, seen.binning, seen.region) == ("20x", 1, None)


def test_the_focus_comes_back_after_a_turret_that_did_not_turn(build: Build) -> None:
    stand = build(experiment(limits=Limits(retract_z_um=-100.0)))
    core = stand.core
    core.setPosition(4.0)
    turn = core.setStateLabel

    def stuck(device: str, label: str) -> None:
        if label == "40x":
            raise RuntimeError("the turret is blocked")
        turn(device, label)

    core.setStateLabel = stuck
    missed, again, back = stand.take(
        stand.shot(z_um=None, **CLOSER), stand.shot(z_um=None, **CLOSER), stand.shot(z_um=None)
    )
    assert "turning to objective '40x': the turret is blocked" in missed.reason
    assert isinstance(again, Missed)
    assert back.view.z_um == pytest.approx(4.0, abs=0.01)
    assert core.getPosition() == pytest.approx(4.0, abs=0.01)


def test_an_offset_leads_the_focus_past_no_limit(build: Build) -> None:
    deep = {"40x": Objective(offset_z_um=-80.0)}
    limits = Limits(z_um=(-100.0, 50.0), retract_z_um=-90.0)
    stand = build(experiment(objectives=deep, limits=limits))
    (missed,) = stand.take(stand.shot(z_um=None, **CLOSER))
    assert missed.reason == "refused: focus 80 um is outside the limits -100 to 50 um"
    assert stand.core.getStateLabel("Objective") == "20x"
    assert stand.core.getPosition() == 0.0


def locked(core: Any) -> None:
    """A camera that offers binning and then refuses it."""
    change = core.setProperty

    def watched(device: str, prop: str, value: Any) -> None:
        if prop == "Binning" and str(value) != "1":
            raise RuntimeError("binning is locked")
        change(device, prop, value)

    core.setProperty = watched


def test_a_camera_that_does_not_bin_is_a_miss_with_its_reason_and_goes_on_unbinned(
    build: Build,
) -> None:
    stand = build(prepare=locked)
    missed, frame = stand.take(stand.shot(binning=2, pixel_um=0.65), stand.shot())
    assert isinstance(missed, Missed)
    assert missed.reason == "setting binning 2: binning is locked"
    assert isinstance(frame, Frame)
    assert frame.view.binning == 1


def with_autofocus(core: Any) -> None:
    core.loadDevice("AF", "DemoCamera", "DAutoFocus")
    core.initializeDevice("AF")
    core.setAutoFocusDevice("AF")


def test_the_autofocus_focuses_once_after_the_turret_has_turned(build: Build) -> None:
    focused: list[str] = []

    def prepare(core: Any) -> None:
        with_autofocus(core)
        focus = core.fullFocus

        def watched() -> None:
            focused.append(str(core.getStateLabel("Objective")))
            focus()
            core.setPosition(core.getPosition() + 1.5)

        core.fullFocus = watched

    stand = build(experiment(zoom=Zoom(objective="40x", autofocus=True)), prepare=prepare)
    near = stand.shot(z_um=None, **CLOSER)
    first, second, back = stand.take(near, near, stand.shot(z_um=None))
    assert focused == ["40x"]
    assert first.view.z_um == second.view.z_um == 1.5
    assert back.view.z_um == 0.0
    assert first.remark == ""


def test_what_the_autofocus_found_holds_until_the_turret_turns_again(build: Build) -> None:
    def prepare(core: Any) -> None:
        with_autofocus(core)
        core.fullFocus = lambda: core.setPosition(core.getPosition() + 4.0)

    zoom = Zoom(objective="40x", autofocus=True)
    stand = build(experiment(zoom=zoom), prepare=prepare)
    near = stand.shot(z_um=2.0, **CLOSER)
    first, second, back = stand.take(near, near, stand.shot(z_um=2.0))
    assert first.view.z_um == second.view.z_um == 6.0
    assert back.view.z_um == 2.0


def test_an_autofocus_that_runs_away_or_fails_is_undone_and_said(build: Build) -> None:
    def prepare(core: Any) -> None:
        with_autofocus(core)
        core.fullFocus = lambda: core.setPosition(300.0)

    limits = Limits(z_um=(-50.0, 50.0))
    zoom = Zoom(objective="40x", autofocus=True)
    stand = build(experiment(zoom=zoom, limits=limits), prepare=prepare)
    (near,) = stand.take(stand.shot(z_um=None, **CLOSER))
    assert near.remark.startswith("out of focus: refused: focus 300 um is outside the limits")
    assert near.view.z_um == 0.0


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"zoom": Zoom(objective="63x")}, r"\[zoom\] objective: no pixel size is known for '63x'"),
        ({"zoom": Zoom(objective="Empty 4")}, "no pixel size is known for 'Empty 4'"),
        ({"zoom": Zoom(objective="20x")}, "is the one in place"),
        (
            {"zoom": Zoom(objective="40x"), "limits": Limits(objectives=("20x", "10x"))},
            r"\[zoom\] objective = '40x' is not among \[limits\] objectives",
        ),
        ({"zoom": Zoom(binning=3)}, r"\[zoom\] binning = 3: Specimen has 1, 2, 4, 8"),
        ({"zoom": Zoom(objective="40x", autofocus=True)}, "no autofocus device is assigned"),
        ({"zoom": Zoom(autofocus=True)}, "none is set"),
        (
            {"limits": Limits(z_um=(-50.0, 50.0), retract_z_um=-100.0)},
            "retract_z_um = -100 is not within",
        ),
    ],
)
def test_a_closer_look_that_cannot_be_is_refused_before_anything_moves(
    build: Build, sections: dict[str, Any], message: str
) -> None:
    stand = build(experiment(**sections))
    with pytest.raises(BadInput, match=message):
        stand.microscope.inspect()
    assert stand.core.getStateLabel("Objective") == "20x"
    assert stand.specimen.exposed == []
