"""Bursts on the real core: streamed, ended early, and honest about what was lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from microscope_stand import EXPERIMENT, NK, TUMOR, Ramp, shows

from livewatch.clock import RealClock, VirtualClock
from livewatch.model import Ask, Frame, Missed, Plane, Region, Reply, Request, Shot
from livewatch.specimen.camera import SpecimenCamera

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from microscope_stand import Build, Stand
    from numpy.typing import DTypeLike

FAST = Plane("nk", 2.0)
SMALL = Region(128, 128, 64, 64)


def rest_of(shot: Shot) -> Shot:
    return replace(shot, count=shot.count - 1, decision=shot.decision + 1)


def bursting(
    shot: Shot, replies: list[Any], after: Callable[[int], Shot | None] = lambda n: None
) -> Generator[Shot, Reply, None]:
    """A loop that takes a burst to its end, unless `after` a reply it wants something else.

    What is left of the burst comes before that.
    """
    other = None
    while True:
        replies.append((yield other or shot))
        other = other or after(len(replies))
        if replies[-1].shot is other or (other is None and shot.count == 1):
            return
        shot = rest_of(shot) if isinstance(replies[-1], Frame) else shot


def burst(stand: Stand, shot: Shot, **options: Any) -> list[Any]:
    replies: list[Any] = []
    stand.microscope.run(bursting(shot, replies, **options), stand.inbox)
    return replies


def sequences(core: Any) -> list[str]:
    """The cameras that start a sequence from now on."""
    started: list[str] = []
    core.events.sequenceAcquisitionStarted.connect(lambda camera: started.append(camera))
    return started


def test_a_burst_of_one_channel_streams(build: Build) -> None:
    stand = build(clock=RealClock())
    started = sequences(stand.core)
    frames = burst(stand, stand.shot(FAST, count=20, region=SMALL))
    assert started == ["Specimen"]
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.shot.count for frame in frames] == list(range(20, 0, -1))
    assert all(shows(frame) for frame in frames)
    assert [frame.source for frame in frames] == list(range(1, 21))
    starts = [frame.time_s for frame in frames]
    assert all(np.diff(starts) >= 0.002)
    assert all(frame.end_s - frame.time_s >= 0.002 for frame in frames)
    assert not stand.core.isSequenceRunning()
    assert not stand.core.getShutterOpen()


def test_a_burst_of_two_channels_alternates(build: Build) -> None:
    stand = build(clock=RealClock())
    started = sequences(stand.core)
    frames = burst(stand, stand.shot(FAST, replace(TUMOR, exposure_ms=2.0), count=5, region=SMALL))
    assert started == []
    assert [one[1] for one in stand.specimen.exposed] == ["nk", "tumor"] * 5
    assert len(frames) == 5


def test_a_burst_on_a_virtual_clock_is_the_same_every_time(build: Build) -> None:
    def times() -> list[float]:
        stand = build(clock=VirtualClock())
        return [frame.time_s for frame in burst(stand, stand.shot(FAST, count=6, region=SMALL))]

    assert times() == times() == pytest.approx([0.0, 0.002, 0.004, 0.006, 0.008, 0.01])


def test_a_burst_ends_early_when_the_loop_wants_something_else(build: Build) -> None:
    stand = build(clock=RealClock())
    wanted = stand.shot(NK)
    replies = burst(
        stand,
        stand.shot(FAST, count=10_000, region=SMALL),
        after=lambda count: wanted if count == 5 else None,
    )
    assert replies[-1].shot is wanted
    assert replies[-1].index == len(replies) - 1
    assert replies[-1].planes[0].shape == (512, 512)
    assert len(stand.specimen.exposed) < 5_000


def test_what_was_exposed_when_a_burst_ends_early_is_not_dropped(build: Build) -> None:
    stand = build(clock=RealClock())
    replies: list[Any] = []
    lit: list[bool] = []

    def watch() -> Generator[Shot, Reply, None]:
        shot, wanted = stand.shot(FAST, count=1000, region=SMALL), stand.shot(NK)
        replies.append((yield shot))
        while stand.core.getRemainingImageCount() < 10:
            pass
        while replies[-1].shot is not wanted:
            replies.append((yield wanted))
            lit.append(stand.core.getShutterOpen())

    stand.microscope.run(watch(), stand.inbox)
    left = replies[1:-1]
    assert len(left) >= 10
    assert all(isinstance(one, Frame) and shows(one) and one.shot.count == 1 for one in left)
    assert [one.index for one in replies] == list(range(len(replies)))
    streamed = sum(exposure_ms == 2.0 for _, _, exposure_ms, _, _ in stand.specimen.exposed)
    assert streamed - len(replies[:-1]) <= 1  # the one that was under way is cut short
    assert not any(lit)


def test_what_was_exposed_when_the_loop_is_over_is_kept(build: Build) -> None:
    stand = build(clock=RealClock())

    def watch() -> Generator[Shot, Reply, None]:
        yield stand.shot(FAST, count=1000, region=SMALL)
        while stand.core.getRemainingImageCount() < 5:
            pass

    stand.microscope.run(watch(), stand.inbox)
    assert len(stand.microscope.unread) >= 5
    assert all(isinstance(one, Frame) for one in stand.microscope.unread)


def test_a_reader_that_is_slow_does_not_keep_the_lamp_on(build: Build) -> None:
    stand = build(clock=RealClock())
    lit: list[bool] = []

    def watch() -> Generator[Shot, Reply, None]:
        shot = stand.shot(FAST, count=10, region=SMALL)
        while True:
            yield shot
            while len(lit) == 1 and stand.core.isSequenceRunning():
                pass
            lit.append(stand.core.getShutterOpen())
            if shot.count == 1:
                return
            shot = rest_of(shot)

    stand.microscope.run(watch(), stand.inbox)
    assert lit == [True, True, *[False] * 8]


def test_an_operator_ends_a_burst(build: Build) -> None:
    stand = build(clock=RealClock())
    heard: list[Any] = []

    def watch() -> Generator[Shot, Reply, None]:
        shot = stand.shot(FAST, count=100_000, region=SMALL)
        while not heard or not isinstance(heard[-1], Request):
            heard.append((yield shot))
            if len(heard) == 3:
                stand.inbox.put(Request(Ask.END, 0.0))
            shot = rest_of(shot)

    stand.microscope.run(watch(), stand.inbox)
    assert {type(one) for one in heard[:-1]} == {Frame}
    assert not stand.core.isSequenceRunning()
    assert not stand.core.getShutterOpen()


def test_cancelling_in_micro_manager_ends_a_burst_and_the_loop(build: Build) -> None:
    stand = build(clock=RealClock())
    heard: list[Any] = []

    def watch() -> Generator[Shot, Reply, None]:
        shot = stand.shot(FAST, count=100_000, region=SMALL)
        while not heard or isinstance(heard[-1], Frame):
            heard.append((yield shot))
            if len(heard) == 3:
                stand.core.mda.cancel()
            shot = rest_of(shot)

    stand.microscope.run(watch(), stand.inbox)
    assert {type(one) for one in heard[:-1]} == {Frame}
    assert isinstance(heard[-1], Request)
    assert heard[-1].ask is Ask.END


def test_a_burst_that_is_put_off_stops_streaming(build: Build) -> None:
    stand = build(clock=RealClock())
    replies: list[Any] = []

    def watch() -> Generator[Shot, Reply, None]:
        shot = stand.shot(FAST, count=100, region=SMALL)
        replies.append((yield shot))
        due_s = stand.clock.now_s() + 0.3
        replies.append((yield replace(rest_of(shot), not_before_s=due_s)))

    stand.microscope.run(watch(), stand.inbox)
    assert replies[1].time_s >= replies[1].shot.not_before_s


class Dying(SpecimenCamera):
    """A camera whose sequences break off after three images."""

    def start_sequence(
        self, n: int | None, get_buffer: Callable[[Sequence[int], DTypeLike], Any]
    ) -> Iterator[Mapping[str, object]]:
        for taken, about in enumerate(super().start_sequence(n, get_buffer)):
            if n != 1 and taken == 3:
                return
            yield about


def test_a_sequence_that_dies_is_a_miss_and_the_burst_goes_on(build: Build) -> None:
    clock = RealClock()
    stand = build(clock=clock, camera=Dying(Ramp(), clock))
    replies = burst(stand, stand.shot(FAST, count=5, region=SMALL))
    assert [type(reply).__name__ for reply in replies] == ["Frame"] * 3 + ["Missed"] + ["Frame"] * 2
    assert replies[3].reason == "the camera's sequence stopped after 3 of 5 images"
    assert [one.index for one in replies if isinstance(one, Frame)] == [0, 1, 2, 3, 4]


def test_an_overflowing_buffer_is_drained_and_the_rest_is_a_miss(build: Build) -> None:
    small = EXPERIMENT.microscope.model_copy(update={"buffer_mb": 1})
    stand = build(EXPERIMENT.model_copy(update={"microscope": small}), clock=RealClock())
    held: list[Any] = []

    def watch() -> Generator[Shot, Reply, None]:
        shot = stand.shot(FAST, count=40)  # the buffer holds two images of 512 KiB
        while not held or isinstance(held[-1], Frame):
            held.append((yield shot))
            if len(held) == 1:
                while not stand.core.isBufferOverflowed():
                    pass
            shot = rest_of(shot)

    stand.microscope.run(watch(), stand.inbox)
    assert isinstance(held[-1], Missed)
    drained = len(held) - 1
    assert drained >= 2
    assert held[-1].reason == f"the image buffer overflowed after {drained} of 40 streamed images"


def test_micro_managers_own_camera_streams_too(build: Build) -> None:
    stand = build(clock=RealClock(), adapter="demo")
    started = sequences(stand.core)
    frames = burst(stand, stand.shot(Plane("nk", 5.0), count=8, region=SMALL))
    assert started == ["Camera"]
    assert [type(frame) for frame in frames] == [Frame] * 8
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)
    assert all(frame.exposures[0].end_s <= stand.clock.now_s() for frame in frames)
