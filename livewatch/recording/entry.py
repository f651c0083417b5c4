"""What is written down of a frame, beside its pixels: one line of frames.jsonl.

With the pixels it is all that is needed to have the same `Frame` again, but for the stopwatch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import xxhash
from pydantic import BaseModel, ConfigDict, Field, model_validator

from livewatch.model import Exposure, Frame, Plane, Purpose, Shot, View
from livewatch.recording.possible import MOST_PX, impossible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Count = Annotated[int, Field(ge=0, lt=2**53)]


class Entry(BaseModel):
    """One acknowledged frame: which, where its pixels are, and how it was taken.

    `take` and `index` say where the pixels are, `shape` (channels, rows, columns) and `dtype`
    what they are, `checksums` (xxh3, 64 bit, one per plane, over little-endian rows) whether they
    are intact. `view` is the confirmed view, `asked` the view that was asked for where it differs.
    `due_s` is when the shot was due, `dose` its light in ms at full power, `count` the frames that
    its burst had left. `decision` is the number of the decision that ordered it. `remark` says what
    is wrong with the frame nevertheless (out of focus).
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")

    frame: Count
    source: Count | None
    take: Annotated[str, Field(pattern=r"^[0-9]{4,9}$")]
    index: Count
    purpose: Purpose
    decision: Count
    due_s: float
    time_s: Annotated[float, Field(allow_inf_nan=False)]
    count: Annotated[int, Field(ge=1)]
    dose: float
    view: View
    asked: View | None
    planes: Annotated[tuple[Plane, ...], Field(min_length=1, max_length=64)]
    exposures: tuple[Exposure, ...]
    shape: tuple[int, int, int]
    dtype: Annotated[str, Field(pattern=r"^uint(8|16)$")]
    checksums: tuple[str, ...]
    remark: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        channels, rows, columns = self.shape
        if not channels == len(self.planes) == len(self.exposures) == len(self.checksums):
            raise ValueError("planes, exposures, checksums and shape disagree")
        if min(rows, columns) < 1 or channels * rows * columns > MOST_PX:
            raise ValueError(f"shape {self.shape} is no image")
        for view in (self.view, self.asked or self.view):
            if (wrong := impossible(view)) is not None:
                raise ValueError(f"view: {wrong}")
        if self.view.shape != (rows, columns):
            raise ValueError(f"shape {self.shape} at a view of {self.view.shape}")
        return self

    @classmethod
    def of(cls, frame: Frame, take: str, index: int) -> Entry:
        """The entry of a frame whose pixels are at `index` of `take`."""
        shot = frame.shot
        return cls.model_construct(
            frame=frame.index,
            source=frame.source,
            take=take,
            index=index,
            purpose=shot.purpose,
            decision=shot.decision,
            due_s=shot.not_before_s,
            time_s=frame.time_s,
            count=shot.count,
            dose=shot.dose,
            view=frame.view,
            asked=None if shot.view == frame.view else shot.view,
            planes=shot.planes,
            exposures=frame.exposures,
            shape=(len(frame.planes), *frame.planes[0].shape),
            dtype=frame.planes[0].dtype.name,
            checksums=tuple(checksum(plane) for plane in frame.planes),
            remark=frame.remark,
        )

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels, in the order of the planes."""
        return tuple(plane.channel for plane in self.planes)

    @property
    def shot(self) -> Shot:
        """The shot that asked for this frame."""
        view = self.asked or self.view
        return Shot(view, self.planes, self.due_s, self.purpose, self.count, self.decision)

    def frame_of(self, planes: tuple[NDArray[np.uint8 | np.uint16], ...]) -> Frame:
        """The frame as it was, given its pixels."""
        return Frame(
            index=self.frame,
            shot=self.shot,
            view=self.view,
            planes=planes,
            exposures=self.exposures,
            time_s=self.time_s,
            source=self.source,
            remark=self.remark,
        )


def checksum(plane: NDArray[np.uint8 | np.uint16]) -> str:
    """A plane's checksum: 16 hexadecimal digits, the same on every machine."""
    little = plane.astype(plane.dtype.newbyteorder("<"), order="C", copy=False)
    return xxhash.xxh3_64_hexdigest(little.data)
