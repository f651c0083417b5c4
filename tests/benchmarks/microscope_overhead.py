"""What the microscope adds to its exposures, on Micro-Manager's demo devices. Run by hand:

    python tests/benchmarks/microscope_overhead.py

Ratios within one run can be compared; absolute figures depend on the machine.
"""

from __future__ import annotations

import statistics
import time
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.clock import RealClock, VirtualClock
from livewatch.inbox import Inbox
from livewatch.microscope.load import load_demo
from livewatch.microscope.microscope import Microscope
from livewatch.model import Frame, Plane, Purpose, Reply, Shot, View
from livewatch.settings import Channel, Experiment
from livewatch.specimen.specimen import Picture

if TYPE_CHECKING:
    from collections.abc import Generator

    from livewatch.clock import Clock

CHANNELS = {"nk": Channel(preset="NK"), "tumor": Channel(preset="Tumor")}


class Blank:
    """A specimen that costs nothing to look at."""

    def __init__(self) -> None:
        self._pixels: dict[tuple[int, int], Any] = {}

    def expose(self, view: View, *_: Any) -> Picture:
        pixels = self._pixels.setdefault(view.shape, np.zeros(view.shape, np.uint16))
        return Picture(pixels)


def bench(camera: str, side_px: int, clock: Clock) -> tuple[Any, Microscope]:
    core = load_demo(Blank(), clock, sensor_px=(side_px, side_px), camera=camera)
    if camera == "demo":
        core.setProperty("Camera", "FastImage", 1)
    return core, Microscope(core, Experiment(channels=CHANNELS), clock)


def overhead(camera: str, side_px: int) -> tuple[float, float]:
    """ms of a two-channel frame, by the bare core and by livewatch, in turns within one run.

    The specimen's camera exposes on a virtual clock, so in no time; DCam for 1 ms.
    """
    core, microscope = bench(camera, side_px, VirtualClock())
    with microscope:
        home = microscope.inspect().home
        planes = tuple(Plane(channel, 1.0) for channel in CHANNELS)
        shot = Shot(home, planes, 0.0, Purpose.ENCOUNTER)
        bare_ms, own_ms = [], []

        def watch() -> Generator[Shot, Reply, None]:
            for _ in range(100):
                start_s = time.perf_counter()
                yield shot
                middle_s = time.perf_counter()
                bare(core)
                own_ms.append((middle_s - start_s) * 1e3)
                bare_ms.append((time.perf_counter() - middle_s) * 1e3)

        microscope.run(watch(), Inbox())
    return statistics.median(bare_ms), statistics.median(own_ms)


def bare(core: Any) -> None:
    """The device calls that a two-channel frame cannot do without."""
    for channel in CHANNELS.values():
        core.setConfig("Channel", channel.preset)
        core.setShutterOpen("LED Shutter", True)
        core.snapImage()
        core.setShutterOpen("LED Shutter", False)
        core.getImage()


def burst(camera: str, side_px: int) -> tuple[float, float, float, int]:
    """A 10 ms burst: frames/s by the bare core and by livewatch, its worst wait in ms, misses."""
    clock = RealClock()
    core, microscope = bench(camera, side_px, clock)
    with microscope:
        home = microscope.inspect().home
        frames: list[Reply] = []

        def watch() -> Generator[Shot, Reply, None]:
            for count in range(300, 0, -1):
                reply = yield Shot(home, (Plane("nk", 10.0),), 0.0, Purpose.BURST, count)
                frames.append(reply)

        microscope.run(watch(), Inbox())
        bare_rate = streamed(core)
    shown = [one for one in frames if isinstance(one, Frame)]
    periods = np.diff([one.time_s for one in shown])
    rate = 1 / float(np.mean(periods))
    return bare_rate, rate, float(max(periods)) * 1e3, len(frames) - len(shown)


def streamed(core: Any) -> float:
    """Frames per second of the camera's own sequence, its images popped and nothing else."""
    core.setExposure(10.0)
    core.clearCircularBuffer()
    core.startSequenceAcquisition(300, 0.0, True)
    popped_s: list[float] = []
    while core.isSequenceRunning() or core.getRemainingImageCount():
        if core.getRemainingImageCount():
            core.popNextImage()
            popped_s.append(time.perf_counter())
        else:
            time.sleep(0.0005)
    return (len(popped_s) - 1) / (popped_s[-1] - popped_s[0])


def main() -> None:
    print("two channels, 1 ms exposures: ms per frame    bare core   livewatch")
    for camera, side_px in product(("specimen", "demo"), (512, 1024, 2048)):
        bare_ms, own_ms = overhead(camera, side_px)
        print(f"{camera:>12} camera, {side_px:4d} px {bare_ms:24.2f} {own_ms:11.2f}")
    print("bursts of 300 x 10 ms: frames/s              bare core   livewatch   worst ms   missed")
    for camera, side_px in product(("specimen", "demo"), (512, 1024, 2048)):
        bare_rate, rate, worst_ms, missed = burst(camera, side_px)
        print(
            f"{camera:>12} camera, {side_px:4d} px {bare_rate:24.1f} {rate:11.1f} "
            f"{worst_ms:11.1f} {missed:8d}"
        )


if __name__ == "__main__":
    main()
