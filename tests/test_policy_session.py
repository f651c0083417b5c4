"""Whole sessions through the loop, with a toy analyst: what the microscope is made to do."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

import pytest
from policy_world import HOME, INSTRUMENT, Meeting, ToyEyes, experiment, play

from livewatch.model import Ask, Frame, Instrument, Missed, Purpose, Request, View

if TYPE_CHECKING:
    from livewatch.model import Shot

THREE = [
    {"name": "A", "x_um": 0.0, "y_um": 0.0},
    {"name": "B", "x_um": 3000.0, "y_um": 0.0},
    {"name": "C", "x_um": 1500.0, "y_um": 0.0},
]


def test_a_quiet_sample_is_surveyed_on_a_fixed_grid() -> None:
    played = play(experiment(), until_s=3601)
    late = [frame.time_s - frame.shot.not_before_s for frame in played.frames]
    assert [frame.shot.not_before_s for frame in played.frames] == [30.0 * n for n in range(121)]
    assert max(late) < 0.01
    assert {frame.shot.purpose for frame in played.frames} == {Purpose.SURVEY}


def test_without_positions_the_present_view_is_surveyed() -> None:
    played = play(experiment(), until_s=1)
    assert played.frames[0].view == HOME


def test_positions_are_visited_in_the_order_of_the_shortest_way() -> None:
    played = play(experiment(positions=THREE), until_s=29)
    assert [frame.view.position for frame in played.frames] == ["A", "C", "B"]
    assert [frame.shot.not_before_s for frame in played.frames] == [0.0, 10.0, 20.0]


def test_slots_missed_through_slowness_are_dropped_and_not_made_up_for() -> None:
    rules = experiment(survey={"interval_s": 10})
    played = play(rules, until_s=700, frame_s=24)
    spacings = played.spacings_s("home")
    assert min(spacings) >= 24
    assert {round(frame.shot.not_before_s % 10, 6) for frame in played.frames} == {0.0}


def test_the_fast_rate_is_on_before_contact() -> None:
    played = play(experiment(), (Meeting(200, 500),), until_s=520)
    fast = [f.time_s for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    assert 5 < 200 - fast[0] < 60


def test_without_anticipation_the_fast_rate_waits_for_the_encounter() -> None:
    rules = experiment(watch={"anticipate": False})
    played = play(rules, (Meeting(200, 500),), until_s=520)
    fast = [f.time_s for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    assert fast[0] > 230  # two survey frames in contact, at 210 and 240 s


def test_the_first_fast_frame_follows_at_once() -> None:
    played = play(experiment(), (Meeting(200, 500),), until_s=520)
    first = next(f for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER)
    before = played.frames[first.index - 1]
    assert first.shot.not_before_s <= before.end_s
    assert first.time_s - before.end_s < 0.01


def test_an_encounter_is_followed_at_its_rate_in_a_region_around_the_pair() -> None:
    played = play(experiment(), (Meeting(100, 400, x_um=60, y_um=-40),), until_s=300)
    fast = [f for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER and f.time_s < 200]
    zoomed = [f for f in fast if f.view.region is not None]
    assert len(zoomed) > 0.8 * len(fast)
    for frame in zoomed:
        assert frame.view.width_um == pytest.approx(80, abs=6)
        assert frame.view.holds(60, -40, margin_um=25)
    steps = [b.time_s - a.time_s for a, b in pairwise(fast)]
    assert max(steps) < 2.2
    assert min(steps[1:]) >= 2


def test_the_whole_field_is_still_seen_at_the_survey_interval() -> None:
    played = play(experiment(), (Meeting(100, 2000),), until_s=2000)
    times = [frame.time_s for frame in played.whole("home")]
    assert max(b - a for a, b in pairwise(times)) <= 1.5 * 30


def test_the_region_moves_with_the_pair_but_not_at_every_frame() -> None:
    rules = experiment(reaction={"quiet_s": 1e6})
    played = play(rules, (Meeting(100, 900, drift_um_per_s=0.1),), until_s=900)
    zoomed = [f for f in played.frames if f.view.region is not None]
    for frame in zoomed:
        pair_x = 0.1 * frame.time_s
        assert abs(frame.view.x_um - pair_x) < 8 + 16 * 0.325 + 1
    views = [f.view for f in zoomed]
    changes = sum(a != b for a, b in pairwise(views))
    assert 3 <= changes <= 20


def test_the_stage_moves_only_when_the_pair_nears_the_sensors_border() -> None:
    inside = play(experiment(), (Meeting(100, 400, x_um=120),), until_s=300)
    assert {f.view.stage_x_um for f in inside.frames} == {0.0}
    at_border = play(experiment(), (Meeting(100, 400, x_um=160),), until_s=300)
    zoomed = [f for f in at_border.frames if f.view.region is not None]
    assert all(20 < f.view.stage_x_um < 60 for f in zoomed)  # no further than need be
    assert all(f.view.holds(160, 0, margin_um=20) for f in zoomed)


def test_a_stage_without_motor_is_never_moved() -> None:
    fixed = Instrument(HOME, {"20x": 0.325}, moves_xy=False)
    played = play(experiment(), (Meeting(100, 400, x_um=160),), until_s=300, instrument=fixed)
    assert {f.view.stage_x_um for f in played.frames} == {0.0}
    assert any(f.shot.purpose is Purpose.ENCOUNTER for f in played.frames)


def test_the_stage_keeps_within_its_limits() -> None:
    rules = experiment(limits={"x_um": [-10, 15]})
    played = play(rules, (Meeting(100, 400, x_um=160),), until_s=300)
    assert max(f.view.stage_x_um for f in played.frames) == 15


def test_after_an_encounter_it_cools_down_and_goes_back_to_the_survey() -> None:
    played = play(experiment(), (Meeting(100, 300),), until_s=900)
    modes = [f.shot.purpose for f in played.frames]
    after = modes[modes.index(Purpose.COOLDOWN) :]
    assert set(after) == {Purpose.COOLDOWN, Purpose.SURVEY}
    cooling = [f.time_s for f in played.frames if f.shot.purpose is Purpose.COOLDOWN]
    assert 40 <= cooling[-1] - cooling[0] <= 70
    surveyed = [f.shot.not_before_s for f in played.frames if f.time_s > cooling[-1] + 30]
    assert {round(t % 30, 6) for t in surveyed} == {0.0}


def test_a_pair_that_has_just_parted_is_not_said_to_hold() -> None:
    played = play(experiment(), (Meeting(100, 300),), until_s=400)
    apart = [s.decision.reason for s in played.steps if "um apart now" in s.decision.reason]
    assert apart
    assert all(reason.startswith("NK 1 and tumor 1000 met 2") for reason in apart)


def test_a_contact_that_goes_quiet_is_slowed_and_sped_up_when_it_moves() -> None:
    played = play(experiment(), (Meeting(100, 1000),), until_s=1050)

    def pace(low: float, high: float) -> float:
        times = [f.time_s for f in played.frames if low < f.time_s < high]
        return (times[-1] - times[0]) / (len(times) - 1)

    assert pace(130, 190) == pytest.approx(2, abs=0.2)
    assert pace(700, 950) > 8
    assert pace(1030, 1050) == pytest.approx(2, abs=0.3)


def test_one_encounter_is_followed_for_the_maximum_dwell_and_then_no_more() -> None:
    rules = experiment(reaction={"max_dwell_s": 200, "quiet_s": 1e6})
    played = play(rules, (Meeting(100, 3000),), until_s=1500)
    touching = [s for s in played.steps if "has held" in s.decision.reason]
    fast = [f.time_s for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    assert isinstance(touching[0].reply, Frame)
    assert 196 <= fast[-1] - touching[0].reply.time_s <= 204
    refused = {r for s in played.steps for r in s.decision.refused}
    assert any("its encounter was followed for 200 s" in reason for reason in refused)


@pytest.mark.parametrize("dwell_s", [10.0, 40.0])
def test_a_rate_once_raised_is_kept_for_the_minimum_dwell(dwell_s: float) -> None:
    rules = experiment(reaction={"min_dwell_s": dwell_s})
    played = play(rules, until_s=600, eyes=Alarmed((Meeting(1000, 1001, speed_um_per_s=0.008),)))
    fast = [f.time_s for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    assert dwell_s - 2.1 <= fast[-1] - fast[0] <= dwell_s + 2.1


class Alarmed(ToyEyes):
    """An analyst who once, at 300 s, takes a pair that is near for one about to touch."""

    def look(self, frame, until_s):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        seen = super().look(frame, until_s)
        in_s = 5.0 if 299 < frame.time_s < 301 else inf
        near = tuple(replace(c, contact_in_s=in_s, contact_in_sd_s=2.0) for c in seen.contacts)
        return replace(seen, contacts=near)


def test_an_approach_that_comes_to_nothing_is_left_and_not_taken_up_again() -> None:
    # it comes to 2 um and hovers there, always about to touch
    hovering = Meeting(200, 3000, nearest_um=2.0, speed_um_per_s=0.5)
    rules = experiment(contact={"enter_um": 1.0}, watch={"refractory_s": 600})
    played = play(rules, (), until_s=1200, eyes=Hovering((hovering,)))
    fast = [f.time_s for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    assert fast[-1] - fast[0] < 700 + 200
    gaps = [b - a for a, b in pairwise(fast)]
    assert max(gaps) > 500
    refusals = " ".join(r for s in played.steps for r in s.decision.refused)
    assert "it came close and no nearer" in refusals


class Hovering(ToyEyes):
    """An analyst who takes a pair that stands still for one that is about to touch."""

    def look(self, frame, until_s):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        seen = super().look(frame, until_s)
        near = tuple(
            replace(c, contact_in_s=5.0, contact_in_sd_s=2.0) if c.gap_um < 7 else c
            for c in seen.contacts
        )
        return replace(seen, contacts=near)


def test_light_for_vain_approaches_stays_within_what_the_experiment_pays() -> None:
    crowd = tuple(
        Meeting(100 + 40 * n, 5000, nearest_um=2.0, speed_um_per_s=0.5, nk_id=n) for n in range(60)
    )
    for share in (0.1, 0.5):
        rules = experiment(watch={"false_alarm_light": share, "refractory_s": 0})
        played = play(rules, until_s=2600, eyes=Hovering(crowd))
        vain = sum(
            f.shot.dose
            for f in played.frames
            if f.shot.purpose in (Purpose.WATCH, Purpose.ENCOUNTER)
        )
        rest = sum(f.shot.dose for f in played.frames) - vain
        most = share * (rest + 2 * 100 * 90 / 2)
        assert 0.3 * most < vain <= most + 2 * 100


def test_analysis_that_goes_blind_does_not_leave_the_microscope_at_the_fast_rate() -> None:
    eyes = ToyEyes((Meeting(100, 3000),), blind_from_s=200)
    played = play(experiment(), until_s=1200, eyes=eyes)
    late = [f for f in played.frames if f.time_s > 400]
    assert {f.shot.purpose for f in late} == {Purpose.SURVEY}


def test_other_positions_are_still_seen_within_the_stated_bound() -> None:
    rules = experiment(positions=THREE, survey={"unseen_rounds": 3})
    played = play(rules, (Meeting(100, 2000, position="A"),), until_s=2000)
    for name in ("B", "C"):
        times = [0.0, *(f.time_s for f in played.whole(name))]
        assert max(b - a for a, b in pairwise(times)) <= 3 * 30 + 15


def test_encounters_at_two_positions_take_turns_and_the_one_that_waits_is_named() -> None:
    meetings = (
        Meeting(100, 2000, position="A"),
        Meeting(150, 2000, position="B", x_um=3000, nk_id=2, tumor_id=2000),
    )
    rules = experiment(positions=THREE, reaction={"quiet_s": 1e6})
    played = play(rules, meetings, until_s=1900)
    fast = {
        name: [f.time_s for f in played.at(name) if f.shot.purpose is Purpose.ENCOUNTER]
        for name in "AB"
    }
    assert 0.4 < len(fast["A"]) / (len(fast["A"]) + len(fast["B"])) < 0.6
    for times in fast.values():
        assert max(b - a for a, b in pairwise(times)) < 60 + 15
    refusals = " ".join(r for s in played.steps for r in s.decision.refused)
    assert "NK 2 and tumor 2000 at B must wait: A has its turn" in refusals


def test_one_region_holds_two_pairs_of_a_position() -> None:
    meetings = (
        Meeting(100, 900, x_um=-40),
        Meeting(150, 900, x_um=70, nk_id=2, tumor_id=2000),
    )
    played = play(experiment(), meetings, until_s=500)
    both = [f for f in played.frames if f.time_s > 200 and f.view.region is not None]
    assert both
    for frame in both:
        assert frame.view.holds(-40, 0, margin_um=20)
        assert frame.view.holds(70, 0, margin_um=20)
        assert frame.view.width_um < 250


def test_the_stage_moves_so_that_two_pairs_far_apart_are_both_seen() -> None:
    meetings = (
        Meeting(100, 900, x_um=155),
        Meeting(150, 900, x_um=-110, nk_id=2, tumor_id=2000),
    )
    rules = experiment(reaction={"quiet_s": 1e6})
    played = play(rules, meetings, until_s=500)
    fast = [f for f in played.frames if f.time_s > 200 and f.shot.purpose is Purpose.ENCOUNTER]
    both = [f for f in fast if f.view.holds(155, 0, 19) and f.view.holds(-110, 0, 19)]
    assert len(both) > 0.75 * len(fast)  # the others look around
    refused = {r for s in played.steps if s.reply in both for r in s.decision.refused}
    assert not any("does not fit" in reason for reason in refused)


def test_pairs_too_far_apart_for_one_field_are_shown_in_turn_and_the_other_is_named() -> None:
    meetings = (
        Meeting(100, 900, x_um=158),
        Meeting(110, 900, x_um=-158, nk_id=2, tumor_id=2000),
    )
    rules = experiment(reaction={"quiet_s": 1e6})
    played = play(rules, meetings, until_s=900)
    fast = [f for f in played.frames if f.time_s > 200 and f.shot.purpose is Purpose.ENCOUNTER]
    for x in (158, -158):
        times = [f.time_s for f in fast if f.view.holds(x, 0, 15)]
        assert max(b - a for a, b in pairwise([200, *times, 900])) < 60 + 2 * 10
    refused = {r for s in played.steps for r in s.decision.refused}
    assert "NK 2 and tumor 2000 does not fit beside NK 1 and tumor 1000" in refused


def test_a_burst_is_streamed_once_and_ends_by_itself() -> None:
    rules = experiment(reaction={"burst": 50})
    played = play(rules, (Meeting(100, 400),), until_s=390)
    burst = [f for f in played.frames if f.shot.purpose is Purpose.BURST]
    assert [f.shot.count for f in burst] == list(range(50, 0, -1))
    assert len({f.view for f in burst}) == 1
    assert all(b.shot.continues(a.shot) for a, b in pairwise(burst))


def test_a_burst_ends_early_when_the_contact_does() -> None:
    rules = experiment(reaction={"burst": 5000})
    eyes = ToyEyes((Meeting(100, 150, speed_um_per_s=0.5),), bridge_s=5)
    played = play(rules, until_s=900, eyes=eyes)
    burst = [f for f in played.frames if f.shot.purpose is Purpose.BURST]
    assert 150 < burst[-1].time_s < 180
    assert burst[-1].shot.count > 1
    assert any("The burst ends early" in s.decision.reason for s in played.steps)


def test_a_burst_ends_with_the_session() -> None:
    rules = experiment(reaction={"burst": 5000}, limits={"duration_s": 200})
    played = play(rules, (Meeting(100, 1500),), until_s=900)
    assert played.frames[-1].shot.purpose is Purpose.BURST
    assert played.frames[-1].time_s < 200


def test_validating_decides_but_does_not_act() -> None:
    rules = experiment(reaction={"validate_only": True})
    played = play(rules, (Meeting(100, 400),), until_s=600)
    assert {f.shot.purpose for f in played.frames} == {Purpose.SURVEY}
    assert [f.shot.not_before_s for f in played.frames] == [30.0 * n for n in range(20)]
    refusals = " ".join(r for s in played.steps for r in s.decision.refused)
    assert "Not done, only validating: NK 1 has held tumor 1000" in refusals


def test_the_session_ends_with_its_planned_duration() -> None:
    played = play(experiment(limits={"duration_s": 100}), until_s=1e4)
    assert played.ended is not None
    assert played.ended.reason == "The planned 100 s are over"
    assert not played.ended.failed
    assert played.frames[-1].time_s < 100


# --- light ----------------------------------------------------------------------------


def test_light_never_passes_the_budget_and_the_survey_keeps_its_share() -> None:
    rules = experiment(light={"budget": {"nk": 5000}, "survey_share": 0.5})
    played = play(rules, (Meeting(100, 3000),), until_s=1e5)
    assert sum(f.shot.planes[0].dose for f in played.frames) == 5000
    kinds = [f.shot.purpose is Purpose.SURVEY for f in played.frames]
    assert kinds.count(True) >= 50
    assert played.ended is not None
    assert played.ended.reason == "The light budget of every position is spent"
    refusals = " ".join(r for s in played.steps for r in s.decision.refused)
    assert "its light for reactions is spent" in refusals


def test_fast_frames_are_thinned_when_light_runs_low() -> None:
    rules = experiment(
        light={"budget": {"nk": 10000}, "survey_share": 0.2, "thin_below": 0.5},
        reaction={"quiet_s": 1e6},
    )
    played = play(rules, (Meeting(50, 3000),), until_s=1000)
    fast = [f.time_s for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    steps = [b - a for a, b in pairwise(fast)]
    assert steps[20] == pytest.approx(2, abs=0.1)
    assert steps[-20] == pytest.approx(4, abs=0.1)
    assert any("half as often, for" in s.decision.reason for s in played.steps)


def test_a_survey_that_the_budget_cannot_carry_to_the_end_is_stretched() -> None:
    rules = experiment(
        light={"budget": {"nk": 50 * 20}, "survey_share": 1.0}, limits={"duration_s": 1200}
    )
    played = play(rules, until_s=1e4)
    assert len(played.frames) == 20
    assert played.frames[-1].time_s >= 1100


# --- faults ---------------------------------------------------------------------------


def test_a_failed_frame_is_tried_again_and_then_skipped() -> None:
    def fails(shot: Shot, now_s: float) -> bool:
        return 59 < now_s < 61

    played = play(experiment(), until_s=300, fails=fails)
    assert [round(m.time_s) for m in played.missed] == [60, 60, 60]
    assert [round(f.shot.not_before_s) for f in played.frames] == [0, 30, *range(90, 300, 30)]


def test_failures_that_last_suspend_longer_and_longer_and_then_end_the_session() -> None:
    played = play(experiment(), until_s=1e5, fails=lambda shot, now_s: now_s > 100)
    assert played.ended is not None
    assert played.ended.failed
    assert "camera silent" in played.ended.reason
    assert 600 <= played.missed[-1].time_s - played.missed[0].time_s < 1500
    assert len(played.missed) < 30


def test_one_position_that_fails_does_not_stop_the_others() -> None:
    rules = experiment(positions=THREE)
    played = play(
        rules, until_s=2000, fails=lambda shot, now_s: shot.view.position == "C" and now_s > 50
    )
    assert played.ended is None
    assert len(played.at("A")) > 50
    assert len(played.at("B")) > 50


# --- the operator ---------------------------------------------------------------------


def asked(ask: Ask, time_s: float, **more: object) -> Request:
    return Request(ask, time_s, **more)  # type: ignore[arg-type]


def test_hold_stops_everything_until_go_on() -> None:
    requests = (asked(Ask.HOLD, 45), asked(Ask.GO_ON, 200))
    played = play(experiment(), until_s=300, requests=requests)
    times = [f.time_s for f in played.frames]
    assert not [t for t in times if 45 < t < 200]
    assert 200 <= min(t for t in times if t > 45) < 201
    held = next(s for s in played.steps if isinstance(s.reply, Request))
    assert held.decision.shot is not None
    assert held.decision.shot.not_before_s == inf


def test_a_hold_is_over_when_the_planned_time_is() -> None:
    rules = experiment(limits={"duration_s": 100})
    kept = play(rules, until_s=60, requests=(asked(Ask.HOLD, 45),)).kept
    held = kept.decisions[-1].shot
    assert held is not None
    over = Missed(held, "refused: the planned 100 s are over", 100.0, lit=0)
    state, decision = kept.policy.decide(kept.states[-1], over)
    assert decision.shot is None
    assert decision.reason == "The planned 100 s are over"
    assert not decision.failed
    assert state.spent == kept.states[-1].spent


def test_look_there_is_obeyed_at_once_and_for_its_time() -> None:
    requests = (asked(Ask.LOOK, 45, x_um=50.0, y_um=-30.0),)
    played = play(experiment(), until_s=300, requests=requests)
    looked = [f for f in played.frames if f.shot.purpose is Purpose.ENCOUNTER]
    assert looked[0].time_s < 45.1
    assert all(f.view.holds(50, -30, margin_um=20) for f in looked)
    assert 50 < looked[-1].time_s - looked[0].time_s <= 62


def test_look_beyond_the_stage_limits_is_refused_with_the_reason() -> None:
    rules = experiment(limits={"x_um": [-500, 500]})
    played = play(rules, until_s=60, requests=(asked(Ask.LOOK, 45, x_um=9000.0),))
    refused = next(s for s in played.steps if isinstance(s.reply, Request))
    assert "cannot be reached" in refused.decision.reason
    assert {f.view.stage_x_um for f in played.frames} == {0.0}


def test_leave_this_pair_goes_back_to_the_survey_and_stays_there() -> None:
    requests = (asked(Ask.LEAVE, 150, encounter=0),)
    played = play(experiment(), (Meeting(100, 400),), until_s=400, requests=requests)
    after = [f for f in played.frames if f.time_s > 150]
    assert {f.shot.purpose for f in after} == {Purpose.SURVEY}
    assert any(
        "the operator said to leave it" in r for s in played.steps for r in s.decision.refused
    )


def test_mark_changes_nothing_but_is_answered() -> None:
    plain = play(experiment(), (Meeting(100, 400),), until_s=300)
    marked = play(
        experiment(), (Meeting(100, 400),), until_s=300, requests=(asked(Ask.MARK, 120, text="!"),)
    )
    assert [f.time_s for f in plain.frames] == [f.time_s for f in marked.frames]
    step = next(s for s in marked.steps if isinstance(s.reply, Request))
    assert "Marked by the operator: !" in step.decision.reason


def test_end_ends_the_session_with_the_operators_words() -> None:
    played = play(experiment(), until_s=300, requests=(asked(Ask.END, 45, text="lunch"),))
    assert played.ended is not None
    assert played.ended.reason == "Ended by the operator: lunch"


def test_survey_uses_the_objective_and_binning_that_were_asked_for() -> None:
    rules = experiment(microscope={"objective": "10x", "binning": 2})
    view: View = play(rules, until_s=1).frames[0].view
    assert (view.objective, view.binning, view.pixel_um) == ("10x", 2, 1.3)
    assert view.sensor_px == INSTRUMENT.home.sensor_px
