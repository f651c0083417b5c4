"""A contact over time, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from livewatch.model.nan import NAN


class Outcome(StrEnum):
    """How an encounter ended (see the design's measures of contact)."""

    ONGOING = "ongoing"
    KILLED = "killed"
    EVADED = "evaded"
    RELEASED = "released"
    ENGULFED = "engulfed"
    CENSORED = "censored"


@dataclass(frozen=True, slots=True)
class Bite:
    """Tumor-colored material that appeared inside an NK cell in contact, and stayed.

    `fraction` is its share of the tumor's dye before contact. `supported` says that the tumor
    lost dye at that time as well.
    """

    time_s: float
    fraction: float
    supported: bool = False


@dataclass(frozen=True, slots=True)
class Encounter:
    """An NK-tumor contact over time. `end_s` None means it is still open.

    `start_s` is the first frame in contact, `end_s` the last. `bridged_s` is the time apart
    that was bridged inside it. `x_um`, `y_um` is midway between the two cells, last seen.
    `repeat` counts the encounters the same two cells had before.

    `outcome` may become known only some time after the contact (see [outcome] in the
    experiment); `outcome_confidence` 0..1 goes with it. `tags` are among twisted, slipped and
    bitten, with the times (`twisted_s`, ...) from contact to each. `max_twist_deg`,
    `max_slip_um` and `max_orbit_deg` are the largest seen, signed; `twist_deg`, `slip_um` and
    `orbit_deg` the last. `viability` is the last known, `death_s` when death was first seen.
    """

    id: int
    position: str
    nk_id: int
    tumor_id: int
    start_s: float
    last_contact_s: float
    end_s: float | None
    x_um: float
    y_um: float
    frames: int = 0
    bridged_s: float = 0.0
    min_gap_um: float = float("inf")
    max_seal_fraction: float = 0.0
    outcome: Outcome = Outcome.ONGOING
    outcome_reason: str = ""
    outcome_confidence: float = NAN
    tags: tuple[str, ...] = ()
    twist_deg: float = NAN
    max_twist_deg: float = NAN
    twisted_s: float = NAN
    twist_reason: str = ""
    slip_um: float = NAN
    max_slip_um: float = NAN
    slipped_s: float = NAN
    orbit_deg: float = NAN
    max_orbit_deg: float = NAN
    bites: tuple[Bite, ...] = ()
    bitten_s: float = NAN
    bitten_fraction: float = NAN
    viability: float = NAN
    viability_evidence: str = ""
    death_s: float = NAN
    repeat: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the contact goes on, or may go on."""
        return self.end_s is None

    @property
    def duration_s(self) -> float:
        """From the first frame in contact to the last."""
        return self.last_contact_s - self.start_s

    @property
    def pair(self) -> tuple[int, int]:
        """(nk_id, tumor_id)."""
        return self.nk_id, self.tumor_id
