"""Which hardware, and how its images lie on the stage."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from livewatch.settings.section import NotNegative, Positive, Section


class Imaging(StrEnum):
    """How the two populations reach the camera."""

    SEQUENTIAL = "sequential"
    SPLIT_LEFT_RIGHT = "split-left-right"
    SPLIT_TOP_BOTTOM = "split-top-bottom"
    TWO_CAMERAS = "two-cameras"


class Microscope(Section):
    """Which hardware, and how its images lie on the stage."""

    config: str = Field(
        "", description="Micro-Manager hardware configuration (.cfg), relative to this file"
    )
    imaging: Imaging = Field(
        Imaging.SEQUENTIAL,
        description="'sequential' presets, one image 'split-left-right' or 'split-top-bottom' "
        "(nk first), or 'two-cameras' (nk on the first)",
    )
    objective: str = Field("", description="objective for the survey; '' keeps the one in place")
    binning: Annotated[int, Field(ge=1, le=16)] = Field(1, description="camera binning")
    mirror_x: bool = Field(False, description="stage x grows towards the image's left")
    mirror_y: bool = Field(False, description="stage y grows towards the image's top")
    swap_xy: bool = Field(False, description="stage x runs along image rows (camera turned by 90)")
    pixel_um: Positive | None = Field(
        None, description="unbinned um per pixel of the objective in place, if not calibrated"
    )
    settle_ms: NotNegative = Field(0.0, description="rest after the stage has arrived")
    xy_tolerance_um: Positive = Field(
        2.0, description="a stage further than this from where it was sent has not arrived"
    )
    z_tolerance_um: Positive = Field(1.0, description="the same for focus")
    hold_focus: bool = Field(
        False, description="keep the microscope's focus lock (PFS, Definite Focus, ...) locked"
    )
    buffer_mb: Annotated[int, Field(ge=1)] = Field(
        512, description="memory for images of a burst that are not read yet"
    )
    timeout_s: Positive = Field(
        10.0, description="a device busy for longer than this has failed; exposure is added"
    )

    @model_validator(mode="after")
    def _names_a_file(self) -> Self:
        if "\0" in self.config:
            raise ValueError(f"config = {self.config!r}: no file can have that name")
        return self
