"""Power cuts: what was not brought to the disk itself is gone, and that is two seconds at most."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TYPE_CHECKING

import zarr
from invented import frame

from livewatch.recording import sync
from livewatch.recording.folder import SessionFolder
from livewatch.recording.line import Ledger
from livewatch.recording.recorder import Recorder
from livewatch.recording.sync import OLDEST_S, Syncer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PATIENCE_S = 60.0


class Disk:
    """What is on the disk itself, kept in a folder: each file as it was when it was synced."""

    def __init__(self, session: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._session, self.path = session, disk
        self._writing = threading.Lock()
        plain_file, plain_ledger = sync.sync_file, Ledger.sync

        def sync_file(path: Path) -> None:
            plain_file(path)
            self._keep(path)

        def sync_ledger(ledger: Ledger) -> None:
            plain_ledger(ledger)
            self._keep(session / str(ledger._file.name))

        monkeypatch.setattr(sync, "sync_file", sync_file)
        monkeypatch.setattr("livewatch.recording.recorder.sync_file", sync_file)
        monkeypatch.setattr(Ledger, "sync", sync_ledger)

    def _keep(self, path: Path) -> None:
        kept = self.path / path.relative_to(self._session)
        with self._writing:
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, kept.with_name("being copied"))
            kept.with_name("being copied").replace(kept)

    def frames(self) -> int:
        """How many frames a power cut would leave; each of them is read."""
        (self.path / "takes").mkdir(parents=True, exist_ok=True)
        session = SessionFolder.open(self.path)
        for index in range(len(session)):
            session.read(index)
        return len(session)

    def come_to(self, frames: int) -> None:
        """Wait until so many frames are there, looking at the disk at every moment."""
        until_s = time.monotonic() + PATIENCE_S
        while self.frames() < frames:
            assert time.monotonic() < until_s
            time.sleep(0.01)


def test_what_is_on_the_disk_is_a_whole_session_at_every_moment_and_all_of_it_comes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "INTERVAL_S", 0.01)
    disk = Disk(tmp_path / "s", tmp_path / "disk", monkeypatch)
    recorder = Recorder.create(tmp_path / "s", {})
    for index in range(40):
        recorder.put(frame(index))
        recorder.wait(index)
        assert disk.frames() <= index + 1
        if index in (0, 19):
            disk.come_to(index + 1)
    disk.come_to(40)  # nothing more is handed over, and nobody asks for it
    take = next((disk.path / "takes").iterdir())
    level = zarr.open_group(take, mode="r")["0"]
    assert isinstance(level, zarr.Array)
    assert level.shape[0] == 40
    recorder.close({})


def test_nothing_more_is_taken_while_something_waits_too_long_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(sync, "stopwatch_s", lambda: now_s)
    disk_works = threading.Event()

    def ledger() -> None:
        disk_works.wait()

    syncer = Syncer(tmp_path, [ledger], lambda fault: None)
    syncer.touch([])
    now_s = OLDEST_S - 0.01
    syncer.keep_up()
    now_s = OLDEST_S
    writer = threading.Thread(target=syncer.keep_up)
    writer.start()
    writer.join(0.2)
    assert writer.is_alive()
    disk_works.set()
    writer.join(PATIENCE_S)
    assert not writer.is_alive()
    syncer.close()
    assert OLDEST_S < 2.0
