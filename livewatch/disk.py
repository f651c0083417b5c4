"""The disk a session is recorded on: how much is free on it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from livewatch.clock import stopwatch_s

if TYPE_CHECKING:
    from pathlib import Path

EVERY_S = 0.2
"""It is asked so often at most: whoever asks lets other threads go first, and waits for them."""


class Disk:
    """The disk that a folder is on. Several threads may ask."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._due_s = float("-inf")
        self._free_bytes = 0

    def free_bytes(self) -> int:
        """How much was free a moment ago. Raises `OSError` if the disk is gone."""
        if stopwatch_s() >= self._due_s:
            self._free_bytes = shutil.disk_usage(self._folder).free
            self._due_s = stopwatch_s() + EVERY_S
        return self._free_bytes
