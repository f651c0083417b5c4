"""A session in one line: what it says, that it fits, and when it is written."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from gui_stage import Stage

from livewatch.alarm import Alarm, Trouble
from livewatch.model import (
    Decision,
    Encounter,
    Exposure,
    Frame,
    Lateness,
    Missed,
    Observation,
    Plane,
    Purpose,
    Shot,
    Step,
    View,
)
from livewatch.tally import Status, Tally
from livewatch.terminal import ProgressLine, attend, progress_line

VIEW = View("well A", 0.0, 0.0, None, "10x", 0.65, 1, (64, 64))
PLANES = (Plane("nk", 50.0), Plane("tumor", 50.0))
STATUS = Status(3725.0, 231_000_000_000, "session")


def shot(purpose: Purpose = Purpose.SURVEY, due_s: float = 0.0) -> Shot:
    return Shot(VIEW, PLANES, due_s, purpose)


def frame(index: int = 0) -> Frame:
    exposure = Exposure("nk", 0.0, 0.05, 50.0)
    return Frame(index, shot(), VIEW, (), (exposure,), 0.0)


def seen(*encounters: Encounter) -> Observation:
    return Observation(0, 0, 0.0, VIEW, encounters=encounters)


def encounter(number: int, end_s: float | None = None) -> Encounter:
    return Encounter(number, "well A", 1, 2, 0.0, 30.0, end_s, 0.0, 0.0)


def step(purpose: Purpose = Purpose.SURVEY, *encounters: Encounter) -> Step:
    decision = Decision(shot(purpose), "because")
    return Step(frame(), seen(*encounters), decision, Lateness(late_s=0.012))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_time_mode_cells_encounters_lateness_and_free_disk() -> None:
    tally = Tally().after(step(Purpose.ENCOUNTER, encounter(0, 30.0), encounter(1)))
    line = progress_line(tally, STATUS, 120)
    for part in (
        "1:02:05",
        "encounter",
        "0 NK",
        "0 tumor",
        "2 encounters (1 now)",
        "late 12 ms",
        "231 GB free",
    ):
        assert part in line


def test_no_time_has_passed_while_a_session_is_still_being_prepared() -> None:
    assert progress_line(Tally(), STATUS, 120).startswith("0:00:00  starting")


def test_a_missed_frame_shows_in_the_line() -> None:
    lost = Missed(shot(), "camera did not answer", 4.0)
    tally = Tally().after(Step(lost, None, Decision(shot(), "again")))
    assert "1 missed" in progress_line(tally, STATUS)


def test_a_held_session_says_so() -> None:
    waiting = replace(step(), decision=Decision(shot(due_s=float("inf")), "held"))
    assert "on hold" in progress_line(Tally().after(waiting), STATUS)


@pytest.mark.parametrize("width", [10, 20, 40, 60, 80, 120])
def test_the_line_fits_and_keeps_the_time(width: int) -> None:
    tally = Tally().after(step(Purpose.ENCOUNTER, encounter(0)))
    line = progress_line(tally, STATUS, width)
    assert len(line) <= width
    assert line.startswith("1:02:05")


def test_mode_outlives_the_less_important_in_a_narrow_terminal() -> None:
    line = progress_line(Tally().after(step()), STATUS, 20)
    assert "survey" in line
    assert "free" not in line


def test_on_a_terminal_the_line_is_written_over_itself() -> None:
    stream = Terminal()
    progress = ProgressLine(stream, lambda: STATUS)
    progress.see(step())
    progress.tick()
    progress.done()
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().endswith("\n")
    assert stream.getvalue().count("\n") == 1


def test_a_log_file_gets_a_line_when_the_mode_changes_and_not_for_every_step() -> None:
    stream = io.StringIO()
    progress = ProgressLine(stream, lambda: STATUS)
    for _ in range(100):
        progress.see(step())
        progress.tick()
    assert stream.getvalue().count("\n") == 1
    progress.see(step(Purpose.ENCOUNTER))
    progress.tick()
    assert stream.getvalue().count("\n") == 2


def test_seeing_a_step_never_writes() -> None:
    stream = Terminal()
    progress = ProgressLine(stream, lambda: STATUS)
    progress.see(step())
    assert stream.getvalue() == ""


def test_a_terminal_that_knows_no_micro_sign_gets_a_question_mark_instead() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    progress = ProgressLine(stream, lambda: STATUS)
    progress.tick()
    assert b"? NK" in raw.getvalue()


def test_a_closed_pipe_does_not_stop_anything() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError("nobody reads")

    progress = ProgressLine(Gone(), lambda: STATUS)
    progress.see(step())
    progress.tick()
    progress.done()
    assert progress.tally.frames == 1


STALLED = Alarm(1, Trouble.FRAMES, "no frame at well A since 1:00:00", 3615.0, "well A")


def test_an_alarm_gets_a_line_that_stays_and_rings_the_bell_once() -> None:
    stream = Terminal()
    progress = ProgressLine(stream, lambda: replace(STATUS, alarms=(STALLED,)))
    progress.see(step())
    for _ in range(3):
        progress.tick()
    (line,) = [one for one in stream.getvalue().split("\n") if "ALARM" in one]
    assert line.strip() == "\a1:00:15  ALARM: no frame at well A since 1:00:00"
    assert stream.getvalue().count("\a") == 1


def test_the_end_of_an_alarm_is_told_without_the_bell() -> None:
    stream, alarms = Terminal(), [STALLED]
    progress = ProgressLine(stream, lambda: replace(STATUS, alarms=tuple(alarms)))
    progress.tick()
    alarms[0] = replace(STALLED, over_s=3700.0)
    progress.tick()
    assert "1:01:40  all clear: no frame at well A" in stream.getvalue()
    assert stream.getvalue().count("\a") == 1


def test_a_log_file_gets_alarms_as_lines_without_bells() -> None:
    stream = io.StringIO()
    progress = ProgressLine(stream, lambda: replace(STATUS, alarms=(STALLED,)))
    progress.done()
    assert "ALARM: no frame at well A" in stream.getvalue().splitlines()[0]
    assert "\a" not in stream.getvalue()


def test_attending_a_session_starts_it_and_ends_with_it() -> None:
    stage, stream = Stage(at_start=(step(),), ends_at_once=True), io.StringIO()
    attend(stage, stream)  # type: ignore[arg-type]
    assert stage.is_over
    assert "survey" in stream.getvalue()
