"""A session in one line of a terminal, for machines without a display."""

from __future__ import annotations

import shutil
import sys
import threading
from typing import TYPE_CHECKING, TextIO

from livewatch.clock import stopwatch_s
from livewatch.model import Kind
from livewatch.tally import Tally
from livewatch.units import NOTHING, clock, many, size, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.alarm import Alarm
    from livewatch.model import Step
    from livewatch.session import Session
    from livewatch.tally import Status

REDRAW_S = 0.2
REPORT_S = 60.0
"""Where lines cannot be overwritten (a log file), one is written this often."""
REPORT_WIDTH = 120
TICK_S = 0.1


def attend(session: Session, stream: TextIO | None = None) -> None:
    """Start a session and show its progress on `stream` (stderr) until it is over."""
    progress = ProgressLine(stream or sys.stderr, session.status)
    session.subscribe(progress.see)
    session.start()
    while not session.is_over:
        session.join(TICK_S)
        progress.tick()
    progress.done()


def progress_line(tally: Tally, status: Status, width: int = 80) -> str:
    """The session in at most `width` characters; the least important goes first.

    Time, mode, cells, encounters, lateness of the last frame, free disk, and what was missed.
    """
    parts = (
        clock(tally.clock_s(status)),
        mode_of(tally),
        missed_of(tally),
        encounters_of(tally),
        cells_of(tally),
        f"{size(status.free_bytes)} free",
        f"late {span(tally.lateness.late_s)}",
    )
    order = (0, 1, 4, 3, 6, 5, 2)  # as they are read; the tuple above is by importance
    kept = len(parts)
    while kept > 1 and len(written(parts, order, kept)) > width:
        kept -= 1
    return written(parts, order, kept)[:width]


def written(parts: tuple[str, ...], order: tuple[int, ...], kept: int) -> str:
    """The `kept` most important parts, in reading order."""
    return "  ".join(parts[index] for index in order if index < kept and parts[index])


def mode_of(tally: Tally) -> str:
    """What the microscope is at, padded so that what follows stays in place."""
    if tally.is_held:
        return "on hold  "
    if tally.mode is None:
        return "starting " if tally.decision is None else "over     "
    return f"{tally.mode.value:9}"


def cells_of(tally: Tally) -> str:
    """How many cells of each kind the last observation showed."""
    if tally.observation is None:
        return f"{NOTHING:>3} NK {NOTHING:>3} tumor"
    kinds = [cell.kind for cell in tally.observation.cells]
    return f"{kinds.count(Kind.NK):3} NK {kinds.count(Kind.TUMOR):3} tumor"


def encounters_of(tally: Tally) -> str:
    """How many encounters there were, and how many go on."""
    return f"{many(len(tally.encounters), 'encounter')} ({len(tally.open_encounters)} now)"


def missed_of(tally: Tally) -> str:
    """What went wrong, if anything did."""
    return f"{tally.missed:,} missed" if tally.missed else ""


def alarm_line(alarm: Alarm) -> str:
    """An alarm, or its end, in one line that stays."""
    if alarm.over_s is not None:
        return f"{clock(alarm.over_s)}  all clear: {alarm.text}"
    return f"{clock(alarm.time_s)}  ALARM: {alarm.text}"


class ProgressLine:
    """Keeps one line of a terminal up to date; writes a line now and then to anything else.

    Alarms get a line of their own that stays, and ring the terminal's bell.

    `see` is for the session's thread and never writes: a terminal can be stopped (Ctrl-S) or
    gone. `tick`, called a few times a second from the main thread, writes when it is time.
    """

    def __init__(self, stream: TextIO, status: Callable[[], Status]) -> None:
        self._stream: TextIO | None = stream
        self._status = status
        self._lock = threading.Lock()
        self._tally = Tally()
        self._stays = not stream.isatty()
        self._due_s = float("-inf")
        self._mode = ""
        self._length = 0
        self._told: dict[int, bool] = {}

    def see(self, step: Step) -> None:
        """Take in one step."""
        with self._lock:
            self._tally = self._tally.after(step)

    @property
    def tally(self) -> Tally:
        """All steps so far."""
        with self._lock:
            return self._tally

    def tick(self) -> None:
        """Write if it is time; where lines stay, a change of mode is worth one too."""
        tally = self.tally
        self._tell(self._status().alarms)
        changed = self._stays and mode_of(tally) != self._mode
        if changed or stopwatch_s() >= self._due_s:
            self._write(tally)

    def done(self) -> None:
        """Write the last state and end the line. Call it before anything else is printed."""
        self._tell(self._status().alarms)
        self._write(self.tally)
        if not self._stays:
            self._put("\n")
            self._length = 0

    def _tell(self, alarms: tuple[Alarm, ...]) -> None:
        """Write the alarms that are new or over, each once, in place of the progress line."""
        news = [alarm for alarm in alarms if self._told.get(alarm.number) is not alarm.is_over]
        for alarm in news:
            self._told[alarm.number] = alarm.is_over
            bell = "" if alarm.is_over or self._stays else "\a"
            over = "" if self._stays else "\r"
            self._put(f"{over}{bell}{alarm_line(alarm).ljust(self._length)}\n")
        if news:
            self._due_s = float("-inf")

    def _write(self, tally: Tally) -> None:
        """Put the line out, over the one before where that is possible."""
        self._due_s = stopwatch_s() + (REPORT_S if self._stays else REDRAW_S)
        self._mode = mode_of(tally)
        if self._stays:
            self._put(progress_line(tally, self._status(), REPORT_WIDTH) + "\n")
            return
        width = shutil.get_terminal_size().columns - 1
        line = progress_line(tally, self._status(), width)
        self._put("\r" + line.ljust(min(self._length, width)))
        self._length = len(line)

    def _put(self, text: str) -> None:
        """Write what the stream's alphabet can show of a text; nothing more once it is gone."""
        if self._stream is None:
            return
        alphabet = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(alphabet, "replace").decode(alphabet))
            self._stream.flush()
        except OSError:  # the reader of a pipe went away: no reason to stop a session
            self._stream = None
