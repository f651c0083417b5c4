"""Walk round each labelled cell and place its outline between the pixels.

The walk follows the cracks between pixels. Each crack between a pixel inside and one outside
gives a point, placed where the image, interpolated from one to the other, passes the cell's
level: a contour as finely placed as that of marching squares, but one ring for each cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

EAST, SOUTH, WEST, NORTH = range(4)


@compiled
def rings(labels: Ints, boxes: Ints, image: Floats, level: Floats) -> tuple[Floats, Ints, Ints]:
    """The outline of each label: points (m, 2) x, y in label pixels, where each starts, edge.

    Point (0, 0) is the top-left corner of the first pixel. `boxes` (n, 4) hold each label's
    first row, first column, stop row and stop column; `level` (n) is each cell's brightness at
    its outline: where `image` does not pass it between the two pixels, the point is midway.
    `edge` (n) counts the cracks that lie on the image border.
    """
    count = len(boxes)
    points = np.empty((64 * count + 64, 2), np.float32)
    start = np.zeros(count + 1, np.int32)
    edge = np.zeros(count, np.int32)
    first = np.zeros(2, np.int32)
    used = 0
    for number in range(count):
        first[0], first[1] = boxes[number, 0], boxes[number, 1]
        while labels[first[0], first[1]] != number + 1:
            first[1] += 1
        points, used, edge[number] = walk(labels, first, image, level, points, used)
        start[number + 1] = used
    return points[:used], start, edge


@compiled
def walk(
    labels: Ints, first: Ints, image: Floats, level: Floats, points: Floats, used: int
) -> tuple[Floats, int, int]:
    """Append one cell's outline to `points`, clockwise on screen from its first pixel."""
    height, width = labels.shape
    row, column = first[0], first[1]
    label = labels[row, column]
    threshold = level[label - 1]
    heading, edge = EAST, 0
    while True:
        out_row = row + (heading == WEST) - (heading == EAST)
        out_column = column + (heading == SOUTH) - (heading == NORTH)
        away = 0.5
        if 0 <= out_row < height and 0 <= out_column < width:
            within, beyond = image[row, column], image[out_row, out_column]
            if within > threshold > beyond:
                away = float(within - threshold) / float(within - beyond)
        else:
            edge += 1
        if used == len(points):
            more = np.empty((2 * used, 2), np.float32)
            more[:used] = points
            points = more
        points[used, 0] = column + 0.5 + away * (out_column - column)
        points[used, 1] = row + 0.5 + away * (out_row - row)
        used += 1
        # one pixel on, along the wall; the cell is on the right hand
        on_row = row + (heading == SOUTH) - (heading == NORTH)
        on_column = column + (heading == EAST) - (heading == WEST)
        if not is_in(labels, on_row, on_column, label):
            heading = (heading + 1) % 4
        else:
            side_row, side_column = on_row + out_row - row, on_column + out_column - column
            row, column = on_row, on_column
            if is_in(labels, side_row, side_column, label):
                row, column = side_row, side_column
                heading = (heading + 3) % 4
        if row == first[0] and column == first[1] and heading == EAST:
            return points, used, edge


@compiled
def is_in(labels: Ints, row: int, column: int, label: int) -> bool:
    """Whether a pixel is in the image and bears the label."""
    height, width = labels.shape
    return bool(0 <= row < height and 0 <= column < width and labels[row, column] == label)
