"""Score gaps, identities and encounters of the whole analysis on synthetic specimens with truth.

    python tests/scoring/gaps.py [seed ...]

Gaps: those of pairs truly 0.5 to 6 um apart, both cells whole in view; of dying tumor cells by
themselves, as the truth leaves out the blebs that an image shows. Outlines: how much larger the
radius of a cell of the same area is than the true one. Contact: how often a true gap of 0 is seen
as at most `enter_um`, and how often that is claimed of pairs truly 2.5 um apart or more.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from livewatch.model import Cell, Observation
    from livewatch.specimen.truth import Truth

LENSES = {"10x": (0.65, 512), "20x": (0.325, 1024)}
FAR_UM, SURE_UM = 1.0, 0.5
NEAR_UM = {Kind.NK: 3.0, Kind.TUMOR: 5.0}


def twins(cells: tuple[Cell, ...], truth: Truth) -> dict[int, int]:
    """Identity of the true cell that each cell whole in view is, where that is clear.

    Two cells seen as one are neither.
    """
    found = {}
    for cell in cells:
        near = [
            true.id
            for true in truth.cells
            if true.kind is cell.kind
            and np.hypot(true.x_um - cell.x_um, true.y_um - cell.y_um) < NEAR_UM[cell.kind]
            and abs(np.log(cell.area_um2 / true.area_um2)) < np.log(1.5)
        ]
        if len(near) == 1 and not cell.at_edge:
            found[cell.id] = near[0]
    return found


class Tally:
    """What one setting adds up to."""

    def __init__(self) -> None:
        self.gap_errors: list[float] = []
        self.gap_sds: list[float] = []
        self.dying_gap_errors: list[float] = []
        self.radius_errors: dict[Kind, list[float]] = defaultdict(list)
        self.seal_errors: list[float] = []
        self.touching: list[bool] = []
        self.apart: list[bool] = []
        self.switches = dict.fromkeys(Kind, 0)
        self.cell_frames = dict.fromkeys(Kind, 0)
        self.last: dict[tuple[int, int], int] = {}

    def add(self, seed: int, observation: Observation, truth: Truth, enter_um: float) -> None:
        """Compare one frame with the truth."""
        who = twins(observation.cells, truth)
        true_gap = {(pair.nk_id, pair.tumor_id): pair for pair in truth.pairs}
        for cell in observation.cells:
            if cell.id not in who:
                continue
            true = truth.cell(who[cell.id])
            error = np.sqrt(cell.area_um2 / np.pi) - np.sqrt(true.area_um2 / np.pi)
            self.radius_errors[cell.kind].append(error)
            key = seed, true.id
            self.switches[cell.kind] += self.last.get(key, cell.id) != cell.id
            self.last[key] = cell.id
            self.cell_frames[cell.kind] += 1
        for contact in observation.contacts:
            pair = who.get(contact.nk_id, -1), who.get(contact.tumor_id, -1)
            if pair not in true_gap:
                continue
            true = true_gap[pair]
            if 0.5 <= true.gap_um <= 6:
                alive = truth.cell(pair[1]).state == "alive"
                errors = self.gap_errors if alive else self.dying_gap_errors
                errors.append(contact.gap_um - true.gap_um)
                if alive:
                    self.gap_sds.append(contact.gap_sd_um)
            if true.gap_um == 0:
                self.touching.append(contact.gap_um <= enter_um)
                self.seal_errors.append(contact.seal_fraction - true.seal_fraction)
            if true.gap_um >= 2.5:
                self.apart.append(contact.gap_um <= enter_um)

    def line(self) -> str:
        """The figures."""
        radius = {k: np.median(self.radius_errors[k] or np.nan) for k in Kind}
        seal, touching, apart = (
            np.array(part or [np.nan], float)
            for part in (self.seal_errors, self.touching, self.apart)
        )
        switched = {k: 1000 * self.switches[k] / max(self.cell_frames[k], 1) for k in Kind}
        return (
            f"{gap_line(self.gap_errors)}; {sure_line(self.gap_errors, self.gap_sds)}; "
            f"dying: {gap_line(self.dying_gap_errors)}; "
            f"radius NK {radius[Kind.NK]:+.2f} "
            f"tumor {radius[Kind.TUMOR]:+.2f}; seal {seal.mean():+.3f} "
            f"+- {seal.std():.3f}; touch seen {touching.mean():.3f}, claimed "
            f"apart {apart.mean():.3f}; switches/1000 NK {switched[Kind.NK]:.2f} "
            f"tumor {switched[Kind.TUMOR]:.2f} of {self.cell_frames[Kind.NK]}"
        )


def gap_line(errors: list[float]) -> str:
    """How far gaps are off."""
    gaps = np.array(errors or [np.nan])
    sd = 1.4826 * np.median(np.abs(gaps - np.median(gaps)))
    far = np.mean(np.abs(gaps) > FAR_UM)
    return (
        f"gap bias {gaps.mean():+.3f} median {np.median(gaps):+.3f} SD {gaps.std():.3f} "
        f"(robust {sd:.3f}, {far:.3f} off by more than {FAR_UM:.0f} um) n {len(errors)}"
    )


def sure_line(errors: list[float], sds: list[float]) -> str:
    """How far gaps are off that are said to be sure, and the others."""
    gaps, said = np.array(errors), np.array(sds)
    sure = said <= SURE_UM
    if sure.all():
        return "all sure"
    off = np.sqrt(np.mean(gaps[~sure] ** 2))
    return (
        f"sure {sure.mean():.3f}, SD {gaps[sure].std():.3f}, "
        f"{np.mean(np.abs(gaps[sure]) > FAR_UM):.3f} off by more than {FAR_UM:.0f} um; others "
        f"{off:.2f} um off, said {np.sqrt(np.mean(said[~sure] ** 2)):.2f}"
    )


def observed(
    scene: str, seed: int, lens: str, interval_s: float, frames: int, tally: Tally
) -> None:
    """Run the analysis over one specimen."""
    pixel_um, side = LENSES[lens]
    view = View("p", 0.0, 0.0, None, lens, pixel_um, 1, (side, side))
    specimen, experiment = SyntheticSpecimen(scene, seed), Experiment()
    planes = tuple(Plane(name, 50.0) for name in ("nk", "tumor"))
    analyst = Analyst(experiment)
    state = analyst.begin()
    for index in range(frames):
        at_s = index * interval_s
        pixels = tuple(
            specimen.expose(view, plane.channel, plane.exposure_ms, 1.0, at_s).pixels
            for plane in planes
        )
        shot = Shot(view, planes, at_s, Purpose.SURVEY)
        exposures = tuple(Exposure(plane.channel, at_s, at_s + 0.05, 50.0) for plane in planes)
        frame = Frame(index, shot, view, pixels, exposures, at_s)
        state, observation = analyst.observe(state, frame)
        if observation.problem is not None:
            print(f"        {scene} {seed} frame {index} not used: {observation.problem}")
        tally.add(
            seed, observation, specimen.truth(at_s).near(0.0, 0.0), experiment.contact.enter_um
        )


def main() -> None:
    """Print the table."""
    seeds = [int(seed) for seed in sys.argv[1:]] or [101, 102]
    for scene in ("mixed", "crowded"):
        for lens in LENSES:
            for interval_s, frames in ((30.0, 30), (2.0, 30)):
                tally = Tally()
                for seed in seeds:
                    observed(scene, seed, lens, interval_s, frames, tally)
                print(f"{scene:8} {lens} every {interval_s:2.0f} s: {tally.line()}", flush=True)


if __name__ == "__main__":
    main()
