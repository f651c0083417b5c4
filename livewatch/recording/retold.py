"""A session told again: its turns, one by one, as the loop went through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from livewatch.errors import BadInput
from livewatch.model import (
    Contact,
    Decision,
    Instrument,
    Landing,
    Missed,
    Observation,
    Request,
    View,
)
from livewatch.recording.entry import Entry
from livewatch.recording.folder import first_of, parsed
from livewatch.recording.layout import EVENTS, OBSERVATIONS, SESSION
from livewatch.recording.mark import BEGINNING
from livewatch.recording.possible import impossible
from livewatch.recording.seen import CONTACT_COLUMNS
from livewatch.recording.tables import whole_rows
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from livewatch.model import Encounter, Shot
    from livewatch.recording.folder import SessionFolder
    from livewatch.recording.mark import Mark

OF_TURNS = ("decision", "missed", "request", "resumed")
DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)
MISSED: TypeAdapter[Missed] = TypeAdapter(Missed)
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
CONTACT: TypeAdapter[Contact] = TypeAdapter(Contact)

Held = TypeVar("Held", bound=BaseModel)
Came: TypeAlias = Entry | Missed | Request | None
"""What the loop was sent in a turn; None when it was an observation that came late."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what came, the frame that was seen in it if any, and what was decided."""

    came: Came
    seen: int | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class Resumption:
    """The session went on after an interruption, at `time_s`, with frame number `frame`."""

    time_s: float
    frame: int


class _Devices(BaseModel):
    """What session.json holds of an `Instrument`."""

    home: View
    pixel_um: dict[str, float]
    moves_xy: bool
    moves_z: bool
    moves_objective: bool
    has_region: bool
    has_sequence: bool


class _Seen(BaseModel):
    """What a line of observations.jsonl holds, besides cells and contacts."""

    frame: int
    number: int
    time_s: float
    problem: str | None
    encounters: tuple[int, ...]
    opened: tuple[int, ...]
    closed: tuple[int, ...]
    settled: tuple[int, ...]
    landing: Landing | None = None


SEEN = TypeAdapter(_Seen)


def experiment_of(session: SessionFolder) -> Experiment:
    """The experiment a session was run with; `BadInput` if this livewatch cannot run it."""
    return _from_header(session, Experiment, "experiment")


def instrument_of(session: SessionFolder) -> Instrument:
    """The instrument a session was run on; `BadInput` if it is not all there."""
    devices = _from_header(session, _Devices, "instrument")
    if (wrong := impossible(devices.home)) is not None:
        raise BadInput(f"{session.path / SESSION}: instrument: a view with {wrong}")
    return Instrument(**{name: getattr(devices, name) for name in type(devices).model_fields})


def turns(session: SessionFolder, since: Mark = BEGINNING) -> Iterator[Turn | Resumption]:
    """Every turn of the loop and every resumption, in order. Raises `BadInput` at damage."""
    pending: dict[int, Missed | Request] = {}
    for event in session.events(*OF_TURNS, first=since.event, at=since.event_at):
        where = f"{session.path / EVENTS}, event {event['event']}"
        match event["kind"]:
            case "missed":
                missed = parsed(MISSED, event.get("missed"), where)
                pending[event["event"]] = missed
                _need_possible(missed.shot, where)
            case "request":
                pending[event["event"]] = parsed(REQUEST, event.get("request"), where)
            case "resumed":
                yield _resumption(event, session, where)
            case "decision":
                decision = parsed(DECISION, event.get("decision"), where)
                _need_possible(decision.shot, where)
                came = _came(event.get("after"), session, pending, where)
                yield Turn(came, _seen(event.get("observation"), session, where), decision)


def _need_possible(shot: Shot | None, where: str) -> None:
    wrong = None if shot is None else impossible(shot.view)
    if wrong is not None:
        raise BadInput(f"{where}: damaged, a view with {wrong}")


def _resumption(event: Mapping[str, Any], session: SessionFolder, where: str) -> Resumption:
    match event:
        case {"time_s": float() | int() as time_s, "frame": int(frame)} if (
            0 <= frame <= len(session)
        ):
            return Resumption(float(time_s), frame)
    raise BadInput(f"{where}: damaged, when it was resumed is not there")


def _came(
    after: Any, session: SessionFolder, pending: dict[int, Missed | Request], where: str
) -> Came:
    match after:
        case {"frame": int(frame)} if 0 <= frame < len(session):
            return session.entry(frame)
        case {"observation": int()}:
            return None
        case {"event": int(event)} if event in pending:
            return pending.pop(event)
    raise BadInput(f"{where}: damaged, what it came after is not there")


def _seen(frame: Any, session: SessionFolder, where: str) -> int | None:
    if frame is None or (isinstance(frame, int) and 0 <= frame < len(session)):
        return frame
    raise BadInput(f"{where}: damaged, frame {frame!r} is not there")


def observations(session: SessionFolder, since: Mark = BEGINNING) -> Iterator[Observation]:
    """What was seen, as the policy was told it: without cells, which it does not look at."""
    known, told = _encounters(session, since)
    for number, line in enumerate(session.observations(since.observation_at), 1):
        where = f"{session.path / OBSERVATIONS}, line {number}"
        seen = parsed(SEEN, line, where)
        _seen(seen.frame, session, where)
        known |= told.get(seen.frame, {})
        rows = whole_rows(line.get("contacts"), Contact, CONTACT_COLUMNS, where)
        contacts = tuple(parsed(CONTACT, row, where) for row in rows)
        yield _observation(seen, contacts, session.entry(seen.frame), known, where)


def _encounters(
    session: SessionFolder, since: Mark
) -> tuple[dict[int, Encounter], dict[int, dict[int, Encounter]]]:
    """Encounters as known at the mark and, for each frame seen since, those it changed."""
    recent = _frames_seen(session, since)
    known: dict[int, Encounter] = {}
    told: dict[int, dict[int, Encounter]] = {}
    for frame, encounter in session.told_encounters():
        number = _seen(frame, session, f"{session.path / EVENTS}, encounter {encounter.id}")
        if number is not None:
            changed = told.setdefault(number, {}) if number in recent else known
            changed[encounter.id] = encounter
    return known, told


def _frames_seen(session: SessionFolder, since: Mark) -> Container[int]:
    """The frames whose observations were written down since the mark."""
    if since == BEGINNING:
        return range(len(session))
    frames = (line.get("frame") for line in session.observations(since.observation_at))
    return {frame for frame in frames if isinstance(frame, int)}


def _observation(
    seen: _Seen,
    contacts: tuple[Contact, ...],
    entry: Entry,
    known: Mapping[int, Encounter],
    where: str,
) -> Observation:
    unknown = [each for each in seen.encounters if each not in known]
    if unknown:
        raise BadInput(f"{where}: damaged, encounter {unknown[0]} is not there")
    return Observation(
        frame=seen.frame,
        number=seen.number,
        time_s=seen.time_s,
        view=entry.view,
        contacts=contacts,
        encounters=tuple(known[each] for each in seen.encounters),
        opened=seen.opened,
        closed=seen.closed,
        settled=seen.settled,
        problem=seen.problem,
        landing=seen.landing,
    )


def _from_header(session: SessionFolder, kind: type[Held], name: str) -> Held:
    try:
        return kind.model_validate(session.header.get(name))
    except ValidationError as error:
        raise BadInput(
            f"{session.path / SESSION}: {name} is not as this livewatch knows it, {first_of(error)}"
        ) from error
