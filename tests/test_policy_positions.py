"""Several positions and several encounters: who is seen, how long anyone waits, and who is told."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_world import Meeting, experiment, play

from livewatch.model import Purpose

if TYPE_CHECKING:
    from policy_world import Play

    from livewatch.policy.state import PolicyState

PLACES = {"A": (0.0, 0.0, 5.0), "B": (3000.0, 200.0, -3.0), "C": (-2000.0, 0.0, 11.0)}
UNTIL_S, TURN_S, ROUNDS, SURVEY_S = 900.0, 40.0, 2, 30.0
quick = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def meetings(draw: st.DrawFn) -> tuple[Meeting, ...]:
    """Up to eight meetings, most of them long, anywhere in the fields of three positions."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        position = draw(st.sampled_from(sorted(PLACES)))
        x_um, y_um, _ = PLACES[position]
        start_s = draw(st.floats(30, 500))
        found.append(
            Meeting(
                start_s,
                start_s + draw(st.floats(100, 900)),
                position,
                x_um + draw(st.floats(-130, 130)),
                y_um + draw(st.floats(-130, 130)),
                draw(st.floats(0.05, 0.25)),
                nk_id=number,
                tumor_id=1000 + number,
            )
        )
    return tuple(found)


def watched(met: tuple[Meeting, ...], move_s: float = 0.5) -> Play:
    positions = [
        {"name": name, "x_um": x, "y_um": y, "z_um": z} for name, (x, y, z) in PLACES.items()
    ]
    rules = experiment(
        positions=positions,
        reaction={"turn_s": TURN_S, "quiet_s": 1e6},
        survey={"unseen_rounds": ROUNDS},
    )
    return play(rules, met, UNTIL_S, move_s=move_s)


@given(meetings(), st.floats(0.1, 3.0))
@quick
def test_no_position_stays_unseen_for_longer_than_was_stated(
    met: tuple[Meeting, ...], move_s: float
) -> None:
    played = watched(met, move_s)
    for name in PLACES:
        seen = [0.0, *(frame.time_s for frame in played.whole(name)), UNTIL_S]
        bound_s = (ROUNDS + 0.5) * SURVEY_S + len(PLACES) * (move_s + 0.2)
        assert max(b - a for a, b in pairwise(seen)) <= bound_s


@given(meetings())
@quick
def test_each_position_is_always_seen_at_its_own_focus(met: tuple[Meeting, ...]) -> None:
    for frame in watched(met).frames:
        assert frame.view.z_um == PLACES[frame.view.position][2]


@given(meetings())
@quick
def test_whoever_asks_for_frames_and_gets_none_is_named_with_the_reason(
    met: tuple[Meeting, ...],
) -> None:
    kept = watched(met).kept
    for state, decision in zip(kept.states[1:], kept.decisions, strict=True):
        shot, told = decision.shot, " ".join(decision.refused)
        if shot is None or shot.purpose is Purpose.SURVEY or shot.view.region is None:
            continue
        for pair in asking(state):
            here = pair.position == shot.view.position
            is_shown = here and shot.view.holds(pair.x_um, pair.y_um)
            assert is_shown or f"NK {pair.nk_id} and tumor {pair.tumor_id}" in told


def asking(state: PolicyState):  # type: ignore[no-untyped-def]
    """The pairs that ask for the fast rate."""
    return [pair for pair in state.followed if pair.is_fast]


@given(meetings())
@quick
def test_no_contact_waits_for_longer_than_a_turn_of_every_other_position(
    met: tuple[Meeting, ...],
) -> None:
    played = watched(met)
    for meeting in met:
        fast = [
            frame.time_s
            for frame in played.at(meeting.position)
            if frame.shot.purpose is Purpose.ENCOUNTER
            and frame.view.holds(*meeting.at(frame.time_s))
        ]
        from_s, until_s = meeting.start_s + SURVEY_S * (ROUNDS + 1), min(meeting.end_s, UNTIL_S)
        seen = [from_s, *(t for t in fast if from_s < t < until_s), until_s]
        if until_s > from_s:
            assert max(b - a for a, b in pairwise(seen)) <= len(PLACES) * TURN_S + 20
