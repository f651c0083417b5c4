"""What livewatch will not do."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from livewatch.settings.section import NotNegative, Positive, Section


class Limits(Section):
    """What livewatch will not do, whatever happens."""

    duration_s: Positive | None = Field(
        None, description="the session ends after this", examples=[14400.0]
    )
    x_um: tuple[float, float] | None = Field(
        None, description="stage x stays within [low, high]", examples=[(-5000.0, 5000.0)]
    )
    y_um: tuple[float, float] | None = Field(
        None, description="stage y stays within [low, high]", examples=[(-5000.0, 5000.0)]
    )
    z_um: tuple[float, float] | None = Field(
        None, description="focus stays within [low, high]", examples=[(-100.0, 100.0)]
    )
    objectives: tuple[str, ...] = Field(
        (), description="objectives that may be turned in; [] = all with a pixel size"
    )
    retract_z_um: float | None = Field(
        None, description="focus goes here before the turret turns or the stage moves far"
    )
    far_um: Positive | None = Field(
        None, description="a stage move longer than this is far; unset: none is"
    )
    max_exposure_ms: Positive = Field(2000.0, description="no single exposure is longer")
    max_power: Positive = Field(1.0, description="no exposure is brighter, relative to full power")
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        2, description="a frame that failed is tried again this often, then skipped"
    )
    suspend_s: Positive = Field(
        10.0, description="after a skipped frame wait for this long, then twice as long, and so on"
    )
    give_up_s: Positive = Field(
        600.0, description="the session ends when every frame has failed for this long"
    )
    disk_reserve_gb: NotNegative = Field(
        1.0, description="the session ends before free disk falls below this"
    )

    @model_validator(mode="after")
    def _low_first(self) -> Self:
        if self.far_um is not None and self.retract_z_um is None:
            raise ValueError(f"far_um = {self.far_um} needs retract_z_um: where focus is to go")
        for name in ("x_um", "y_um", "z_um"):
            bounds = getattr(self, name)
            if bounds is not None and bounds[0] > bounds[1]:
                raise ValueError(f"{name} = {list(bounds)}: the lower bound comes first")
        return self
