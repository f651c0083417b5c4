"""What a view can be at all: a file may hold any numbers, a camera has pixels and a place."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livewatch.model import View

MOST_PX = 2**30
MOST_BINNING = 64


def impossible(view: View) -> str | None:
    """What no camera's view can be, if it is so; None if all is well."""
    window = view.window
    sides = (*view.sensor_px, window.width_px, window.height_px)
    trims = (view.trim_x_um, view.trim_y_um, view.trim_z_um)
    lengths = (view.stage_x_um, view.stage_y_um, view.pixel_um, *trims)
    if not 1 <= view.binning <= MOST_BINNING:
        return f"binning {view.binning}"
    if not all(isfinite(length) for length in lengths) or view.pixel_um <= 0:
        return f"place or pixel size {lengths} um"
    if min(sides) < 1 or view.sensor_px[0] * view.sensor_px[1] > MOST_PX:
        return f"sides of {sides} pixels"
    if abs(window.x_px) > MOST_PX or abs(window.y_px) > MOST_PX:
        return f"region at {window.x_px}, {window.y_px}"
    return None
