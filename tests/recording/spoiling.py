"""Spoil a file of a session folder for a moment: what fuzzing tests have in common."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@contextmanager
def value_made_up(data: st.DataObject, path: Path) -> Iterator[None]:
    """One value, at any depth, of one line of JSON is another one."""
    before = path.read_bytes()
    lines = [json.loads(line) for line in before.splitlines()]
    place = data.draw(st.sampled_from(lines))
    for _ in range(data.draw(st.integers(0, 4))):
        inner = [value for value in place.values() if isinstance(value, dict) and value]
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    try:
        yield
    finally:
        path.write_bytes(before)


@contextmanager
def bytes_flipped(data: st.DataObject, path: Path) -> Iterator[None]:
    """A few bytes of a file are others, and its end may be missing."""
    before = path.read_bytes()
    spoilt = bytearray(before)
    for _ in range(data.draw(st.integers(1, 3)) if before else 0):
        spoilt[data.draw(st.integers(0, len(before) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(before)) | st.none())
    path.write_bytes(spoilt if cut is None else spoilt[:cut])
    try:
        yield
    finally:
        path.write_bytes(before)
