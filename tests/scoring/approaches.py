"""Score predicted contact on simulated walks: is what is said to be likely as likely as said?

    python tests/scoring/approaches.py

For every near pair that is not in contact, the predicted time to contact and its standard
deviation give the odds of contact within the next 30 s; the table compares them with how often
contact came. Outlines carry errors as after segmentation. Whether it came is watched every 2 s,
whatever the interval of the frames: membranes that touch between two frames have touched.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).parents[1]))

from walkers import STEP_S, Spoiling, Walkers, view_of

from livewatch.analysis.contact import contacts_of
from livewatch.analysis.places import Place, touching, tracked
from livewatch.settings import Experiment

HORIZON_S, TOUCH_UM = 30.0, 0.3


def foreseen(
    seed: int, interval_s: float, frames: int, n: int = 40, side_um: float = 350.0
) -> list[tuple[float, bool]]:
    """(odds of contact within the horizon, whether it came) of every near pair and frame."""
    world, view, experiment = Walkers(seed, n, n, side_um), view_of(side_um), Experiment()
    place, next_id, asked, came = Place("p"), 1, [], []
    truth_of: dict[int, int] = {}
    for _ in range(frames):
        for _ in range(round(interval_s / STEP_S)):
            world.step(STEP_S)
            exact = contacts_of(*world.cells(view).values(), experiment.contact)
            came.append({contact.pair for contact in exact if contact.gap_um <= TOUCH_UM})
        seen = world.cells(view, Spoiling(merge=0.0))
        place, cells, next_id = tracked(place, seen, view, world.time_s, next_id, experiment)
        truth_of |= {
            identity: cell.id for kind in seen for identity, cell in named(kind, cells, seen)
        }
        place, contacts, _ = touching(place, cells, world.time_s, 1, experiment)
        for contact in contacts:
            pair = truth_of.get(contact.nk_id), truth_of.get(contact.tumor_id)
            if None not in pair and contact.gap_um > 0 and pair not in came[-1]:
                asked.append((len(came), pair, contact.contact_in_s, contact.contact_in_sd_s))
    ahead = round(HORIZON_S / STEP_S)
    return [
        (odds(in_s, sd_s), any(pair in later for later in came[now : now + ahead]))
        for now, pair, in_s, sd_s in asked
        if now + ahead <= len(came)
    ]


def named(kind, cells, seen):  # type: ignore[no-untyped-def]
    """Identities beside the true cells they were given to, where tracking left these whole."""
    place = {(round(c.x_um, 6), round(c.y_um, 6)): c for c in seen[kind]}
    for cell in cells:
        true = place.get((round(cell.x_um, 6), round(cell.y_um, 6)))
        if cell.kind is kind and true is not None:
            yield cell.id, true


def odds(in_s: float, sd_s: float) -> float:
    """The odds of contact within the horizon."""
    return 0.0 if np.isinf(in_s) else float(norm.cdf((HORIZON_S - in_s) / max(sd_s, 1e-6)))


def main() -> None:
    """Print the table."""
    for interval_s, frames in ((2.0, 200), (10.0, 120), (30.0, 90)):
        told = [one for seed in (21, 22) for one in foreseen(seed, interval_s, frames)]
        said, came = np.array(told, float).T
        print(f"frames every {interval_s:.0f} s: {len(said)} near pairs, {came.mean():.3f} touch "
              f"within {HORIZON_S:.0f} s; Brier score {np.mean((said - came) ** 2):.3f} "
              f"(always saying the mean: {came.var():.3f})")  # fmt: skip
        for low in np.arange(0, 1, 0.2):
            here = (said >= low) & (said <= low + 0.2)
            if here.any():
                print(
                    f"   said {said[here].mean():.2f}  came {came[here].mean():.2f}  n {here.sum()}"
                )


if __name__ == "__main__":
    main()
