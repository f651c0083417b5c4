"""A whole session in this process, on the real core: what happens when something goes wrong."""

from __future__ import annotations

import json
import shutil
import threading
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import pytest

from livewatch import assembly
from livewatch import session as sessions
from livewatch.alarm import Trouble
from livewatch.analysis.analyst import Analyst
from livewatch.end import Ending
from livewatch.errors import BadInput
from livewatch.model import Ask, Frame, Instrument, Request, View
from livewatch.new_folder import need_disk
from livewatch.recording.verify import verify
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from pathlib import Path

    from livewatch.model import Observation, Step
    from livewatch.session import Session


def demo(folder: Path, seconds: float = 200, speed: float | None = None) -> Session:
    return assembly.demo(
        seconds=seconds,
        seed=0,
        scene="mixed",
        speed=speed,
        out=folder,
        camera="specimen",
        announce=lambda what: None,
    )


def given(monkeypatch: pytest.MonkeyPatch, **sections: object) -> None:
    """Have the demo's experiment changed in these sections."""
    plain = assembly.lasting

    def lasting(experiment: Experiment, seconds: float) -> Experiment:
        return Experiment.model_validate(plain(experiment, seconds).model_dump() | sections)

    monkeypatch.setattr(assembly, "lasting", lasting)


def run(session: Session) -> Session:
    session.start()
    session.join(200)
    assert session.is_over
    return session


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    text = (folder / "events.jsonl").read_text(encoding="utf-8")
    return [event for event in map(json.loads, text.splitlines()) if event["kind"] == kind]


def test_analysis_that_fails_is_written_down_and_the_survey_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Analyst.observe

    def failing(self: Analyst, state: Any, frame: Frame) -> tuple[Any, Observation]:
        if frame.index == 2:
            raise ZeroDivisionError("a fault made for this test")
        return plain(self, state, frame)

    monkeypatch.setattr(Analyst, "observe", failing)
    session = run(demo(tmp_path / "out"))
    assert session.end is not None
    assert session.end.status is Ending.COMPLETED
    assert session.tally.frames > 3
    (fault,) = events(tmp_path / "out", "fault")
    assert fault["what"] == "analysis of frame 2 failed"
    assert "a fault made for this test" in fault["why"]


def test_another_analyst_takes_over_from_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, release = Analyst.observe, threading.Event()

    def hanging(self: Analyst, state: Any, frame: Frame) -> tuple[Any, Observation]:
        if frame.index == 2:  # getting ready observes two small frames, 0 and 1
            release.wait(100)
        return plain(self, state, frame)

    monkeypatch.setattr(Analyst, "observe", hanging)
    given(monkeypatch, analysis={"timeout_s": 0.5})
    session = demo(tmp_path / "out")
    seen = dict[int, str | None]()

    def see(step: Step) -> None:
        if step.observation is not None:
            seen[step.observation.frame] = step.observation.problem

    session.subscribe(see)
    run(session)
    assert session.end is not None
    assert session.end.status is Ending.COMPLETED
    assert seen[2] == "analysis failed: it gave no answer within 500 ms"
    after = [problem for frame, problem in seen.items() if frame > 2]
    assert after
    assert set(after) == {None}
    (alarm,) = [one for one in session.status().alarms if one.trouble is Trouble.ANALYSIS]
    assert "no answer" in alarm.text
    assert alarm.is_over
    assert session.is_hung
    release.set()
    monkeypatch.undo()
    assert verify(tmp_path / "out").is_sound


def test_a_disk_that_fills_up_ends_the_session_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    session = demo(tmp_path / "out")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(0, 0, 0.9e9))
    run(session)
    assert session.end is not None
    assert session.end.status is Ending.FAILED
    assert "limits.disk_reserve_gb" in session.end.reason
    assert session.tally.frames == 1
    end = json.loads((tmp_path / "out" / "end.json").read_text(encoding="utf-8"))
    assert end["status"] == "failed"


def test_a_full_disk_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(0, 0, 0.5e9))
    with pytest.raises(BadInput, match="disk_reserve_gb"):
        demo(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_channel_taken_seldom_needs_as_much_less_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hour(every_frames: int) -> Experiment:
        channels = {"nk": {}, "tumor": {}, "death": {"every_frames": every_frames}}
        return Experiment.model_validate({"channels": channels, "survey": {"interval_s": 10.0}})

    usage = namedtuple("usage", "total used free")
    view = View("home", 0.0, 0.0, 0.0, "20x", 0.65, 1, (1000, 1000))
    instrument = Instrument(view, {"20x": 0.65})
    reserve, images = 1e9, 360 * 2e6  # an hour of one channel, an image every 10 s
    free = usage(0, 0, reserve + 2.2 * images)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: free)
    need_disk(tmp_path, hour(10), instrument)
    with pytest.raises(BadInput, match="disk_reserve_gb"):
        need_disk(tmp_path, hour(2), instrument)


def test_a_fault_in_the_loop_ends_the_session_as_failed_with_the_sample_dark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a fault made for this test")

    session = demo(tmp_path / "out")
    monkeypatch.setattr(session._mind, "decide", broken)
    left = list[list[str]]()
    plain = session._microscope.leave
    monkeypatch.setattr(session._microscope, "leave", lambda: left.append(plain()) or left[-1])
    run(session)
    assert session.end == sessions.End(Ending.FAILED, "RuntimeError: a fault made for this test")
    assert left == [[]]
    assert events(tmp_path / "out", "fault")


def test_no_decision_is_carried_out_before_its_frame_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = demo(tmp_path / "out", seconds=100)
    acknowledged = set[int]()
    plain = session._recorder.wait
    taken_before = list[bool]()

    def wait(index: int, timeout_s: float | None = None) -> None:
        plain(index, timeout_s)
        acknowledged.add(index)

    def see(step: Step) -> None:
        if isinstance(step.reply, Frame) and step.reply.index:
            taken_before.append(step.reply.index - 1 in acknowledged)

    monkeypatch.setattr(session._recorder, "wait", wait)
    session.subscribe(see)
    run(session)
    assert taken_before
    assert all(taken_before)


def test_an_operator_can_hold_mark_and_end(tmp_path: Path) -> None:
    session = demo(tmp_path / "out", seconds=1e5, speed=1000.0)
    held = threading.Event()

    def see(step: Step) -> None:
        if isinstance(step.reply, Request) and step.reply.ask is Ask.HOLD:
            held.set()

    session.subscribe(see)
    session.start()
    session.ask(Request(Ask.MARK, 0.0, text="look at this one"))
    session.ask(Request(Ask.HOLD, 0.0))
    assert held.wait(60)
    frames = session.tally.frames
    session.join(0.5)
    assert session.tally.frames == frames
    session.stop("enough for today")
    session.join(60)
    assert session.end == sessions.End(Ending.STOPPED, session.end.reason if session.end else "")
    asked = [event["request"]["ask"] for event in events(tmp_path / "out", "request")]
    assert asked == ["mark", "hold", "end"]


def test_a_session_that_is_held_ends_when_its_time_is_over(tmp_path: Path) -> None:
    session = demo(tmp_path / "out", seconds=60, speed=100.0)
    session.ask(Request(Ask.HOLD, 0.0))
    run(session)
    assert session.end == sessions.End(Ending.COMPLETED, "The planned 60 s are over")
    assert session.tally.frames <= 1
    (missed,) = events(tmp_path / "out", "missed")
    assert missed["missed"]["lit"] == 0
