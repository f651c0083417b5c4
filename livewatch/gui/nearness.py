"""How near a pair is, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.units import percent, um

if TYPE_CHECKING:
    from livewatch.model import Contact

DOUBTED_UM = 0.5
"""A gap that is known no better than this is shown with its standard deviation."""


def nearness(contact: Contact) -> str:
    """Gap and seal of a pair; how surely the gap is known, where that is not well."""
    doubt = f" ± {um(contact.gap_sd_um)}" if contact.gap_sd_um > DOUBTED_UM else ""
    return f"gap {um(contact.gap_um)}{doubt}   seal {percent(contact.seal_fraction)}"
