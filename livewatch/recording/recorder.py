"""The recorder: frames, steps and events go in, and are safe once they are acknowledged.

    put(frame) --> queue --> pixels, then ledger line --> acknowledged: wait(index) returns
    step, event ----^

One thread writes everything in the order it came, so the folder is at every moment what an
earlier, shorter session would have left. The queue is bounded in bytes: a disk that is too
slow holds up whoever puts, and nothing is dropped. After a fault no frame is accepted any more,
and `wait` says why; events still are, and the end can be written.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from livewatch.clock import stopwatch_s, wall_s
from livewatch.errors import BadInput
from livewatch.model import Frame, Missed, Observation, Request
from livewatch.recording.ballast import Ballast
from livewatch.recording.entry import Entry
from livewatch.recording.header import made_with
from livewatch.recording.layout import (
    BALLAST,
    CHECKPOINT,
    END,
    EVENTS,
    FRAMES,
    OBSERVATIONS,
    SESSION,
    TAKES,
    take_path,
)
from livewatch.recording.leftovers import leftovers
from livewatch.recording.line import Ledger, encoded
from livewatch.recording.seen import Seen
from livewatch.recording.sync import Syncer, sync_file, sync_folder
from livewatch.recording.take import Kind, Take, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from livewatch.model import Encounter, Step

QUEUE_BYTES = 256 * 2**20


class RecordingError(OSError):
    """Something could not be written down; says what, and why."""


class Recorder:
    """Writes one session folder; see `create`. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        *,
        next_frame: int = 0,
        next_take: int = 1,
        next_event: int = 0,
        known: Mapping[int, Encounter] | None = None,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self.folder = folder
        self._frames = Ledger(folder / FRAMES)
        self._events = Ledger(folder / EVENTS)
        self._seen = Seen(Ledger(folder / OBSERVATIONS), self._note, known or {})
        self._takes: dict[Kind, tuple[str, Take]] = {}
        self._next_take = next_take
        self._next_event = next_event
        self._acknowledged = next_frame - 1
        self._ballast = Ballast(folder / BALLAST)
        self._pending: dict[int, Future[None]] = {}
        self._room = Room(queue_bytes)
        self._fault: RecordingError | None = None
        self._lock = threading.Lock()
        self._noting = threading.Lock()
        self._waiting_state: tuple[int, Mapping[str, Any]] | None = None
        self._closed = False
        self._writer = ThreadPoolExecutor(1, "recorder")
        ledgers = (self._frames.sync, self._seen.sync, self._events.sync)
        self._syncer = Syncer(folder, ledgers, lambda fault: self._fail("syncing", fault))

    @classmethod
    def create(cls, folder: Path, header: Mapping[str, Any]) -> Self:
        """Begin a session in a new folder.

        `header` is what session.json shall hold, beside versions and the clock's anchor: the
        whole experiment, the instrument, and whatever else. Models and dataclasses may stand in
        it.

        Raises `BadInput` if the folder exists already, or cannot be made.
        """
        try:
            folder.mkdir(parents=True)
            (folder / TAKES).mkdir()
            replace_file(folder / SESSION, encoded(made_with() | dict(header)))
            sync_file(folder / SESSION)
            sync_folder(folder)
            return cls(folder)
        except FileExistsError as error:
            raise BadInput(
                f"{folder} exists already, and nothing is ever overwritten: choose another --out"
            ) from error
        except OSError as error:
            raise BadInput(f"{folder} cannot be written: {error.strerror or error}") from error

    @classmethod
    def resume(cls, folder: Path, about: Mapping[str, Any]) -> Self:
        """Go on in a session folder after a crash: frames, takes and events are numbered on.

        What a crash left of a last line is cut off, an end.json set aside. `about` goes into the
        event `resumed`, with the versions and the clock's anchor of now. Raises `BadInput` if the
        folder is no session, or damaged.
        """
        left = leftovers(folder)
        try:
            recorder = cls(
                folder,
                next_frame=left.frames,
                next_take=left.takes + 1,
                next_event=left.events,
                known=left.encounters,
            )
        except OSError as error:
            raise BadInput(f"{folder} cannot be written: {error.strerror or error}") from error
        recorder.event("resumed", {**about, "frame": left.frames, "with": made_with()})
        return recorder

    # --- what goes in ----------------------------------------------------------------

    def put(self, frame: Frame) -> None:
        """Hand over a frame; returns at once unless the queue is full.

        Raises `RecordingError` if the frame is not what its view and shot promise, or if
        recording has failed before.
        """
        _check(frame)
        if self._fault is not None:
            raise self._fault
        size = sum(plane.nbytes for plane in frame.planes)
        self._room.take(size)
        with self._lock:
            future = self._submit(f"frame {frame.index}", lambda: self._write(frame))
            self._pending[frame.index] = future
        future.add_done_callback(lambda done: self._written(done, frame.index, size))

    def wait(self, index: int, timeout_s: float | None = None) -> None:
        """Return once frame `index` is acknowledged: its pixels and its line are written.

        Raises `RecordingError` if it could not be written, `TimeoutError` after `timeout_s`.
        """
        with self._lock:
            future = self._pending.get(index)
        if future is not None:
            future.result(timeout_s)
        elif index > self._acknowledged:
            raise self._fault or RecordingError(f"frame {index} was never handed to the recorder")

    def step(self, step: Step) -> None:
        """Write down one turn of the loop: what was seen, encounters' changes, the decision."""
        if not self._closed:
            self._submit("a decision", lambda: self._write_step(step))

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Write down anything else that happened: a fault, a pause, a resumption."""
        if not self._closed:
            self._submit(f"event {kind!r}", lambda: self._note(kind, payload))

    def checkpoint(self, frame: int, state: Mapping[str, Any]) -> None:
        """Keep what analysis remembers after `frame`, for a resumption; the newest is enough.

        It is written once the ledger says what was seen in `frame`, so that it never knows more
        than the ledger.
        """
        with self._lock:
            self._waiting_state = frame, state

    def close(self, end: Mapping[str, Any] | None) -> None:
        """Write what is left, then end.json, which says how the session ended.

        `end` None leaves end.json out, as a crash would. Closing twice does nothing; nor does
        an event or a step that comes later. Raises `RecordingError` if the end could not be
        written.
        """
        if self._closed:
            return
        self._closed = True
        self._writer.shutdown(wait=True)
        self._ballast.drop()
        try:
            self._syncer.close()
            for ledger in (self._frames, self._seen, self._events):
                ledger.close()
            if end is not None:
                self._write_end(end)
        except OSError as error:
            raise RecordingError(f"the end of {self.folder} could not be written: {error}") from (
                error
            )

    # --- how it goes -----------------------------------------------------------------

    @property
    def fault(self) -> RecordingError | None:
        """Why recording has failed, if it has."""
        return self._fault

    @property
    def acknowledged(self) -> int:
        """The newest acknowledged frame, -1 before the first."""
        return self._acknowledged

    @property
    def filled(self) -> float:
        """How full the queue is: 0 empty, 1 about to hold up whoever puts."""
        return self._room.filled

    # --- on the writer's thread --------------------------------------------------------

    def _written(self, done: Future[None], index: int, size: int) -> None:
        """Give back a frame's room; one that failed is kept for whoever waits for it."""
        self._room.give(size)
        if done.exception() is None:
            with self._lock:
                self._pending.pop(index, None)

    def _submit(self, what: str, job: Callable[[], object]) -> Future[None]:
        return self._writer.submit(self._guarded, what, job)

    def _guarded(self, what: str, job: Callable[[], object]) -> None:
        try:
            job()
        except RecordingError:
            raise
        except Exception as error:  # whatever it is, whoever waits must hear of it
            raise self._fail(f"writing {what}", error) from error

    def _fail(self, what: str, error: Exception) -> RecordingError:
        """Remember the first fault, and make room to write it down."""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        fault = RecordingError(f"{what} to {self.folder} failed: {reason}")
        if self._fault is None:
            self._fault = fault
            self._ballast.drop()
            with suppress(OSError):
                self._note("fault", {"where": "recording", "reason": str(fault)})
        return fault

    def _write(self, frame: Frame) -> None:
        if self._fault is not None:
            raise self._fault
        name, take = self._take_for(frame)
        index = take.length
        paths = take.append(frame.planes)
        self._frames.append(Entry.of(frame, name, index))
        self._acknowledged = frame.index
        self._syncer.touch(paths)

    def _take_for(self, frame: Frame) -> tuple[str, Take]:
        kind = Kind.of(frame)
        if kind not in self._takes:
            name = f"{self._next_take:04d}"
            path = self.folder / take_path(name)
            self._takes[kind] = name, Take(path, kind, frame.planes)
            self._next_take += 1
            self._syncer.touch([path / "zarr.json"])
        return self._takes[kind]

    def _write_step(self, step: Step) -> None:
        after = self._write_reply(step)
        if step.observation is not None:
            self._seen.write(step.observation)
        seen = None if step.observation is None else step.observation.frame
        self._note(
            "decision",
            {
                "after": after,
                "observation": seen,
                "decision": step.decision,
                "lateness": step.lateness,
            },
        )
        if seen is not None:
            self._write_checkpoint(seen)

    def _write_checkpoint(self, seen: int) -> None:
        """Write the state that was handed over for this frame, if it is that one's turn."""
        with self._lock:
            if self._waiting_state is None or self._waiting_state[0] != seen:
                return
            frame, state = self._waiting_state
            self._waiting_state = None
        path = self.folder / CHECKPOINT
        replace_file(path, encoded({"frame": frame, "analysis": state}))
        self._syncer.touch([path])

    def _write_reply(self, step: Step) -> dict[str, int]:
        """What the loop was sent: a frame or an observation by its number, or an event."""
        match step.reply:
            case Frame(index=index):
                return {"frame": index}
            case Observation(frame=index):
                return {"observation": index}
            case Missed() as missed:
                return {"event": self._note("missed", {"missed": missed})}
            case Request() as request:
                return {"event": self._note("request", {"request": request})}

    def _note(self, kind: str, payload: Mapping[str, Any]) -> int:
        """Append an event; returns its number."""
        with self._noting:
            number = self._next_event
            self._events.append({"event": number, "kind": kind, **payload})
            self._next_event = number + 1
            return number

    def _write_end(self, end: Mapping[str, Any]) -> None:
        recorded = {
            "frames": self._acknowledged + 1,
            "fault": None if self._fault is None else str(self._fault),
            "wall_s": wall_s(),
            "monotonic_s": stopwatch_s(),
        }
        replace_file(self.folder / END, encoded({**end, "recording": recorded}))
        sync_file(self.folder / END)
        sync_folder(self.folder)


class Room:
    """How many bytes may still be queued. Something larger than all of it may go in alone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._changed = threading.Condition()

    def take(self, size: int) -> None:
        """Wait for room, and use it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + size <= self._size)
            self._used += size

    def give(self, size: int) -> None:
        """Give room back."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()

    @property
    def filled(self) -> float:
        """Used part of it, 0 to 1."""
        return min(self._used / self._size, 1.0)


def _check(frame: Frame) -> None:
    """Refuse a frame whose pixels are not what its shot and view say."""
    types = {plane.dtype.name for plane in frame.planes}
    if len(frame.planes) != len(frame.shot.planes) or len(frame.exposures) != len(frame.planes):
        wrong = f"{len(frame.planes)} images of {len(frame.shot.planes)} planes"
    elif types not in ({"uint8"}, {"uint16"}):
        wrong = f"pixels of type {', '.join(sorted(types))}, not uint8 or uint16"
    elif any(plane.shape != frame.view.shape for plane in frame.planes):
        shapes = ", ".join(str(plane.shape) for plane in frame.planes)
        wrong = f"images of {shapes} pixels at a view of {frame.view.shape}"
    else:
        return
    raise RecordingError(f"frame {frame.index} is refused: {wrong}")
