"""How an approach is watched."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import NotNegative, Positive, Section


class Watch(Section):
    """When a pair is coming close: how soon to look faster, and what that may cost."""

    anticipate: bool = Field(
        True, description="go fast before contact; false: only once it is seen"
    )
    interval_s: Positive = Field(
        10.0,
        description="time between frames while contact is possible before the next survey frame",
    )
    probability: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="go fast when contact before the next frame is at least this likely"
    )
    false_alarm_light: NotNegative = Field(
        0.5, description="light for approaches that came to nothing, relative to all other light"
    )
    patience_s: Positive = Field(90.0, description="an approach without contact is left after this")
    refractory_s: NotNegative = Field(
        300.0, description="the same pair is not anticipated again for this long"
    )
