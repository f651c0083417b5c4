"""What the synthetic specimen costs: run by hand, `specimen_speed.py [SCENE ...]`.

Milliseconds of processor time (not of the clock, which others share), median of 15 pictures of
1024 x 1024 pixels, and how much faster than life the cells live.
"""

from __future__ import annotations

import statistics
import sys
import time

from livewatch.model import View
from livewatch.specimen.scene import SCENES
from livewatch.specimen.synthetic import CHANNELS, SyntheticSpecimen

LENSES = (("10x", 0.65), ("20x", 0.325), ("40x", 0.1625))
LIVED_S = 3600.0


def picture_ms(specimen: SyntheticSpecimen, view: View, channel: str, begin_s: float) -> float:
    spent = []
    for turn in range(15):
        begun = time.process_time()
        specimen.expose(view, channel, 50.0, 1.0, begin_s + 0.01 * turn)
        spent.append(time.process_time() - begun)
    return 1000 * statistics.median(spent)


def measure(scene: str) -> None:
    specimen = SyntheticSpecimen(scene, 0)
    specimen.warm_up()
    begun = time.process_time()
    specimen.truth(LIVED_S)
    times_life = LIVED_S / (time.process_time() - begun)
    cells = len(specimen.truth(LIVED_S).cells)
    print(f"{scene}: {cells} cells, {times_life:.0f} times as fast as life")
    for objective, pixel_um in LENSES:
        view = View("", 0.0, 0.0, None, objective, pixel_um, 1, (1024, 1024))
        costs = (picture_ms(specimen, view, channel, LIVED_S + 1.1) for channel in CHANNELS)
        print(
            f"  {objective}", *(f"{c} {ms:.1f} ms" for c, ms in zip(CHANNELS, costs, strict=True))
        )


if __name__ == "__main__":
    for name in sys.argv[1:] or SCENES:
        measure(name)
