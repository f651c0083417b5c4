"""Channels that need not be in every frame: shown as seldom as asked for, never at others' cost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_world import INSTRUMENT, Meeting, Play, experiment, play
from pydantic import ValidationError

from livewatch.model import Frame, Purpose
from livewatch.policy.forecast import forecast

BOTH = {"nk": {}, "tumor": {}}
TWO = [{"name": "A", "x_um": 0.0, "y_um": 0.0}, {"name": "B", "x_um": 900.0, "y_um": 0.0}]


def with_death(death: dict[str, object], **more: object):  # type: ignore[no-untyped-def]
    return experiment(channels={**BOTH, "death": death}, **more)


def shows_death(frame: Frame) -> bool:
    return any(plane.channel == "death" for plane in frame.shot.planes)


def dead_light(played: Play) -> float:
    planes = [plane for frame in played.frames for plane in frame.shot.planes]
    return sum(plane.dose for plane in planes if plane.channel == "death")


@given(st.integers(1, 7), st.floats(100, 400))
@settings(max_examples=10, deadline=None)
def test_a_channel_is_in_one_of_so_many_frames_of_each_position(every: int, start_s: float) -> None:
    met = (Meeting(start_s, start_s + 200, position="A"),)
    played = play(with_death({"every_frames": every}, positions=TWO), met, 700)
    for name in "AB":
        shown = [number for number, frame in enumerate(played.at(name)) if shows_death(frame)]
        assert shown == list(range(0, len(played.at(name)), every))
        assert all(len(frame.shot.planes) >= 2 for frame in played.at(name))


@given(st.floats(3, 200))
@settings(max_examples=10, deadline=None)
def test_a_channel_is_shown_no_sooner_than_its_interval_and_soon_after(every_s: float) -> None:
    played = play(with_death({"every_s": every_s}), (Meeting(200, 500),), 900)
    frames = played.frames
    times = [frame.time_s for frame in frames if shows_death(frame)]
    assert times[0] == frames[0].time_s
    wait = max(0.9 * every_s, every_s - 1)
    for before, after in pairwise(times):
        assert after - before >= wait - 0.01
        between = [f.shot.not_before_s for f in frames if before < f.time_s < after]
        assert all(due_s - before < wait + 0.02 for due_s in between)


def test_a_burst_waits_for_no_channel_that_can_wait() -> None:
    played = play(with_death({"every_s": 1.0}, reaction={"burst": 40}), (Meeting(100, 400),), 300)
    burst = [frame for frame in played.frames if frame.shot.purpose is Purpose.BURST]
    assert len(burst) == 40
    assert not any(shows_death(frame) for frame in burst)


def test_a_dye_whose_light_is_spent_is_left_out_and_the_survey_goes_on() -> None:
    rules = with_death({}, light={"budget": {"death": 200.0, "nk": 1e6}})
    played = play(rules, (Meeting(100, 400),), 900)
    assert dead_light(played) == 200.0
    assert played.ended is None
    assert played.frames[-1].time_s > 800
    refused = {reason for step in played.steps for reason in step.decision.refused}
    assert "death at home is exposed no more: its light is spent" in refused
    assert not any("half as often" in step.decision.reason for step in played.steps)


def test_a_dye_that_would_not_last_the_session_is_shown_less_often() -> None:
    rules = with_death(
        {}, light={"budget": {"death": 500.0}, "survey_share": 1.0}, limits={"duration_s": 3000}
    )
    played = play(rules, until_s=1e5)
    times = [frame.time_s for frame in played.frames if shows_death(frame)]
    assert dead_light(played) <= 500.0
    assert len(times) == 10
    assert times[-1] > 2600
    assert len(played.frames) == 100
    lines = forecast(rules, INSTRUMENT).lines()
    assert any("death no sooner than every 5:01" in line for line in lines), lines


@pytest.mark.parametrize("death", [{"every_frames": 4}, {"every_s": 60.0}, {"every_s": 7.0}, {}])
def test_what_is_said_beforehand_of_a_seldom_channel_is_what_it_costs(
    death: dict[str, object],
) -> None:
    rules = with_death(death, limits={"duration_s": 3600})
    said = forecast(rules, INSTRUMENT).pace(Purpose.SURVEY)
    played = play(rules, until_s=1e5)
    planes = sum(len(frame.shot.planes) for frame in played.frames)
    assert said.light_per_h["death"] == pytest.approx(dead_light(played), rel=0.04)
    assert said.bytes_per_h == pytest.approx(2 * 1024 * 1024 * planes, rel=0.04)


@pytest.mark.parametrize("how", [{"every_frames": 2}, {"every_s": 5.0}])
def test_cells_must_be_in_every_frame(how: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"\[channels.nk\] every_.* in every frame"):
        experiment(channels={"nk": how, "tumor": {}})
