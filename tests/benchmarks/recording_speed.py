"""What recording costs, run by hand: `python -m tests.benchmarks.recording_speed FOLDER`.

Frames are two planes of 1024 x 1024 pixels of 16 bits, with camera noise. The folder should lie
on the disk that sessions are recorded on. What recording adds to a turn is measured twice: beside
the analysis of such a frame, which is what a session does meanwhile, and beside work that leaves
no processor free, which is the worst that can be. Turns with and without recording alternate.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import zarr
from zarr.codecs import BloscCodec, ZstdCodec

from livewatch.abreast import Abreast
from livewatch.analysis.analyst import Analyst
from livewatch.model import Exposure, Frame, Plane, Purpose, Region, Shot, View
from livewatch.recording.recorder import Recorder
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIDE_PX = 1024
VIEW = View("A", 0.0, 0.0, None, "20x", 0.325, 1, (SIDE_PX, SIDE_PX))
EXPOSURE_S = 0.02
PLANES = (Plane("nk", 10.0), Plane("tumor", 10.0))


def noisy_cells(seed: int) -> np.ndarray:
    """A plane of round cells on a background, with photon noise and an offset."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    light = np.full((SIDE_PX, SIDE_PX), 40.0)
    for at_x, at_y in draw.uniform(0, SIDE_PX, (60, 2)):
        light += 300 * (np.hypot(x - at_x, y - at_y) < 25)
    return (draw.poisson(light) + draw.normal(100, 2, light.shape)).astype(np.uint16)


IMAGES = [tuple(noisy_cells(2 * seed + n) for n in range(2)) for seed in range(4)]


def frame(index: int, view: View = VIEW) -> Frame:
    planes = tuple(plane[: view.shape[0], : view.shape[1]] for plane in IMAGES[index % len(IMAGES)])
    exposures = tuple(Exposure(each.channel, index, index + 0.01, 10.0) for each in PLANES)
    shot = Shot(view, PLANES, float(index), Purpose.BURST)
    return Frame(index, shot, view, planes, exposures, float(index))


def ms(values: list[float]) -> str:
    median, p95, worst = np.percentile(values, (50, 95, 100)) * 1e3
    return f"median {median:6.2f}   95 % {p95:6.2f}   worst {worst:6.2f} ms"


def sort_often(image: np.ndarray) -> None:
    for _ in range(12):
        np.sort(image, None)


def one_at_a_time(folder: Path, count: int = 150) -> None:
    """Every frame acknowledged before the next: what a decision waits for, analysis aside."""
    recorder = Recorder.create(folder, {})
    handed, acknowledged = [], []
    for index in range(count):
        each = frame(index)
        begun = time.perf_counter()
        recorder.put(each)
        handed.append(time.perf_counter() - begun)
        recorder.wait(index)
        acknowledged.append(time.perf_counter() - begun)
        time.sleep(0.02)
    print(f"handing over a frame          {ms(handed)}")
    print(f"until it is acknowledged      {ms(acknowledged[1:])}")
    new = []
    for index in range(count, count + 20):
        view = replace(VIEW, region=Region(0, 0, 256 + 2 * index, 256))
        begun = time.perf_counter()
        recorder.put(frame(index, view))
        recorder.wait(index)
        new.append(time.perf_counter() - begun)
    print(f"the first of a new take       {ms(new)}")
    recorder.close({})


def busy(_: Frame) -> None:
    """Two threads of numpy, that need no interpreter."""
    threads = [threading.Thread(target=sort_often, args=(each,)) for each in IMAGES[0]]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def seen() -> tuple[list[Frame], Callable[[Frame], object]]:
    """Frames of the demo's cells, and their analysis as a session does it."""
    specimen, plan = SyntheticSpecimen("mixed", 3), Experiment()
    analyst = Analyst(plan, together=Abreast("channel"))
    state, frames = analyst.begin(), []
    for index in range(6):
        time_s = 100.0 + 4 * index
        planes = (specimen.expose(VIEW, each.channel, 30.0, 1.0, time_s) for each in PLANES)
        each = replace(frame(index), planes=tuple(one.pixels for one in planes), time_s=time_s)
        state, _ = analyst.observe(state, each)
        frames.append(each)
    return frames[-3:], lambda again: analyst.observe(state, again)


def added(
    folder: Path, frames: Sequence[Frame], work: Callable[[Frame], object], count: int
) -> None:
    """What recording adds to a turn, from the end of the exposures, with this work in it."""
    recorder = Recorder.create(folder, {})
    took: dict[bool, list[float]] = {False: [], True: []}
    for number in range(count):
        each = replace(frames[number % len(frames)], index=number)
        for recorded in (number % 2 == 0, number % 2 == 1):
            time.sleep(EXPOSURE_S)
            if recorded:
                recorder.begin(each.shot, each.view, each.planes[:1])
            time.sleep(EXPOSURE_S)
            begun = time.perf_counter()
            if recorded:
                recorder.put(each)
            work(each)
            if recorded:
                recorder.wait(number)
            took[recorded].append(time.perf_counter() - begun)
    recorder.close({})
    more = np.subtract(took[True], took[False]) * 1e3
    draw = np.random.default_rng(0)
    again = [draw.choice(more, len(more)).mean() for _ in range(1000)]
    low, high = np.percentile(again, (2.5, 97.5))
    print(f"  without recording           {ms(took[False])}")
    print(f"  with recording              {ms(took[True])}")
    print(f"  recording adds {more.mean():.2f} ms on average (95 %: {low:.2f} to {high:.2f})")


def beside_work(folder: Path, count: int = 200) -> None:
    """What recording adds beside analysis, and where no processor is free."""
    folder.mkdir(parents=True)
    frames, analysed = seen()
    print("a turn with analysis")
    added(folder / "analysis", frames, analysed, count)
    print("a turn with two processors busy all the time")
    added(folder / "busy", [frame(0), frame(1)], busy, count)


def burst(folder: Path, seconds: float) -> None:
    """As many frames as the disk takes, for some time."""
    recorder = Recorder.create(folder, {})
    process, peak = psutil.Process(), 0
    begun, index, size = time.perf_counter(), 0, 0
    while time.perf_counter() - begun < seconds:
        each = frame(index)
        recorder.put(each)
        size += sum(plane.nbytes for plane in each.planes)
        peak = max(peak, process.memory_info().rss)
        index += 1
    recorder.wait(index - 1)
    lasted = time.perf_counter() - begun
    recorder.close({})
    stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(
        f"burst of {lasted:.0f} s: {index} frames, {size / lasted / 1e6:.0f} MB/s of pixels "
        f"({stored / size:.2f} of that on disk), memory at most {peak / 1e6:.0f} MB"
    )


def codecs(folder: Path, count: int = 40) -> None:
    """zarr-python's own writing, by codec, for comparison."""
    kinds = {
        "none": None,
        "zstd": ZstdCodec(level=1),
        "Blosc lz4, bits shuffled": BloscCodec(
            cname="lz4", clevel=1, shuffle="bitshuffle", typesize=2
        ),
        "Blosc zstd, bits shuffled": BloscCodec(
            cname="zstd", clevel=1, shuffle="bitshuffle", typesize=2
        ),
    }
    for name, codec in kinds.items():
        array = zarr.create_array(
            folder / name.replace(" ", "_"),
            shape=(0, 2, SIDE_PX, SIDE_PX),
            chunks=(1, 1, SIDE_PX, SIDE_PX),
            dtype="uint16",
            compressors=codec,
        )
        begun, size = time.perf_counter(), 0
        for index in range(count):
            planes = np.stack(IMAGES[index % len(IMAGES)])
            array.resize((index + 1, 2, SIDE_PX, SIDE_PX))
            array[index] = planes
            size += planes.nbytes
        lasted = time.perf_counter() - begun
        stored = sum(path.stat().st_size for path in array.store.root.rglob("c/**/*"))  # type: ignore[attr-defined]
        print(f"zarr-python, {name:26} {size / lasted / 1e6:4.0f} MB/s, {stored / size:.2f} stored")


PARTS = {"alone": one_at_a_time, "beside": beside_work, "codecs": codecs, "burst": burst}


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("folder", type=Path, help="where to record; emptied again")
    ask.add_argument("--only", choices=PARTS, help="measure only this")
    ask.add_argument("--seconds", type=float, default=10.0, help="how long the burst lasts")
    asked = ask.parse_args()
    place = Path(tempfile.mkdtemp(dir=asked.folder))
    try:
        for name, measure in PARTS.items():
            if asked.only in (None, name):
                measure(place / name, *([asked.seconds] if measure is burst else []))
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
