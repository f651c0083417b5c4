"""The rounds made while nothing happens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import Positive, Section


class Survey(Section):
    """The rounds made while nothing happens."""

    interval_s: Positive = Field(30.0, description="time between two frames of one position")
    unseen_rounds: Annotated[int, Field(ge=1)] = Field(
        4,
        description="while something happens, each other position is seen every so many intervals",
    )
