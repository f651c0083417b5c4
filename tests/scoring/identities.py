"""Score tracking: how often does an identity jump from one cell to another?

    python tests/scoring/identities.py walkers              outlines that walk, spoilt at random
    python tests/scoring/identities.py specimens 200 201    the synthetic specimen's pictures
    python tests/scoring/identities.py immune               motion in ../shared/data/immune_tracks

A switch is counted whenever a true cell carries another identity than when last seen, whether
because two were swapped or because it was taken for a new one; not when it had left the field in
between. Specimens go through the whole of segmentation: that cells are cut in two or taken for
one there is part of the score. The real tracks (every 24 s; flattened from 3-D, so that they pass
over each other) become discs of one size and brightness: only motion tells who is who.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from walkers import RADIUS_UM, Spoiling, Walkers, cell_of, circle, view_of

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.places import rules_of
from livewatch.analysis.sightings import Look
from livewatch.analysis.tracking import track
from livewatch.analysis.tracks import nobody
from livewatch.model import Cell, Exposure, Frame, Kind, Plane, Purpose, Shot
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIRST_S, SIDE_UM = 5.0, 650.0
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "immune_tracks"


class Count(NamedTuple):
    """Switches, in so many sights of a true cell."""

    switches: int = 0
    sights: int = 0

    def plus(self, other: Count) -> Count:
        return Count(self.switches + other.switches, self.sights + other.sights)

    @property
    def per_1000(self) -> float:
        return 1000 * self.switches / max(self.sights, 1)


class Ledger:
    """Who carried which identity when last seen."""

    def __init__(self) -> None:
        self.last: dict[int, int] = {}
        self.count = Count()

    def note(self, sights: Iterable[tuple[int, int]], in_field: set[int] | None = None) -> None:
        """`sights` are (true cell, identity); those not `in_field` are forgotten."""
        if in_field is not None:
            self.last = {true: it for true, it in self.last.items() if true in in_field}
        for true, identity in sights:
            switched = self.last.get(true, identity) != identity
            self.count = self.count.plus(Count(int(switched), 1))
            self.last[true] = identity


def walkers(seed: int, n: int, side_um: float, interval_s: float, frames: int) -> dict[Kind, Count]:
    """Track outlines that walk. Those that were united or parted have no truth."""
    world, view, experiment = Walkers(seed, n, n, side_um), view_of(side_um), Experiment()
    tracks = dict.fromkeys(Kind, nobody())
    ledgers = {kind: Ledger() for kind in Kind}
    next_id = 1
    for frame in range(frames):
        if frame:
            world.step(interval_s)
        for kind, seen in world.cells(view, Spoiling()).items():
            look = Look(view, frame * interval_s)
            tracks[kind], named = track(
                tracks[kind], seen, look, next_id, rules_of(kind, experiment)
            )
            next_id = max([next_id, *(cell.id + 1 for cell in named)])
            truth = {(cell.x_um, cell.y_um): cell.id for cell in seen if cell.id >= 0}
            sights = [(truth.get((cell.x_um, cell.y_um), -1), cell.id) for cell in named]
            ledgers[kind].note(one for one in sights if one[0] >= 0)
    return {kind: ledger.count for kind, ledger in ledgers.items()}


def immune(rows: np.ndarray, every: int) -> Count:
    """Track real motion, (n,) rows of t_s, x_um, y_um, track, of which every so many frames count.

    As dots with the errors of segmentation, missing now and then.
    """
    rng, rules, ledger = np.random.default_rng(1), rules_of(Kind.NK, Experiment()), Ledger()
    view = view_of(2 * np.ceil(max(rows["x_um"].max(), rows["y_um"].max()) + 10))
    tracks, next_id = nobody(), 1
    for time_s in np.unique(rows["t_s"])[::every]:
        here = rows[(rows["t_s"] == time_s) & (rng.random(len(rows)) >= Spoiling.miss)]
        places = [rng.normal((one["x_um"], one["y_um"]), Spoiling.centre_um) for one in here]
        dots = [cell_of(-1, Kind.NK, circle(*place, RADIUS_UM[Kind.NK])) for place in places]
        tracks, named = track(tracks, dots, Look(view, float(time_s)), next_id, rules)
        next_id = max([next_id, *(cell.id + 1 for cell in named)])
        true = {
            (dot.x_um, dot.y_um): int(one["track"]) for dot, one in zip(dots, here, strict=True)
        }
        sights = [(true.get((cell.x_um, cell.y_um), -1), cell.id) for cell in named]
        ledger.note(one for one in sights if one[0] >= 0)
    return ledger.count


def specimen(seed: int, scene: str, interval_s: float, frames: int) -> dict[Kind, Count]:
    """Let the whole analysis watch a synthetic specimen."""
    sample, analyst = SyntheticSpecimen(scene, seed), Analyst(Experiment())
    view = view_of(SIDE_UM)
    planes = tuple(Plane(kind.value, 50.0) for kind in Kind)
    state, ledgers = analyst.begin(), {kind: Ledger() for kind in Kind}
    for index in range(frames):
        time_s = FIRST_S + index * interval_s
        pictures = [sample.expose(view, plane.channel, 50.0, 1.0, time_s) for plane in planes]
        truth = sample.truth(time_s).near(0.0, 0.0).cells
        shot = Shot(view, planes, time_s, Purpose.SURVEY)
        exposures = tuple(Exposure(plane.channel, time_s, time_s, 50.0) for plane in planes)
        pixels = tuple(picture.pixels for picture in pictures)
        frame = Frame(index, shot, view, pixels, exposures, time_s)
        state, observation = analyst.observe(state, frame)
        for kind, ledger in ledgers.items():
            true = [one for one in truth if one.kind is kind and view.holds(one.x_um, one.y_um)]
            seen = [cell for cell in observation.cells if cell.kind is kind]
            ledger.note(nearest(true, seen), {one.id for one in true})
    return {kind: ledger.count for kind, ledger in ledgers.items()}


def nearest(true: Sequence, seen: Sequence[Cell]) -> list[tuple[int, int]]:  # type: ignore[type-arg]
    """(true cell, identity) of those that lie on each other, nearest first, each once."""
    pairs = sorted(
        (apart_um, i, j)
        for i, cell in enumerate(seen)
        for j, one in enumerate(true)
        if (apart_um := float(np.hypot(cell.x_um - one.x_um, cell.y_um - one.y_um)))
        < 0.5 * max(cell.area_um2, one.area_um2) ** 0.5
    )
    chosen: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in chosen.values() and j not in chosen:
            chosen[j] = i
    return [(true[j].id, seen[i].id) for j, i in chosen.items()]


def told(what: str, counts: Iterable[dict[Kind, Count]]) -> None:
    """Print a line of the table."""
    total = dict.fromkeys(Kind, Count())
    for count in counts:
        total = {kind: total[kind].plus(count[kind]) for kind in Kind}
    parts = [
        f"{kind} {one.switches:4} in {one.sights:6} = {one.per_1000:6.2f} per 1000"
        for kind, one in total.items()
    ]
    print(f"{what}: {', '.join(parts)}", flush=True)


def told_immune() -> None:
    """Print the table of the real tracks."""
    if not DATA.is_dir():
        print(f"skipped: no {DATA.parent.name}/{DATA.name} beside this checkout")
        return
    for path in sorted(DATA.glob("*.csv")):
        rows = np.genfromtxt(path, delimiter=",", names=True)
        for every in (1, 2):
            one = immune(rows, every)
            print(
                f"{path.stem:11} every {24 * every} s: {one.switches:4} in {one.sights:5} = "
                f"{one.per_1000:6.2f} per 1000"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "what", choices=["walkers", "specimens", "immune"], nargs="?", default="walkers"
    )
    parser.add_argument("seeds", type=int, nargs="*")
    parser.add_argument("--scene", default="mixed")
    parser.add_argument("--interval", type=float, default=30.0)
    parser.add_argument("--frames", type=int, default=60)
    asked = parser.parse_args()
    if asked.what == "specimens":
        for seed in asked.seeds or [200, 201, 202]:
            counted = specimen(seed, asked.scene, asked.interval, asked.frames)
            told(f"{asked.scene} {seed}, every {asked.interval:g} s", [counted])
        return
    if asked.what == "immune":
        told_immune()
        return
    for n, side_um in ((100, 665.0), (250, 665.0)):
        for interval_s, frames in ((30.0, 60), (10.0, 80), (2.0, 150)):
            counts = [
                walkers(seed, n, side_um, interval_s, frames) for seed in asked.seeds or [11, 12]
            ]
            told(f"{n / (side_um / 1000) ** 2:4.0f} per mm2, every {interval_s:2.0f} s", counts)


if __name__ == "__main__":
    main()
