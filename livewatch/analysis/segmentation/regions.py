"""Connected regions of equal value, by run-length labelling; small holes are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Values = NDArray[np.int32] | NDArray[np.uint8]

ROW, FIRST, STOP, VALUE, PARENT, AREA, HOME = range(7)
"""Columns of a table of runs; a run is columns FIRST to STOP - 1 of a ROW."""


def regions(
    values: Values, least_px: int, hole_px: int, single: bool
) -> tuple[Ints, Ints, Ints, Ints]:
    """Label the 4-connected regions of equal value above 0 in `values` (h, w).

    Regions of fewer than `least_px` pixels are dropped; with `single`, all but the largest of
    each value. Holes of at most `hole_px`, closed to 8-connected paths, count to the region left
    of them. Returns labels (h, w), 1..n in raster order, then the value, the area in pixels and
    the box (first row, first column, stop row, stop column) of each.
    """
    labels = np.zeros(values.shape, np.int32)
    flat = values.ravel()
    turns = np.flatnonzero(flat[1:] != flat[:-1])  # many times faster than a loop
    turns += 1
    value, area, boxes = painted(joined(values, turns, hole_px, single), labels, least_px)
    return labels, value, area, boxes


@compiled
def relabel(labels: Ints, least_px: int, hole_px: int, single: bool) -> tuple[Ints, Ints, Ints]:
    """As `regions` does, but in place, and for small images; the values, areas and boxes."""
    return painted(joined(labels, turns_of(labels), hole_px, single), labels, least_px)


@compiled
def turns_of(values: Ints) -> NDArray[np.intp]:
    """Where, in raster order, a pixel has another value than the one before it."""
    flat = values.ravel()
    turns, count = np.empty(len(flat), np.intp), 0
    for at in range(1, len(flat)):
        turns[count] = at
        count += flat[at] != flat[at - 1]
    return turns[:count]


@compiled
def joined(values: Values, turns: NDArray[np.intp], hole_px: int, single: bool) -> Ints:
    """The runs of an image, united to regions."""
    runs = runs_of(values, turns)
    join(runs)
    fill(runs, values.shape, hole_px)
    if single:
        thin_out(runs)
    return runs


@compiled
def runs_of(values: Values, turns: NDArray[np.intp]) -> Ints:
    """Every run of equal values, row by row (m, 7); each its own parent."""
    height, width = values.shape
    runs = np.empty((len(turns) + height, 7), np.int32)
    count = turn = 0
    for row in range(height):
        first = 0
        while first < width:
            stop = width
            if turn < len(turns) and turns[turn] <= (row + 1) * width:
                stop = turns[turn] - row * width
                turn += 1
            runs[count, ROW] = row
            runs[count, FIRST] = first
            runs[count, STOP] = stop
            runs[count, VALUE] = values[row, first]
            runs[count, PARENT] = count
            runs[count, AREA] = stop - first
            runs[count, HOME] = -1
            count += 1
            first = stop
    return runs[:count]


@compiled
def root_of(runs: Ints, run: int) -> int:
    """The first run of the region that `run` belongs to."""
    while runs[run, PARENT] != run:
        runs[run, PARENT] = runs[runs[run, PARENT], PARENT]
        run = runs[run, PARENT]
    return run


@compiled
def join(runs: Ints) -> None:
    """Unite runs that touch the same value in the row above; add areas up at the roots.

    The background is united over corners too, so that no hole leaks and none is missed.
    """
    above = 0
    for run in range(len(runs)):
        row, first, stop, value = runs[run, 0], runs[run, 1], runs[run, 2], runs[run, 3]
        if row == 0:
            continue
        reach = 1 if value == 0 else 0
        while runs[above, ROW] < row - 1 or runs[above, STOP] + reach <= first:
            if runs[above, ROW] >= row:
                break
            above += 1
        other = above
        while runs[other, ROW] == row - 1 and runs[other, FIRST] < stop + reach:
            if runs[other, VALUE] == value:
                one, two = root_of(runs, run), root_of(runs, other)
                if one != two:
                    low, high = min(one, two), max(one, two)
                    runs[high, PARENT] = low
                    runs[low, AREA] += runs[high, AREA]
            other += 1


@compiled
def fill(runs: Ints, shape: tuple[int, int], hole_px: int) -> None:
    """Give each small hole that the image border does not touch to the region left of it."""
    height, width = shape
    open_air = np.zeros(len(runs), np.bool_)
    for run in range(len(runs)):
        if runs[run, VALUE] == 0 and (
            runs[run, ROW] == 0
            or runs[run, ROW] == height - 1
            or runs[run, FIRST] == 0
            or runs[run, STOP] == width
        ):
            open_air[root_of(runs, run)] = True
    for run in range(len(runs)):
        closed = runs[run, VALUE] == 0 and runs[run, PARENT] == run and not open_air[run]
        if closed and runs[run, AREA] <= hole_px:
            home = root_of(runs, run - 1)
            runs[run, HOME] = home
            runs[home, AREA] += runs[run, AREA]


@compiled
def thin_out(runs: Ints) -> None:
    """Let only the largest region of each value count, the first of equals."""
    largest = np.full(runs[:, VALUE].max() + 1, -1, np.int32)
    for run in range(len(runs)):
        value = runs[run, VALUE]
        if value > 0 and runs[run, PARENT] == run:
            rival = largest[value]
            if rival < 0 or runs[run, AREA] > runs[rival, AREA]:
                if rival >= 0:
                    runs[rival, AREA] = 0
                largest[value] = run
            else:
                runs[run, AREA] = 0


@compiled
def painted(runs: Ints, labels: Ints, least_px: int) -> tuple[Ints, Ints, Ints]:
    """The values, areas and boxes of the regions that are large enough; `labels` are made theirs.

    Where there is no run of a value above 0, labels must be 0.
    """
    number = np.zeros(len(runs), np.int32)
    value, area = np.empty(len(runs), np.int32), np.empty(len(runs), np.int32)
    boxes = np.empty((len(runs), 4), np.int32)
    count = 0
    for run in range(len(runs)):
        if runs[run, VALUE] > 0 and runs[run, PARENT] == run and runs[run, AREA] >= least_px:
            value[count], area[count] = runs[run, VALUE], runs[run, AREA]
            boxes[count, 0], boxes[count, 1] = runs[run, ROW], runs[run, FIRST]
            boxes[count, 2], boxes[count, 3] = runs[run, ROW] + 1, runs[run, STOP]
            count += 1
            number[run] = count
    for run in range(len(runs)):
        root = root_of(runs, run)
        if runs[root, VALUE] == 0:
            if runs[root, HOME] < 0:
                continue
            root = root_of(runs, runs[root, HOME])
        label = number[root]
        row, first, stop = runs[run, ROW], runs[run, FIRST], runs[run, STOP]
        labels[row, first:stop] = label
        if label > 0:
            box = boxes[label - 1]
            box[1], box[2], box[3] = min(box[1], first), row + 1, max(box[3], stop)
    return value[:count], area[:count], boxes[:count]
