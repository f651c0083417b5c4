"""From counts to a picture: keeps the levels of both channels, and develops frames with them.

No Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.gui.composite import compose, table
from livewatch.gui.levels import Levels, measured
from livewatch.gui.theme import IMAGE
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.gui.composite import Table
    from livewatch.model import Pixels

SHARE = 0.04
"""How much of the way the levels go with each wide frame: about 25 frames to settle."""


class Darkroom:
    """Holds the levels. They are set by the first frame, and afterwards moved slowly."""

    def __init__(self) -> None:
        self._levels: dict[Kind, Levels] = {}
        self._tables: dict[Kind, Table] = {}

    def forget(self) -> None:
        """Have the next frame set the levels anew."""
        self._levels.clear()

    @property
    def is_blank(self) -> bool:
        """Whether no levels were set yet."""
        return not self._levels

    def learn(self, planes: Mapping[str, Pixels]) -> None:
        """Let the levels follow a wide frame (a close-up has little background)."""
        for kind in Kind:
            pixels = planes.get(kind.value)
            if pixels is None:
                continue
            goal, levels = measured(pixels), self._levels.get(kind)
            self._set(kind, goal if levels is None else levels.towards(goal, SHARE))

    def develop(self, planes: Mapping[str, Pixels]) -> Table:
        """The picture of both channels, 0xAARRGGBB; a channel that is not there stays dark."""
        shape = next(iter(planes.values())).shape
        nk, tumor = (planes.get(kind.value, np.zeros(shape, np.uint8)) for kind in Kind)
        return compose(nk, tumor, self._table(Kind.NK), self._table(Kind.TUMOR))

    def _table(self, kind: Kind) -> Table:
        if kind not in self._tables:
            self._set(kind, Levels(0, 65_535))
        return self._tables[kind]

    def _set(self, kind: Kind, levels: Levels) -> None:
        if self._levels.get(kind) != levels or kind not in self._tables:
            self._levels[kind] = levels
            self._tables[kind] = table(levels, IMAGE[kind])
