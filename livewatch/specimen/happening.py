"""What truly happened: encounters, bites in them, and every single event."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livewatch.model import Outcome


@dataclass(frozen=True, slots=True)
class TrueBite:
    """Tumor dye taken into an NK cell: `fraction` of what the tumor had before contact."""

    time_s: float
    nk_id: int
    tumor_id: int
    fraction: float

    def row(self) -> dict[str, Any]:
        """As a plain row of a table."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class TrueEncounter:
    """One contact of a pair.

    `end_s` is None while it is open; else it equals `last_contact_s`. `x_um`, `y_um` is midway
    between the cells at the last contact. `max_*` are the largest seen, signed. `death_s` is
    when the tumor cell began to die, if that was no later than `viable_s` after contact;
    `engulfed_s` when the NK cell was first inside the tumor cell, to stay.
    `outcome` is ongoing until it can be known, as for an experiment; touching a cell that was
    dying already is `released`, with the tag `corpse`; a tumor cell that dies in the grip of
    another, soon after, leaves this contact `censored`.
    """

    nk_id: int
    tumor_id: int
    start_s: float
    last_contact_s: float
    end_s: float | None
    x_um: float
    y_um: float
    min_gap_um: float
    max_seal_fraction: float
    max_orbit_deg: float
    max_twist_deg: float
    max_slip_um: float
    bites: tuple[TrueBite, ...]
    death_s: float
    outcome: Outcome
    tags: tuple[str, ...]
    engulfed_s: float = math.nan

    @property
    def bitten_fraction(self) -> float:
        """Share of the tumor's dye that was taken."""
        return sum(bite.fraction for bite in self.bites)

    def row(self) -> dict[str, Any]:
        """As a plain row of a table: bites counted, tags joined."""
        row = {name: getattr(self, name) for name in self.__slots__}
        row |= {"bites": len(self.bites), "bitten_fraction": self.bitten_fraction}
        return row | {"outcome": str(self.outcome), "tags": " ".join(self.tags)}


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Something that happened, by name (see `colony.EVENT_NAMES`), at a time.

    `nk_id` is -1 where none had a part in it. `amount` is degrees of a twist, um of a slide.
    """

    time_s: float
    what: str
    nk_id: int
    tumor_id: int
    amount: float

    def row(self) -> dict[str, Any]:
        """As a plain row of a table."""
        return {name: getattr(self, name) for name in self.__slots__}
