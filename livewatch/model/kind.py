"""What sort of cell it is."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of cell it is."""

    NK = "nk"
    TUMOR = "tumor"
