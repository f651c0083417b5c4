"""Against power cuts: what was written is brought to the disk itself, soon.

Pixels go first and ledgers last, so that a line that is there speaks of pixels that are. What
waits to be synced is bounded, in number and in age: a disk that cannot keep up holds up whoever
writes, before more than two seconds are at stake.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from livewatch.clock import stopwatch_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

INTERVAL_S = 0.75
OLDEST_S = 1.75
"""While something has waited this long, nothing more is acknowledged."""
MOST_WAITING = 4000
"""Files that may wait to be synced."""
AT_ONCE = 4
"""Files synced side by side: a disk brings several home for little more than one."""


class Syncer:
    """A thread that syncs the files it is told of, and then the ledgers."""

    def __init__(
        self,
        root: Path,
        ledgers: Sequence[Callable[[], None]],
        on_fault: Callable[[OSError], object],
    ) -> None:
        self.writing = threading.Lock()
        self._root = str(root)
        self._ledgers = ledgers
        self._on_fault = on_fault
        # As strings: as many Paths as a burst writes in a second would be megabytes.
        self._touched: dict[str, None] = {}
        self._since_s = self._syncing_since_s = inf  # of what waits, and of what is under way
        self._begun_s = stopwatch_s()
        self._afterwards: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._over = False
        self._several = ThreadPoolExecutor(AT_ONCE, "syncing")
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._thread.start()

    def keep_up(self) -> None:
        """Wait while too many files, or one for too long, have been waiting."""
        with self._changed:
            self._changed.wait_for(lambda: self._keeps_up() or self._over)

    def touch(self, paths: Iterable[Path]) -> None:
        """Have these files synced soon. Whoever writes them, and of them, holds `writing`."""
        with self._changed:
            self._since_s = min(self._since_s, stopwatch_s())
            self._touched.update(dict.fromkeys(map(str, paths)))
            if len(self._touched) >= MOST_WAITING:
                self._changed.notify_all()

    def afterwards(self, job: Callable[[], None]) -> None:
        """Have a job done once all that is written by now is on the disk; it may raise `OSError`.

        Whoever calls holds `writing`.
        """
        self._afterwards.append(job)

    def sync(self) -> None:
        """Bring everything told of so far to the disk, now. Raises `OSError`.

        Most of it while writing goes on; then what came meanwhile, which is little, and the
        ledgers, while nothing is written: else these would speak of what is not there yet.
        """
        self._begun_s = stopwatch_s()
        try:
            self._bring_home(self._taken())
            with self.writing:
                self._bring_home(self._taken())
                for ledger in self._ledgers:
                    ledger()
                jobs, self._afterwards = self._afterwards, []
            for job in jobs:
                job()
        finally:
            with self._changed:
                self._syncing_since_s = inf
                self._changed.notify_all()

    def _taken(self) -> Iterable[str]:
        with self._changed:
            paths, self._touched = self._touched, {}
            self._syncing_since_s = min(self._syncing_since_s, self._since_s)
            self._since_s = inf
            self._changed.notify_all()
        return paths

    def _bring_home(self, paths: Iterable[str]) -> None:
        list(self._several.map(sync_file, map(Path, paths)))
        for folder in dict.fromkeys(each for path in paths for each in self._above(path)):
            sync_folder(Path(folder))

    def _keeps_up(self) -> bool:
        """Whether more may be written."""
        oldest_s = min(self._since_s, self._syncing_since_s)
        return len(self._touched) < MOST_WAITING and stopwatch_s() - oldest_s < OLDEST_S

    def close(self) -> None:
        """End the thread and sync a last time."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()
        try:
            self.sync()
        finally:
            self._several.shutdown()

    def _above(self, path: str) -> Iterator[str]:
        """The folders that a file lies in, up to the root."""
        while len(path) > len(self._root):
            path = os.path.dirname(path)  # noqa: PTH120 - see `_touched`
            yield path

    def _run(self) -> None:
        while not self._is_over():
            try:
                self.sync()
            except OSError as fault:
                self._on_fault(fault)

    def _is_over(self) -> bool:
        """Wait until it is time for the next sync; whether there is to be none."""
        with self._changed:
            # From begin to begin: a sync that takes long is followed by the next at once.
            left_s = max(self._begun_s + INTERVAL_S - stopwatch_s(), 0.0)
            self._changed.wait_for(lambda: self._over or len(self._touched) >= MOST_WAITING, left_s)
            return self._over


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
