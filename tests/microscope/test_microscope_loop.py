"""The loop on the real core: views confirmed, times kept, operator heard, other tools informed."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import EXPERIMENT, NK, TUMOR, Build, ask_for, shows

from livewatch.clock import RealClock
from livewatch.model import Ask, Frame, Missed, Plane, Region, Reply, Request, Shot, View

if TYPE_CHECKING:
    from collections.abc import Generator


def test_a_frame_shows_what_its_own_view_says(build: Build) -> None:
    stand = build()
    frames = stand.take(
        stand.shot(),
        stand.shot(region=Region(96, 32, 128, 64)),
        stand.shot(stage_x_um=120.0, stage_y_um=-40.0, z_um=3.0),
        stand.shot(objective="40x", pixel_um=0.1625, region=Region(0, 0, 100, 80)),
        stand.shot(binning=2, pixel_um=0.65, region=Region(64, 64, 256, 128)),
    )
    for frame in frames:
        assert shows(frame, "nk")
        assert shows(frame, "tumor")
    _, closer, moved, zoomed, binned = frames
    assert closer.view.region == Region(96, 32, 128, 64)
    assert closer.planes[0].shape == (64, 128)
    assert (moved.view.stage_x_um, moved.view.z_um) == (pytest.approx(120.0, abs=0.02), 3.0)
    assert zoomed.view.objective == "40x"
    assert binned.planes[1].shape == (64, 128)


def test_the_view_is_where_the_stage_says_it_is_not_where_it_was_sent(build: Build) -> None:
    stand = build()
    (frame,) = stand.take(stand.shot(stage_x_um=10.0))
    assert frame.shot.view.stage_x_um == 10.0
    assert frame.view.stage_x_um == stand.core.getXPosition() == pytest.approx(10.0, abs=0.02)
    assert frame.view.stage_x_um != 10.0  # the demo stage moves in steps of 0.015 um


def test_exposures_are_on_the_sessions_clock(build: Build) -> None:
    stand = build()
    frame, later = stand.take(stand.shot(due_s=5.0), stand.shot(due_s=7.0))
    nk, tumor = frame.exposures
    assert (nk.channel, nk.start_s, nk.end_s) == ("nk", 5.0, pytest.approx(5.03))
    assert (tumor.start_s, tumor.end_s) == (pytest.approx(5.03), pytest.approx(5.07))
    assert (frame.time_s, frame.end_s, later.time_s) == (5.0, pytest.approx(5.07), 7.0)
    assert frame.stopwatch.begun_s < frame.stopwatch.exposed_s <= frame.stopwatch.in_hand_s


def test_the_sample_is_lit_only_while_it_is_exposed(build: Build) -> None:
    stand = build()
    stand.core.setAutoShutter(True)
    lit: list[bool] = []

    def watch() -> Generator[Shot, Reply, None]:
        for _ in range(3):
            yield stand.shot()
            lit.append(stand.core.getShutterOpen())

    stand.microscope.run(watch(), stand.inbox)
    assert lit == [False, False, False]
    assert [power for *_, power, _ in stand.specimen.exposed] == [1.0] * 6


def test_the_first_image_of_a_frame_is_shown_before_the_next_is_exposed(build: Build) -> None:
    stand, shown = build(), []

    def begin(shot: Shot, view: View, images: tuple[Any, ...]) -> None:
        shown.append((len(stand.specimen.exposed), shot, view, images))

    replies: list[Any] = []
    shots = [stand.shot(), stand.shot()]
    stand.microscope.run(ask_for(shots, replies), stand.inbox, begin)
    assert [exposed for exposed, *_ in shown] == [1, 3]
    for (_, shot, view, images), frame in zip(shown, replies, strict=True):
        assert (shot, view) == (frame.shot, frame.view)
        assert len(images) == 1
        assert images[0] is frame.planes[0]


def test_frames_are_numbered_from_the_first_index_and_misses_take_no_number(build: Build) -> None:
    stand = build(first_index=40)
    replies = stand.take(stand.shot(), stand.shot(objective="100x"), stand.shot())
    assert [getattr(reply, "index", None) for reply in replies] == [40, None, 41]


def test_a_replayed_frame_names_its_recorded_time_point(build: Build) -> None:
    stand = build()
    frame, other = stand.take(stand.shot(), stand.shot(NK))
    assert (frame.source, other.source) == (2, 3)


def test_a_request_reaches_the_loop_while_it_waits(build: Build) -> None:
    stand = build(clock=RealClock())
    look = Request(Ask.LOOK, 0.0, x_um=30.0)
    heard: list[Reply] = []

    def watch() -> Generator[Shot, Reply, None]:
        threading.Timer(0.05, stand.inbox.put, [look]).start()
        heard.append((yield stand.shot(due_s=1e6)))
        heard.append((yield stand.shot(stage_x_um=30.0)))

    stand.microscope.run(watch(), stand.inbox)
    assert heard[0] == look
    assert isinstance(heard[1], Frame)


@pytest.mark.parametrize("due_s", [1e6, float("inf")])
def test_an_end_is_heard_while_it_waits(build: Build, due_s: float) -> None:
    stand = build(clock=RealClock())
    heard: list[Reply] = []

    def watch() -> Generator[Shot, Reply, None]:
        threading.Timer(0.05, stand.inbox.put, [Request(Ask.END, 0.0)]).start()
        heard.append((yield stand.shot(due_s=due_s)))

    stand.microscope.run(watch(), stand.inbox)
    assert heard == [Request(Ask.END, 0.0)]


def test_a_virtual_clock_does_not_run_away_while_the_operator_is_awaited(build: Build) -> None:
    stand = build()
    threading.Timer(0.05, stand.inbox.put, [Request(Ask.GO_ON, 0.0)]).start()
    stand.take(stand.shot(due_s=float("inf")))
    assert stand.clock.now_s() == 0.0


def test_cancelling_in_micro_manager_ends_the_loop_by_a_request(build: Build) -> None:
    stand = build(clock=RealClock())
    heard: list[Any] = []

    def watch() -> Generator[Shot, Reply, None]:
        threading.Timer(0.1, stand.core.mda.cancel).start()
        heard.append((yield stand.shot(due_s=1e6)))

    stand.microscope.run(watch(), stand.inbox)
    assert heard[0].ask is Ask.END
    assert "cancelled" in heard[0].text


def test_what_the_loop_raises_is_raised(build: Build) -> None:
    stand = build()

    def watch() -> Generator[Shot, Reply, None]:
        yield stand.shot()
        raise ZeroDivisionError("in the analysis")

    with pytest.raises(ZeroDivisionError, match="in the analysis"):
        stand.microscope.run(watch(), stand.inbox)
    assert not stand.core.getShutterOpen()


def test_other_tools_see_every_plane_by_frame_ready(build: Build) -> None:
    stand = build()
    seen: list[tuple[tuple[int, ...], dict[str, int], float]] = []
    stand.core.mda.events.frameReady.connect(
        lambda image, event, meta: seen.append(
            (image.shape, dict(event.index), meta["exposure_ms"])
        )
    )
    stand.take(stand.shot(), stand.shot(TUMOR, region=Region(0, 0, 64, 32)))
    assert seen == [
        ((512, 512), {"t": 0, "c": 0}, 30.0),
        ((512, 512), {"t": 0, "c": 1}, 40.0),
        ((32, 64), {"t": 1, "c": 0}, 40.0),
    ]


def test_a_listener_that_raises_does_not_disturb_the_loop(build: Build) -> None:
    stand = build()

    def raising(*_: object) -> None:
        raise ValueError("a broken listener")

    stand.core.mda.events.frameReady.connect(raising)
    assert len([one for one in stand.take(stand.shot(), stand.shot()) if shows(one)]) == 2


def test_the_engine_of_other_tools_is_put_back(build: Build) -> None:
    stand = build()
    before = stand.core.mda.engine
    stand.take(stand.shot())
    assert stand.core.mda.engine is before


def test_a_shot_through_the_gate_only(build: Build) -> None:
    stand = build()
    far, blinding = stand.take(
        stand.shot(stage_x_um=float("nan")), stand.shot(replace(NK, exposure_ms=1e5))
    )
    assert isinstance(far, Missed)
    assert far.reason == "refused: stage x nan um is no place"
    assert "at most 2000 allowed" in blinding.reason
    assert stand.specimen.exposed == []


def test_only_the_planes_asked_for_are_exposed(build: Build) -> None:
    stand = build()
    (frame,) = stand.take(stand.shot(Plane("tumor", 12.0)))
    assert [one[1:3] for one in stand.specimen.exposed] == [("tumor", 12.0)]
    assert len(frame.planes) == 1


def test_a_hold_ends_where_the_session_does(build: Build) -> None:
    limits = EXPERIMENT.limits.model_copy(update={"duration_s": 20.0})
    short = EXPERIMENT.model_copy(update={"limits": limits})
    stand = build(short, clock=RealClock(speed=50))
    (held,) = stand.take(stand.shot(due_s=float("inf")))
    assert isinstance(held, Missed)
    assert held.reason == "refused: the planned 20 s are over"
    assert held.lit == 0
    assert held.time_s >= 20
    assert stand.specimen.exposed == []
