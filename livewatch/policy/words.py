"""Reasons: one plain sentence with figures for everything the policy does or refuses."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from livewatch.policy.rates import quiet
from livewatch.policy.state import Stage

if TYPE_CHECKING:
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import Followed


def who(pair: Followed) -> str:
    """The pair's name, as it is read on screen."""
    if pair.stage is Stage.LOOK:
        return f"the place at ({pair.x_um:.0f}, {pair.y_um:.0f}) um"
    return f"NK {pair.nk_id} and tumor {pair.tumor_id}"


def why(pair: Followed, now_s: float, rules: Rules, interval_s: float) -> str:
    """Why this pair gets its next frame, and at which pace."""
    pace = paced(interval_s)
    if pair.stage is Stage.LOOK:
        left_s = pair.since_s + rules.experiment.reaction.look_s - now_s
        return f"The operator asked for {who(pair)}: {pace} for {max(left_s, 0):.0f} s more"
    if pair.stage is Stage.OVER:
        left_s = pair.since_s + rules.experiment.reaction.cooldown_s - now_s
        return f"The encounter of {who(pair)} is over: {pace} for {max(left_s, 0):.0f} s more"
    if pair.stage is Stage.TOUCHING:
        return f"{touching(pair, now_s, rules)}; {pace}"
    return f"{approach(pair)}; {pace}"


def paced(interval_s: float) -> str:
    """A rate in words."""
    return "frames at full speed" if interval_s <= 0 else f"a frame every {interval_s:g} s"


def approach(pair: Followed) -> str:
    """What is expected of a pair that is not in contact yet."""
    apart = f"NK {pair.nk_id} is {pair.gap_um:.1f} um from tumor {pair.tumor_id}"
    if pair.contact_in_s <= 0:
        return f"{apart}: touching, to be confirmed"
    if not isfinite(pair.contact_in_s):
        return f"{apart} and no longer closing"
    sd = f" +- {pair.contact_in_sd_s:.0f}" if isfinite(pair.contact_in_sd_s) else ""
    return (
        f"{apart}, closing at {pair.approach_um_per_s:.2f} um/s: "
        f"contact in {pair.contact_in_s:.0f}{sd} s"
    )


def touching(pair: Followed, now_s: float, rules: Rules) -> str:
    """What is known of a contact that goes on, or was there until a moment ago."""
    since_s = now_s - pair.start_s
    since = f"NK {pair.nk_id} has held tumor {pair.tumor_id} for {since_s:.0f} s"
    if pair.gap_um > rules.experiment.contact.exit_um:
        since = f"{who(pair)} met {since_s:.0f} s ago and are {pair.gap_um:.1f} um apart now"
    seal = f", seal {pair.seal_fraction:.2f}" if pair.seal_fraction > 0 else ""
    bites = f", {pair.bites} bite{'s' * (pair.bites > 1)}" if pair.bites else ""
    still = f", still for {now_s - pair.still_s:.0f} s" if quiet(pair, now_s, rules) else ""
    return f"{since}{seal}{bites}{still}"


def waits(pair: Followed, holder: str, left_s: float) -> str:
    """Why a pair at another position gets no frame now."""
    return (
        f"{who(pair)} at {pair.position} must wait: "
        f"{holder} has its turn for {max(left_s, 0):.0f} s more"
    )
