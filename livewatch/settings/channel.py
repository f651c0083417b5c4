"""One colour."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import NotNegative, Positive, Section


class Channel(Section):
    """One colour: the preset that shows it, and how long to expose it."""

    group: str = Field("Channel", description="Micro-Manager configuration group")
    preset: str = Field("", description="preset in that group; '' changes nothing")
    exposure_ms: Positive = Field(50.0, description="exposure for every shot of this channel")
    power: Positive = Field(1.0, description="light power relative to this experiment's full power")
    power_property: str = Field(
        "",
        description="'Device.Property' that sets the light power; '' = livewatch does not set it",
    )
    full_power: Positive = Field(100.0, description="value of that property at power 1")
    every_frames: Annotated[int, Field(ge=1)] = Field(
        1,
        description="exposed in one of so many frames of a position: for a death dye, which needs "
        "no movie; nk and tumor are in every frame",
    )
    every_s: NotNegative = Field(
        0.0, description="and no sooner than this after it was last exposed there"
    )
