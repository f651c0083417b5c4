"""Faults 4, 5 and 11, and a slow disk: what goes wrong while the camera streams."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from livewatch.clock import RealClock
from livewatch.model import Frame, Purpose
from livewatch.recording.room import Room
from livewatch.recording.take import Take
from livewatch.settings import Imaging
from livewatch.specimen.camera import SpecimenCamera
from tests.faults.bench import Bench, bench, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livewatch.clock import Clock
    from tests.faults.bench import Scene

SPLIT = (512, 192)
LONG = 60


def streaming(folder: Path, camera: type[SpecimenCamera] = SpecimenCamera, **changes: Any) -> Bench:
    """A session whose camera shows both channels at once, and streams when cells touch."""
    preset = {"preset": "NK", "exposure_ms": 500}  # 10 ms, at fifty times the speed of life
    tables: dict[str, Any] = {
        "channels": {"nk": preset, "tumor": preset},
        "reaction": {"burst": changes.pop("burst", LONG)},
        "limits": {"duration_s": 220} | changes.pop("limits", {}),
    }
    tables["microscope"] = {"imaging": "split-left-right", **changes.pop("microscope", {})}

    def made(scene: Scene, clock: Clock) -> SpecimenCamera:
        shows = {"NK": ("nk", "tumor")}
        return camera(scene, clock, SPLIT, shows, Imaging.SPLIT_LEFT_RIGHT)

    return bench(folder, plan(**tables, **changes), clock=RealClock(50.0), camera=made)


def streamed(made: Bench) -> list[Frame]:
    """The frames of the burst."""
    frames = [step.reply for step in made.steps if isinstance(step.reply, Frame)]
    return [frame for frame in frames if frame.shot.purpose is Purpose.BURST]


def goes_on(made: Bench) -> None:
    """After the burst, the encounter is followed at its usual rate."""
    frames = [step.reply for step in made.steps if isinstance(step.reply, Frame)]
    last = max(index for index, each in enumerate(frames) if each.shot.purpose is Purpose.BURST)
    assert any(each.shot.purpose is Purpose.ENCOUNTER for each in frames[last + 1 :])


def test_a_burst_without_a_fault_is_whole(tmp_path: Path) -> None:
    made = streaming(tmp_path / "s").run()
    made.survived()
    assert [frame.shot.count for frame in streamed(made)] == list(range(LONG, 0, -1))


dies_in_its_thread = pytest.mark.filterwarnings(  # which says so, and is meant to
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)


class Dying(SpecimenCamera):
    """A camera whose sequence ends with an error after a few images."""

    def start_sequence(self, n: Any, get_buffer: Any) -> Any:
        for number, about in enumerate(super().start_sequence(n, get_buffer)):
            if number == 7:
                raise OSError("frame grabber: link lost")
            yield about


@dies_in_its_thread
def test_a_sequence_that_dies_keeps_what_came_and_records_the_gap(tmp_path: Path) -> None:
    made = streaming(tmp_path / "s", Dying).run()
    made.survived()
    assert len(streamed(made)) == 7
    assert made.misses[0] == f"the camera's sequence stopped after 7 of {LONG} images"
    goes_on(made)


def test_a_buffer_that_overflows_is_drained_and_the_gap_recorded(tmp_path: Path) -> None:
    made = streaming(tmp_path / "s", microscope={"buffer_mb": 1})

    def dawdle(step: Any) -> None:
        burst = isinstance(step.reply, Frame) and step.reply.shot.purpose is Purpose.BURST
        time.sleep(0.08 if burst else 0.0)

    made.session.subscribe(dawdle)
    made.run().survived()
    assert any("overflowed" in reason or "images lost" in reason for reason in made.misses)
    assert 2 <= len(streamed(made)) < LONG
    goes_on(made)


def meddling(made: Bench, act: Callable[[], object]) -> None:
    """Have something done to the core in the middle of the burst."""

    def meddle(step: Any) -> None:
        if isinstance(step.reply, Frame) and step.reply.shot.count == LONG - 10:
            act()

    made.session.subscribe(meddle)


@dies_in_its_thread
def test_a_region_changed_by_another_program_while_streaming_ends_the_burst(
    tmp_path: Path,
) -> None:
    made = streaming(tmp_path / "s")
    meddling(made, lambda: made.core.setROI("Specimen", 16, 16, 64, 64))
    made.run().survived()
    assert made.misses
    assert len(streamed(made)) < LONG
    goes_on(made)


def test_a_burst_that_the_disk_cannot_follow_ends_early_with_the_reason_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What waits for the disk takes seconds to write, at fifty times the speed of life.
    made = streaming(tmp_path / "s", burst=5 * LONG, limits={"duration_s": 500, "give_up_s": 400})
    made.session._recorder._room = Room(2 * 2**20)
    plain = Take.append

    def slowly(self: Take, planes: Any) -> Any:
        time.sleep(0.03)
        return plain(self, planes)

    monkeypatch.setattr(Take, "append", slowly)
    made.run().survived()
    assert made.misses[0] == "the disk is slower than the burst, which ends early"
    assert 2 <= len(streamed(made)) < 5 * LONG
    goes_on(made)
