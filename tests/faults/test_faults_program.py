"""Faults 12 to 16 and 19: listeners, analysis, the loop, slowness, requests to stop, clocks."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from livewatch import clock as clocks
from livewatch.analysis.analyst import Analyst
from livewatch.clock import RealClock
from livewatch.model import Frame
from livewatch.policy.policy import Policy
from livewatch.recording import gap
from tests.faults.bench import bench, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.bench import Bench

EVEN = plan(survey={"interval_s": 10}, reaction={"interval_s": 10})  # one slot, whatever is seen


def broken(*_: Any) -> None:
    raise RuntimeError("a fault made for this test")


def test_a_listener_that_raises_is_told_nothing_more_and_the_session_goes_on(
    tmp_path: Path,
) -> None:
    made = bench(tmp_path / "s")
    told = list[object]()
    made.session.subscribe(lambda step: told.append(step) or broken())
    made.run().survived()
    assert len(told) == 1
    assert len(made.steps) > 20
    (fault,) = made.events("fault")
    assert fault["what"].startswith("a listener failed")


def test_a_micro_manager_listener_that_raises_stops_no_acquisition(tmp_path: Path) -> None:
    made = bench(tmp_path / "s")
    made.core.mda.events.frameReady.connect(broken)
    made.run().survived()
    assert made.session.tally.frames > 20


def test_analysis_that_raises_costs_its_frame_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Analyst.observe

    def observe(self: Analyst, state: Any, frame: Frame) -> Any:
        if frame.index in (3, 9):
            broken()
        return plain(self, state, frame)

    made = bench(tmp_path / "s")
    monkeypatch.setattr(Analyst, "observe", observe)
    made.run()
    monkeypatch.undo()
    made.survived()
    assert [event["what"] for event in made.events("fault")] == [
        "analysis of frame 3 failed",
        "analysis of frame 9 failed",
    ]


def test_analysis_that_always_raises_leaves_the_survey_going(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(tmp_path / "s")
    plain = Analyst.observe

    def observe(self: Analyst, state: Any, frame: Frame) -> Any:
        return broken() if made.session.tally.steps else plain(self, state, frame)

    monkeypatch.setattr(Analyst, "observe", observe)
    made.run()
    monkeypatch.undo()
    made.survived()
    assert made.session.tally.frames == 15  # one every 20 s


def test_a_policy_that_raises_ends_the_session_and_end_json_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(tmp_path / "s")
    plain = Policy.decide

    def decide(self: Policy, state: Any, news: Any) -> Any:
        return broken() if len(made.steps) == 6 else plain(self, state, news)

    monkeypatch.setattr(Policy, "decide", decide)
    made.run()
    monkeypatch.undo()
    made.failed("RuntimeError: a fault made for this test")


def one_a_slot(made: Bench, from_s: float) -> bool:
    """No burst of frames makes up for lost ones: from then on, no more frames than slots.

    Counted, because on a clock this fast one hiccup of the machine is seconds of the session.
    """
    interval_s = EVEN.survey.interval_s
    times = [step.reply.time_s for step in made.steps if isinstance(step.reply, Frame)]
    after = [time_s for time_s in times if time_s >= from_s - interval_s]
    return len(after) <= (after[-1] - after[0]) / interval_s + 3


def test_slow_analysis_sees_the_newest_frame_and_what_it_skips_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Analyst.observe
    made = bench(tmp_path / "s", EVEN, clock=RealClock(200.0))

    def observe(self: Analyst, state: Any, frame: Frame) -> Any:
        if made.session.tally.frames in (4, 5, 6):
            time.sleep(0.35)  # 70 s of the session: seven slots
        return plain(self, state, frame)

    monkeypatch.setattr(Analyst, "observe", observe)
    made.run()
    monkeypatch.undo()
    made.survived()
    tally = made.session.tally
    assert made.session.skipped >= 1
    assert tally.unseen >= made.session.skipped
    assert one_a_slot(made, 0.0)


def test_a_stop_is_heard_while_a_long_wait_lasts(tmp_path: Path) -> None:
    made = bench(
        tmp_path / "s",
        plan(survey={"interval_s": 3600}, limits={"duration_s": 1e5}),
        clock=RealClock(),
    )
    first = threading.Event()
    made.session.subscribe(lambda step: first.set())
    made.session.start()
    assert first.wait(60)
    asked_s = time.monotonic()
    made.session.stop("enough")
    made.session.join(30)
    print(f"over {time.monotonic() - asked_s:.2f} s after it was asked for")
    made.stopped()


class Tick:
    """Wall time and time that only counts, each of which a test can make jump."""

    def __init__(self) -> None:
        self.slept_s = self.set_s = 0.0

    def elapsed_s(self) -> float:
        return time.monotonic() + self.slept_s

    def wall_s(self) -> float:
        return time.time() + self.slept_s + self.set_s


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Tick:
    made = Tick()
    monkeypatch.setattr(clocks, "elapsed_s", made.elapsed_s)
    monkeypatch.setattr(gap, "wall_s", made.wall_s)
    return made


def at_step(number: int, steps: list[Any], act: Callable[[], object]) -> Callable[[object], None]:
    return lambda step: act() and None if len(steps) == number else None


def test_a_machine_that_slept_leaves_a_recorded_gap_and_no_burst_of_frames(
    tmp_path: Path, tick: Tick
) -> None:
    made = bench(tmp_path / "s", EVEN, clock=RealClock(100.0))

    def sleep() -> None:
        tick.slept_s += 0.9  # 90 s of the session

    made.session.subscribe(at_step(4, made.steps, sleep))
    made.run().survived()
    (found,) = made.events("gap")
    assert found["to_s"] - found["from_s"] > 20
    assert one_a_slot(made, found["to_s"])


def test_a_clock_that_was_set_is_written_down_and_changes_nothing_else(
    tmp_path: Path, tick: Tick
) -> None:
    made = bench(tmp_path / "s")

    def set_back() -> None:
        tick.set_s = -3600.0

    made.session.subscribe(at_step(4, made.steps, set_back))
    made.run().survived()
    (found,) = made.events("gap")
    assert found["wall_jump_s"] == pytest.approx(-3600, abs=1)
    assert found["to_s"] == found["from_s"]
