"""On which line of a TOML text each key stands (the standard library does not say).

The text is known to be valid; so this only has to find headers and keys, and to step over
values that go on for several lines.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
KEY = re.compile(rf"\s*({PART}(?:\s*\.\s*{PART})*)\s*=")
HEADER = re.compile(rf"\s*(\[\[?)\s*({PART}(?:\s*\.\s*{PART})*)\s*\]")
TOKEN = re.compile(r"""\"{3}|'{3}|"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[\[\]{}]""")


def places(text: str) -> dict[tuple[str | int, ...], int]:
    """The line (from 1) of every table and key; array tables are numbered from 0."""
    found: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    value = Value()
    for number, line in enumerate(text.splitlines(), start=1):
        if value.goes_on:
            value.read(line)
        elif header := HEADER.match(line):
            table = keys_of(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
            table = numbered(table, counts)
            found.setdefault(table, number)
        elif key := KEY.match(line):
            found.setdefault((*table, *keys_of(key[1])), number)
            value.read(line[key.end() :])
    return found


def keys_of(dotted: str) -> tuple[str, ...]:
    """The parts of a dotted key, unquoted."""
    inner: Any = tomllib.loads(f"{dotted} = 0")
    parts = []
    while isinstance(inner, dict):
        ((part, inner),) = inner.items()
        parts.append(part)
    return tuple(parts)


def numbered(
    table: tuple[str | int, ...], counts: dict[tuple[str | int, ...], int]
) -> tuple[str | int, ...]:
    """A table's path with the number of each array table it lies in."""
    path: list[str | int] = []
    for length, part in enumerate(table, start=1):
        path.append(part)
        if table[:length] in counts:
            path.append(counts[table[:length]])
    return tuple(path)


class Value:
    """Reads a value line by line and knows whether it goes on."""

    def __init__(self) -> None:
        self._depth = 0
        self._quotes = ""

    @property
    def goes_on(self) -> bool:
        """Whether the value continues on the next line."""
        return bool(self._depth or self._quotes)

    def read(self, line: str) -> None:
        """Take in one more line."""
        at = 0
        while at < len(line):
            if self._quotes:
                end = line.find(self._quotes, at)
                if end < 0:
                    return
                at, self._quotes = end + 3, ""
                continue
            token = TOKEN.search(line, at)
            if token is None:
                return
            at = token.end()
            if token[0] in ('"""', "'''"):
                self._quotes = token[0]
            else:
                self._depth += (token[0] in "[{") - (token[0] in "]}")
