"""Faults 17 and 18: a full disk, a process that is killed or crashes, a process that is stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from livewatch.recording.folder import SessionFolder
from livewatch.recording.verify import verify
from tests.faults.bench import bench, lines, plan
from tests.faults.small_disk import small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.bench import Bench


def filled_at(made: Bench, step: int, left_bytes: int) -> None:
    """Have somebody else fill the disk at a step of the session, but for so much."""

    def fill(_: object) -> None:
        if len(made.steps) == step:
            room = shutil.disk_usage(made.folder).free - left_bytes
            (made.folder.parent / "stuff").write_bytes(b"." * room)

    made.session.subscribe(fill)


@pytest.mark.parametrize("left_bytes", [0, 10_000, 90_000, 900_000])
def test_a_disk_that_is_full_ends_the_session_and_loses_nothing(
    tmp_path: Path, left_bytes: int
) -> None:
    """Without a reserve, so that it is the writing that fails, wherever that is."""
    with small_disk(tmp_path / "disk", 32) as disk:
        made = bench(disk / "s", plan(limits={"disk_reserve_gb": 0, "duration_s": 1000}))
        filled_at(made, 5, left_bytes)
        made.run().failed("No space left on device")
        assert "fault" in {event["kind"] for event in lines(disk / "s" / "events.jsonl")}
        end = json.loads((disk / "s" / "end.json").read_text(encoding="utf-8"))
        assert "No space left" in end["recording"]["fault"]


def test_a_reserve_ends_the_session_before_the_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        made = bench(disk / "s", plan(limits={"disk_reserve_gb": 0.006, "duration_s": 1000}))
        filled_at(made, 5, 5_500_000)
        made.run().failed("less than limits.disk_reserve_gb")


CRASHING = """
import sys
from pathlib import Path
from tests.faults.bench import bench
made = bench(Path(sys.argv[1]), demo_camera=True)
def crash(step):
    if len(made.steps) == 6:
        made.core.setProperty("Camera", "SimulateCrash", "Dereference Null Pointer")
made.session.subscribe(crash)
made.run()
"""


def test_a_device_adapter_that_crashes_the_process_costs_no_acknowledged_frame(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "s"
    done = subprocess.run(
        [sys.executable, "-c", CRASHING, str(folder)], capture_output=True, timeout=120
    )
    assert done.returncode not in (0, 1), done.stderr.decode()
    assert not (folder / "end.json").exists()
    assert len(SessionFolder.open(folder)) in (6, 7)
    verdict = verify(folder)
    assert verdict.problems == ()
    assert "crashed" in verdict.notes[0]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot stop a process")
def test_a_process_that_was_stopped_and_goes_on_records_the_gap(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    words = ["demo", "--headless", "--speed", "100", "--seconds", "400", "--out", str(folder)]
    child = subprocess.Popen(
        [sys.executable, "-m", "livewatch", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ledger = folder / "frames.jsonl"
    deadline_s = time.monotonic() + 120
    while not (ledger.exists() and ledger.stat().st_size) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGSTOP)
    time.sleep(0.8)  # 80 s of the session
    os.kill(child.pid, signal.SIGCONT)
    assert child.wait(120) == 0
    gaps = [event for event in lines(folder / "events.jsonl") if event["kind"] == "gap"]
    assert gaps
    assert gaps[0]["to_s"] - gaps[0]["from_s"] > 30
    assert verify(folder).problems == ()
