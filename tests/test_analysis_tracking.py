"""Tracking: who is who, from frame to frame."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walkers import Spoiling, Walkers, cell_of, circle, view_of

from livewatch.analysis.match import NEIGHBOURS, neighbours
from livewatch.analysis.middle import median
from livewatch.analysis.sightings import SEEN, Look, Rules
from livewatch.analysis.tracking import track
from livewatch.analysis.tracks import COLUMNS, Tracks, nobody
from livewatch.model import Cell, Kind, View

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE = view_of(400)
NK, TUMOR = Rules.of(Kind.NK, 9.0), Rules.of(Kind.TUMOR, 20.0)


class Book:
    """Tracks kept over frames."""

    def __init__(self, rules: Rules = NK) -> None:
        self.rules = rules
        self.tracks: Tracks = nobody()
        self.next_id = 1

    def see(
        self,
        time_s: float,
        cells: Sequence[Cell],
        view: View = WIDE,
        whole: bool = True,
        held: frozenset[int] = frozenset(),
    ) -> list[int]:
        """The identities of `cells`, in their order; of cells put right, from top to bottom."""
        self.named = self.watch(time_s, cells, view, whole, held)
        of = {(cell.x_um, cell.y_um): cell.id for cell in self.named}
        if of.keys() != {(cell.x_um, cell.y_um) for cell in cells}:
            return [cell.id for cell in self.named]
        return [of[cell.x_um, cell.y_um] for cell in cells]

    def watch(
        self,
        time_s: float,
        cells: Sequence[Cell],
        view: View = WIDE,
        whole: bool = True,
        held: frozenset[int] = frozenset(),
    ) -> tuple[Cell, ...]:
        look = Look(view, time_s, whole, held)
        self.tracks, named = track(self.tracks, cells, look, self.next_id, self.rules)
        self.next_id = max([self.next_id, *(cell.id + 1 for cell in named)])
        return named


def where(cell: Cell) -> tuple[int, float, float]:
    return cell.id, cell.x_um, cell.y_um


def disc(
    x_um: float, y_um: float, radius_um: float = 4.5, kind: Kind = Kind.NK, view: View = WIDE
) -> Cell:
    cell = cell_of(0, kind, circle(x_um, y_um, radius_um), view)
    assert cell is not None
    return cell


@pytest.mark.parametrize("interval_s", [0.1, 1.0, 30.0])
def test_a_walking_cell_keeps_its_identity_at_any_interval(interval_s: float) -> None:
    book = Book()
    for frame in range(60):
        time_s = frame * interval_s
        away_um = 0.1 * time_s  # 6 um/min
        cells = [disc(-190 + away_um % 380, 0), disc(50, 80)]
        assert book.see(time_s, cells) == [1, 2]


def test_irregular_intervals_do_not_matter() -> None:
    book, time_s = Book(), 0.0
    for dt_s in [30, 30, 0.1, 0.1, 2, 2, 30, 0.1, 45, 30] * 3:
        assert book.see(time_s, [disc(-150 + 0.1 * time_s, 0), disc(0, 60)]) == [1, 2]
        time_s += dt_s


def test_two_that_pass_close_by_are_not_swapped() -> None:
    book = Book()
    for frame in range(41):
        x_um = -40 + 2.0 * frame
        assert book.see(20.0 * frame, [disc(x_um, -5), disc(-x_um, 5)]) == [1, 2]


def test_a_cell_missed_for_two_frames_is_found_again() -> None:
    book = Book()
    for frame in range(10):
        cells = [disc(-50 + 2 * frame, 0)]
        assert book.see(20.0 * frame, [] if frame in (5, 6) else cells) in ([1], [])
    assert book.next_id == 2


def test_a_cell_that_vanishes_in_plain_view_is_given_up_and_its_number_not_used_again() -> None:
    book = Book()
    for frame in range(5):
        book.see(20.0 * frame, [disc(0, 0)])
    for frame in range(5, 12):
        book.see(20.0 * frame, [])
    assert len(book.tracks.table) == 0
    assert book.see(300.0, [disc(0, 0)]) == [2]


def test_cells_outside_a_zoomed_view_keep_their_identity() -> None:
    book = Book(TUMOR)
    zoomed = view_of(80, pixel_um=0.325)
    everyone = [disc(x, y, 10, Kind.TUMOR) for x in (-120, 0, 120) for y in (-120, 0, 120)]
    before = book.see(0.0, everyone)
    before = book.see(30.0, everyone)
    for frame in range(300):
        inside = [disc(0, 0, 10, Kind.TUMOR, zoomed)]
        assert book.see(32.0 + 2 * frame, inside, zoomed, whole=False) == [before[4]]
    assert book.see(660.0, everyone) == before


def test_a_cell_half_in_view_keeps_its_identity() -> None:
    book = Book(TUMOR)
    zoomed = view_of(80)
    book.see(0.0, [disc(38, 0, 10, Kind.TUMOR)])
    for frame in range(20):
        cut = disc(38, 0, 10, Kind.TUMOR, zoomed)
        assert cut.at_edge
        assert book.see(30.0 + 2 * frame, [cut], zoomed, whole=False) == [1]
    assert book.see(100.0, [disc(38, 0, 10, Kind.TUMOR)]) == [1]


def test_a_cell_that_enters_is_new() -> None:
    book = Book()
    book.see(0.0, [disc(0, 0)])
    assert book.see(30.0, [disc(0, 0), disc(195, 0)]) == [1, 2]


@pytest.mark.parametrize("frames", [1, 10, 60])
def test_two_cells_seen_as_one_for_a_while_come_out_as_themselves(frames: int) -> None:
    book = Book()
    for frame in range(6):
        book.see(10.0 * frame, [disc(-12 + frame, 0), disc(12 - frame, 0)])
    blob = replace(disc(0, 0, 6.4), area_um2=2 * np.pi * 4.5**2)
    for frame in range(6, 6 + frames):
        now = book.watch(10.0 * frame, [blob])
        assert {cell.id for cell in now} <= {1, 2}
        assert sum(cell.area_um2 for cell in now) == pytest.approx(blob.area_um2, rel=0.02)
    after = [disc(-8, 0), disc(8, 0)]
    assert sorted(book.see(60.0 + 10.0 * frames, after)) == [1, 2]
    assert book.next_id == 3


def test_a_tumor_cell_that_divides_goes_on_as_one_daughter_and_is_the_others_mother() -> None:
    book = Book(TUMOR)
    for frame in range(6):
        book.see(30.0 * frame, [disc(0, 0, 10, Kind.TUMOR)])
    daughters = [disc(-7, 0, 7, Kind.TUMOR), disc(8, 0, 7, Kind.TUMOR)]
    for frame in range(6, 8):  # which a cell cut in two might look like as well
        assert book.see(30.0 * frame, daughters) == [1]
    ids = book.see(240.0, daughters)
    assert sorted(ids) == [1, 2]
    assert book.tracks.table["parent"].tolist() == [-1, 1]
    assert book.see(270.0, daughters) == ids


def test_a_neighbour_that_comes_close_is_no_daughter() -> None:
    book = Book(TUMOR)
    for frame in range(6):
        book.see(30.0 * frame, [disc(0, 0, 10, Kind.TUMOR)])
    book.see(180.0, [disc(0, 0, 10, Kind.TUMOR), disc(21, 0, 10, Kind.TUMOR)])
    assert book.tracks.table["parent"].tolist() == [-1, -1]


def test_a_held_cell_whose_track_broke_is_mended() -> None:
    def last(held: frozenset[int]) -> list[int]:
        book = Book()
        for frame in range(20):
            book.see(0.2 * frame, [disc(0, 0)])
        for frame in range(20, 24):
            book.see(0.2 * frame, [], held=held)
        return book.see(4.8, [disc(8, 3)], held=held)

    assert last(frozenset({1})) == [1]
    assert last(frozenset()) == [2]


def test_a_held_cell_is_never_given_up() -> None:
    book = Book()
    book.see(0.0, [disc(0, 0)])
    for frame in range(1, 100):
        book.see(30.0 * frame, [], held=frozenset({1}))
    assert book.tracks.table["id"].tolist() == [1]


def test_tracks_and_answers_cannot_be_written_to() -> None:
    book = Book()
    book.see(0.0, [disc(0, 0)])
    with pytest.raises(ValueError, match="read-only"):
        book.tracks.table["x_um"][0] = 1.0


def test_a_frame_without_cells_is_no_trouble() -> None:
    book = Book()
    assert book.see(0.0, []) == []
    assert book.see(1.0, [disc(0, 0)]) == [1]
    assert book.see(2.0, []) == []


def test_memory_stays_flat_while_cells_come_and_go() -> None:
    book, rng = Book(), np.random.default_rng(0)
    sizes = []
    for frame in range(600):
        cells = [disc(*rng.uniform(-150, 150, 2)) for _ in range(8)]
        book.see(30.0 * frame, cells)
        sizes.append(len(book.tracks.table))
    assert max(sizes[300:]) <= max(sizes[:300]) + 10
    assert max(sizes) < 100


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_in_which_cells_are_listed_does_not_matter(seed: int, random) -> None:  # type: ignore[no-untyped-def]
    world = Walkers(seed, 12, 4, 120.0)
    view = view_of(120.0)
    one, other = Book(), Book()
    for frame in range(4):
        world.step(10.0)
        cells = world.cells(view, Spoiling(miss=0.1))[Kind.NK]
        order = list(range(len(cells)))
        random.shuffle(order)
        one.see(10.0 * frame, cells, view)
        other.see(10.0 * frame, [cells[at] for at in order], view)
        assert [where(cell) for cell in other.named] == [where(cell) for cell in one.named]
        assert other.tracks.table.tobytes() == one.tracks.table.tobytes()


@pytest.mark.parametrize("interval_s", [2.0, 30.0])
def test_ordinary_density_costs_few_identities(interval_s: float) -> None:
    world, view, book = Walkers(3, 60, 60, 520.0), view_of(520.0), Book()
    last: dict[int, int] = {}
    switches = total = 0
    for frame in range(25):
        world.step(interval_s)
        cells = world.cells(view, Spoiling())[Kind.NK]
        truth = {(cell.x_um, cell.y_um): cell.id for cell in cells}
        for cell in book.watch(interval_s * frame, cells, view):
            true = truth.get((cell.x_um, cell.y_um), -1)
            if true >= 0:
                switches += last.get(true, cell.id) != cell.id
                last[true] = cell.id
                total += 1
    assert total > 1200
    assert switches <= 3


@pytest.mark.parametrize("cut_frames", [1, 4, 20])
def test_a_cell_cut_in_two_for_a_while_stays_itself(cut_frames: int) -> None:
    book = Book()
    for frame in range(6):
        book.see(30.0 * frame, [disc(0, 0, 5.8)])
    for frame in range(6, 6 + cut_frames):
        now = book.watch(30.0 * frame, [disc(-2, -4, 4.2), disc(2, 4, 4.0)])
        if frame < 15:  # before long, it is one cell of both pieces
            (cell,) = now
            assert cell.id == 1
            assert cell.area_um2 == pytest.approx(np.pi * (4.2**2 + 4.0**2), rel=0.02)
            assert abs(cell.x_um) < 0.5
            assert abs(cell.y_um) < 0.5
    end = 6 + cut_frames
    assert book.see(30.0 * end, [disc(0.5, 0.5, 5.8)]) == [1]
    assert book.see(30.0 * (end + 1), [disc(0.5, 9, 5.8)]) == [1]


def test_a_cell_cut_in_many_frames_now_and_then_stays_itself() -> None:
    book = Book()
    whole, pieces = [disc(0, 0, 5.8)], [disc(-2, -4, 4.2), disc(2, 4, 4.0)]
    for frame in range(80):
        cut = frame > 4 and frame % 3 == 0
        assert book.see(30.0 * frame, pieces if cut else whole) == [1]


def test_two_of_usual_size_taken_for_one_at_first_are_two_from_when_they_are_seen_apart() -> None:
    book = Book()
    others = [disc(40, 40 * row) for row in range(-2, 3)]
    both, apart = [disc(0, 0, 6.4)], [disc(-3.4, 0), disc(3.4, 0)]
    for frame in range(8):
        book.see(30.0 * frame, [*others, *both])
    ids = {tuple(book.see(30.0 * frame, [*others, *apart])[-2:]) for frame in range(8, 12)}
    for frame in range(12, 30):
        seen = book.watch(30.0 * frame, [*others, *(apart if frame % 2 else both)])
        ids.add(tuple(cell.id for cell in sorted(seen, key=lambda one: one.x_um)[:2]))
    assert len(ids) == 1


@pytest.mark.parametrize("whole_frames", [10, 30])
def test_a_cell_twice_as_large_as_usual_is_no_two_once_it_was_one_for_long(
    whole_frames: int,
) -> None:
    book = Book()
    others = [disc(40, 40 * row) for row in range(-2, 3)]
    for frame in range(whole_frames):
        book.see(30.0 * frame, [*others, disc(0, 0, 5.9)])
    for frame in range(whole_frames, whole_frames + 8):
        assert len(book.watch(30.0 * frame, [*others, disc(-2, -4, 4.2), disc(2, 4, 4.2)])) == 6


def test_one_of_twice_the_usual_size_that_was_one_for_minutes_is_not_cut_in_usual_ones() -> None:
    book = Book()
    others = [disc(40, 40 * row) for row in range(-2, 3)]
    for frame in range(12):
        book.see(30.0 * frame, [*others, disc(0, 0, 6.4)])
    for frame in range(12, 20):
        assert len(book.watch(30.0 * frame, [*others, disc(-3.4, 0), disc(3.4, 0)])) == 6


def test_a_cell_that_spreads_and_is_cut_at_once_stays_itself() -> None:
    book = Book()
    for frame in range(6):
        book.see(30.0 * frame, [disc(0, 0)])
    (cell,) = book.watch(180.0, [disc(-1, -3.6, 4.0), disc(1, 3.6, 3.6)])
    assert cell.id == 1


def test_a_cell_is_thought_cut_for_as_long_as_it_was_seen_whole() -> None:
    book = Book(TUMOR)
    for frame in range(30):
        book.see(30.0 * frame, [disc(0, 0, 13, Kind.TUMOR)])
    pieces = [disc(0, -7, 10.5, Kind.TUMOR), disc(0, 9.5, 7, Kind.TUMOR)]
    seen = [len(book.watch(30.0 * frame, pieces)) for frame in range(30, 64)]
    assert seen == 29 * [1] + 5 * [2]


def test_a_cell_that_came_in_over_the_border_and_is_cut_stays_itself() -> None:
    book, view = Book(), view_of(100)
    for frame in range(8):
        book.see(30.0 * frame, [disc(-54 + frame, 0, 6, view=view)], view)
    pieces = [disc(-46, -4, 4.3, view=view), disc(-46, 4, 4.2, view=view)]
    (cell,) = book.watch(240.0, pieces, view)
    assert cell.id == 1


@pytest.mark.parametrize("signal", [60.0, 0.0, -5.0])
def test_cells_of_unlike_brightness_are_no_pieces_of_one(signal: float) -> None:
    book = Book()
    for frame in range(6):
        book.see(30.0 * frame, [disc(0, 0, 5.8)])
    dim = replace(disc(2, 4, 4.0), signal=signal)
    assert len(book.watch(180.0, [disc(-2, -4, 4.2), dim])) == 2


def test_brightness_tells_two_apart_that_leap_past_each_other() -> None:
    book = Book()
    ids = {}
    for frame in range(8):
        across = 5.0 if frame < 7 else -3.0
        bright = replace(disc(across, 0), signal=600.0)
        ids[frame] = book.see(30.0 * frame, [bright, disc(-across, 6)])
    assert ids[7] == ids[6]


def test_two_seen_as_one_that_come_apart_crossed_are_told_by_their_brightness() -> None:
    book = Book()
    bright, dim = replace(disc(-6, 0), signal=600.0), replace(disc(6, 0), signal=500.0)
    for frame in range(6):
        ids = book.see(30.0 * frame, [bright, dim])
    book.see(180.0, [replace(disc(0, 0, 6.4), signal=550.0)])
    crossed = [replace(bright, x_um=5.0), replace(dim, x_um=-5.0)]
    assert book.see(210.0, crossed) == ids


def test_a_slow_cell_missed_for_minutes_is_found_where_it_was() -> None:
    book = Book(TUMOR)
    for frame in range(6):
        book.see(30.0 * frame, [disc(0, 0, 10, Kind.TUMOR)])
    for frame in range(6, 14):
        book.see(30.0 * frame, [])
    assert book.see(420.0, [disc(1, 1, 10, Kind.TUMOR)]) == [1]


def gone_from_view_for_long(book: Book, cells: Sequence[Cell]) -> View:
    """A view of `cells` only, long after another cell was seen outside of it."""
    aside = view_of(60)
    for frame in range(5):
        book.see(30.0 * frame, [*cells, disc(80, 9, 2.5)])
    for frame in range(5, 40):
        assert book.see(30.0 * frame, cells, aside, whole=False) == [1]
    return aside


def test_a_cell_last_seen_long_ago_elsewhere_is_not_thought_to_be_inside_another() -> None:
    book = Book()
    aside = gone_from_view_for_long(book, [disc(0, 0, 5.0)])
    for frame in range(40, 50):  # a little larger, as if it held the other
        assert book.see(30.0 * frame, [disc(0, 0, 5.6)], aside, whole=False) == [1]


def test_a_piece_of_a_cell_is_not_taken_for_one_last_seen_long_ago_elsewhere() -> None:
    book = Book()
    aside = gone_from_view_for_long(book, [disc(0, 0, 5.8)])
    pieces = [disc(-2, -5.2, 5.0), disc(2, 3.2, 2.9)]
    for frame in range(40, 44):
        assert book.see(30.0 * frame, pieces, aside, whole=False) == [1]


def test_a_piece_between_two_cells_goes_to_the_one_that_should_be_there() -> None:
    """By its area alone it would suit the other a little better."""
    book = Book()
    left, right = disc(-8.0, -0.1, 5.0), disc(6.0, 0.1, 4.4)
    for frame in range(30):
        assert book.see(30.0 * frame, [left, right]) == [1, 2]
    pieces = [disc(-9.5, -0.1, 4.2), disc(-3.1, 0.0, 1.9), disc(3.0, 0.1, 3.9)]
    seen = {cell.id: cell for cell in book.watch(900.0, pieces)}
    assert seen.keys() == {1, 2}
    assert seen[1].area_um2 > 60.0
    assert seen[2].area_um2 == pieces[2].area_um2


def test_a_neighbour_that_is_always_there_is_no_piece() -> None:
    book = Book()
    for frame in range(30):
        near = [disc(0, 0), disc(9.5, 0.5)]
        assert book.see(30.0 * frame, near) == [1, 2]
    assert book.see(900.0, [disc(0, 0)]) == [1]
    assert book.see(930.0, near) == [1, 2]


def test_three_cells_seen_as_one_are_three() -> None:
    book = Book()
    apart = [disc(-12, 0), disc(0, 0.5), disc(12, 1)]
    for frame in range(5):
        assert book.see(30.0 * frame, apart) == [1, 2, 3]
    ring = np.array([(-14, -4.5), (14, -4.5), (14, 4.5), (-14, 4.5)], np.float32)
    corners = np.concatenate([np.linspace(a, b, 20, False) for a, b in pairwise([*ring, ring[0]])])
    blob = cell_of(0, Kind.NK, corners, WIDE)
    assert blob is not None
    parts = sorted(book.watch(150.0, [blob]), key=lambda cell: cell.x_um)
    assert [cell.id for cell in parts] == [1, 2, 3]
    assert [cell.area_um2 for cell in parts] == pytest.approx([84.0] * 3, rel=0.02)
    assert book.see(180.0, apart) == [1, 2, 3]


def test_variances_stay_variances_through_mergers_and_long_gaps() -> None:
    world, view, book = Walkers(5, 40, 10, 160.0), view_of(160.0), Book()
    rng = np.random.default_rng(5)
    hidden = 0
    for _ in range(80):
        world.step(float(rng.choice([0.1, 2.0, 30.0, 300.0])))
        book.see(world.time_s, world.cells(view, Spoiling(miss=0.1, merge=1.0))[Kind.NK], view)
        table = book.tracks.table
        assert (table["pxx"] > 0).all()
        assert (table["pvv"] > 0).all()
        assert (table["pxv"] ** 2 <= table["pxx"] * table["pvv"]).all()
        hidden += int((table["host"] != -1).sum())
    assert hidden > 0


@pytest.mark.parametrize(("tracks", "cells"), [(40, 60), (60, 3), (1, 1)])
def test_a_track_is_compared_with_the_nearest_cells_in_its_reach(tracks: int, cells: int) -> None:
    rng = np.random.default_rng(tracks)
    table, seen = np.zeros(tracks, COLUMNS), np.zeros(cells, SEEN)
    for some in (table, seen):
        some["x_um"], some["y_um"] = rng.uniform(0.0, 60.0, (2, len(some)))
    reach_um = rng.uniform(0.0, 40.0, tracks)
    dx, dy = (seen[axis] - table[axis][:, None] for axis in ("x_um", "y_um"))
    far_um = np.sqrt(dx * dx + dy * dy)
    expected = [
        (row, cell, far_um[row, cell])
        for row in range(tracks)
        for cell in np.argsort(far_um[row])[:NEIGHBOURS].tolist()
        if far_um[row, cell] <= reach_um[row]
    ]
    found = neighbours(table, seen, reach_um)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected
    assert tracks < 40 or max(np.bincount(found[0])) == min(NEIGHBOURS, cells)


@pytest.mark.parametrize("count", [1, 2, 7, 8])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_median_is_numpys_to_the_bit(count: int, kind: type) -> None:
    values = np.random.default_rng(count).normal(size=count).astype(kind)
    assert median(values) == float(np.median(values))
