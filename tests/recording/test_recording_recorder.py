from __future__ import annotations

import errno
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaozarrs
import zarr
from invented import encounter, frame, observation, pixels, shot, step, view

from livewatch.errors import BadInput
from livewatch.model import Ask, Decision, Missed, Purpose, Region, Request, Step
from livewatch.recording.folder import SessionFolder
from livewatch.recording.recorder import Recorder, RecordingError
from livewatch.recording.room import Room
from livewatch.recording.take import Take

if TYPE_CHECKING:
    from pathlib import Path

    from livewatch.model import Frame

PAIR = Region(16, 8, 48, 40)


def record(folder: Path, frames: list[Frame], end: dict[str, object] | None = None) -> Path:
    recorder = Recorder.create(folder, {"begun_s": 0.0})
    for each in frames:
        recorder.put(each)
        recorder.step(step(each))
    recorder.close(end or {"status": "completed"})
    return folder


def test_a_frame_comes_back_as_it_went_in(tmp_path: Path) -> None:
    at = view(PAIR, stage_x_um=1 / 3)
    sent = replace(frame(0, at, time_s=0.1 + 0.2), source=7, remark="out of focus: a test")
    record(tmp_path / "s", [sent])
    found = SessionFolder.open(tmp_path / "s").frame(0)
    assert found.remark == "out of focus: a test"
    assert (found.shot, found.view, found.exposures) == (sent.shot, sent.view, sent.exposures)
    assert (found.index, found.source, found.time_s) == (0, 7, sent.time_s)
    for ours, theirs in zip(found.planes, sent.planes, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_images_that_were_begun_with_are_written_once_and_the_frame_is_whole(
    tmp_path: Path,
) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    sent = [frame(0), frame(1)]
    written_ns: list[int] = []
    for each in sent:
        recorder.begin(each.shot, each.view, each.planes[:1])
        recorder.settle()
        chunks = sorted((tmp_path / "s").rglob("c/*/*/0/0"))
        assert len(chunks) == 3 * each.index  # of a new take nothing is written before its time
        written_ns = [chunk.stat().st_mtime_ns for chunk in chunks]
        recorder.put(each)
        recorder.wait(each.index)
    recorder.close({})
    assert [chunk.stat().st_mtime_ns for chunk in chunks] == written_ns
    folder = SessionFolder.open(tmp_path / "s")
    for each in sent:
        for ours, theirs in zip(folder.frame(each.index).planes, each.planes, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_frame_that_was_begun_and_never_came_leaves_no_trace(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    first, missed, then = (frame(number) for number in range(3))
    then = replace(then, index=1)
    recorder.put(first)
    recorder.begin(missed.shot, missed.view, missed.planes[:1])
    recorder.put(then)
    recorder.begin(missed.shot, missed.view, missed.planes[:1])
    recorder.close({"status": "completed"})
    folder = SessionFolder.open(tmp_path / "s")
    assert len(folder) == 2
    for ours, theirs in zip(folder.frame(1).planes, then.planes, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    (take,) = (tmp_path / "s" / "takes").iterdir()
    assert zarr.open_group(take, mode="r")["0"].shape[0] == 2


def test_a_view_that_was_not_quite_reached_is_kept_beside_the_one_asked_for(
    tmp_path: Path,
) -> None:
    asked = frame(0)
    reached = replace(asked, view=replace(asked.view, stage_x_um=100.4))
    record(tmp_path / "s", [reached])
    found = SessionFolder.open(tmp_path / "s").frame(0)
    assert found.view.stage_x_um == 100.4
    assert found.shot == asked.shot


def test_an_infinite_due_time_survives(tmp_path: Path) -> None:
    waiting = frame(0)
    waiting = replace(waiting, shot=replace(waiting.shot, not_before_s=float("-inf")))
    record(tmp_path / "s", [waiting])
    assert SessionFolder.open(tmp_path / "s").entry(0).due_s == float("-inf")


def test_every_constant_view_has_its_take_and_a_drifting_region_none_of_its_own(
    tmp_path: Path,
) -> None:
    drifting = [view(replace(PAIR, x_px=16 + n), stage_x_um=100.0 + n) for n in range(4)]
    views = [view(), *drifting, view(), view(position="B"), view(replace(PAIR, width_px=40))]
    record(tmp_path / "s", [frame(n, at) for n, at in enumerate(views)])
    takes = [entry.take for entry in SessionFolder.open(tmp_path / "s").entries()]
    assert takes == ["0001", "0002", "0002", "0002", "0002", "0001", "0003", "0004"]


def test_takes_are_valid_ome_zarr_for_a_reader_that_is_not_ours(tmp_path: Path) -> None:
    record(tmp_path / "s", [frame(n) for n in range(3)])
    take = tmp_path / "s" / "takes" / "0001.ome.zarr"
    yaozarrs.validate_zarr_store(str(take))
    group = zarr.open_group(take, mode="r")
    image = group.attrs["ome"]["multiscales"][0]  # type: ignore[index,call-overload]
    assert [axis["name"] for axis in image["axes"]] == ["t", "c", "y", "x"]
    assert image["datasets"][0]["coordinateTransformations"][0]["scale"][2:] == [0.325, 0.325]
    array = group["0"]
    assert isinstance(array, zarr.Array)
    assert array.shape == (3, 2, 64, 96)
    for index in range(3):
        for channel in range(2):
            expected = pixels(index, channel, (64, 96))
            np.testing.assert_array_equal(array[index, channel], expected)


def test_a_take_grows_by_whole_frames_while_the_session_runs(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    lengths = []
    for index in range(4):
        recorder.put(frame(index))
        recorder.wait(index)
        take = zarr.open_group(tmp_path / "s/takes/0001.ome.zarr", mode="r")["0"]
        lengths.append(take.shape[0])  # type: ignore[union-attr]
    recorder.close({})
    assert lengths == [1, 2, 3, 4]


def test_an_acknowledged_frame_is_readable_while_the_session_runs(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    for index in range(3):
        recorder.put(frame(index))
        recorder.wait(index)
        session = SessionFolder.open(tmp_path / "s")
        assert len(session) == index + 1
        np.testing.assert_array_equal(session.read(index)[1], pixels(index, 1, (64, 96)))
    recorder.close({})


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(BadInput, match="exists already"):
        Recorder.create(tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        Recorder.create(tmp_path / "file" / "s", {})


def test_waiting_for_a_frame_nobody_handed_over_says_so(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    with pytest.raises(RecordingError, match="frame 5 was never handed"):
        recorder.wait(5)
    recorder.close({})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda good: [plane[:-1] for plane in good], "images of"),
        (lambda good: good[:1], "1 images of 2 planes"),
        (lambda good: [plane.astype(np.float32) for plane in good], "float32"),
        (lambda good: [good[0], good[1].astype(np.uint8)], "uint8"),
    ],
    ids=["shape", "count", "float", "mixed"],
)
def test_a_frame_that_is_not_what_it_says_is_refused_before_writing(
    tmp_path: Path, spoil: object, why: str
) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    good = frame(0)
    with pytest.raises(RecordingError, match=why):
        recorder.put(replace(good, planes=tuple(spoil(good.planes))))  # type: ignore[operator]
    recorder.put(good)
    recorder.wait(0)
    recorder.close({})
    assert len(SessionFolder.open(tmp_path / "s")) == 1


def test_decisions_misses_requests_and_encounters_are_told_in_order(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    first, second, third = (frame(n) for n in range(3))
    seen = observation(second, encounter(3.0), opened=(1,))
    closed = observation(third, encounter(3.0, end_s=4.0), closed=(1,))
    nothing = Decision(None, "over")
    for each, what in ((first, None), (second, seen), (third, closed)):
        recorder.put(each)
        recorder.step(step(each, what))
    recorder.step(Step(Missed(shot(3), "stage stuck", 3.0), None, nothing))
    recorder.step(Step(Request(Ask.END, 4.0, text="enough"), None, nothing))
    recorder.step(Step(closed, closed, nothing))
    recorder.event("pause", {"why": "lunch"})
    recorder.close({"status": "stopped"})
    events = list(SessionFolder.open(tmp_path / "s").events())
    assert [event["kind"] for event in events] == [
        "decision", "encounter opened", "decision", "encounter closed", "decision",
        "missed", "decision", "request", "decision", "decision", "pause",
    ]  # fmt: skip
    afters = [event["after"] for event in events if event["kind"] == "decision"]
    assert afters == [
        {"frame": 0}, {"frame": 1}, {"frame": 2}, {"event": 5}, {"event": 7}, {"observation": 2},
    ]  # fmt: skip


def test_an_encounter_is_written_again_only_when_it_changed(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    for index, last_s in enumerate((3.0, 3.0, 5.0)):
        each = frame(index)
        recorder.put(each)
        recorder.step(step(each, observation(each, encounter(last_s))))
    recorder.close({})
    session = SessionFolder.open(tmp_path / "s")
    kinds = [event["kind"] for event in session.events() if "encounter" in event]
    assert kinds == ["encounter opened", "encounter updated"]
    assert repr(session.encounters()) == repr({1: encounter(5.0)})  # NaN is not itself


def test_the_end_says_what_was_recorded_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    recorder.put(frame(0))
    recorder.close({"status": "completed"})
    recorder.close({"status": "failed"})
    end = SessionFolder.open(tmp_path / "s").end
    assert end is not None
    assert (end["status"], end["recording"]["frames"]) == ("completed", 1)
    assert not (tmp_path / "s" / "ballast").exists()


def test_every_line_is_json_to_the_letter(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    each = frame(0)
    recorder.put(each)
    recorder.step(step(each, observation(each, encounter(3.0))))
    recorder.close({})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    for ledger in (tmp_path / "s").glob("*.json*"):
        for line in ledger.read_text(encoding="utf-8").splitlines():
            json.loads(line, parse_constant=refuse)


def test_a_full_disk_surfaces_at_the_right_frame_and_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    write = Take.append

    def append(self: Take, planes: object) -> object:
        if self.length == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, planes)  # type: ignore[arg-type]

    monkeypatch.setattr(Take, "append", append)
    for index in range(3):
        recorder.put(frame(index))
    recorder.wait(0)
    recorder.wait(1)
    with pytest.raises(RecordingError, match=r"frame 2 .*No space left"):
        recorder.wait(2)
    with pytest.raises(RecordingError, match="No space left"):
        recorder.put(frame(3))
    recorder.close({"status": "failed"})
    session = SessionFolder.open(tmp_path / "s")
    assert len(session) == 2
    assert [event["kind"] for event in session.events()] == ["fault"]
    assert session.end is not None
    assert "No space left" in session.end["recording"]["fault"]


def test_a_ledger_that_cannot_be_written_whole_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    recorder.put(frame(0))
    recorder.wait(0)
    before = (tmp_path / "s" / "frames.jsonl").read_bytes()

    class Filling:
        """A file on a disk that becomes full in the middle of a line."""

        def __init__(self, file: object) -> None:
            self.file = file

        def write(self, content: bytes) -> int:
            if len(content) < 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(content[: len(content) // 2])  # type: ignore[attr-defined,no-any-return]

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    ledger = recorder._scribe._frames
    monkeypatch.setattr(ledger, "_file", Filling(ledger._file))
    recorder.put(frame(1))
    with pytest.raises(RecordingError, match="No space left"):
        recorder.wait(1)
    recorder.close({})
    assert (tmp_path / "s" / "frames.jsonl").read_bytes() == before


def test_a_slow_disk_holds_up_whoever_puts_and_drops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = sum(plane.nbytes for plane in frame(0).planes)
    recorder = Recorder(_bare(tmp_path / "s"), queue_bytes=2 * one)
    gate = threading.Event()
    write = Take.append

    def append(self: Take, planes: object) -> object:
        gate.wait()
        return write(self, planes)  # type: ignore[arg-type]

    monkeypatch.setattr(Take, "append", append)
    recorder.put(frame(0))
    recorder.put(frame(1))
    assert recorder.filled == 1.0
    third = threading.Thread(target=recorder.put, args=(frame(2),))
    third.start()
    third.join(0.2)
    assert third.is_alive()
    gate.set()
    third.join()
    recorder.close({})
    assert len(SessionFolder.open(tmp_path / "s")) == 3


def test_something_larger_than_the_queue_goes_in_alone() -> None:
    room = Room(10)
    room.take(25)
    assert room.filled == 1.0
    room.give(25)
    room.take(5)
    assert room.filled == 0.5


def test_purpose_and_position_are_told_of_every_frame(tmp_path: Path) -> None:
    record(tmp_path / "s", [frame(0, view(PAIR, position="B"), Purpose.ENCOUNTER)])
    entry = SessionFolder.open(tmp_path / "s").entry(0)
    assert (entry.view.position, entry.purpose, entry.channels) == (
        "B", Purpose.ENCOUNTER, ("nk", "tumor"),
    )  # fmt: skip
    assert entry.dose == 60.0


def _bare(folder: Path) -> Path:
    Recorder.create(folder, {}).close(None)
    return folder


def test_a_checkpoint_waits_until_the_ledger_knows_as_much(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "s", {})
    late, newer = frame(0), frame(1)
    for each in (late, newer):
        recorder.put(each)
    recorder.checkpoint(1, 2, {})
    kept = tmp_path / "s" / "checkpoint.json"
    recorder.step(step(newer, observation(newer)))
    recorder.settle()
    recorder._syncer.sync()
    assert not kept.exists()
    recorder.step(Step(observation(late), observation(late), step(newer).decision))
    recorder.close({})
    assert json.loads(kept.read_text().splitlines()[0])["frame"] == 1
