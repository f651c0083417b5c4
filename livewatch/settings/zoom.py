"""The closer look at an encounter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import NotNegative, Positive, Section


class Zoom(Section):
    """The closer look at an encounter: each by choice, or combined. Checked after every change."""

    region: bool = Field(
        True, description="read out only the pair, as soon as it is about to touch"
    )
    region_um: Positive = Field(80.0, description="side of the region around the pair")
    recenter_um: Positive = Field(
        8.0, description="move the region when the pair is this far off its centre"
    )
    binning: Annotated[int, Field(ge=1, le=16)] | None = Field(
        None, description="camera binning of a closer look; unset: the survey's", examples=[1]
    )
    objective: str = Field(
        "", description="objective turned in for a pair in contact; '' = the survey's"
    )
    settle_ms: NotNegative = Field(0.0, description="rest after the turret has turned")
    autofocus: bool = Field(
        False, description="let the microscope's autofocus focus once after the turret has turned"
    )
    aim_um: Positive = Field(
        4.0,
        description="the first frame after a change shows the cells this close to where they were, "
        "else the aim is corrected once, and then given up",
    )
    refocus_um: Positive = Field(
        3.0,
        description="where that frame is out of focus after the objective changed, the focus is "
        "looked for once in steps of this, and then given up",
    )
    retry_s: Positive = Field(
        600.0, description="a closer look that was given up is not tried again for this long"
    )
