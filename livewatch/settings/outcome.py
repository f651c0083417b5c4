"""What counts as an outcome."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import Positive, Section


class OutcomeRules(Section):
    """What counts as twisted, slipped and dead, and how long to wait before saying how it ended."""

    viable_s: Positive = Field(
        300.0, description="a tumor cell seen alive this long after contact got away"
    )
    twisted_deg: Positive = Field(20.0, description="a turn of the tumor's body that counts")
    slipped_um: Positive = Field(3.0, description="a way of the patch on the membrane that counts")
    dye_loss: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="share of its dye a tumor cell loses when it dies; bleaching is taken off"
    )
