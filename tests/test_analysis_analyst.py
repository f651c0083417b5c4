"""The analyst: frames in, observations out, a frozen state that survives as JSON."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from livewatch.analysis.analyst import Analyst, AnalystState
from livewatch.analysis.freeze import from_json, to_json
from livewatch.model import (
    Exposure,
    Frame,
    Kind,
    Observation,
    Outcome,
    Plane,
    Purpose,
    Region,
    Shot,
    View,
)
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from collections.abc import Sequence

PIXEL_UM, SIDE_PX = 0.65, 384
TUMORS = ((-60.0, -50.0), (40.0, 30.0), (70.0, -70.0))
FAR_NK = ((-90.0, 80.0), (0.0, -95.0))


def view_at(position: str = "p", region: Region | None = None) -> View:
    return View(position, 0.0, 0.0, None, "10x", PIXEL_UM, 1, (SIDE_PX, SIDE_PX), region)


def image_of(
    places: Sequence[tuple[float, float]], radius_um: float, view: View, seed: int
) -> np.ndarray:
    """Smooth bright discs on a noisy background."""
    image = np.zeros(view.shape, np.float32)
    for x_um, y_um in places:
        x, y = (x_um - view.left_um) / PIXEL_UM - 0.5, (y_um - view.top_um) / PIXEL_UM - 0.5
        centre = round(x * 16), round(y * 16)
        cv2.circle(image, centre, round(radius_um / PIXEL_UM * 16), 600, -1, cv2.LINE_AA, 4)
    noise = np.random.default_rng(seed).normal(0, 6, image.shape)
    return (cv2.GaussianBlur(image, (0, 0), 1.0) + 120 + noise).clip(0).astype(np.uint16)


def frame_of(
    index: int,
    time_s: float,
    nk: Sequence[tuple[float, float]],
    tumor: Sequence[tuple[float, float]] = TUMORS,
    view: View | None = None,
    channels: tuple[str, ...] = ("nk", "tumor"),
    dark: bool = False,
) -> Frame:
    view = view or view_at()
    images = {
        "nk": image_of((), 1, view, index) if dark else image_of(nk, 4.5, view, index),
        "tumor": image_of((), 1, view, index) if dark else image_of(tumor, 10, view, 1000 + index),
    }
    shot = Shot(view, tuple(Plane(name, 50.0) for name in channels), time_s, Purpose.SURVEY)
    exposures = tuple(Exposure(name, time_s, time_s + 0.05, 50.0) for name in channels)
    return Frame(index, shot, view, tuple(images[name] for name in channels), exposures, time_s)


def nk_at(gap_um: float) -> list[tuple[float, float]]:
    """An NK cell at this gap left of the middle tumor cell, and two far from all."""
    return [(40.0 - 14.5 - gap_um, 30.0), *FAR_NK]


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    return Analyst(Experiment())


def told(
    analyst: Analyst, frames: Sequence[Frame], state: AnalystState | None = None
) -> tuple[AnalystState, list[Observation]]:
    state = analyst.begin() if state is None else state
    seen = []
    for frame in frames:
        state, observation = analyst.observe(state, frame)
        seen.append(observation)
    return state, seen


def visit(position: str = "p", start: int = 0) -> list[Frame]:
    """An NK cell comes, touches for a while, and leaves."""
    gaps = [7, 5, 3, 1, -1, -1.5, -1.5, -1.5, -1.5, 2, 5, 8, 12, 12, 12, 12, 12, 12, 12, 12]
    return [
        frame_of(start + at, 10.0 * (start + at), nk_at(gap), view=view_at(position))
        for at, gap in enumerate(gaps)
    ]


def test_a_visit_is_one_encounter_seen_from_approach_to_parting(analyst: Analyst) -> None:
    _, seen = told(analyst, visit())
    assert [len(observation.cells) for observation in seen] == [6] * len(seen)
    opened = [number for observation in seen for number in observation.opened]
    closed = [number for observation in seen for number in observation.closed]
    assert opened == closed == [1]
    approaching = seen[2].contacts[0]
    assert approaching.approach_um_per_s > 0.05
    assert 0 < approaching.contact_in_s < 40
    touching = seen[7].contacts[0]
    assert touching.gap_um == 0
    assert touching.contact_in_s == 0
    assert touching.seal_fraction > 0
    ended = next(one for each in seen for one in each.encounters if not one.is_open)
    assert ended.pair == touching.pair
    assert 20 <= ended.start_s <= 40
    assert 80 <= ended.last_contact_s <= 90


def test_identities_are_kept_and_unlike_each_other(analyst: Analyst) -> None:
    _, seen = told(analyst, visit())
    names = {tuple((cell.id, cell.kind) for cell in observation.cells) for observation in seen}
    assert len(names) == 1
    assert len({identity for identity, _ in names.pop()}) == 6


def test_positions_are_told_apart_and_identities_never_shared(analyst: Analyst) -> None:
    here, there = visit("here"), visit("there")
    state, seen = told(analyst, [frame for pair in zip(here, there, strict=True) for frame in pair])
    ids = {
        name: {cell.id for one in seen if one.view.position == name for cell in one.cells}
        for name in ("here", "there")
    }
    assert len(ids["here"]) == len(ids["there"]) == 6
    assert not ids["here"] & ids["there"]
    assert sorted(number for one in seen for number in one.opened) == [1, 2]
    assert [place.name for place in state.places] == ["here", "there"]


def test_a_zoom_keeps_identities_and_the_encounter(analyst: Analyst) -> None:
    touching = [frame_of(at, 10.0 * at, nk_at(-1.5)) for at in range(3)]
    region = Region(192, 176, 128, 128)  # around the pair, without the others
    close = [
        frame_of(3 + at, 30.0 + 2 * at, nk_at(-1.5), view=view_at(region=region))
        for at in range(20)
    ]
    wide = [frame_of(23, 90.0, nk_at(-1.5))]
    _, seen = told(analyst, [*touching, *close, *wide])
    before, after = seen[2], seen[-1]
    assert {cell.id for cell in seen[10].cells} < {cell.id for cell in before.cells}
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [one.id for one in after.encounters if one.is_open] == [1]


def test_looking_elsewhere_does_not_end_an_encounter(analyst: Analyst) -> None:
    touching = [frame_of(at, 10.0 * at, nk_at(-1.5)) for at in range(3)]
    elsewhere = Region(0, 0, 128, 128)
    away = [
        frame_of(3 + at, 30.0 + 10 * at, nk_at(-1.5), view=view_at(region=elsewhere))
        for at in range(60)
    ]
    _, seen = told(analyst, [*touching, *away, frame_of(63, 640.0, nk_at(-1.5))])
    assert not any(observation.closed for observation in seen)
    assert [one.id for one in seen[30].encounters] == [1]
    assert [one.id for one in seen[-1].encounters] == [1]


def test_an_encounter_whose_cell_leaves_the_field_is_censored(analyst: Analyst) -> None:
    def at(x_um: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        return [(x_um + 13.0, 0.0)], [(x_um, 0.0), TUMORS[0]]

    places = [85.0, 85, 85, 88, 91, 94, 97, 101, 105, 109, 113, 117, 122, 127, 132, 137, 142, 150]
    frames = [frame_of(n, 20.0 * n, *at(x_um)) for n, x_um in enumerate([*places, *[200.0] * 8])]
    _, seen = told(analyst, frames)
    ended = [one for observation in seen for one in observation.encounters if not one.is_open]
    assert len({one.id for one in ended}) == 1
    assert ended[0].outcome is Outcome.CENSORED
    assert "field" in ended[0].outcome_reason


def test_an_unusable_frame_says_so_and_changes_no_cell_and_no_encounter(analyst: Analyst) -> None:
    frames = visit()
    state, _ = told(analyst, frames[:7])
    blank = frame_of(7, 70.0, (), (), dark=True)
    blank.planes[0][:] = 0
    blank.planes[1][:] = 0
    after, observation = analyst.observe(state, blank)
    assert observation.problem
    assert observation.cells == ()
    assert [place.nk.table.tobytes() for place in after.places] == [
        place.nk.table.tobytes() for place in state.places
    ]
    assert [one.id for one in observation.encounters] == [1]
    _, seen = told(analyst, frames[8:], after)
    assert [number for one in seen for number in one.closed] == [1]


def test_a_frame_of_one_channel_moves_the_cells_of_that_kind_only(analyst: Analyst) -> None:
    state, _ = told(analyst, visit()[:7])
    nk_only = frame_of(7, 70.0, nk_at(-1.5), channels=("nk",))
    after, observation = analyst.observe(state, nk_only)
    assert {cell.kind for cell in observation.cells} == {Kind.NK}
    assert observation.contacts == ()
    before_place, after_place = state.place("p"), after.place("p")
    assert after_place.nk.time_s == 70.0
    assert after_place.tumor is before_place.tumor
    assert [one.id for one in observation.encounters if one.is_open] == [1]


def without_arrays(observation: Observation) -> str:
    cells = [(c.id, c.x_um, c.y_um, c.outline_um.tobytes()) for c in observation.cells]
    return repr((cells, observation.contacts, observation.encounters, observation.opened))


def test_the_same_frames_give_the_same_answers_to_the_bit() -> None:
    first_state, first = told(Analyst(Experiment()), visit())
    second_state, second = told(Analyst(Experiment()), visit())
    assert list(map(without_arrays, first)) == list(map(without_arrays, second))
    assert json.dumps(to_json(first_state)) == json.dumps(to_json(second_state))


def test_an_observation_leaves_the_state_it_started_from_untouched(analyst: Analyst) -> None:
    state, _ = told(analyst, visit()[:6])
    before = json.dumps(to_json(state))
    analyst.observe(state, visit()[6])
    assert json.dumps(to_json(state)) == before


@pytest.mark.parametrize("stop", [0, 1, 6, 12])
def test_a_state_thawed_from_json_goes_on_as_if_nothing_had_happened(
    analyst: Analyst, stop: int
) -> None:
    frames = visit()
    state, _ = told(analyst, frames[:stop])
    thawed = from_json(json.loads(json.dumps(to_json(state))))
    straight, one = told(analyst, frames[stop:], state)
    resumed, other = told(analyst, frames[stop:], thawed)
    assert list(map(without_arrays, one)) == list(map(without_arrays, other))
    assert json.dumps(to_json(straight)) == json.dumps(to_json(resumed))


def places_of(value: Any) -> Any:
    return value["state"]["places"][0]


HOSTILE = {
    "nothing": lambda v: None,
    "a list": lambda v: [v],
    "another format": lambda v: v | {"format": 99},
    "more than a state": lambda v: v | {"code": "print()"},
    "a missing field": lambda v: v["state"].pop("places") and v,
    "text for a number": lambda v: v["state"].update(next_cell="7") or v,
    "a fraction for a number": lambda v: v["state"].update(next_cell=7.5) or v,
    "a truth value for a number": lambda v: v["state"].update(next_cell=True) or v,
    "a huge number": lambda v: v["state"].update(next_cell=10**30) or v,
    "numbers given again": lambda v: v["state"].update(next_cell=1) or v,
    "encounters given again": lambda v: v["state"].update(next_encounter=1) or v,
    "places that are no list": lambda v: v["state"].update(places={"0": 1}) or v,
    "a place twice": lambda v: v["state"]["places"].append(places_of(v)) or v,
    "a table cut short": lambda v: places_of(v)["nk"]["table"].update(base64="AAAA") or v,
    "no base64": lambda v: places_of(v)["nk"]["table"].update(base64="!!") or v,
    "another shape": lambda v: places_of(v)["nk"]["table"].update(shape=[10**12]) or v,
    "a negative shape": lambda v: places_of(v)["nk"]["table"].update(shape=[-1]) or v,
    "an array of objects": lambda v: places_of(v)["nk"]["table"].update(type="|O8") or v,
    "no type at all": lambda v: places_of(v)["nk"]["table"].update(type="nonsense") or v,
    "an unknown outcome": lambda v: (
        places_of(v)["bouts"][0]["encounter"].update(outcome="eaten") or v
    ),
    "a time that is none": lambda v: places_of(v)["nk"].update(time_s="soon") or v,
}


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_spoilt_state_is_refused_in_one_line(analyst: Analyst, spoil: Any) -> None:
    state, _ = told(analyst, visit()[:8])
    value = spoil(copy.deepcopy(to_json(state)))
    with pytest.raises(ValueError) as refusal:
        from_json(value)
    assert "\n" not in str(refusal.value)


def test_memory_stays_flat(analyst: Analyst) -> None:
    rng = np.random.default_rng(5)
    state, sizes = analyst.begin(), []
    for index in range(60):
        nk = [tuple(rng.uniform(-100, 100, 2)) for _ in range(4)]
        frame = frame_of(index, 30.0 * index, nk)
        state, _ = analyst.observe(state, frame)
        sizes.append(len(json.dumps(to_json(state))))
    assert max(sizes[30:]) < 1.5 * max(sizes[10:30])
