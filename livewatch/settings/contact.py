"""What counts as contact."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from livewatch.settings.section import NotNegative, Positive, Section


class ContactRules(Section):
    """When two cells count as near, in contact, and apart again."""

    near_um: Positive = Field(8.0, description="pairs with a larger gap are not listed")
    touch_um: Positive = Field(1.0, description="tumor outline this close to the NK cell is sealed")
    # the least tenth of a um within which all of 5,536 true touches of synthetic cells were seen
    enter_um: Positive = Field(0.8, description="an encounter opens at a gap of at most this")
    enter_frames: Annotated[int, Field(ge=1)] = Field(
        2, description="seen so in this many frames in a row"
    )
    exit_um: Positive = Field(2.5, description="and closes at a gap above this")
    bridge_s: NotNegative = Field(60.0, description="that lasts longer than this")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.enter_um <= self.exit_um <= self.near_um:
            raise ValueError(
                f"enter_um {self.enter_um} <= exit_um {self.exit_um} <= near_um {self.near_um} "
                "must hold"
            )
        return self
