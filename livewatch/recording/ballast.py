"""Room set aside on the disk, so that a full disk can still be written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 4 * 2**20
BLOCK = b"\xa5" * 2**16  # no zeros: a file system may keep a hole for those


class Ballast:
    """A file that is there to be thrown overboard."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._path = path
        with path.open("wb") as file:
            for _ in range(size // len(BLOCK)):
                file.write(BLOCK)

    def drop(self) -> None:
        """Give the room back. Once is enough."""
        self._path.unlink(missing_ok=True)
