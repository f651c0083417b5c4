"""A session folder, read: what was recorded, as it was, and nothing that only seems so.

Everything in a folder may be damaged, or made up by somebody else. What does not fit is refused
with `BadInput`, in one line; nothing outside the folder is ever opened. What a crash cut short
is no damage: an unfinished last line is left out.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from livewatch.errors import BadInput
from livewatch.model import Encounter
from livewatch.recording.entry import Entry, checksum
from livewatch.recording.header import FORMAT
from livewatch.recording.layout import END, EVENTS, FRAMES, OBSERVATIONS, SESSION, take_path
from livewatch.recording.line import decoded, read_lines, read_offsets, whole_lines
from livewatch.recording.take import read_plane

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from livewatch.model import Frame

Fact = TypeVar("Fact")
LARGEST_JSON = 64 * 2**20
EVENT_LINE = re.compile(rb'\{"event":[0-9]+,"kind":"([a-z ]*)"')
ENCOUNTER: TypeAdapter[Encounter] = TypeAdapter(Encounter)


class SessionFolder:
    """A recorded session; see `open`. Frames are read one at a time, whatever their number."""

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self.path = path
        self.header = header
        self._offsets = read_offsets(path / FRAMES)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a session folder; raises `BadInput` if it is none, or of an unknown format."""
        if not (path / SESSION).is_file():
            raise BadInput(f"{path} is no session folder: it has no {SESSION}")
        header = read_json(path / SESSION)
        if type(header.get("format")) is not int or header["format"] != FORMAT:
            raise BadInput(f"{path / SESSION}: {foreign(header)}")
        return cls(path, header)

    @property
    def end(self) -> Mapping[str, Any] | None:
        """How the session ended; None if it crashed, or still runs."""
        return read_json(self.path / END) if (self.path / END).is_file() else None

    # --- frames ------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many frames were acknowledged."""
        return len(self._offsets)

    def entry(self, index: int) -> Entry:
        """What was written down of frame `index`; `BadInput` if there is none."""
        path = self.path / FRAMES
        if not 0 <= index < len(self):
            raise BadInput(f"{path}: damaged, it has {len(self)} frames and no frame {index}")
        with path.open("rb") as file:
            file.seek(self._offsets[index])
            return self._entry(index, file.readline())

    def entries(self) -> Iterator[Entry]:
        """What was written down of every frame, in order."""
        if not len(self):
            return
        with (self.path / FRAMES).open("rb") as file:
            for index in range(len(self)):
                yield self._entry(index, file.readline())

    def _entry(self, index: int, line: bytes) -> Entry:
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError as error:
            raise BadInput(f"{self._line(index)}: damaged, {first_of(error)}") from error
        if entry.frame != index:
            raise BadInput(f"{self._line(index)}: frame {entry.frame} where {index} belongs")
        return entry

    def _line(self, index: int) -> str:
        return f"{self.path / FRAMES}, line {index + 1}"

    def read(self, index: int) -> tuple[NDArray[np.uint8 | np.uint16], ...]:
        """The planes (rows, columns) of frame `index`, in the order of its entry.

        Raises `BadInput` if they are not there or are not what was written (checksum).
        """
        return self.planes_of(self.entry(index))

    def planes_of(self, entry: Entry) -> tuple[NDArray[np.uint8 | np.uint16], ...]:
        """The planes an entry speaks of; see `read`."""
        return tuple(self.plane_of(entry, channel) for channel in range(len(entry.planes)))

    def plane_of(self, entry: Entry, channel: int) -> NDArray[np.uint8 | np.uint16]:
        """One plane an entry speaks of; see `read`."""
        take = inside(self.path, take_path(entry.take))
        where = f"{take}: frame {entry.frame}, channel {entry.planes[channel].channel}"
        try:
            plane = read_plane(take, entry.index, channel, entry.shape[1:], entry.dtype)
        except OSError as error:
            raise BadInput(f"{where}: {error.strerror or error}") from error
        except ValueError as error:
            raise BadInput(f"{where}: {error}") from error
        if checksum(plane) != entry.checksums[channel]:
            raise BadInput(f"{where}: its pixels are not those recorded (checksum)")
        return plane

    def frame(self, index: int) -> Frame:
        """Frame `index` as the loop was sent it, but for its stopwatch."""
        entry = self.entry(index)
        return entry.frame_of(self.planes_of(entry))

    # --- what happened -----------------------------------------------------------------

    def events(self, *kinds: str, first: int = 0, at: int = 0) -> Iterator[Mapping[str, Any]]:
        """Events, in order: `event` (its number), `kind`, and what belongs to the kind.

        Where `kinds` are given, only those whose kind begins like one of them; into the lines of
        others it is not looked, which is quick. Event `first` begins at byte `at` of the ledger.
        """
        path = self.path / EVENTS
        if not path.exists():
            return
        wanted = tuple(kind.encode() for kind in kinds or ("",))
        with path.open("rb") as file:
            file.seek(at)
            for number, line in enumerate(whole_lines(file, path), first):
                begin = EVENT_LINE.match(line)
                if begin is None or begin[1].startswith(wanted):
                    event = self._event(number, decoded(line, path, number + 1))
                    if event["kind"].startswith(kinds or ""):
                        yield event

    def _event(self, number: int, event: Mapping[str, Any]) -> Mapping[str, Any]:
        if event.get("event") != number or not isinstance(event.get("kind"), str):
            raise BadInput(f"{self.path / EVENTS}, line {number + 1}: damaged, not event {number}")
        return event

    def observations(self, at: int = 0) -> Iterator[Mapping[str, Any]]:
        """What was seen in analysed frames, in the order it was known; see `seen.py`.

        `at` is the byte at which the first of them begins.
        """
        return read_lines(self.path / OBSERVATIONS, at)

    def told_encounters(self) -> Iterator[tuple[object, Encounter]]:
        """What was told of encounters, in order, each with the frame that told it."""
        for event in self.events("encounter "):
            where = f"{self.path / EVENTS}, event {event['event']}"
            yield event.get("frame"), parsed(ENCOUNTER, event.get("encounter"), where)

    def encounters(self) -> Mapping[int, Encounter]:
        """Every encounter by its id, as it was last known."""
        return {encounter.id: encounter for _, encounter in self.told_encounters()}


def foreign(header: Mapping[str, Any]) -> str:
    """Why a session of another format is not opened, and what would open it."""
    theirs, program = header.get("format"), str(header.get("livewatch", "another version"))[:40]
    if type(theirs) is not int:
        return f"format {str(theirs)[:40]!r} is none; this livewatch reads format {FORMAT}"
    said = f"format {theirs}, written by livewatch {program}; this livewatch reads format {FORMAT}"
    if theirs > FORMAT:
        return f"{said}: install a newer livewatch"
    return f"{said}: open it with livewatch {program}"


def parsed(adapter: TypeAdapter[Fact], value: object, where: str) -> Fact:
    """A value of the model from what JSON held of it; `BadInput` if it is none."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise BadInput(f"{where}: damaged, {first_of(error)}") from error


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def read_json(path: Path) -> Mapping[str, Any]:
    """A file that holds one JSON object; `BadInput` if it does not."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise BadInput(f"{path}: larger than anything livewatch writes there")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: damaged, not JSON") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path}: damaged, not a JSON object")
    return content


def inside(folder: Path, place: str) -> Path:
    """A place in a folder, wherever links lead; `BadInput` if they lead out of it."""
    path = folder / place
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"{path}: leads out of the session folder")
    return path
