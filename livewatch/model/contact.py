"""Two cells that are near, in one frame."""

from __future__ import annotations

from dataclasses import dataclass

from livewatch.model.nan import NAN


@dataclass(frozen=True, slots=True)
class Contact:
    """One NK-tumor pair that is near, in one frame.

    `gap_um` is bias-corrected, `gap_sd_um` its standard deviation: large where the gap ends beside
    a seam of two cells of a kind. `approach_um_per_s` is positive while the gap closes;
    `contact_in_s` is the predicted time until the membranes touch (0 when they do, inf when
    the pair is not closing) with its standard deviation `contact_in_sd_s`.

    What follows is measured while an encounter is open, NaN or empty otherwise. Directions are
    seen from the tumor's centre: 0 along +x, growing towards +y (clockwise on screen).
    `patch_deg` is the middle of the contact patch, which runs from `patch_start_deg` to
    `patch_end_deg` in growing direction. `orbit_deg` is how far the patch has moved around the
    tumor since contact began, in the image; `twist_deg` how far the tumor's body has turned
    (`twist_quality` 0..1; NaN with `twist_reason` when it cannot be measured); `slip_um` how far
    the patch has moved along the membrane in the tumor's own rotating frame. `bites` counts
    those so far, `bitten_fraction` is the share of the tumor's dye now inside the NK cell.
    `tumor_waves_um` is the ripple of the tumor's outline, `tumor_speed_um_per_s` how fast it moves
    by itself, `shed_fraction` the share of its dye in pieces around it. `viability` goes from 1
    (alive) to 0 (dead), `viability_evidence` names what speaks for death.
    """

    nk_id: int
    tumor_id: int
    nk_x_um: float
    nk_y_um: float
    tumor_x_um: float
    tumor_y_um: float
    gap_um: float
    contact_um: float
    seal_fraction: float
    gap_sd_um: float = NAN
    approach_um_per_s: float = 0.0
    contact_in_s: float = float("inf")
    contact_in_sd_s: float = float("inf")
    patch_deg: float = NAN
    patch_start_deg: float = NAN
    patch_end_deg: float = NAN
    orbit_deg: float = NAN
    twist_deg: float = NAN
    twist_quality: float = NAN
    twist_reason: str = ""
    slip_um: float = NAN
    bites: int = 0
    bitten_fraction: float = NAN
    tumor_area_um2: float = NAN
    tumor_roundness: float = NAN
    tumor_waves_um: float = NAN
    tumor_speed_um_per_s: float = NAN
    shed_fraction: float = NAN
    viability: float = NAN
    viability_evidence: str = ""

    @property
    def pair(self) -> tuple[int, int]:
        """(nk_id, tumor_id)."""
        return self.nk_id, self.tumor_id
