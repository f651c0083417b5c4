"""The microscope's optics: what a lens gathers and blurs, and how unevenly the lamp shines."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livewatch.model import View

REFERENCE_NA = 0.45
SENSOR_PIXEL_UM = 6.5
APERTURES = {2: 0.1, 4: 0.2, 5: 0.25, 10: 0.45, 20: 0.75, 25: 0.8, 40: 0.95, 60: 1.2, 100: 1.4}
"""Numerical aperture by magnification, of usual plan apochromats."""
WAVELENGTH_UM = {"nk": 0.52, "tumor": 0.6, "death": 0.67}


@dataclass(frozen=True, slots=True)
class Lens:
    """An objective: magnification and numerical aperture."""

    magnification: float
    aperture: float

    @property
    def gathers(self) -> float:
        """Light gathered, relative to the reference aperture."""
        return (self.aperture / REFERENCE_NA) ** 2

    def blur_um(self, channel: str, defocus_um: float) -> float:
        """Standard deviation of the point spread function in the sample.

        In focus 0.21 wavelength / NA (Zhang, Zerubia, Olivo-Marin 2007); out of focus the
        light cone's radius at that distance, half of which is taken as its deviation.
        """
        focused = 0.21 * WAVELENGTH_UM.get(channel, 0.6) / self.aperture
        slope = math.tan(math.asin(min(self.aperture, 1.3) / 1.37))
        return math.hypot(focused, 0.5 * slope * min(abs(defocus_um), 25.0))


def lens_of(view: View) -> Lens:
    """The lens a view is seen through: from the objective's name, else from the pixel size."""
    named = re.search(r"(\d+(?:\.\d+)?)\s*[xX]", view.objective)
    magnification = (
        float(named.group(1)) if named else SENSOR_PIXEL_UM * view.binning / view.pixel_um
    )
    nearest = min(APERTURES, key=lambda known: abs(math.log(known / max(magnification, 0.1))))
    return Lens(magnification, APERTURES[nearest])
