"""The recorder: frames, steps and events go in, and are safe once they are acknowledged.

    put(frame) --> queue --> pixels, then ledger line --> acknowledged: wait(index) returns
    step, event ----^

One thread writes everything in the order it came (see `scribe.py`), so the folder is at every
moment what an earlier, shorter session would have left. The queue is bounded in bytes: a disk
that is too slow holds up whoever puts, and nothing is dropped. After a fault no frame is accepted
any more, and `wait` says why; events still are, and the end can be written.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from livewatch.errors import BadInput
from livewatch.model import Frame
from livewatch.recording.ballast import Ballast
from livewatch.recording.checkpoint import kept
from livewatch.recording.header import made_with
from livewatch.recording.layout import BALLAST, SESSION, TAKES
from livewatch.recording.leftovers import Leftovers, leftovers
from livewatch.recording.line import encoded
from livewatch.recording.room import Room
from livewatch.recording.scribe import Scribe
from livewatch.recording.sync import Syncer, sync_file, sync_folder
from livewatch.recording.take import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from livewatch.model import Pixels, Shot, Step, View
    from livewatch.policy.state import PolicyState

QUEUE_BYTES = 256 * 2**20


class RecordingError(OSError):
    """Something could not be written down; says what, and why."""


@dataclass(frozen=True, slots=True)
class _Analysis:
    """What analysis remembers after a frame and `observed` observations.

    Later ones begin at byte `observation_at` of their ledger, or after.
    """

    frame: int
    observed: int
    analysis: Mapping[str, Any]
    observation_at: int


class Recorder:
    """Writes one session folder; see `create` and `resume`. Safe to use from several threads."""

    def __init__(
        self, folder: Path, left: Leftovers | None = None, queue_bytes: int = QUEUE_BYTES
    ) -> None:
        self.folder = folder
        self._scribe = Scribe(folder, left or Leftovers())
        self._ballast = Ballast(folder / BALLAST)
        self._room = Room(queue_bytes)
        self._pending: dict[int, Future[None]] = {}
        self._state: _Analysis | None = None
        self._observed = 0
        self._decided = left.frames if left else 0
        self._fault: RecordingError | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._broke_off = False
        self._writer = ThreadPoolExecutor(1, "recorder")
        ledgers = [ledger.sync for ledger in self._scribe.ledgers]
        self._syncer = Syncer(folder, ledgers, lambda fault: self._fail("syncing", fault))

    @classmethod
    def create(cls, folder: Path, header: Mapping[str, Any]) -> Self:
        """Begin a session in a new folder.

        `header` is what session.json shall hold, beside versions and the clock's anchor: the
        whole experiment, the instrument, and whatever else. Models and dataclasses may stand in
        it. Raises `BadInput` if the folder exists already, or cannot be made.
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

        What a crash left of a last line is cut off, an end.json set aside. `about`, which must
        hold the session time `time_s`, goes into the event `resumed`, with the versions and the
        clock's anchor of now. Raises `BadInput` if the folder is no session, or damaged.
        """
        left = leftovers(folder)
        try:
            recorder = cls(folder, left)
        except OSError as error:
            raise BadInput(f"{folder} cannot be written: {error.strerror or error}") from error
        recorder.event("resumed", {**about, "frame": left.frames, "with": made_with()})
        return recorder

    # --- what goes in ----------------------------------------------------------------

    def begin(self, shot: Shot, view: View, planes: Sequence[Pixels]) -> None:
        """Have the first images of a frame written while the others are exposed; returns at once.

        It spares time after the exposure, and promises nothing: the frame, with the same arrays in
        it, must be `put` all the same, and may never come.
        """
        if not self._closed and self._fault is None:
            self._submit("an image", lambda: self._scribe.begin(shot, view, planes))

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
        elif index > self.acknowledged:
            raise self._fault or RecordingError(f"frame {index} was never handed to the recorder")

    def step(self, step: Step, policy: PolicyState | None = None) -> None:
        """Write down one turn of the loop: what was seen, encounters' changes, the decision.

        `policy` is what the policy remembers after it, and is kept in a checkpoint that is due.
        """
        if not self._closed:
            self._submit("a decision", lambda: self._write_step(step, policy))

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Write down anything else that happened: a fault, a pause, a resumption."""
        if not self._closed:
            self._submit(f"event {kind!r}", lambda: self._scribe.note(kind, payload))

    def checkpoint(self, frame: int, observed: int, state: Mapping[str, Any]) -> None:
        """Keep what analysis remembers after `frame`, for a resumption; the newest is enough.

        It is written once the ledger holds as many observations as were made (`observed`), and is
        on the disk, so that it never knows more than the ledger: one that is late is in it all
        the same. To be called before the next frame is observed.
        """
        with self._lock:
            self._state = _Analysis(frame, observed, state, self._scribe.observation_at)

    def settle(self) -> None:
        """Return once everything handed over so far is written, or has failed."""
        if not self._closed:
            self._writer.submit(lambda: None).result()

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
            self._scribe.close()
            if end is not None:
                self._scribe.end(end, None if self._fault is None else str(self._fault))
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
        return self._scribe.frames - 1

    @property
    def filled(self) -> float:
        """How full the queue is: 0 empty, 1 about to hold up whoever puts."""
        return self._room.filled

    # --- on the writer's thread --------------------------------------------------------

    def _submit(self, what: str, job: Callable[[], object]) -> Future[None]:
        return self._writer.submit(self._guarded, what, job)

    def _guarded(self, what: str, job: Callable[[], object]) -> None:
        self._syncer.keep_up()
        try:
            with self._syncer.writing:
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
                self._scribe.note("fault", {"where": "recording", "reason": str(fault)})
        return fault

    def _write(self, frame: Frame) -> None:
        if self._fault is not None:
            raise self._fault
        self._syncer.touch(self._scribe.frame(frame))

    def _written(self, done: Future[None], index: int, size: int) -> None:
        """Give back a frame's room; one that failed is kept for whoever waits for it."""
        self._room.give(size)
        if done.exception() is None:
            with self._lock:
                self._pending.pop(index, None)

    def _write_step(self, step: Step, policy: PolicyState | None) -> None:
        """Write a turn; none from the first on whose frame could not be written."""
        if isinstance(step.reply, Frame) and step.reply.index > self.acknowledged:
            self._broke_off = True
        if self._broke_off:
            return
        self._scribe.step(step)
        self._observed += step.observation is not None
        if isinstance(step.reply, Frame):
            self._decided = step.reply.index + 1
        with self._lock:
            state = self._state
            if state is None or self._observed < state.observed:
                return
            self._state = None
        mark = self._scribe.mark(state.observation_at, self._decided, step.decision.id)
        content = kept(state.frame, state.analysis, policy, mark)
        self._syncer.afterwards(lambda: self._scribe.checkpoint(content))


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
