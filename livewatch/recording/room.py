"""Room in a queue, counted in bytes."""

from __future__ import annotations

import threading


class Room:
    """How many bytes may still be queued. Something larger than all of it may go in alone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._changed = threading.Condition()

    def take(self, size: int) -> None:
        """Wait for room, and use it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + size <= self._size)
            self._used += size

    def give(self, size: int) -> None:
        """Give room back."""
        with self._changed:
            self._used -= size
            self._changed.notify_all()

    @property
    def filled(self) -> float:
        """Used part of it, 0 to 1."""
        return min(self._used / self._size, 1.0)
