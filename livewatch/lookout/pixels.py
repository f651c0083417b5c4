"""A frame's pixels, handed to another process through memory that both see."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livewatch.model import Pixels


@dataclass(frozen=True, slots=True)
class Place:
    """Where planes lie: one after the other from the start of the memory called `name`."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]


class Giver:
    """Owns the memory, which grows with the largest frame. One frame lies in it at a time."""

    def __init__(self) -> None:
        self._memory: SharedMemory | None = None

    def put(self, planes: tuple[Pixels, ...]) -> Place:
        """Lay planes down, in place of those before."""
        memory = self._with_room(sum(plane.nbytes for plane in planes))
        start = 0
        for plane in planes:
            np.ndarray(plane.shape, plane.dtype, memory.buf, start)[...] = plane
            start += plane.nbytes
        shapes = tuple(plane.shape for plane in planes)
        return Place(memory.name, shapes, tuple(plane.dtype.str for plane in planes))

    def close(self) -> None:
        """Give the memory back."""
        if self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None

    def _with_room(self, size: int) -> SharedMemory:
        if self._memory is None or self._memory.size < size:
            self.close()
            self._memory = SharedMemory(create=True, size=size)
        return self._memory


class Taker:
    """The other side: takes copies of what lies there, for an analyst may keep a crop."""

    def __init__(self) -> None:
        self._memory: SharedMemory | None = None

    def take(self, place: Place) -> tuple[Pixels, ...]:
        """The planes at a place."""
        if self._memory is None or self._memory.name != place.name:
            self.close()
            self._memory = SharedMemory(place.name)
        planes: list[Pixels] = []
        start = 0
        for shape, dtype in zip(place.shapes, place.dtypes, strict=True):
            there: Pixels = np.ndarray(shape, np.dtype(dtype), self._memory.buf, start)
            planes.append(there.copy())
            start += there.nbytes
            del there  # memory that is looked at cannot be closed
        return tuple(planes)

    def close(self) -> None:
        """Let go of the memory."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None
