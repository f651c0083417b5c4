"""Where an objective looks."""

from __future__ import annotations

from pydantic import Field

from livewatch.settings.section import Section


class Objective(Section):
    """Where an objective looks, relative to the others; `livewatch` corrects for it."""

    offset_x_um: float = Field(
        0.0, description="stage x at its optical axis, minus what the stage says"
    )
    offset_y_um: float = Field(0.0, description="the same for y")
    offset_z_um: float = Field(0.0, description="the same for its focus")
