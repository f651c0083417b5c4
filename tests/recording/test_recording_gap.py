from __future__ import annotations

from dataclasses import replace

from invented import frame

from livewatch.model import Exposure
from livewatch.recording.gap import Gaps


def test_a_machine_that_falls_asleep_while_the_camera_exposes_leaves_a_gap() -> None:
    gaps = Gaps(10.0)
    plain = frame(0)
    due_s = plain.shot.not_before_s
    last = plain.exposures[-1]
    assert gaps.before(replace(plain, time_s=due_s)) is None
    slept = Exposure(last.channel, last.start_s, last.end_s + 80.0, last.exposure_ms)
    found = gaps.before(replace(plain, time_s=due_s, exposures=(*plain.exposures[:-1], slept)))
    assert found is not None
    assert (found["from_s"], found["to_s"]) == (due_s, slept.end_s)
