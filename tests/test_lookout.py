"""Analysis in a process of its own: the same to the bit, and foreign code harms nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from foreign_plugin import ABORT, HANG, RAISE, installed, release

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.freeze import to_json
from livewatch.analysis.segmentation.segmenter import SegmenterError
from livewatch.clock import VirtualClock
from livewatch.inbox import Inbox
from livewatch.lookout import Lookout, lookout
from livewatch.lookout.apart import Apart
from livewatch.lookout.beside import Beside
from livewatch.lookout.desk import Failed, Lost
from livewatch.report.film import film
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Frame, Observation

FRAMES = film(256, 0.65, 12, 8).frames


def plan(segmenter: str = "classic", **analysis: object) -> Experiment:
    return Experiment.model_validate(
        {"cells": {"tumor_segmenter": segmenter}, "analysis": {"own_process": True, **analysis}}
    )


def ordered(frame: Frame, order: int) -> Frame:
    """The frame with an order for the plug-in in it."""
    nk, tumor = frame.planes
    tumor = tumor.copy()
    tumor[0, 0] = order
    return replace(frame, planes=(nk, tumor))


def same(one: Observation, other: Observation) -> bool:
    """Whether two observations are the same to the bit (NaN like NaN)."""
    outlines = zip(one.cells, other.cells, strict=True)
    return repr(one) == repr(other) and all(
        np.array_equal(a.outline_um, b.outline_um) for a, b in outlines
    )


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield installed(tmp_path, monkeypatch)
    release(tmp_path)


@pytest.fixture
def sit() -> Iterator[Callable[[Experiment], Apart]]:
    """Put an analyst into a process of its own; it is gone when the test is over."""
    seated: list[Apart] = []

    def started(experiment: Experiment) -> Apart:
        seated.append(Apart(experiment))
        seated[-1].start()
        return seated[-1]

    yield started
    for desk in seated:
        desk.leave()
        assert not psutil.pid_exists(desk.pid or 0)


def test_the_process_sees_what_a_thread_sees_to_the_bit(sit: Callable[[Experiment], Apart]) -> None:
    apart, beside = sit(plan()), Beside(plan())
    beside.start()
    for frame in FRAMES:
        assert same(apart.observe(frame), beside.observe(frame))
        assert to_json(apart.state) == to_json(beside.state)
    beside.leave()


def test_larger_and_smaller_frames_follow_each_other(sit: Callable[[Experiment], Apart]) -> None:
    apart, beside = sit(plan()), Beside(plan())
    beside.start()
    for frame in (FRAMES[0], *film(320, 0.65, 12, 1).frames, FRAMES[1]):
        assert same(apart.observe(frame), beside.observe(frame))
    beside.leave()


def test_a_plug_in_that_raises_costs_its_image_alone(
    sit: Callable[[Experiment], Apart], foreign: str
) -> None:
    apart = sit(plan(foreign))
    seen = apart.observe(ordered(FRAMES[0], RAISE))
    assert "its segmenter failed: RuntimeError: a fault made for this test" in str(seen.problem)
    assert apart.observe(FRAMES[1]).problem is None


def test_what_raises_in_the_process_is_told_with_where_it_was(
    sit: Callable[[Experiment], Apart],
) -> None:
    apart = sit(plan())
    broken = replace(FRAMES[1], exposures=None)  # type: ignore[arg-type]
    unfit = replace(broken, planes=(np.zeros(3, np.uint16), np.zeros(3, np.uint16)))
    apart.observe(FRAMES[0])
    state = to_json(apart.state)
    with pytest.raises(Failed, match=r"(?i)error") as failed:
        apart.observe(unfit)
    assert "analyst.py" in "".join(failed.value.__notes__)
    assert to_json(apart.state) == state
    apart.observe(FRAMES[2])


def test_a_plug_in_that_aborts_costs_one_process(
    sit: Callable[[Experiment], Apart], foreign: str
) -> None:
    apart = sit(plan(foreign))
    apart.observe(FRAMES[0])
    state = to_json(apart.state)
    with pytest.raises(Lost, match="its process crashed"):
        apart.observe(ordered(FRAMES[1], ABORT))
    assert to_json(apart.state) == state


def test_a_plug_in_that_hangs_is_ended(sit: Callable[[Experiment], Apart], foreign: str) -> None:
    apart = sit(plan(foreign, timeout_s=1.0))
    with pytest.raises(Lost, match=r"it gave no answer within 1\.0 s, and was ended"):
        apart.observe(ordered(FRAMES[0], HANG))


def test_a_segmenter_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(SegmenterError, match=r"no segmenter 'cellposs'.*classic"):
        Apart(plan("cellposs"))


# --- the lookout ---------------------------------------------------------------------


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has much else to do takes long to start a process."""
    monkeypatch.setattr(lookout, "MARGIN_S", 60.0)


class Watched:
    """A lookout, what it told, and its observations of frames given one after the other."""

    def __init__(self, experiment: Experiment, state: AnalystState | None = None) -> None:
        self.faults: list[str] = []
        self.given_up_after: list[int] = []
        self.kept_after: list[int] = []
        self.inbox = Inbox()
        self.lookout = Lookout(
            experiment,
            VirtualClock(),
            self.inbox,
            lambda what, fault: self.faults.append(f"{what}: {fault}"),
            lambda frame, *_: self.kept_after.append(frame),
            self.given_up_after.append,
            state,
        )
        self.lookout.start()

    def look(self, frame: Frame) -> Observation:
        seen = self.lookout.look(frame, float("inf"))
        assert seen is not None
        return seen


def test_after_a_crash_the_next_process_goes_on_as_if_the_frame_had_not_been(foreign: str) -> None:
    watched = Watched(plan(foreign))
    frames = [*FRAMES[:3], ordered(FRAMES[3], ABORT), *FRAMES[4:]]
    seen = [watched.look(frame) for frame in frames]
    watched.lookout.close()
    assert str(seen[3].problem).startswith("analysis failed: its process crashed")
    assert watched.lookout.lost == 1
    assert len(watched.faults) == 1
    beside = Beside(plan(foreign))
    beside.start()
    for frame, then in zip(frames, seen, strict=True):
        if then is not seen[3]:
            assert same(then, beside.observe(frame))
    beside.leave()


@pytest.mark.parametrize("own_process", [True, False])
def test_a_plug_in_that_hangs_again_and_again_is_given_up_for_the_built_in_one(
    foreign: str, own_process: bool
) -> None:
    watched = Watched(plan(foreign, own_process=own_process, timeout_s=1.0, chances=2))
    hanging = [ordered(frame, HANG) for frame in FRAMES]
    seen = [watched.look(frame) for frame in hanging[:4]]
    assert [str(each.problem)[:15] for each in seen[:2]] == ["analysis failed"] * 2
    assert [each.problem for each in seen[2:]] == [None, None]
    assert seen[3].cells
    assert watched.given_up_after == [1]
    assert "'classic' goes on" in watched.lookout.given_up
    assert watched.lookout.is_stuck is not own_process
    watched.lookout.close()


def test_what_analysis_remembers_is_kept_after_so_much_work_and_after_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = [0.0]
    monkeypatch.setattr(lookout, "stopwatch_s", lambda: now_s[0])
    watched = Watched(Experiment())
    observe, work_s = watched.lookout._desk.observe, [0.0]

    def working(frame: Frame) -> Observation:
        now_s[0] += work_s[0]
        return observe(frame)

    monkeypatch.setattr(watched.lookout._desk, "observe", working)
    for frame, work_s[0], idle_s in zip(
        FRAMES, (2.0, 2.0, 0.0, 0.0, 0.0), (0, 0, 31, 0, 0), strict=False
    ):
        watched.look(frame)
        now_s[0] += idle_s
    watched.lookout.close()
    assert watched.kept_after == [1, 3]


def test_what_a_resumption_had_to_do_again_is_kept_with_its_first_frame() -> None:
    resumed = Watched(Experiment(), Analyst(Experiment()).begin())
    for frame in FRAMES[:2]:
        resumed.look(frame)
    resumed.lookout.close()
    assert resumed.kept_after == [0]


# --- no orphans ------------------------------------------------------------------------

PARENT = """
import sys, time
sys.path[:0] = {paths!r}
from test_lookout import FRAMES, HANG, ordered, plan
from livewatch.lookout.apart import Apart

if __name__ == "__main__":
    desk = Apart(plan("foreign"))
    desk.start()
    print(desk.pid, flush=True)
    desk.observe(ordered(FRAMES[0], HANG))
"""


def test_the_process_does_not_outlive_a_parent_that_is_killed(tmp_path: Path, foreign: str) -> None:
    here = os.path.dirname(__file__)  # noqa: PTH120 - a plain text for the script
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(paths=[here, str(tmp_path)]))
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.5)  # in the middle of the plug-in
        assert child.is_running()
        parent.kill()
    gone, alive = psutil.wait_procs([child], timeout=30)
    assert gone
    assert not alive
