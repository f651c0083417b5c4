"""Records until it is killed; says on its standard output which frames were acknowledged.

Run as a script: FOLDER SEED [SIDE]. Survey, encounter and burst come in turns, with takes and
decisions of their own. SIDE is the sensor's width in pixels.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from invented import encounter, frame, observation, step, view

from livewatch.model import Purpose, Region
from livewatch.recording.recorder import Recorder, RecordingError


def view_of(index: int, seed: int, side: int) -> object:
    """Survey at two positions, then an encounter whose region drifts, then a burst."""
    sensor_px = (side, side * 2 // 3)
    stage = (index + seed) // 10 % 3
    if stage == 0:
        return view(position="AB"[index % 2], sensor_px=sensor_px), Purpose.SURVEY
    region = Region(index % 7, 3, side // 2, side // 3)
    purpose = Purpose.ENCOUNTER if stage == 1 else Purpose.BURST
    return view(region, sensor_px=sensor_px), purpose


def main(folder: Path, seed: int, side: int) -> int:
    pace = random.Random(seed)
    recorder = Recorder.create(folder, {"seed": seed})
    index = 0
    try:
        while True:
            length = pace.choice((1, 1, 6))  # several frames under way, as in a burst
            for _ in range(length):
                at, purpose = view_of(index, seed, side)
                each = frame(index, at, purpose)
                recorder.put(each)
                recorder.step(step(each, observation(each, encounter(float(index)))))
                index += 1
            for done in range(index - length, index):
                recorder.wait(done)
                os.write(1, b"%d\n" % done)
    except RecordingError as fault:
        recorder.close({"status": "failed", "reason": str(fault)})
        return 1


if __name__ == "__main__":
    side = int(sys.argv[3]) if len(sys.argv) > 3 else 96
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), side))
