"""The cells of both channels that are there by their own light, not by the other kind's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.analysis.ghosts import without_ghosts
from livewatch.analysis.morsel import without_held
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.analysis.tracks import Tracks
    from livewatch.model import Cell


def own(seen: Mapping[Kind, tuple[Cell, ...]], tumors: Tracks) -> dict[Kind, tuple[Cell, ...]]:
    """What was seen in both channels, without ghosts and without what NK cells hold.

    `tumors` are the tumor cells seen before.
    """
    nk, tumor = seen[Kind.NK], seen[Kind.TUMOR]
    nk, tumor = without_ghosts(nk, tumor), without_ghosts(tumor, nk)
    return {Kind.NK: nk, Kind.TUMOR: without_held(tumor, nk, tumors)}
