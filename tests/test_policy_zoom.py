"""The closer look: each part by choice, its aim checked after every change, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from math import hypot
from typing import TYPE_CHECKING

import numpy as np
import pytest
from policy_world import HOME, INSTRUMENT, Meeting, Play, ToyEyes, experiment, play

from livewatch.errors import BadInput
from livewatch.model import Ask, Cell, Frame, Kind, Landing, Observation, Request, View
from livewatch.policy.forecast import forecast
from livewatch.policy.policy import Policy
from livewatch.policy.refocus import sought_um

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Shot

TURRET = replace(INSTRUMENT, pixel_um={"20x": 0.325, "40x": 0.1625})
FOCUSED = replace(TURRET, home=replace(HOME, z_um=0.0))
MEETING = Meeting(100.0, 400.0, x_um=60.0, y_um=-40.0)


@dataclass
class AimingEyes(ToyEyes):
    """Sees where a view landed, given what each change displaces; cells are 4 um off at most."""

    wrong_um: Callable[[View], tuple[float, float]] = lambda view: (0.0, 0.0)
    softer_um: Callable[[View], float] = lambda view: 0.0
    last: View | None = None
    soft_um: float = 0.0
    landings: list[tuple[View, Landing]] = field(default_factory=list)

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        view, before = frame.view, self.last
        same = before is not None and replace(before, stage_x_um=0, stage_y_um=0) == replace(
            view, stage_x_um=0, stage_y_um=0
        )
        if before is None or same:
            self.last = view
            return super().look(frame, until_s)
        x_um, y_um = self.wrong_um(view)
        off_um = x_um + view.trim_x_um, y_um + view.trim_y_um
        seen = hypot(*off_um) < 80
        soft_um = self.softer_um(view)
        before_um, self.soft_um = self.soft_um, soft_um
        landing = Landing(4, 4, *off_um, 0.4, soft_um, before_um) if seen else Landing(4, 0)
        self.landings.append((view, landing))
        if landing.misses(4.0):
            return Observation(
                frame.index, frame.number, frame.time_s, view, problem="missed", landing=landing
            )
        self.last = view
        found = super().look(frame, until_s)
        return found and replace(found, landing=landing)


def through(objective: str, x_um: float, y_um: float) -> Callable[[View], tuple[float, float]]:
    return lambda view: (x_um, y_um) if view.objective == objective else (0.0, 0.0)


def zoomed(
    eyes: AimingEyes | None = None, meetings: tuple[Meeting, ...] = (MEETING,), **zoom: object
) -> Play:
    return play(
        experiment(zoom=zoom, survey={"interval_s": 30.0}),
        meetings,
        700.0,
        instrument=TURRET,
        eyes=eyes or AimingEyes((MEETING,)),
    )


def reasons(played: Play) -> list[str]:
    return [step.decision.reason for step in played.steps]


def at_40x(played: Play) -> list[Frame]:
    return [frame for frame in played.frames if frame.view.objective == "40x"]


def turned_in(played: Play) -> list[Frame]:
    """The first frame of each time that the objective is turned in."""
    return [
        after
        for before, after in pairwise(played.frames)
        if (before.view.objective, after.view.objective) == ("20x", "40x")
    ]


def test_the_objective_changes_for_a_contact_and_changes_back_when_it_is_over() -> None:
    played = zoomed(objective="40x", region=False)
    closer = at_40x(played)
    assert 85.0 < closer[0].time_s < 110.0  # at a gap of 1 um it counts as one
    assert 400.0 < closer[-1].time_s < 560.0
    assert played.frames[-1].view == replace(HOME, position=HOME.position)
    for frame in closer:
        assert frame.view.pixel_um == 0.1625
        assert frame.view.region is None
        assert hypot(frame.view.x_um - 60.0, frame.view.y_um + 40.0) <= 8.0


def test_the_target_stands_in_the_middle_after_the_objective_changed() -> None:
    first = at_40x(zoomed(objective="40x", region=False))[0].view
    assert hypot(first.x_um - 60.0, first.y_um + 40.0) <= 2.0


def test_the_target_stands_in_the_middle_each_time_the_objective_is_turned_in_again() -> None:
    creeping = Meeting(100.0, 700.0, x_um=60.0, y_um=-40.0, drift_um_per_s=0.02)
    played = zoomed(AimingEyes((creeping,)), meetings=(creeping,), objective="40x", region=False)
    turned = turned_in(played)
    assert len(turned) > 2
    for frame in turned:
        x_um, y_um = creeping.at(frame.time_s)
        assert hypot(frame.view.x_um - x_um, frame.view.y_um - y_um) <= 2.0


def test_the_target_stands_in_the_middle_after_the_change_where_another_pair_asks_too() -> None:
    beside = Meeting(90.0, 400.0, x_um=150.0, y_um=-60.0, nk_id=2, tumor_id=2000)
    both = (MEETING, beside)
    first, *rest = at_40x(zoomed(AimingEyes(both), both, objective="40x", region=False))
    off_um = [hypot(first.view.x_um - one.x_um, first.view.y_um - one.y_um) for one in both]
    assert min(off_um) <= 2.0
    assert any(all(frame.view.holds(one.x_um, one.y_um) for one in both) for frame in rest)


def test_region_binning_and_objective_are_each_by_choice_and_go_together() -> None:
    for zoom in (
        {"region": False},
        {"region": True},
        {"region": False, "binning": 2},
        {"region": True, "binning": 2},
        {"region": True, "binning": 2, "objective": "40x"},
    ):
        played = zoomed(**zoom)
        fast = [f for f in played.frames if 150 < f.time_s < 380 and f.view != HOME]
        views = [f.view for f in fast]
        if zoom == {"region": False}:
            assert not views
            continue
        assert {view.binning for view in views} == {zoom.get("binning", 1)}
        assert {view.objective for view in views} == {zoom.get("objective", "20x")}
        assert all((view.region is not None) == zoom["region"] for view in views)
        for view in views:
            unbinned_um = TURRET.pixel_um[view.objective]
            assert view.pixel_um == unbinned_um * view.binning


def test_the_field_is_seen_through_the_survey_s_objective_as_seldom_as_other_positions() -> None:
    played = zoomed(objective="40x")
    whole = [f.time_s for f in played.frames if f.view == HOME and 130 < f.time_s < 400]
    assert len(whole) == 2  # every 4 x 30 s, not every 10


def test_an_aim_that_holds_is_noted_with_figures() -> None:
    said = [r for r in reasons(zoomed(objective="40x", region=False)) if r.startswith("Aim")]
    assert said[0].startswith(
        "Aim checked through 40x: 4 of 4 cells found, off by (+0.0, +0.0) +- 0.4 um, in focus"
    )


def test_a_wrong_offset_is_corrected_once_and_kept() -> None:
    eyes = AimingEyes((MEETING,), wrong_um=through("40x", 14.0, -9.0))
    played = zoomed(eyes, objective="40x")
    missed = [view for view, landing in eyes.landings if landing.misses(4.0)]
    assert len(missed) == 1
    assert missed[0].region is not None
    closer = at_40x(played)
    assert [(f.view.trim_x_um, f.view.trim_y_um) for f in closer[1:]] == [(-14.0, 9.0)] * (
        len(closer) - 1
    )
    assert closer[1].view.region is None  # all there is to see helps to find it
    assert closer[2].view.region is not None
    said = reasons(played)
    assert any("The aim missed through 40x" in r and "corrected by that" in r for r in said)
    assert any(r.startswith("Aim checked through 40x") and "corrected once" in r for r in said)
    assert len(closer) > 50


@pytest.mark.parametrize("wrong_um", [(300.0, 0.0), (0.0, -95.0)])
def test_a_hopeless_offset_is_backed_out_of_after_one_correction(
    wrong_um: tuple[float, float],
) -> None:
    eyes = AimingEyes((MEETING,), wrong_um=through("40x", *wrong_um))
    played = zoomed(eyes, objective="40x")
    assert len(at_40x(played)) == 2
    backed = [s.decision for s in played.steps if "Back from the closer look" in s.decision.reason]
    assert len(backed) == 1
    assert "none of the 4 cells expected" in backed[0].reason
    assert "livewatch calibrate" in backed[0].reason
    assert backed[0].shot is not None
    assert backed[0].shot.view.objective == "20x"
    assert backed[0].shot.view.region is not None  # the rest of the closer look goes on
    refused = [r for s in played.steps for r in s.decision.refused if "No other objective" in r]
    assert len(refused) > 50


def test_what_was_given_up_is_tried_again_later() -> None:
    eyes = AimingEyes((MEETING,), wrong_um=through("40x", 300.0, 0.0))
    played = zoomed(eyes, objective="40x", retry_s=120.0)
    times_s = [frame.time_s for frame in at_40x(played)]
    assert len(times_s) > 2
    assert times_s[2] - times_s[1] >= 120.0


def out_by(z_um: float) -> Callable[[View], float]:
    """Edges as soft as they are through a 40x lens whose focus is off by this much."""
    return lambda view: 0.3 * hypot(1.0, view.trim_z_um + z_um) * (view.objective == "40x")


@pytest.mark.parametrize("z_um", [5.0, -4.0, 9.0, -9.5])
def test_a_focus_that_is_off_is_looked_for_once_and_kept(z_um: float) -> None:
    eyes = AimingEyes((MEETING,), softer_um=out_by(z_um))
    rules = experiment(zoom={"objective": "40x", "region": False}, survey={"interval_s": 30.0})
    played = play(rules, (MEETING,), 400.0, instrument=FOCUSED, eyes=eyes)
    trims = [frame.view.trim_z_um for frame in at_40x(played)]
    assert len(trims) > 50
    assert len(set(trims)) <= 4
    assert trims[-1] == pytest.approx(-z_um, abs=2.0)
    said = [r for r in reasons(played) if "Focus corrected through 40x" in r]
    assert len(said) == 1


@pytest.mark.parametrize(
    ("softer_um", "sections", "looks"),
    [
        (lambda view: 1.1 * (view.objective == "40x"), {}, 3),
        (out_by(40.0), {}, 4),
        (out_by(5.0), {"microscope": {"hold_focus": True}}, 1),
        (out_by(5.0), {"limits": {"z_um": (-1.0, 1.0)}}, 1),
    ],
    ids=["it does not change", "too far", "the lock holds it", "the limits forbid"],
)
def test_a_focus_that_is_not_found_is_backed_out_of(
    softer_um: Callable[[View], float], sections: dict[str, object], looks: int
) -> None:
    eyes = AimingEyes((MEETING,), softer_um=softer_um)
    rules = experiment(
        zoom={"objective": "40x", "region": False}, survey={"interval_s": 30.0}, **sections
    )
    played = play(rules, (MEETING,), 400.0, instrument=FOCUSED, eyes=eyes)
    assert len(at_40x(played)) == looks
    backed = [r for r in reasons(played) if "Back from the closer look: out of focus" in r]
    assert len(backed) == 1
    assert "through 40x: edges +" in backed[0]
    assert played.frames[-1].view.trim_z_um == 0.0


@pytest.mark.parametrize("focus_um", [-8.0, -5.0, -1.0, 0.5, 3.0, 7.0])
def test_three_looks_with_errors_tell_the_focus(focus_um: float) -> None:
    """On one side of it as well as around it, where errors bend a parabola through them."""
    for errors in product((-0.1, 0.0, 0.1), repeat=3):
        second_um = 3.0
        third_um = 6.0 if abs(focus_um - second_um) < abs(focus_um) else -3.0
        looks = tuple(
            (z_um, hypot(0.2, 0.27 * (z_um - focus_um)) + error)
            for z_um, error in zip((0.0, second_um, third_um), errors, strict=True)
        )
        assert sought_um(looks, 3.0) == pytest.approx(focus_um, abs=2.5)


def test_far_out_of_focus_where_all_is_about_as_soft_it_is_sought_beyond_the_sharpest() -> None:
    assert sought_um(((0.0, 2.4), (3.0, 2.5), (-3.0, 2.2)), 3.0) == -6.0
    assert sought_um(((0.0, 2.5), (3.0, 2.4), (6.0, 2.2)), 3.0) == 9.0
    assert sought_um(((0.0, 2.2), (3.0, 2.3), (-3.0, 2.25)), 3.0) is None


def test_a_region_that_shows_something_else_is_given_up_and_the_mirrors_are_named() -> None:
    eyes = AimingEyes(
        (MEETING,), wrong_um=lambda view: (0.0, 0.0) if view.region is None else (200.0, 0.0)
    )
    played = zoomed(eyes)
    assert sum(frame.view.region is not None for frame in played.frames) == 2
    assert any("mirror_x" in reason for reason in reasons(played))


def unbinned(shot: Shot, now_s: float) -> bool:
    return shot.view.binning != 1


def test_a_camera_that_refuses_binning_is_tried_again_and_then_left_at_its_own() -> None:
    played = play(
        experiment(zoom={"binning": 2}), (MEETING,), 300.0, instrument=TURRET, fails=unbinned
    )
    assert len(played.missed) == 3
    said = [step.decision.reason for step in played.steps]
    assert any("missed 3 times at binning 2" in r and "camera silent" in r for r in said)
    after = [f for f in played.frames if f.time_s > played.missed[-1].time_s]
    assert after[0].time_s - played.missed[-1].time_s < 3.0  # no suspension
    assert {frame.view.binning for frame in after} == {1}


def test_a_camera_that_fails_at_a_view_it_had_is_suspended_not_blamed_on_the_zoom() -> None:
    def fails(shot: Shot, now_s: float) -> bool:
        return 200 < now_s < 260

    played = play(experiment(zoom={"binning": 2}), (MEETING,), 400.0, fails=fails)
    assert not any("Back from" in step.decision.reason for step in played.steps)
    assert any("slot skipped" in step.decision.reason for step in played.steps)


def test_a_pair_beyond_the_stage_s_limits_is_not_looked_at_through_the_objective() -> None:
    rules = experiment(zoom={"objective": "40x"}, limits={"x_um": (-5.0, 5.0), "y_um": (-5.0, 5.0)})
    far = replace(MEETING, x_um=120.0)
    played = play(rules, (far,), 300.0, instrument=TURRET)
    assert not at_40x(played)
    refused = {r for step in played.steps for r in step.decision.refused}
    assert "No other objective: 40x cannot show the pair from there" in refused


def test_the_stage_s_limits_hold_for_the_stage_not_for_the_sample() -> None:
    rules = experiment(
        zoom={"objective": "40x"},
        limits={"x_um": (-1000.0, 30.0)},
        objectives={"40x": {"offset_x_um": 20.0}},
    )
    for frame in at_40x(play(rules, (MEETING,), 300.0, instrument=TURRET)):
        assert frame.view.stage_x_um - 20.0 <= 30.0


def test_a_place_pointed_at_is_looked_at_through_the_objective() -> None:
    look = Request(Ask.LOOK, 40.0, x_um=20.0, y_um=30.0)
    played = play(
        experiment(zoom={"objective": "40x"}), (), 200.0, instrument=TURRET, requests=(look,)
    )
    closer = at_40x(played)
    assert closer
    assert all(frame.view.holds(20.0, 30.0) for frame in closer)


@pytest.mark.parametrize(("x_um", "refused"), [(1010.0, False), (1030.0, True)])
def test_a_place_pointed_at_is_in_reach_if_the_stage_can_go_there_with_the_survey_s_objective(
    x_um: float, refused: bool
) -> None:
    rules = experiment(
        limits={"x_um": (-1000.0, 1000.0)}, objectives={"20x": {"offset_x_um": 20.0}}
    )
    played = play(rules, (), 60.0, requests=(Request(Ask.LOOK, 40.0, x_um=x_um, y_um=0.0),))
    assert any("cannot be reached" in reason for reason in reasons(played)) is refused


@pytest.mark.parametrize(
    ("instrument", "message"),
    [
        (replace(INSTRUMENT, pixel_um={"20x": 0.325}), "has no pixel size; calibrated are: 20x"),
        (replace(TURRET, moves_objective=False), "has no motorized turret"),
    ],
)
def test_an_objective_that_cannot_be_turned_in_is_refused_before_the_start(
    instrument: object, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        Policy(experiment(zoom={"objective": "40x"}), instrument)  # type: ignore[arg-type]


def test_the_survey_s_own_objective_is_no_closer_look() -> None:
    with pytest.raises(BadInput, match="survey's own"):
        Policy(experiment(zoom={"objective": "20x"}), TURRET)


def test_what_a_closer_look_costs_is_said_beforehand() -> None:
    said = "\n".join(forecast(experiment(zoom={"objective": "40x"}), TURRET).lines())
    assert "a closer look: 40x, binning 1, 81 x 81 um of 333 x 333 um" in said
    assert "no limits.retract_z_um is set" in said
    assert "no offsets are known for 40x" in said


@dataclass
class ForgetfulEyes(AimingEyes):
    """Loses sight of a pair's NK cell at `lost_s`; nobody sees its encounter end."""

    lost_s: float = 200.0

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        seen = super().look(frame, until_s)
        if seen is None or frame.time_s < self.lost_s:
            return seen
        return replace(seen, contacts=(), cells=())


def test_an_encounter_that_is_not_seen_any_more_is_not_turned_to_again_and_lets_the_rate_fall() -> (
    None
):
    long = replace(MEETING, end_s=900.0)
    played = zoomed(ForgetfulEyes((long,)), (long,), objective="40x", region=False)
    assert played.steps[-1].observation is not None
    assert any(each.is_open for each in played.steps[-1].observation.encounters)
    assert len(turned_in(played)) == 1
    assert at_40x(played)[-1].time_s < 200.0 + 60.0 + 60.0 + 5.0
    late = [frame.time_s for frame in played.frames if frame.time_s > 340.0]
    assert min(b - a for a, b in pairwise(late)) >= 29.0


def cut_cell(number: int) -> Cell:
    """An NK cell that the border of the image cuts."""
    return Cell(number, Kind.NK, 0.0, 0.0, 30.0, 25.0, 100.0, True, np.zeros((0, 2), np.float32))


def test_a_place_is_not_taken_from_cells_that_the_border_cuts_if_it_was_known_a_moment_ago() -> (
    None
):
    class Cut(AimingEyes):
        """Of the cells of a pair at the border of the survey's field a part is seen."""

        def look(self, frame: Frame, until_s: float) -> Observation | None:
            seen = super().look(frame, until_s)
            if seen is None or frame.view.objective != "20x" or frame.time_s < 150.0:
                return seen
            contacts = tuple(
                replace(each, nk_x_um=each.nk_x_um + 9.0, nk_y_um=each.nk_y_um - 3.0)
                for each in seen.contacts
            )
            cells = tuple(cut_cell(each.nk_id) for each in contacts)
            return replace(seen, contacts=contacts, cells=cells)

    played = zoomed(Cut((MEETING,)), objective="40x", region=False)
    turned = turned_in(played)
    assert len(turned) > 1
    for frame in turned:
        assert hypot(frame.view.x_um - 60.0, frame.view.y_um + 40.0) <= 2.0


def test_a_pair_that_the_border_cuts_is_shown_whole_before_the_objective_is_turned_in() -> None:
    class Cut(AimingEyes):
        """Sees less than half of a tumor cell that reaches beyond the border."""

        def look(self, frame: Frame, until_s: float) -> Observation | None:
            seen = super().look(frame, until_s)
            view = frame.view
            if seen is None or view.holds(*at_border.at(0.0), margin_um=20.0):
                return seen
            contacts = tuple(replace(each, tumor_x_um=150.0) for each in seen.contacts)
            cells = tuple(cut_cell(each.nk_id) for each in contacts)
            return replace(seen, contacts=contacts, cells=cells)

    at_border = replace(MEETING, x_um=160.0)
    rules = experiment(zoom={"objective": "40x", "region": False}, watch={"anticipate": False})
    played = play(rules, (at_border,), 500.0, instrument=TURRET, eyes=Cut((at_border,)))
    turned = turned_in(played)
    assert turned
    for frame in turned:
        assert hypot(frame.view.x_um - 160.0, frame.view.y_um + 40.0) <= 2.0


def test_the_objective_is_turned_in_where_the_contact_is_not_where_another_pair_comes_close() -> (
    None
):
    contact = Meeting(100.0, 500.0, x_um=-80.0, y_um=0.0)
    closing = Meeting(
        220.0, 500.0, x_um=80.0, y_um=0.0, speed_um_per_s=0.05, nk_id=2, tumor_id=2000
    )
    both = (contact, closing)
    played = zoomed(AimingEyes(both), both, objective="40x", region=False)
    again = next(frame for frame in turned_in(played) if 200.0 < frame.time_s < closing.start_s)
    assert hypot(again.view.x_um - contact.x_um, again.view.y_um) <= 2.0
