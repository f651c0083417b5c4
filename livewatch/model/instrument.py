"""What a microscope can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.model.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a microscope can do, as read from it before the session starts.

    `pixel_um` maps each calibrated objective to its unbinned pixel size. `home` is the view
    the microscope had when livewatch took over. A microscope without a motorized stage,
    focus, turret or region readout says so, and the policy does without.
    """

    home: View
    pixel_um: Mapping[str, float]
    moves_xy: bool = True
    moves_z: bool = True
    moves_objective: bool = True
    has_region: bool = True
    has_sequence: bool = True
