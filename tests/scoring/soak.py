"""A session of days, in minutes: `python -m tests.scoring.soak [--hours 72] [--seed 0]`.

The clock is virtual, the devices are the real core's demo devices with a stage and a camera that
fail at random, the frames are small. At each of four places an NK cell comes to a tumor cell every
two hours. All modes are gone through; an operator asks for things. At the end memory, open files
and the time a turn takes must be what they were at the beginning, every slot must be accounted for,
and the session must verify.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from livewatch.analysis.analyst import Analyst
from livewatch.end import Ending
from livewatch.model import Ask, Frame, Missed, Request
from livewatch.specimen.specimen import Picture
from tests.faults.bench import Scene, bench, plan
from tests.faults.test_faults_motors import Table, with_table
from tests.recording.lived import TUMOR_UM, painted

if TYPE_CHECKING:
    from livewatch.model import Step, View
    from livewatch.session import Session

PERIOD_S = 7200.0
APART_UM = 1000.0
PLACES = 4
SLOWNESS = 4.0


class Rounds(Scene):
    """Four places; at each the same encounter again and again, and a camera that fails at times."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._fails_until = 0

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        self.exposures += 1
        if self.exposures < self._fails_until:
            raise OSError("USB connection lost")
        luck = self._chance.random()
        if luck < 1e-3:
            self._fails_until = self.exposures + self._chance.choice((1, 1, 2, 12))
        elif luck < 1.2e-3:
            time.sleep(1.0)  # it hangs
        elif luck < 1.5e-3:
            return Picture(np.zeros((7, 7), np.uint16))
        place = round((view.stage_x_um - TUMOR_UM[0]) / APART_UM)
        here = replace(view, stage_x_um=view.stage_x_um - place * APART_UM)
        local_s = (time_s + place * PERIOD_S / PLACES) % PERIOD_S / SLOWNESS
        return Picture(painted(here, channel, local_s) * bool(power))


@dataclass
class Watched:
    """What is kept of a session while it goes on: figures only."""

    session: Session
    table: Table
    chance: random.Random
    every: int
    seen: Counter[str] = field(default_factory=Counter)
    memory_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    turns_ms: list[float] = field(default_factory=list)
    _before_s: float = 0.0

    def see(self, step: Step) -> None:
        self.table.fails = self.chance.random() < 2e-3
        if self.chance.random() < 1e-3:
            self._ask(step)
        if isinstance(step.reply, Frame):
            self.seen[str(step.reply.shot.purpose)] += 1
            self.turns_ms.append((time.perf_counter() - self._before_s) * 1e3)
            if len(self.turns_ms) % self.every == 0:
                self._measure()
        elif isinstance(step.reply, Missed):
            self.seen["missed"] += 1
        self._before_s = time.perf_counter()

    def _measure(self) -> None:
        self._come_to_rest()
        process = psutil.Process()
        self.memory_mb.append(process.memory_info().rss / 1e6)
        self.files.append(process.num_fds() if hasattr(process, "num_fds") else 0)

    def _come_to_rest(self) -> None:
        """Wait until all is written and synced: half a dozen files more are open meanwhile."""
        recorder, done = self.session._recorder, threading.Event()
        recorder.settle()
        with recorder._syncer.writing:
            recorder._syncer.afterwards(done.set)
        assert done.wait(60), "what was written does not come to the disk"
        gc.collect()  # what earlier sessions in this process have left open, too

    def _ask(self, step: Step) -> None:
        now_s = self.session.clock.now_s()
        place_um = TUMOR_UM[0] + APART_UM * self.chance.randrange(PLACES)
        for ask in self.chance.choice(((Ask.LOOK,), (Ask.HOLD, Ask.GO_ON), (Ask.MARK,))):
            self.session.ask(Request(ask, now_s, place_um, TUMOR_UM[1], text="soak"))
        self.seen["requests"] += 1


def soak(folder: Path, hours: float, seed: int) -> tuple[Watched, list[str]]:
    """Run it; the figures, and what is wrong."""
    chance, tables = random.Random(seed), list[Table]()
    places = tuple(
        {"name": "ABCD"[n], "x_um": TUMOR_UM[0] + n * APART_UM, "y_um": TUMOR_UM[1]}
        for n in range(PLACES)
    )
    experiment = plan(
        survey={"interval_s": 120},
        reaction={"interval_s": 10, "burst": 8},
        limits={"duration_s": hours * 3600, "give_up_s": 600},
        microscope={"timeout_s": 0.15},
    )
    experiment = type(experiment).model_validate(
        experiment.model_dump(mode="json") | {"positions": places}
    )
    made = bench(
        folder,
        experiment,
        scene=Rounds(chance),
        prepare=lambda core: tables.append(with_table(core)),
        remember=False,
    )
    watched = Watched(made.session, tables[0], chance, 40 if hours < 10 else 500)
    made.session.subscribe(watched.see)
    with analysis_that_fails(chance):
        made.run(1700)
    made._ended(Ending.COMPLETED, "The planned")
    return watched, uneven(watched)


class analysis_that_fails:  # noqa: N801 - it is used as a word
    """While in it, one analysis in a thousand raises."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._plain = Analyst.observe

    def __enter__(self) -> None:
        plain, chance = self._plain, self._chance

        def observe(analyst: Analyst, state: Any, frame: Frame) -> Any:
            if chance.random() < 1e-3:
                raise RuntimeError("a fault made for the soak")
            return plain(analyst, state, frame)

        Analyst.observe = observe  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Analyst.observe = self._plain  # type: ignore[method-assign]


def uneven(watched: Watched) -> list[str]:
    """What grew: the last quarter of the session against its second."""
    wrong = []
    quarter = len(watched.memory_mb) // 4
    if not quarter:
        return ["measured too seldom to see what grows"]
    early, late = watched.memory_mb[quarter : 2 * quarter], watched.memory_mb[-quarter:]
    if np.median(late) > np.median(early) * 1.05 + 10:
        wrong.append(f"memory grew from {np.median(early):.0f} to {np.median(late):.0f} MB")
    first, last = watched.files[quarter : 2 * quarter], watched.files[-quarter:]
    if min(last) > min(first):
        wrong.append(f"open files grew from {min(first)} to {min(last)}")
    return wrong


def text(watched: Watched, wrong: list[str]) -> str:
    turns = np.array(watched.turns_ms[1:])
    quarters = [np.percentile(part, (50, 95)) for part in np.array_split(turns, 4)]
    told = ", ".join(f"{count:,} {what}" for what, count in watched.seen.most_common())
    marks = np.linspace(0, len(watched.memory_mb) - 1, 7).astype(int)
    return "\n".join(
        [
            f"{len(watched.turns_ms):,} frames: {told}; {watched.session.end}",
            "memory, MB: " + " ".join(f"{watched.memory_mb[mark]:.0f}" for mark in marks),
            "open files: " + " ".join(str(watched.files[mark]) for mark in marks),
            "a turn, ms (median, 95 %), by quarter of the session: "
            + "; ".join(f"{median:.1f}, {high:.1f}" for median, high in quarters),
            *(wrong or ["every slot accounted for, verified, nothing grew"]),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=72.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        begun_s = time.monotonic()
        watched, wrong = soak(Path(place) / "s", options.hours, options.seed)
        print(text(watched, wrong))
        print(f"{options.hours:g} h in {time.monotonic() - begun_s:.0f} s, verification included")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
