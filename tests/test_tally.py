"""Steps folded into one value: nothing is lost when only the last tally is looked at."""

from __future__ import annotations

from livewatch.model import (
    Ask,
    Decision,
    Encounter,
    Exposure,
    Frame,
    Lateness,
    Missed,
    Observation,
    Outcome,
    Plane,
    Purpose,
    Request,
    Shot,
    Step,
    View,
)
from livewatch.tally import Tally

VIEW = View("well A", 0.0, 0.0, None, "10x", 0.65, 1, (64, 64))
SHOT = Shot(VIEW, (Plane("nk", 50.0), Plane("tumor", 30.0, power=0.5)), 0.0, Purpose.SURVEY)
GO = Decision(SHOT, "survey")


def frame(index: int, time_s: float) -> Frame:
    return Frame(index, SHOT, VIEW, (), (Exposure("nk", time_s, time_s, 50.0),), time_s)


def seen(index: int, *encounters: Encounter) -> Observation:
    return Observation(index, index, 0.0, VIEW, encounters=encounters)


def encounter(outcome: Outcome, end_s: float | None) -> Encounter:
    return Encounter(4, "well A", 1, 2, 0.0, 30.0, end_s, 0.0, 0.0, outcome=outcome)


def tally_of(*steps: Step) -> Tally:
    tally = Tally()
    for step in steps:
        tally = tally.after(step)
    return tally


def test_an_encounter_that_closed_stays_known_when_later_frames_do_not_mention_it() -> None:
    tally = tally_of(
        Step(frame(0, 0.0), seen(0, encounter(Outcome.ONGOING, None)), GO),
        Step(frame(1, 1.0), seen(1, encounter(Outcome.EVADED, 30.0)), GO),
        Step(frame(2, 2.0), seen(2), GO),
    )
    assert tally.encounters[4].outcome is Outcome.EVADED
    assert tally.open_encounters == ()


def test_light_adds_up_per_position_in_ms_of_full_power() -> None:
    tally = tally_of(Step(frame(0, 0.0), None, GO), Step(frame(1, 3.0), None, GO))
    assert tally.light_ms == {"well A": 130.0}
    assert tally.interval_s == 3.0


def test_a_frame_whose_observation_comes_late_counts_as_unseen_until_it_comes() -> None:
    tally = tally_of(Step(frame(0, 0.0), None, GO))
    assert tally.unseen == 1
    late = seen(0)
    tally = tally.after(Step(late, late, GO))
    assert (tally.unseen, tally.frames, tally.observation) == (0, 1, late)


def test_trouble_is_told_until_a_frame_comes() -> None:
    tally = tally_of(Step(Missed(SHOT, "stage stuck", 5.0), None, GO))
    assert (tally.missed, tally.trouble) == (1, "stage stuck")
    tally = tally.after(Step(frame(0, 6.0), None, GO))
    assert (tally.missed, tally.trouble) == (1, "")


def test_marks_are_counted_and_other_requests_are_not() -> None:
    tally = tally_of(Step(Request(Ask.MARK, 1.0), None, GO), Step(Request(Ask.HOLD, 2.0), None, GO))
    assert tally.marks == 1
    assert tally.frames == 0


def test_the_last_reaction_stays_known_while_frames_are_not_due_at_once() -> None:
    tally = tally_of(Step(frame(0, 0.0), None, GO, Lateness(react_s=0.08)))
    assert tally.after(Step(frame(1, 2.0), None, GO, Lateness())).reaction_s == 0.08
