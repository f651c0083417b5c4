"""The closer look: which objective and binning, and where the stage stands for it.

The objective changes for a pair in contact, not for one that may still pass by: it costs seconds
in which nothing is seen. Region and binning cost nothing, and change as soon as a pair is followed
at the fast rate. What an aim check has given up is left out, and said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, inf
from typing import TYPE_CHECKING

from livewatch.policy.region import Box, cropped, within
from livewatch.policy.state import Part, Stage, Trim
from livewatch.settings import Objective

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.model import View
    from livewatch.policy.rules import Rules
    from livewatch.policy.sites import Site
    from livewatch.policy.state import Followed, PolicyState, Visit
    from livewatch.settings import Experiment, Limits


@dataclass(frozen=True, slots=True)
class Closer:
    """How a position's pairs are looked at: from `site`, and going on from `visit`.

    `turning` says whether the objective is turned in for it, `region` whether a part of the sensor
    is read out. `refused` is what was wanted of it and not granted.
    """

    site: Site
    visit: Visit
    turning: bool
    region: bool
    refused: tuple[str, ...]


def closer_look(
    pairs: tuple[Followed, ...],
    core: Box,
    visit: Visit,
    site: Site,
    state: PolicyState,
    rules: Rules,
) -> Closer:
    """The closer look at some pairs of a position, of which the first has this `core`."""
    zoom, view = rules.experiment.zoom, site.view
    wanted = {
        Part.OBJECTIVE: bool(zoom.objective) and is_worth(pairs, state, rules),
        Part.BINNING: zoom.binning not in (None, view.binning),
        Part.REGION: zoom.region and rules.instrument.has_region,
    }
    given_up = barred(state)
    refused = [f"No other {part}: {why}" for part, why in given_up.items() if wanted[part]]
    if wanted[Part.BINNING] and Part.BINNING not in given_up and zoom.binning is not None:
        view = rebinned(view, zoom.binning)
    turned, there = False, is_through(state, zoom.objective)
    if wanted[Part.OBJECTIVE] and Part.OBJECTIVE not in given_up:
        if not there:  # the stage moves anyway: to the pair's middle
            visit = replace(visit, aim=None)
        through = centred(seen_through(view, state, rules), core, visit, rules)
        turned = Box.of(through).holds(core)
        view = through if turned else view
        if not turned:
            refused.append(f"No other objective: {zoom.objective} cannot show the pair from there")
    region = wanted[Part.REGION] and Part.REGION not in given_up
    checking = turned and state.corrected == site.name  # all there is to see helps to find it
    aim = visit.aim if visit.aim is not None and is_alike(visit.aim, view) else None
    return Closer(
        replace(site, view=view),
        replace(visit, aim=aim),
        turned and not there,
        region and not checking,
        tuple(refused),
    )


def is_worth(pairs: tuple[Followed, ...], state: PolicyState, rules: Rules) -> bool:
    """Whether the objective is to be another one for any of these pairs.

    It is turned in for a pair that was just shown in contact and whole, so that its middle is
    known, and stays until the cool-down is over; once it was turned out to look around, it is not
    turned in again for cells that have parted.
    """
    there = is_through(state, rules.experiment.zoom.objective)
    stays = (Stage.TOUCHING, Stage.OVER) if there else ()
    return any(
        pair.stage is Stage.LOOK
        or pair.stage in stays
        or (pair.stage is Stage.TOUCHING and is_plain(pair, rules))
        for pair in pairs
    )


def is_plain(pair: Followed, rules: Rules) -> bool:
    """Whether a pair is seen in contact, and a frame has just shown both cells whole."""
    return pair.apart_s == inf and pair.seen_s - pair.whole_s <= rules.watch_s


def turned_for_first(
    pairs: tuple[Followed, ...], state: PolicyState, rules: Rules
) -> tuple[Followed, ...]:
    """The pairs, those first for which the objective is to be turned in now."""
    objective = rules.experiment.zoom.objective
    if not objective or is_through(state, objective) or Part.OBJECTIVE in barred(state):
        return pairs
    return tuple(sorted(pairs, key=lambda pair: not is_worth((pair,), state, rules)))


def barred(state: PolicyState) -> dict[Part, str]:
    """The parts of a closer look that are given up for now, and why."""
    return {each.part: each.why for each in state.given_up if each.until_s > state.now_s}


def is_through(state: PolicyState, objective: str) -> bool:
    """Whether the last look was through an objective."""
    return state.last is not None and state.last.objective == objective


def is_alike(one: View, other: View) -> bool:
    """Whether two views show the sample through the same optics."""
    return (one.objective, one.binning, trim_of(one)) == (
        other.objective,
        other.binning,
        trim_of(other),
    )


def trim_of(view: View) -> Trim:
    """What a view adds to its objective's offset."""
    return Trim(view.objective, view.trim_x_um, view.trim_y_um, view.trim_z_um)


def rebinned(view: View, binning: int) -> View:
    """The view at another binning."""
    return replace(view, binning=binning, pixel_um=view.pixel_um / view.binning * binning)


def seen_through(view: View, state: PolicyState, rules: Rules) -> View:
    """The view through the objective for closer looks, corrected by what checks have found."""
    objective = rules.experiment.zoom.objective
    trim = state.trim(objective)
    return replace(
        view,
        objective=objective,
        pixel_um=rules.instrument.pixel_um[objective] * view.binning,
        trim_x_um=trim.x_um,
        trim_y_um=trim.y_um,
        trim_z_um=trim.z_um,
    )


def centred(view: View, core: Box, visit: Visit, rules: Rules) -> View:
    """The view with `core` in its middle; as it stood, while that is not far off."""
    if not rules.instrument.moves_xy:
        return view
    aim, limits = visit.aim, stage_limits(view, rules.experiment)
    if aim is not None and is_alike(aim, view):
        off_um = hypot(aim.stage_x_um - core.x_um, aim.stage_y_um - core.y_um)
        if off_um <= rules.experiment.zoom.recenter_um:
            return replace(view, stage_x_um=aim.stage_x_um, stage_y_um=aim.stage_y_um)
    return replace(
        view,
        stage_x_um=within(core.x_um, limits.x_um),
        stage_y_um=within(core.y_um, limits.y_um),
    )


def stage_limits(view: View, experiment: Experiment) -> Limits:
    """The limits of the stage in the sample's coordinates, as an objective sees them."""
    limits, off = experiment.limits, experiment.objectives.get(view.objective, Objective())
    x_um, y_um = off.offset_x_um + view.trim_x_um, off.offset_y_um + view.trim_y_um
    if x_um == y_um == 0.0:
        return limits
    return limits.model_copy(
        update={"x_um": shifted(limits.x_um, x_um), "y_um": shifted(limits.y_um, y_um)}
    )


def shifted(bounds: tuple[float, float] | None, by_um: float) -> tuple[float, float] | None:
    """Bounds moved along their axis."""
    return None if bounds is None else (bounds[0] + by_um, bounds[1] + by_um)


# --- said before a session ------------------------------------------------------------------


def closest(whole: View, rules: Rules) -> View:
    """The view of a close look at one pair in the middle of the field."""
    zoom, view = rules.experiment.zoom, whole
    if zoom.binning is not None:
        view = rebinned(view, zoom.binning)
    if zoom.objective:
        pixel_um = rules.instrument.pixel_um[zoom.objective] * view.binning
        view = replace(view, objective=zoom.objective, pixel_um=pixel_um)
    if not (zoom.region and rules.instrument.has_region):
        return view
    return cropped(view, Box.around(whole.x_um, whole.y_um, zoom.region_um))


def remarks(whole: View, rules: Rules) -> Iterator[str]:
    """What a closer look costs, and what is not known of it."""
    experiment, zoom = rules.experiment, rules.experiment.zoom
    view = closest(whole, rules)
    if view == whole:
        return
    yield (
        f"a closer look: {view.objective or 'the same objective'}, binning {view.binning}, "
        f"{view.width_um:.0f} x {view.height_um:.0f} um of {whole.width_um:.0f} x "
        f"{whole.height_um:.0f} um at {view.pixel_um:.3g} um per pixel"
    )
    if not zoom.objective:
        return
    limits, rounds = experiment.limits, experiment.survey.unseen_rounds
    focus = "the autofocus focuses" if zoom.autofocus else "the focus moves by its offset"
    retract = (
        "no limits.retract_z_um is set: the focus stays where it is while the turret turns"
        if limits.retract_z_um is None
        else f"the focus retracts to {limits.retract_z_um:g} um first"
    )
    yield (
        f"turning to {zoom.objective} takes the turret's own time and {zoom.settle_ms:g} ms; "
        f"{retract}; then {focus}. Meanwhile nothing is seen; back at the survey's objective "
        f"every {rounds * rules.survey_s:g} s"
    )
    if zoom.objective not in experiment.objectives:
        yield (
            f"no offsets are known for {zoom.objective}: it is taken to look where the survey's "
            "does. `livewatch calibrate` measures them"
        )
