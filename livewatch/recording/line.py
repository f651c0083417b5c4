"""One line of JSON per fact, appended and never changed: how a session's ledgers are kept.

A line is complete once its line end is written. What a crash left of the last line is no line.
Floats come back as they went, to the bit; infinity and NaN are written as strings, so that
every line is JSON to the letter.
"""

from __future__ import annotations

import json
import os
from array import array
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import to_json

from livewatch.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LONGEST_LINE = 64 * 2**20
BLOCK = 2**16
"""A crash's torn line is looked for from the end, so many bytes at a time."""


def encoded(fact: object) -> bytes:
    """A value of the model, or a mapping of such, as one line of JSON without its line end."""
    return to_json(fact, inf_nan_mode="strings", fallback=_plain)


def _plain(value: Any) -> object:
    """What a numpy number or array holds."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written to a ledger")


class Ledger:
    """A file of lines that can be appended to. A line is written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._end = self._file.seek(0, os.SEEK_END)

    @property
    def end(self) -> int:
        """Where the next line will begin, in bytes."""
        return self._end

    def append(self, fact: object) -> None:
        """Write one line; raises `OSError`, leaving the file as it was, if there is no room."""
        line = encoded(fact) + b"\n"
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(line)

    def sync(self) -> None:
        """Return once everything appended would survive a power cut."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        if not self._file.closed:
            self.sync()
            self._file.close()


def read_offsets(path: Path) -> array[int]:
    """Where each whole line of a ledger begins, in bytes; empty if there is no such file."""
    starts = array("q")
    if path.exists():
        start = 0
        with path.open("rb") as file:
            for line in whole_lines(file, path):
                starts.append(start)
                start += len(line)
    return starts


def cut_torn_line(path: Path) -> None:
    """Cut off what a crash left of a last line, so that the next one begins on its own."""
    if path.exists():
        with path.open("rb+") as file:
            at = file.seek(0, os.SEEK_END)
            while at and not begins_line(path, at):
                begin = max(at - BLOCK, 0)
                file.seek(begin)
                at = begin + file.read(at - begin).rfind(b"\n") + 1
            file.truncate(at)


def begins_line(path: Path, at: int) -> bool:
    """Whether a line of a ledger begins at byte `at`, or will, at its end."""
    if at == 0:
        return True
    if not path.exists():
        return False
    with path.open("rb") as file:
        file.seek(at - 1)
        return file.read(1) == b"\n"


def read_lines(path: Path, at: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every whole line of a ledger from byte `at` on, in order; nothing if there is no such file.

    Raises `BadInput`, with the line's number, for a line that is not a JSON object.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(at)
        for number, line in enumerate(whole_lines(file, path), 1):
            yield decoded(line, path, number)


def whole_lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """The whole lines of an open ledger; `BadInput` for one that is far too long."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if line.endswith(b"\n"):
            yield line
        elif len(line) == LONGEST_LINE:
            raise BadInput(f"{path}, line {number}: longer than any line livewatch writes")


def decoded(line: bytes, path: Path, number: int) -> Mapping[str, Any]:
    """The JSON object that a line holds; `BadInput`, with the line's number, if it is none."""
    try:
        fact = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}, line {number}: damaged, not JSON") from error
    if not isinstance(fact, dict):
        raise BadInput(f"{path}, line {number}: damaged, not a JSON object")
    return fact
