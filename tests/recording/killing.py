"""Kill a recording at some moment, and see what is left of it.

Run as a script, `killing.py COUNT`, it does so COUNT times and prints a table.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from invented import CHANNELS, pixels

from livewatch.recording.folder import SessionFolder

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Left:
    """After a kill: frames acknowledged, frames in the ledger, and of those, found wrong."""

    acknowledged: int
    recorded: int
    wrong: int
    events_wrong: int
    takes_short: int


def killed(folder: Path, seed: int, after_s: float, side: int = 96) -> Left:
    """Let a recording acknowledge its first frame, kill it `after_s` later, and look."""
    child = subprocess.Popen(
        [sys.executable, str(HERE / "endless.py"), str(folder), str(seed), str(side)],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(after_s)
    child.kill()
    rest = child.stdout.read()
    child.stdout.close()
    child.wait()
    said = (first + rest).split(b"\n")[:-1]
    return left_of(folder, len(said))


def left_of(folder: Path, acknowledged: int) -> Left:
    """What a session folder holds, against what its frames must have been."""
    session = SessionFolder.open(folder)
    wrong, lengths = 0, {}
    for entry in session.entries():
        lengths[entry.take] = entry.index + 1
        planes = session.planes_of(entry)
        expected = [pixels(entry.frame, n, entry.shape[1:]) for n in range(len(CHANNELS))]
        wrong += not all(
            np.array_equal(one, two) for one, two in zip(planes, expected, strict=True)
        )
    decided = [event["after"]["frame"] for event in session.events() if event["kind"] == "decision"]
    short = 0
    for take, length in lengths.items():
        array = zarr.open_group(folder / "takes" / f"{take}.ome.zarr", mode="r")["0"]
        short += not length <= array.shape[0] <= length + 1
    return Left(
        acknowledged,
        len(session),
        wrong,
        int(
            decided[: len(session)] != list(range(len(decided))) or len(decided) < len(session) - 6
        ),
        short,
    )


def main(count: int) -> int:
    lost = found = bad = 0
    pace = random.Random(1)
    with tempfile.TemporaryDirectory() as place:
        for seed in range(count):
            left = killed(Path(place) / str(seed), seed, pace.uniform(0.0, 0.4))
            lost += max(left.acknowledged - left.recorded, 0)
            bad += left.wrong + left.events_wrong + left.takes_short
            found += left.acknowledged
            if (seed + 1) % 20 == 0:
                print(
                    f"{seed + 1} kills: {found} acknowledged, {lost} lost, {bad} wrong", flush=True
                )
    return 1 if lost or bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
