"""Time from one place, and news from other threads."""

from __future__ import annotations

import threading
from math import inf

from livewatch.clock import RealClock, VirtualClock
from livewatch.inbox import Inbox
from livewatch.model import Ask, Observation, Request, View

VIEW = View("A", 0.0, 0.0, None, "20x", 0.325, 1, (64, 64))
MARK = Request(Ask.MARK, 1.0)


def seen(frame: int) -> Observation:
    return Observation(frame, frame, float(frame), VIEW)


def test_virtual_time_jumps_to_what_is_waited_for_and_never_back() -> None:
    clock = VirtualClock()
    assert clock.wait_until(3600.0, threading.Event())
    assert clock.now_s() == 3600.0
    assert clock.wait_until(10.0, threading.Event())
    assert clock.now_s() == 3600.0
    clock.wait_out(0.5)
    assert clock.now_s() == 3600.5


def test_no_clock_waits_for_a_time_when_it_is_woken() -> None:
    woken = threading.Event()
    woken.set()
    virtual, real = VirtualClock(), RealClock()
    assert not virtual.wait_until(100.0, woken)
    assert not real.wait_until(100.0, woken)
    assert virtual.now_s() == 0.0
    assert real.now_s() < 100.0


def test_real_time_can_be_faster_than_life() -> None:
    clock = RealClock(speed=1e6)
    clock.start()
    assert clock.wait_until(1000.0, threading.Event())
    assert clock.now_s() >= 1000.0


def test_a_wait_without_end_ends_when_it_is_woken() -> None:
    woken = threading.Event()
    threading.Timer(0.01, woken.set).start()
    assert not RealClock().wait_until(inf, woken)


def test_work_has_room_before_a_time_only_where_it_takes_time() -> None:
    assert VirtualClock().patience_s(0.0) == inf
    assert RealClock(speed=10.0).patience_s(-1.0) == 0.0
    assert 0 < RealClock(speed=10.0).patience_s(100.0) <= 10.0


def test_news_is_taken_in_order_and_wakes_until_it_is_taken() -> None:
    inbox = Inbox()
    assert inbox.take() is None
    inbox.put(MARK)
    late = seen(3)
    inbox.put(late)
    assert inbox.wake.is_set()
    assert inbox.take() is MARK
    assert inbox.wake.is_set()
    assert inbox.take() is late
    assert not inbox.wake.is_set()


def test_an_awaited_observation_is_handed_over_and_does_not_wake_again() -> None:
    inbox = Inbox()
    threading.Timer(0.01, inbox.put, [seen(7)]).start()
    found = inbox.await_observation(7, patience_s=60.0)
    assert found is not None
    assert found.frame == 7
    assert not inbox.wake.is_set()


def test_another_frames_observation_stays_in_the_inbox_as_late_news() -> None:
    inbox = Inbox()
    inbox.put(seen(6))
    assert inbox.await_observation(7, patience_s=0.0) is None
    late = inbox.take()
    assert isinstance(late, Observation)
    assert late.frame == 6


def test_the_operator_cuts_the_wait_for_analysis_short() -> None:
    inbox = Inbox()
    threading.Timer(0.01, inbox.put, [MARK]).start()
    assert inbox.await_observation(7, patience_s=60.0) is None
    assert inbox.take() is MARK
