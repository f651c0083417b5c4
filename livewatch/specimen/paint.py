"""Painting cells onto a canvas in sample coordinates: light per um2, before any blur."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.cells import CORNERS, EMPTY, TUMOR
from livewatch.specimen.outline import wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTURE_SIDE = 64
GRAIN = 0.02
"""Brightness of one step of a texture: textures are small, so that all stay in the cache."""
RIM_UM = 0.9
DISPLACED = 0.7
"""Share of a cell's light that is missing where it holds another inside it."""
NONE, ONE = np.uint32(0), np.uint32(1)
"""Places that cannot be below 0 are not checked for it."""


@compiled
def angle_of(y: float, x: float) -> float:
    """The angle of (x, y), good to 1e-5 rad, faster than the library's.

    Polynomial after Abramowitz and Stegun 4.4.49.
    """
    ax, ay = abs(x), abs(y)
    low, high = min(ax, ay), max(ax, ay) + 1e-12
    z = low / high
    s = z * z
    turn = z * (0.9998660 + s * (-0.3302995 + s * (0.1801410 + s * (-0.0851330 + s * 0.0208351))))
    turn = 0.5 * math.pi - turn if ay > ax else turn
    turn = math.pi - turn if x < 0.0 else turn
    return -turn if y < 0.0 else turn


@compiled
def paint_cells(
    canvas: NDArray[np.float32],
    left_um: float,
    top_um: float,
    pixel_um: float,
    cells: NDArray[Any],
    radii: NDArray[np.float64],
    light: NDArray[np.float64],
    textures: NDArray[np.int8],
    side_um: float,
) -> None:
    """Add every cell in view to `canvas` (rows, columns), `light` per slot and um2.

    Every copy of the repeating sample that reaches into the canvas is painted.
    """
    width_um, height_um = canvas.shape[1] * pixel_um, canvas.shape[0] * pixel_um
    middle_x, middle_y = left_um + 0.5 * width_um, top_um + 0.5 * height_um
    for slot in range(len(cells)):
        cell = cells[slot]
        if cell.state == EMPTY or light[slot] <= 0.0:
            continue
        far = radii[slot].max() + 2.0 * pixel_um
        guest = max(cell.guest, 0)
        guest_x, guest_y = math.inf, math.inf
        if cell.guest >= 0:
            guest_x = wrapped(cells[guest].x - cell.x, side_um)
            guest_y = wrapped(cells[guest].y - cell.y, side_um)
        x = middle_x + wrapped(cell.x - middle_x, side_um)
        y = middle_y + wrapped(cell.y - middle_y, side_um)
        copies_x = math.ceil((0.5 * width_um + far) / side_um)
        copies_y = math.ceil((0.5 * height_um + far) / side_um)
        for across in range(-copies_x, copies_x + 1):
            for down in range(-copies_y, copies_y + 1):
                paint_cell(
                    canvas,
                    (x + across * side_um - left_um) / pixel_um - 0.5,
                    (y + down * side_um - top_um) / pixel_um - 0.5,
                    pixel_um,
                    cell,
                    radii[slot],
                    far,
                    light[slot],
                    textures[slot],
                    guest_x,
                    guest_y,
                    cells[guest].angle,
                    radii[guest],
                )


@compiled
def paint_cell(
    canvas: NDArray[np.float32],
    column: float,
    row: float,
    pixel_um: float,
    cell: Any,
    radii: NDArray[np.float64],
    far: float,
    light: float,
    texture: NDArray[np.int8],
    guest_x: float,
    guest_y: float,
    guest_angle: float,
    guest_radii: NDArray[np.float64],
) -> None:
    """Add one cell, its centre at (column, row) of the canvas.

    `guest_*` is a cell inside it, seen from its centre, which displaces what shines; infinitely
    far where there is none.
    """
    reach = far / pixel_um
    rows, columns = canvas.shape
    top, bottom = max(math.ceil(row - reach), 0), min(int(row + reach) + 1, rows)
    rim_light = 0.75 if cell.kind == TUMOR else 0.25
    contrast = cell.texture
    soft = 1.0 / max(pixel_um, 0.2)
    cos_body, sin_body = math.cos(cell.angle), math.sin(cell.angle)
    cos_guest, sin_guest = math.cos(guest_angle), math.sin(guest_angle)
    guest_um = guest_radii.max() if math.isfinite(guest_x) else 0.0
    # the outline in a turn of its own, which has no branches and goes several pixels at a time
    edges, across, along = np.empty(columns), np.empty(columns), np.empty(columns)
    for r in range(top, bottom):
        dy = (r - row) * pixel_um
        chord = math.sqrt(max(far * far - dy * dy, 0.0)) / pixel_um
        begin, end = max(math.ceil(column - chord), 0), min(int(column + chord) + 1, columns)
        for at in range(end - begin):
            dx = (begin + at - column) * pixel_um
            # the body's own frame
            across[at] = dx * cos_body + dy * sin_body
            along[at] = dy * cos_body - dx * sin_body
            edges[at] = edge_towards(radii, across[at], along[at])
        for c in range(begin, end):
            dx = (c - column) * pixel_um
            bx, by, edge = across[c - begin], along[c - begin], edges[c - begin]
            from_centre = math.sqrt(dx * dx + dy * dy)
            inside_um = edge - from_centre
            cover = min(max(inside_um * soft + 0.5, 0.0), 1.0)
            if cover <= 0.0:
                continue
            share = 1.0 / edge
            rho = from_centre * share
            body = 0.55 + 0.45 * math.sqrt(max(1.0 - rho * rho, 0.0))
            rim = max(1.0 - abs(inside_um - 0.5 * RIM_UM) * (1.0 / RIM_UM), 0.0) * rim_light
            if contrast > 0.0:
                grain = contrast * grain_at(texture, bx * share, by * share)
                body *= max(1.0 + grain, 0.15)
                rim *= 1.0 + 0.5 * grain
            if abs(dx - guest_x) < guest_um and abs(dy - guest_y) < guest_um:
                gx, gy = dx - guest_x, dy - guest_y
                edge = edge_towards(
                    guest_radii,
                    gx * cos_guest + gy * sin_guest,
                    gy * cos_guest - gx * sin_guest,
                )
                within_um = edge - math.sqrt(gx * gx + gy * gy)
                cover *= 1.0 - DISPLACED * min(max(within_um * soft + 0.5, 0.0), 1.0)
            canvas[r, c] += np.float32(light * cover * (body + rim))


@compiled
def edge_towards(radii: NDArray[np.float64], bx: float, by: float) -> float:
    """The outline's radius in the direction (bx, by) of the body's frame."""
    place = angle_of(by, bx) * (CORNERS / (2.0 * math.pi))
    place = place + CORNERS if place < 0.0 else place
    low = np.uint32(np.int32(place))
    part = place - low
    low = NONE if low >= CORNERS else low
    high = NONE if low + ONE >= CORNERS else low + ONE
    before, after = radii[low], radii[high]
    return float(before + part * (after - before))


@compiled
def grain_at(texture: NDArray[np.int8], across: float, down: float) -> float:
    """The texture at a place inside the outline, -1 to 1 from edge to edge; interpolated."""
    half = 0.5 * TEXTURE_SIDE
    u, v = half * (1.0 + 0.94 * across), half * (1.0 + 0.94 * down)
    column = np.uint32(min(max(int(u), 0), TEXTURE_SIDE - 2))
    row = np.uint32(min(max(int(v), 0), TEXTURE_SIDE - 2))
    right, under = column + ONE, row + ONE
    u, v = u - column, v - row
    above = texture[row, column] * (1.0 - u) + texture[row, right] * u
    below = texture[under, column] * (1.0 - u) + texture[under, right] * u
    return float(above * (1.0 - v) + below * v) * GRAIN
