"""What the policy promises whatever happens: random meetings, positions, faults, requests."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_world import Meeting, experiment, play

from livewatch.model import Ask, Purpose, Request
from livewatch.policy.policy import Policy
from livewatch.policy.state import PolicyState

if TYPE_CHECKING:
    from policy_world import Play

    from livewatch.model import Shot

PLACES = {"A": 0.0, "B": 3000.0, "C": -2000.0}
UNTIL_S = 1500.0
quick = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def meetings(draw: st.DrawFn) -> tuple[Meeting, ...]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        position = draw(st.sampled_from(sorted(PLACES)))
        start_s = draw(st.floats(0, 1200))
        found.append(
            Meeting(
                start_s,
                start_s + draw(st.floats(0, 900)),
                position,
                PLACES[position] + draw(st.floats(-170, 170)),
                draw(st.floats(-170, 170)),
                draw(st.floats(0.02, 0.3)),
                draw(st.floats(-0.25, 0.25)),
                draw(st.sampled_from([0.0, 0.0, 2.0])),
                number,
                1000 + number,
            )
        )
    return tuple(found)


requests = st.lists(
    st.builds(
        Request,
        st.sampled_from([Ask.LOOK, Ask.LEAVE, Ask.MARK, Ask.GO_ON]),
        st.floats(0, UNTIL_S),
        st.floats(-3000, 3000),
        st.floats(-100, 100),
        st.integers(-1, 3),
    ),
    max_size=4,
).map(tuple)


def rules(**more: object):  # type: ignore[no-untyped-def]
    positions = [{"name": name, "x_um": x, "y_um": 0.0} for name, x in PLACES.items()]
    return experiment(positions=positions, **more)


@given(meetings(), requests, st.sampled_from([1, 3]))
@quick
def test_every_region_lies_on_the_sensor_and_starts_where_cameras_can(
    met: tuple[Meeting, ...], asked: tuple[Request, ...], binning: int
) -> None:
    played = play(rules(microscope={"binning": binning}), met, UNTIL_S, requests=asked)
    step = {1: 16, 3: 48}[binning]
    for frame in played.frames:
        window = frame.view.region
        if window is not None:
            sides = (window.x_px, window.y_px, window.width_px, window.height_px)
            assert all(side % step == 0 for side in sides)
            assert window.x_px >= 0
            assert window.y_px >= 0
            assert 0 < window.width_px <= 1024 - window.x_px
            assert 0 < window.height_px <= 1024 - window.y_px


@given(meetings(), requests)
@quick
def test_no_position_is_lit_more_often_than_the_fast_rate(
    met: tuple[Meeting, ...], asked: tuple[Request, ...]
) -> None:
    played = play(rules(), met, UNTIL_S, requests=asked)
    for name in PLACES:
        for before, after in pairwise(played.at(name)):
            due_s = after.shot.not_before_s
            reacting = due_s <= before.end_s or due_s in {request.time_s for request in asked}
            assert reacting or after.time_s - before.time_s >= 2 - 1e-9
    at_once = sum(
        after.shot.not_before_s <= before.end_s for before, after in pairwise(played.frames)
    )
    reasons = {s.decision.reason.split(",")[0] for s in played.steps}
    assert at_once <= len(met) * 12 + len(asked) + len(reasons)


@given(meetings(), st.floats(500, 20000), st.floats(0, 1), st.integers(0, 40))
@quick
def test_light_never_passes_the_budget(
    met: tuple[Meeting, ...], budget: float, share: float, burst: int
) -> None:
    allowed = rules(
        light={"budget": {"tumor": budget}, "survey_share": share}, reaction={"burst": burst}
    )
    played = play(allowed, met, UNTIL_S)
    for name in PLACES:
        spent = sum(f.shot.planes[1].dose for f in played.at(name))
        assert spent <= budget + 1e-6


@given(meetings(), st.integers(1, 5))
@quick
def test_every_position_is_seen_within_the_stated_bound(
    met: tuple[Meeting, ...], rounds: int
) -> None:
    played = play(rules(survey={"unseen_rounds": rounds}), met, UNTIL_S)
    for name in PLACES:
        seen = [0.0, *(frame.time_s for frame in played.whole(name)), UNTIL_S]
        assert max(b - a for a, b in pairwise(seen)) <= (rounds + 0.5) * 30 + 5


@given(meetings(), requests, st.integers(0, 9))
@quick
def test_the_same_news_gives_the_same_decisions_also_from_a_stored_state(
    met: tuple[Meeting, ...], asked: tuple[Request, ...], every: int
) -> None:
    def fails(shot: Shot, now_s: float) -> bool:
        return every > 0 and int(now_s) % (40 * every) == 7

    played = play(rules(), met, 600, requests=asked, fails=fails)
    again = Policy(rules(), played.kept.policy.rules.instrument)
    state, _ = again.begin(0.0)
    for news, before, decided in zip(
        played.kept.news, played.kept.states, played.kept.decisions, strict=False
    ):
        stored = PolicyState.from_json(json.loads(json.dumps(state.to_json())))
        assert stored == state == before
        state, decision = again.decide(stored, news)
        assert decision == decided


@given(meetings(), st.floats(0, 1200), st.floats(0, 300))
@quick
def test_after_any_fault_that_ends_in_time_the_survey_goes_on(
    met: tuple[Meeting, ...], from_s: float, length_s: float
) -> None:
    played = play(rules(), met, 3000, fails=lambda shot, now_s: from_s <= now_s < from_s + length_s)
    assert played.ended is None
    times = [frame.time_s for frame in played.frames]
    assert max(b - a for a, b in pairwise(times)) <= 30 + 2 * length_s + 20


@given(meetings())
@quick
def test_every_reason_is_one_sentence_with_a_figure(met: tuple[Meeting, ...]) -> None:
    for step in play(rules(), met, 600).steps:
        assert "\n" not in step.decision.reason
        assert any(letter.isdigit() for letter in step.decision.reason)
        assert "nan" not in step.decision.reason.split()
        assert "inf" not in step.decision.reason.split()


def test_memory_stays_bounded_over_hundreds_of_pairs() -> None:
    crowd = tuple(
        Meeting(20.0 * n, 20.0 * n + 30, "A", 150 - n % 300, 0, 0.3, nk_id=n, tumor_id=5000 + n)
        for n in range(80)
    )
    played: Play = play(rules(), crowd, 1_600)
    sizes = [len(state.followed) + len(state.bars) for state in played.kept.states]
    assert len({b.pair for s in played.steps if s.observation for b in s.observation.contacts}) > 75
    assert max(sizes) < 60
    assert any(f.shot.purpose is Purpose.ENCOUNTER for f in played.frames[-200:])
