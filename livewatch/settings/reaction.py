"""What to do about an encounter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import NotNegative, Positive, Section


class Reaction(Section):
    """What to do about an encounter."""

    interval_s: NotNegative = Field(
        2.0, description="time between frames in an encounter; 0 = as fast as possible"
    )
    look_around_s: Positive = Field(
        10.0, description="the whole field is read this often meanwhile: costs data, no light"
    )
    cooldown_s: NotNegative = Field(
        60.0, description="stay for this long after the encounter is over"
    )
    min_dwell_s: NotNegative = Field(
        20.0, description="a rate once raised is kept at least this long"
    )
    max_dwell_s: Positive = Field(3600.0, description="one encounter is followed at most this long")
    turn_s: Positive = Field(
        60.0, description="encounters at several positions take turns of this length"
    )
    quiet_s: Positive = Field(
        120.0, description="each time a contact stays still for this long, its rate is halved"
    )
    still_um: Positive = Field(1.5, description="cells that move less against each other are still")
    look_s: Positive = Field(
        60.0, description="a place the operator points at is watched this long"
    )
    burst: Annotated[int, Field(ge=0, le=100_000)] = Field(
        0, description="frames streamed at camera speed when an encounter opens; 0 = none"
    )
    validate_only: bool = Field(
        False, description="detect, decide and record, but do not act: for the first day"
    )
