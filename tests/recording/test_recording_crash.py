from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from killing import HERE, killed, left_of

from livewatch.recording.folder import SessionFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize("seed", range(12))
def test_kill_9_at_any_moment_loses_no_acknowledged_frame(tmp_path: Path, seed: int) -> None:
    left = killed(tmp_path / "s", seed, random.Random(seed).uniform(0.0, 0.3))
    assert left.acknowledged >= 1
    assert left.recorded >= left.acknowledged
    assert (left.wrong, left.events_wrong, left.takes_short) == (0, 0, 0)
    assert SessionFolder.open(tmp_path / "s").end is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB of its own; skips where mounting one is not permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.name == "nt":
        pytest.skip("no way to mount a small disk here")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True
    )
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("side", [96, 384, 1021])
def test_a_full_disk_loses_nothing_and_is_written_down(small_disk: Path, side: int) -> None:
    folder = small_disk / "s"
    done = subprocess.run(
        [sys.executable, str(HERE / "endless.py"), str(folder), "3", str(side)],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr.decode()
    left = left_of(folder, len(done.stdout.split()))
    assert left.recorded >= left.acknowledged >= 1
    assert (left.wrong, left.takes_short) == (0, 0)
    end = SessionFolder.open(folder).end
    assert end is not None
    assert "No space left" in end["reason"]
    kinds = [event["kind"] for event in SessionFolder.open(folder).events()]
    assert "fault" in kinds
