"""Against power cuts: what was written is brought to the disk itself, once a second.

Pixels go first and ledgers last, so that a line that is there speaks of pixels that are.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

INTERVAL_S = 1.0


class Syncer:
    """A thread that syncs the files it is told of, and then the ledgers."""

    def __init__(
        self,
        root: Path,
        ledgers: Sequence[Callable[[], None]],
        on_fault: Callable[[OSError], object],
    ) -> None:
        self._root = root
        self._ledgers = ledgers
        self._on_fault = on_fault
        self._touched: dict[Path, None] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._thread.start()

    def touch(self, paths: Iterable[Path]) -> None:
        """Have these files synced soon."""
        with self._lock:
            self._touched.update(dict.fromkeys(paths))

    def sync(self) -> None:
        """Bring everything told of so far to the disk, now. Raises `OSError`."""
        with self._lock:
            paths, self._touched = self._touched, {}
        for path in paths:
            sync_file(path)
        for folder in dict.fromkeys(parent for path in paths for parent in path.parents):
            if folder.is_relative_to(self._root):
                sync_folder(folder)
        for ledger in self._ledgers:
            ledger()

    def close(self) -> None:
        """End the thread and sync a last time."""
        self._over.set()
        self._thread.join()
        self.sync()

    def _run(self) -> None:
        while not self._over.wait(INTERVAL_S):
            try:
                self.sync()
            except OSError as fault:
                self._on_fault(fault)


def sync_file(path: Path) -> None:
    """Bring one file to the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Bring a folder's list of files to the disk, where the system has a way to (not Windows)."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
