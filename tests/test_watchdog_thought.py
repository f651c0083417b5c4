"""What is alarming, when it is over, and how often those far away are told: no thread, no clock."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from livewatch.alarm import Alarm, Trouble
from livewatch.model import (
    Decision,
    Exposure,
    Frame,
    Missed,
    Observation,
    Plane,
    Purpose,
    Shot,
    Step,
    View,
)
from livewatch.settings import Experiment
from livewatch.watchdog.disk import Level
from livewatch.watchdog.signs import Glance, Rules, wrongs
from livewatch.watchdog.standing import Alarms
from livewatch.watchdog.throttle import Throttle
from livewatch.watchdog.vigil import Vigil, due_of

RULES = Rules.of(Experiment())
CALM = Glance(0.0, 0.0, 1e12, "the microscope")
DARK = "tumor image: no picture: every pixel is 100"


def view(position: str) -> View:
    return View(position, 0.0, 0.0, None, "10x", 0.65, 1, (64, 64))


def shot(position: str = "A", due_s: float = 0.0) -> Shot:
    return Shot(view(position), (Plane("nk", 500.0), Plane("tumor", 500.0)), due_s, Purpose.SURVEY)


def after(vigil: Vigil, reply: object, seen: Observation | None = None, real_s: float = 0) -> Vigil:
    decision = Decision(shot(due_s=30.0), "next")
    return vigil.after(Step(reply, seen, decision), real_s)  # type: ignore[arg-type]


def frame(position: str = "A", remark: str = "") -> Frame:
    exposures = (Exposure("nk", 0.0, 0.5, 500.0),)
    return Frame(0, shot(position), view(position), (), exposures, 0.0, remark=remark)


def seen(problem: str | None = None, position: str = "A") -> Observation:
    return Observation(0, 0, 0.0, view(position), problem=problem)


def wrong(vigil: Vigil, glance: Glance = CALM, levels: tuple[Level, ...] = ()) -> dict[object, str]:
    return dict(wrongs(vigil, glance, levels, RULES, ()))


def test_a_frame_that_does_not_come_is_noticed_within_one_interval() -> None:
    vigil = Vigil().awaiting(due_of(shot(due_s=30.0), 100.0, 30.0))
    assert wrong(vigil, replace(CALM, real_s=131.0 + 14.9)) == {}
    found = wrong(vigil, replace(CALM, real_s=131.0 + 15.1))
    said = found[Trouble.FRAMES, "A"]
    assert said == "no frame at A since 0:00:30: the microscope gives no answer"
    assert RULES.overdue_s <= Experiment().survey.interval_s


def test_a_survey_faster_than_the_patience_for_frames_shortens_it() -> None:
    brisk = Experiment.model_validate({"survey": {"interval_s": 4}, "reaction": {"interval_s": 1}})
    assert Rules.of(brisk).overdue_s == 4.0


def test_nothing_is_missing_while_the_operator_holds_the_microscope() -> None:
    vigil = after(Vigil(), Missed(shot(), "camera lost", 0.0)).held()
    assert wrong(vigil, replace(CALM, real_s=1e6)) == {}


def test_slots_missed_again_and_again_are_alarming_though_each_is_answered() -> None:
    vigil = Vigil().awaiting(due_of(shot(), 100.0, 0.0))
    for real_s in (101.0, 111.0, 121.0):
        vigil = after(vigil, Missed(shot(), f"lost at {real_s}", 0.0), real_s=real_s)
        vigil = vigil.awaiting(due_of(shot(due_s=1e6), real_s, inf))
    found = wrong(vigil, replace(CALM, real_s=121.0))
    assert found == {(Trouble.FRAMES, "A"): "no frame at A since 0:00:00: lost at 121.0"}
    assert wrong(after(vigil, frame()), replace(CALM, real_s=121.0)) == {}


def test_one_position_without_frames_is_alarming_though_others_have_theirs() -> None:
    vigil = after(Vigil(), Missed(shot("B"), "the stage did not arrive", 5.0), real_s=5.0)
    vigil = after(vigil, frame("A"), real_s=6.0)
    assert list(wrong(vigil, replace(CALM, real_s=30.0))) == [(Trouble.FRAMES, "B")]


def test_where_waiting_takes_no_time_a_frame_is_due_at_once() -> None:
    due = due_of(shot(due_s=3600.0), 100.0, inf)
    assert due is not None
    assert due.real_s == 101.0


def test_analysis_that_hangs_or_fails_is_alarming_at_once_and_over_with_the_next_frame() -> None:
    key = Trouble.ANALYSIS, ""
    assert "no answer" in wrong(Vigil(), replace(CALM, analysing_s=30.1))[key]
    assert wrong(Vigil(), replace(CALM, analysing_s=29.9)) == {}
    failed = after(Vigil(), frame(), seen("analysis failed: ValueError: no"))
    assert wrong(failed) == {key: "analysis failed: ValueError: no; the survey goes on"}
    assert wrong(after(failed, frame(), seen())) == {}


@pytest.mark.parametrize(
    ("trouble", "bad"),
    [
        (Trouble.IMAGE, (frame(), seen(DARK))),
        (Trouble.FOCUS, (frame(remark="out of focus: the focus lock does not hold"), seen())),
    ],
)
def test_two_frames_in_a_row_of_no_use_are_alarming_one_is_not(
    trouble: Trouble, bad: tuple[Frame, Observation]
) -> None:
    once = after(Vigil(), *bad)
    assert wrong(once) == {}
    assert list(wrong(after(once, *bad))) == [(trouble, "A")]
    assert wrong(after(after(once, frame(), seen()), *bad)) == {}
    assert wrong(after(after(once, *bad), frame(), seen())) == {}


def test_bad_frames_are_counted_for_each_position() -> None:
    vigil = after(Vigil(), frame("A"), seen(DARK, "A"))
    vigil = after(vigil, frame("B"), seen(DARK, "B"))
    assert wrong(vigil) == {}
    assert list(wrong(after(vigil, frame("B"), seen(DARK, "B")))) == [(Trouble.IMAGE, "B")]


def gone_on(gb_per_hour: float, hours: float, free_gb: float = 100.0) -> tuple[Level, ...]:
    """Free space sampled every minute."""
    minutes = range(round(60 * hours) + 1)
    return tuple(Level(60.0 * m, 1e9 * (free_gb - gb_per_hour * m / 60)) for m in minutes)


def filled(levels: tuple[Level, ...], **limits: object) -> bool:
    rules = Rules.of(Experiment.model_validate({"limits": limits}))
    last = levels[-1]
    glance = replace(CALM, time_s=last.time_s, free_bytes=last.free_bytes)
    recent = tuple(each for each in levels if last.time_s - each.time_s <= 1800)
    return (Trouble.DISK, "") in wrongs(Vigil(), glance, recent, rules, ())


def test_a_disk_that_will_be_full_within_the_hour_is_alarming() -> None:
    assert filled(gone_on(120.0, 0.1))
    assert not filled(gone_on(10.0, 0.1))
    assert not filled(gone_on(-10.0, 0.1))


def test_a_disk_that_will_not_last_the_session_is_alarming_one_that_will_is_not() -> None:
    assert filled(gone_on(10.0, 0.5), duration_s=72 * 3600.0)
    assert not filled(gone_on(1.0, 0.5), duration_s=72 * 3600.0)
    assert not filled(gone_on(120.0, 0.5), duration_s=0.6 * 3600.0)


def test_a_minute_of_streaming_is_no_reason_to_fear_for_the_night() -> None:
    assert not filled(gone_on(30.0, 0.05), duration_s=72 * 3600.0)


# --- alarms ----------------------------------------------------------------------------

FRAMES = {(Trouble.FRAMES, "A"): "no frame"}


def test_an_alarm_is_raised_once_and_ends_when_it_is_no_longer_so() -> None:
    alarms, changes = Alarms().now(FRAMES, 10.0)
    assert [(one.number, one.text, one.time_s) for one in changes] == [(1, "no frame", 10.0)]
    alarms, changes = alarms.now(FRAMES, 11.0)
    assert changes == ()
    alarms, changes = alarms.now({}, 12.0)
    assert [(one.number, one.over_s) for one in changes] == [(1, 12.0)]
    alarms, changes = alarms.now(FRAMES, 13.0)
    assert [one.number for one in changes] == [2]
    assert [one.is_over for one in alarms.all] == [True, False]


def test_a_flapping_alarm_is_kept_in_bounds() -> None:
    alarms = Alarms()
    for turn in range(2000):
        alarms, _ = alarms.now(FRAMES if turn % 2 else {}, float(turn))
    assert len(alarms.all) <= 200
    assert alarms.all[-1].number == 1000


# --- throttle --------------------------------------------------------------------------

STALL = Alarm(1, Trouble.FRAMES, "no frame", 60.0, "A")


def test_an_alarm_and_its_end_are_passed_on_once() -> None:
    throttle, messages = Throttle(900.0).passing([STALL], [STALL], 0.0)
    assert [one.text for one in messages] == ["no frame [0:01:00]"]
    throttle, messages = throttle.passing([], [STALL], 5000.0)
    assert messages == ()
    _, messages = throttle.passing([replace(STALL, over_s=180.0)], [], 5001.0)
    assert [one.text for one in messages] == ["all clear after 2:00: no frame"]


def test_an_alarm_that_comes_and_goes_is_passed_on_now_and_then_with_how_often_it_came() -> None:
    throttle = Throttle(900.0)
    said: list[str] = []
    for count in range(100):
        real_s, alarm = 10.0 * count, replace(STALL, number=count + 1)
        throttle, messages = throttle.passing([alarm], [alarm], real_s)
        said += [one.text for one in messages]
        throttle, messages = throttle.passing([replace(alarm, over_s=70.0)], [], real_s + 5)
        said += [one.text for one in messages]
    assert said == [
        "no frame [0:01:00]",
        "all clear after 10.0 s: no frame",
        "no frame [0:01:00] (again; 89 more in between)",
        "all clear after 10.0 s: no frame",
    ]


def test_an_alarm_that_came_back_too_soon_is_passed_on_later_if_it_stays() -> None:
    throttle, _ = Throttle(900.0).passing([STALL], [STALL], 0.0)
    throttle, _ = throttle.passing([replace(STALL, over_s=61.0)], [], 1.0)
    throttle, messages = throttle.passing([STALL], [STALL], 2.0)
    assert messages == ()
    throttle, messages = throttle.passing([], [STALL], 901.0)
    assert [one.text for one in messages] == ["no frame [0:01:00] (again)"]


def test_different_alarms_do_not_hold_each_other_back() -> None:
    other = replace(STALL, number=2, where="B")
    throttle, _ = Throttle(900.0).passing([STALL], [STALL], 0.0)
    _, messages = throttle.passing([other], [STALL, other], 1.0)
    assert [one.alarm.where for one in messages] == ["B"]
