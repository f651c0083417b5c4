"""Score tracking on simulated walks: how often does an identity jump from one cell to another?

    python tests/scoring/identities.py

A switch is counted whenever a true cell carries another identity than when last seen, whether
because two were swapped or because it was taken for a new one.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from walkers import Spoiling, Walkers, view_of

from livewatch.analysis.tracking import Look, Rules, track
from livewatch.analysis.tracks import nobody
from livewatch.model import Kind
from livewatch.settings import Experiment


def switches(
    seed: int, n: int, side_um: float, interval_s: float, frames: int, spoiling: Spoiling
) -> dict[Kind, tuple[int, int]]:
    """Per kind: (switches, cell-frames)."""
    world, view = Walkers(seed, n, n, side_um), view_of(side_um)
    cells = Experiment().cells
    diameter = {Kind.NK: cells.nk_diameter_um, Kind.TUMOR: cells.tumor_diameter_um}
    tracks = dict.fromkeys(Kind, nobody())
    last: dict[tuple[Kind, int], int] = {}
    counts, next_id = dict.fromkeys(Kind, (0, 0)), 1
    for frame in range(frames):
        if frame:
            world.step(interval_s)
        for kind, seen in world.cells(view, spoiling).items():
            look = Look(view, frame * interval_s)
            tracks[kind], ids = track(
                tracks[kind], seen, look, next_id, Rules.of(kind, diameter[kind])
            )
            next_id = max([next_id, *(ids + 1).tolist()])
            switched, total = counts[kind]
            for cell, identity in zip(seen, ids.tolist(), strict=True):
                if cell.id >= 0:
                    switched += last.get((kind, cell.id), identity) != identity
                    total += 1
                    last[kind, cell.id] = identity
            counts[kind] = switched, total
    return counts


def main() -> None:
    """Print the table."""
    print("density per mm2 | interval s | NK per 1000 | tumor per 1000 | cell-frames of each")
    for n, side_um in ((100, 665.0), (250, 665.0)):
        for interval_s, frames in ((30.0, 60), (10.0, 80), (2.0, 150)):
            total = {kind: [0, 0] for kind in Kind}
            for seed in (11, 12):
                counted = switches(seed, n, side_um, interval_s, frames, Spoiling())
                for kind, (switched, seen) in counted.items():
                    total[kind][0] += switched
                    total[kind][1] += seen
            rate = {kind: 1000 * switched / seen for kind, (switched, seen) in total.items()}
            print(
                f"{n / (side_um / 1000) ** 2:15.0f} | {interval_s:10.0f} | {rate[Kind.NK]:11.2f} | "
                f"{rate[Kind.TUMOR]:14.2f} | {total[Kind.NK][1]}"
            )


if __name__ == "__main__":
    main()
