"""How cells move: a persistent random walk, and what is known of a place after a while unseen.

Velocity decays towards rest with a persistence time and is stirred by noise (the
Ornstein-Uhlenbeck process; Uhlenbeck & Ornstein 1930, Phys. Rev. 36, 823). Over short
intervals that is steady motion, over long ones diffusion, with one set of parameters, so 0.1 s
and 30 s frames need no separate tuning. A Kalman filter carries place and velocity; the two
axes share their variances, because a cell has no preferred direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.model import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Motion:
    """How one kind of cell moves, and how well its centre is known from one frame.

    `speed_um_per_s` is the standard deviation of velocity along one axis, `persistence_s` how
    long a direction is kept, `top_um_per_s` a speed no cell exceeds. `centre_sd_um` is the
    error of a cell's centre from one frame.
    """

    speed_um_per_s: float
    persistence_s: float
    top_um_per_s: float
    centre_sd_um: float


MOTION = {
    # NK cells about 5 um/min, T cells 1.6 / 5.3 / 14.6 um/min (10/50/90 %).
    Kind.NK: Motion(0.10, 90.0, 0.60, 0.5),
    # Tumor cells crawl and are pushed; their outline, and so their centre, flickers more.
    Kind.TUMOR: Motion(0.025, 120.0, 0.25, 0.7),
}


PLANE = (("x_um", "vx"), ("y_um", "vy"))
"""The columns of place and speed along each axis."""


def predict(
    table: NDArray[np.void],
    motion: Motion,
    dt_s: float,
    axes: tuple[tuple[str, str], ...] = PLANE,
) -> None:
    """Move the rows of a table `dt_s` on, in place; their variances (pxx, pxv, pvv) grow."""
    tau_s = motion.persistence_s
    keep = float(np.exp(-dt_s / tau_s))
    far_s = reach_s(dt_s, tau_s)
    power = motion.speed_um_per_s**2
    for place, speed in axes:
        table[place] += far_s * table[speed]
        table[speed] *= keep
    pxx, pxv, pvv = table["pxx"], table["pxv"], table["pvv"]
    pxx += 2 * far_s * pxv + far_s**2 * pvv + power * place_growth_s2(dt_s, tau_s)
    pxv += -(1 - keep) * pxv + keep * far_s * pvv + power * tau_s * (1 - keep) ** 2
    pvv += (keep**2 - 1) * pvv + power * (1 - keep**2)


def reach_s(dt_s: float, tau_s: float) -> float:
    """Distance covered in `dt_s` per speed at its begin, as direction is forgotten."""
    return tau_s * -float(np.expm1(-dt_s / tau_s))


def place_growth_s2(dt_s: float, tau_s: float) -> float:
    """Variance of place per variance of velocity that `dt_s` of stirring adds."""
    ratio = dt_s / tau_s
    if ratio < 0.01:
        return 2 / 3 * dt_s**2 * ratio  # the same to 1 %, without cancellation
    keep = float(np.exp(-ratio))
    return tau_s**2 * (2 * ratio - 3 + 4 * keep - keep**2)


def correct(
    table: NDArray[np.void],
    rows: NDArray[np.intp],
    places: tuple[NDArray[np.float64], ...],
    var_um2: NDArray[np.float64],
    axes: tuple[tuple[str, str], ...] = PLANE,
) -> None:
    """Tell `rows` of a table, in place, where they were seen along each axis, and how surely."""
    pxx, pxv, pvv = table["pxx"][rows], table["pxv"][rows], table["pvv"][rows]
    gain_x, gain_v = pxx / (pxx + var_um2), pxv / (pxx + var_um2)
    for (place, speed), seen in zip(axes, places, strict=True):
        off_um = seen - table[place][rows]
        table[place][rows] += gain_x * off_um
        table[speed][rows] += gain_v * off_um
    table["pxx"][rows] = (1 - gain_x) * pxx
    table["pxv"][rows] = (1 - gain_x) * pxv
    table["pvv"][rows] = pvv - gain_v * pxv
