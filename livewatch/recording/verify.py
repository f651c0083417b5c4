"""Whether a session holds what it promises: pixels, slots, light, end, and every decision."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, fields
from math import isclose
from typing import TYPE_CHECKING, Any

from livewatch.analysis.analyst import Analyst
from livewatch.errors import BadInput
from livewatch.model import Missed, Purpose
from livewatch.policy.policy import Policy
from livewatch.recording.entry import Entry
from livewatch.recording.folder import SessionFolder
from livewatch.recording.header import other_versions
from livewatch.recording.layout import END, take_path
from livewatch.recording.rederive import decided_again
from livewatch.recording.retold import Resumption, experiment_of, instrument_of, turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from livewatch.model import Decision, Shot
    from livewatch.recording.rederive import Looking
    from livewatch.recording.retold import Turn
    from livewatch.settings import Experiment

    Progress = Callable[[str, int, int], None]

MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, what is wrong (a line each), and what is worth knowing."""

    frames: int
    decisions: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def here(experiment: Experiment) -> AbstractContextManager[Looking]:
    """An analyst in this process."""
    return nullcontext(Analyst(experiment))


def verify(
    path: Path,
    progress: Progress = lambda what, done, of: None,
    looking: Callable[[Experiment], AbstractContextManager[Looking]] = here,
) -> Verdict:
    """Check a session folder. `progress` is called with what is being done, how far, of how much.

    Data are intact, every slot is a frame or a miss, light and end are as recorded, and analysis
    and policy make the same decisions again, with the analyst that `looking` gives. Raises
    `BadInput` if the folder cannot be read.
    """
    session = SessionFolder.open(path)
    problems = [*_pixels(session, progress)]
    try:
        told = _Told(session)
        problems += told.problems
        problems += _end(session, told)
        difference = _decisions(session, progress, looking)
        problems += [difference] if difference else []
        count = told.turns
    except BadInput as damage:
        problems.append(str(damage))
        count = 0
    shown = problems[:MOST_PROBLEMS]
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown)} more")
    return Verdict(len(session), count, tuple(shown), tuple(_notes(session)))


def _pixels(session: SessionFolder, progress: Progress) -> Iterator[str]:
    """Frames whose pixels or place in a take are not as written down."""
    lengths: dict[str, int] = {}
    for entry in session.entries():
        expected = lengths.get(entry.take, 0)
        if entry.index != expected:
            yield (
                f"frame {entry.frame}: index {entry.index} of {take_path(entry.take)}, "
                f"where {expected} belongs"
            )
        lengths[entry.take] = entry.index + 1
        try:
            session.planes_of(entry)
        except BadInput as damage:
            yield str(damage)
        progress("pixels", entry.frame + 1, len(session))


class _Told:
    """The turns gone through once: slots, light, and how it went out.

    `missed`, `light_ms` and the frames after `before` are those since the session was last
    resumed: of them end.json speaks.
    """

    def __init__(self, session: SessionFolder) -> None:
        self.problems: list[str] = []
        self.turns = self.frames = self.missed = self.before = 0
        self.light_ms: dict[str, float] = {}
        self.last: Decision | None = None
        self.burst: Shot | None = None
        for turn in turns(session):
            if isinstance(turn, Resumption):
                self._resume(turn)
            else:
                self._take(turn)
        unanswered = len(session) - self.frames
        broke_off = session.end is None or session.end.get("status") == "failed"
        if unanswered > broke_off:
            self.problems.append(f"{unanswered} frames were recorded that no decision followed")

    def _take(self, turn: Turn) -> None:
        self.turns += 1
        came = turn.came
        if isinstance(came, Entry):
            if came.frame != self.frames:
                self._wrong(f"frame {came.frame} came where frame {self.frames} was due")
            self.frames = came.frame + 1
            place = came.view.position
            self.light_ms[place] = self.light_ms.get(place, 0.0) + came.shot.dose
        self.missed += isinstance(came, Missed)
        if isinstance(came, Entry | Missed) and not self._asked_for(came):
            self._wrong(f"a slot of decision {came.shot.decision} answers another shot than asked")
        if turn.decision.id != self.turns:
            self._wrong(f"it is numbered {turn.decision.id}")
        self.last = turn.decision
        shot = turn.decision.shot
        if shot is not None and shot.purpose is Purpose.BURST:
            self.burst = shot

    def _asked_for(self, came: Entry | Missed) -> bool:
        """Whether it answers the last decision, or was exposed in a burst before that ended it."""
        if self.last is None or came.shot == self.last.shot:
            return True
        burst, shot = self.burst, came.shot
        return (
            isinstance(came, Entry)
            and burst is not None
            and (shot.purpose, shot.view, shot.planes) == (burst.purpose, burst.view, burst.planes)
            and shot.decision <= burst.decision
        )

    def _resume(self, turn: Resumption) -> None:
        """A crash may leave one frame, written and not yet decided on, before a resumption."""
        if not 0 <= turn.frame - self.frames <= 1:
            self._wrong(f"resumed with frame {turn.frame} where frame {self.frames} was due")
        self.frames, self.last, self.burst = turn.frame, None, None
        self.before, self.missed, self.light_ms = turn.frame, 0, {}

    def _wrong(self, what: str) -> None:
        self.problems.append(f"decision {self.turns}: {what}")


def _end(session: SessionFolder, told: _Told) -> Iterator[str]:
    """What end.json says that is not so."""
    end = session.end
    if end is None:
        return
    so: Mapping[str, Any] = {"frames": told.frames - told.before, "missed": told.missed}
    for name, value in so.items():
        if end.get(name, value) != value:
            yield f"{END}: {end[name]} {name}, but {value} are recorded"
    stated = end.get("light_ms", told.light_ms)
    lost = end.get("lost", 0) != 0  # what could not be written has had its light nevertheless
    if not isinstance(stated, dict) or not (lost or _same_light(stated, told.light_ms)):
        yield f"{END}: light {stated} ms, but {told.light_ms} ms is recorded"
    if end.get("status") in ("completed", "stopped") and (
        told.last is None or told.last.shot is not None
    ):
        yield f"{END}: {end['status']}, but the last decision asks for another frame"


def _same_light(stated: Mapping[str, Any], recorded: Mapping[str, float]) -> bool:
    return stated.keys() == recorded.keys() and all(
        isinstance(stated[place], int | float) and isclose(stated[place], dose, rel_tol=1e-9)
        for place, dose in recorded.items()
    )


def _decisions(
    session: SessionFolder,
    progress: Progress,
    looking: Callable[[Experiment], AbstractContextManager[Looking]],
) -> str | None:
    """The first decision that is not made again, with both reasons; None if there is none."""
    experiment, instrument = experiment_of(session), instrument_of(session)
    with looking(experiment) as analyst:
        for turn, decision in decided_again(session, Policy(experiment, instrument), analyst):
            if decision != turn.decision:
                return _difference(turn, decision)
            if isinstance(turn.came, Entry):
                progress("decisions", turn.came.frame + 1, len(session))
    return None


def _difference(turn: Turn, decision: Decision) -> str:
    then, now = turn.decision, decision
    apart = [
        each.name for each in fields(then) if getattr(then, each.name) != getattr(now, each.name)
    ]
    after = f"frame {turn.came.frame}" if isinstance(turn.came, Entry) else "no frame"
    return (
        f"decision {then.id} (after {after}) is made differently now, in {', '.join(apart)}: "
        f"then {_said(then)}; now {_said(now)}"
    )


def _said(decision: Decision) -> str:
    shot = decision.shot
    if shot is None:
        return f"“{decision.reason}”, end"
    return (
        f"“{decision.reason}”, {shot.purpose} at ({shot.view.x_um:.2f}, {shot.view.y_um:.2f}) um "
        f"not before {shot.not_before_s:.3f} s"
    )


def _notes(session: SessionFolder) -> Iterator[str]:
    others = other_versions(session.header)
    if others:
        yield f"recorded with other versions than are used now: {', '.join(others)}"
    end = session.end
    if end is None:
        yield f"no {END}: the session crashed, or is still running"
    elif end.get("status") == "failed":
        yield f"the session failed: {end.get('reason', '')}"
