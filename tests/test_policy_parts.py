"""The policy's parts on their own: rounds, chances, framing, turns, words."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_world import HOME, INSTRUMENT, Meeting, ToyEyes, experiment, play

from livewatch.errors import BadInput
from livewatch.model import Instrument, Region, View
from livewatch.policy.leave import bar_of, refusal
from livewatch.policy.light import affordable, charged, plan
from livewatch.policy.priority import rank
from livewatch.policy.rates import chance, stage_of
from livewatch.policy.region import Box, cropped, hull, span_px
from livewatch.policy.rules import Rules
from livewatch.policy.sites import distance_um, tour
from livewatch.policy.state import Spent, Stage


def tour_um(views: list[View]) -> float:
    """Length of a closed round."""
    return sum(distance_um(a, b) for a, b in zip(views, [*views[1:], views[0]], strict=True))


@pytest.mark.parametrize(
    ("soon", "before", "expected"),
    [
        (0.11, None, Stage.CLOSING),
        (0.09, None, None),
        (0.09, Stage.CLOSING, Stage.CLOSING),
        (0.04, Stage.CLOSING, None),
        (0.09, Stage.NEAR, None),
    ],
)
def test_a_rate_is_lowered_at_half_the_chance_that_raises_it(
    soon: float, before: Stage | None, expected: Stage | None
) -> None:
    rules = Rules.of(experiment(watch={"probability": 0.1}), INSTRUMENT)
    assert stage_of(soon, 0.0, before, 1000.0, rules) is expected


places = st.tuples(st.floats(-9000, 9000), st.floats(-9000, 9000))


@given(st.lists(places, min_size=1, max_size=6))
def test_the_round_is_close_to_the_shortest_there_is(found: list[tuple[float, float]]) -> None:
    views = [
        replace(HOME, position=str(n), stage_x_um=x, stage_y_um=y) for n, (x, y) in enumerate(found)
    ]
    ordered = tour(views, HOME)
    assert sorted(view.position for view in ordered) == sorted(view.position for view in views)
    best = min(tour_um(list(each)) for each in permutations(views))
    assert tour_um(ordered) <= 1.25 * best + 1e-6


@pytest.mark.parametrize(
    ("in_s", "sd_s", "within_s", "expected"),
    [
        (0.0, 0.0, 10.0, 1.0),
        (10.0, 5.0, 10.0, 0.5),
        (20.0, 5.0, 10.0, 0.02275),
        (inf, inf, 10.0, 0.0),
        (5.0, inf, 10.0, 0.0),
        (5.0, 0.0, 10.0, 1.0),
        (15.0, 0.0, 10.0, 0.0),
    ],
)
def test_chance_of_contact(in_s: float, sd_s: float, within_s: float, expected: float) -> None:
    assert chance(in_s, sd_s, within_s) == pytest.approx(expected, abs=1e-4)


@given(st.floats(-3000, 3000), st.floats(0, 3000), st.integers(8, 2048), st.sampled_from([16, 48]))
def test_a_stretch_of_sensor_fits_and_does_not_change_with_its_place(
    first: float, length: float, sensor: int, step: int
) -> None:
    start, got = span_px(first, first + length, sensor, step)
    assert 0 <= start <= start + got <= sensor
    assert got == sensor or got % step == start % step == 0
    assert abs(span_px(first + 3.7, first + length + 3.7, sensor, step)[1] - got) in (0, step)


def test_a_region_shows_the_box_at_the_objectives_scale_and_binning() -> None:
    view = replace(HOME, binning=2, pixel_um=0.65)
    got = cropped(view, Box.around(30.0, -20.0, 80.0))
    assert got.region == Region(480, 320, 256, 256)
    assert Box.of(got).holds(Box.around(30.0, -20.0, 70.0))


def test_a_box_as_large_as_the_field_reads_the_whole_sensor() -> None:
    assert cropped(HOME, hull([Box.around(-150, -150, 80), Box.around(150, 150, 80)])) == HOME


def test_the_light_account_counts_each_channel_of_each_position() -> None:
    rules = Rules.of(experiment(light={"budget": {"nk": 120.0}, "survey_share": 0.0}), INSTRUMENT)
    played = play(rules.experiment, until_s=31)
    spent: tuple[Spent, ...] = ()
    for frame in played.frames:
        spent = charged(spent, frame.shot)
    assert spent == (Spent("home", "nk", 100.0), Spent("home", "tumor", 100.0))
    assert affordable(rules.light, spent, played.frames[0].shot) == 0
    assert affordable(rules.light, (), played.frames[0].shot) == 2


def test_the_plan_keeps_for_the_survey_what_it_needs_and_no_more() -> None:
    rules = experiment(light={"budget": {"nk": 10_000}}, limits={"duration_s": 290})
    found = plan(rules, Rules.of(rules, INSTRUMENT).planes)
    assert found.survey_s == 30
    assert found.kept == {"nk": 500.0}
    assert found.free == {"nk": 9500.0}


def test_a_reason_says_what_is_expected_in_figures() -> None:
    played = play(experiment(), (Meeting(200, 500),), until_s=300)
    reasons = [step.decision.reason for step in played.steps]
    assert any(
        reason.startswith("NK 1 is 0.8 um from tumor 1000, closing at 0.08 um/s: contact in 10 +- ")
        and reason.endswith("a frame every 2 s")
        for reason in reasons
    ), reasons


def test_an_observation_of_no_use_keeps_what_is_done_and_says_why() -> None:
    class Dazzled(ToyEyes):
        def look(self, frame, until_s):  # type: ignore[no-untyped-def]
            seen = super().look(frame, until_s)
            return replace(seen, problem="too dark") if 200 < frame.time_s < 210 else seen

    meetings = (Meeting(100, 500),)
    plain = play(experiment(), meetings, until_s=300)
    dazzled = play(experiment(), meetings, until_s=300, eyes=Dazzled(meetings))
    assert [f.shot.purpose for f in plain.frames] == [f.shot.purpose for f in dazzled.frames]
    reasons = [s.decision.reason for s in dazzled.steps]
    assert any("is of no use (too dark); NK 1 has held tumor 1000" in reason for reason in reasons)


def test_an_unknown_objective_is_the_users_mistake() -> None:
    with pytest.raises(BadInput, match="'40x' has no pixel size"):
        Rules.of(experiment(microscope={"objective": "40x"}), INSTRUMENT)


def test_a_microscope_without_pixel_sizes_surveys_with_what_it_has() -> None:
    bare = Instrument(HOME, {})
    assert Rules.of(experiment(), bare).sites[0].view == HOME


@pytest.mark.parametrize(("gap_um", "is_barred"), [(1.9, True), (1.1, True), (0.9, False)])
def test_a_pair_that_came_no_nearer_is_anticipated_again_once_it_does(
    gap_um: float, is_barred: bool
) -> None:
    played = play(experiment(), (Meeting(300, 900),), until_s=290)
    state, rules = played.kept.states[-1], played.kept.policy.rules
    (pair,) = state.followed
    left = bar_of(replace(pair, stage=Stage.CLOSING, gap_um=2.0), state.now_s, rules)
    assert left is not None
    pair = replace(pair, stage=Stage.CLOSING, gap_um=gap_um)
    why = refusal(pair, replace(state, bars=(left,)), rules)
    assert why == ("it came close and no nearer" if is_barred else None)


def test_a_session_goes_on_after_an_interruption_with_its_light_and_grid() -> None:
    played = play(experiment(), (Meeting(100, 500),), until_s=200)
    policy, before = played.kept.policy, played.kept.states[-1]
    state, decision = policy.resume(before, 1000.0)
    assert state.spent == before.spent
    assert state.followed == ()
    assert decision.shot is not None
    assert decision.shot.not_before_s % 30 == 0


def test_an_encounter_that_leans_to_a_rare_outcome_goes_before_an_ordinary_one() -> None:
    state = play(experiment(), (Meeting(100, 900),), until_s=300).kept.states[-1]
    (pair,) = state.followed
    assert rank(replace(pair, leaning="evaded"), state) == 4
    many = replace(state, outcomes=(("evaded", 1), ("released", 9)))
    assert rank(replace(pair, leaning="evaded"), many) == 3
    assert rank(replace(pair, leaning="released"), many) == 4
    assert rank(replace(pair, bites=1), state) == 3
