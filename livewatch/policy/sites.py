"""Where the rounds go: each position's whole view, in the cheapest order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livewatch.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.model import Instrument, View
    from livewatch.settings import Experiment, Position


@dataclass(frozen=True, slots=True)
class Site:
    """A position's whole view, due `phase_s` after the start of each round."""

    view: View
    phase_s: float

    @property
    def name(self) -> str:
        """The position's name."""
        return self.view.position


def sites(experiment: Experiment, instrument: Instrument, survey_s: float) -> tuple[Site, ...]:
    """The sites of a round, in the order they are visited.

    They are spread evenly over the survey interval, so that each has a time grid of its own and
    no two are due together. Without positions, the view that the microscope has now is the
    only one.
    """
    views = [whole_view(each, experiment, instrument) for each in experiment.positions]
    views = views or [base_view(experiment, instrument)]
    ordered = tour(views, instrument.home)
    step_s = survey_s / len(ordered)
    return tuple(Site(view, index * step_s) for index, view in enumerate(ordered))


def base_view(experiment: Experiment, instrument: Instrument) -> View:
    """The microscope's view as the survey uses it: objective, binning, whole sensor.

    Raises BadInput for an objective whose pixel size is not known.
    """
    home = instrument.home
    objective = experiment.microscope.objective or home.objective
    pixel_um = instrument.pixel_um.get(objective)
    if pixel_um is None and objective == home.objective:
        pixel_um = home.pixel_um / home.binning
    if pixel_um is None:
        raise BadInput(
            f"[microscope] objective {objective!r} has no pixel size; calibrated are: "
            + ", ".join(sorted(instrument.pixel_um))
        )
    binning = experiment.microscope.binning
    return replace(
        home, objective=objective, binning=binning, pixel_um=pixel_um * binning, region=None
    )


def refuse_impossible(experiment: Experiment, instrument: Instrument) -> None:
    """Raise BadInput for a closer look that the instrument cannot take."""
    objective = experiment.zoom.objective
    if not objective:
        return
    if objective not in instrument.pixel_um:
        known = ", ".join(sorted(instrument.pixel_um)) or "none"
        raise BadInput(f"[zoom] objective {objective!r} has no pixel size; calibrated are: {known}")
    if not instrument.moves_objective:
        raise BadInput(f"[zoom] objective {objective!r}: this microscope has no motorized turret")
    if objective == (experiment.microscope.objective or instrument.home.objective):
        raise BadInput(f"[zoom] objective {objective!r} is the survey's own: choose another")


def whole_view(position: Position, experiment: Experiment, instrument: Instrument) -> View:
    """The whole sensor's view of a position. What the microscope cannot move, stays at home."""
    base = base_view(experiment, instrument)
    moved = instrument.moves_xy
    focused = instrument.moves_z and position.z_um is not None
    return replace(
        base,
        position=position.name,
        stage_x_um=position.x_um if moved else base.stage_x_um,
        stage_y_um=position.y_um if moved else base.stage_y_um,
        z_um=position.z_um if focused else base.z_um,
    )


def distance_um(a: View, b: View) -> float:
    """What a stage move costs: both axes run at once, so the longer one counts."""
    return max(abs(a.stage_x_um - b.stage_x_um), abs(a.stage_y_um - b.stage_y_um))


def tour(views: Sequence[View], start: View) -> list[View]:
    """A short closed round: nearest neighbour first, then 2-opt until nothing improves."""
    left, ordered, here = list(views), [], start
    while left:
        here = min(left, key=lambda view: distance_um(here, view))
        left.remove(here)
        ordered.append(here)
    return untangled(ordered)


def untangled(views: list[View]) -> list[View]:
    """2-opt: turn a stretch around wherever that makes the round shorter (Croes 1958)."""
    count, improved = len(views), True
    while improved:
        improved = False
        for first in range(1, count - 1):
            for last in range(first + 1, count):
                before, after = views[first - 1], views[(last + 1) % count]
                old = distance_um(before, views[first]) + distance_um(views[last], after)
                new = distance_um(before, views[last]) + distance_um(views[first], after)
                if new < old - 1e-9:
                    views[first : last + 1] = views[first : last + 1][::-1]
                    improved = True
    return views
