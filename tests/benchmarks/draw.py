"""What drawing one step costs, in ms: `python tests/benchmarks/draw.py` (compare ratios).

put: what the session's thread pays. scene, show, write, paint: what the window's thread pays.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent.parent))

from gui_stage import Stage, contact, discs, encounter, step, view

from livewatch.gui.app import application
from livewatch.gui.composite import warm_up
from livewatch.gui.mailbox import Mailbox
from livewatch.gui.scene import scene_of
from livewatch.gui.window import Window

CASES = ((512, 20), (1024, 100), (2048, 100), (2048, 500))
ROUNDS = 15
STAGES = ("put", "scene", "show", "write", "paint")


def main() -> None:
    app = application()
    warm_up()
    stage = Stage()
    window = Window(stage)
    window.show()
    app.processEvents()
    print("px    cells", *(f"{stage:>7}" for stage in (*STAGES, "sum")))
    for side_px, count in CASES:
        medians = 1e3 * np.median([cost(window, *each) for each in drawn(side_px, count)], axis=0)
        print(f"{side_px:4} 2x{count:4}", *(f"{ms:7.2f}" for ms in (*medians, sum(medians[1:]))))
    stage.start()
    stage.end()
    stage.join()
    window.close()
    window.deleteLater()
    app.processEvents()


def drawn(side_px: int, count: int):
    """Steps to draw, and a mailbox to put them in."""
    at = view(side_px=side_px)
    cells = discs(count, at)
    pair = {"encounters": (encounter(3, 0, count),), "contacts": (contact(0, count),)}
    steps = [step(index, at, cells, target=3, **pair) for index in range(3)]
    mailbox = Mailbox()
    for index in range(ROUNDS):
        yield mailbox, steps[index % 3]


def cost(window: Window, mailbox: Mailbox, published) -> list[float]:
    """Seconds of each stage."""
    times = [perf_counter()]
    mailbox.put(published)
    times.append(perf_counter())
    scene = scene_of(mailbox.take())
    times.append(perf_counter())
    window.canvas.show_scene(scene)
    times.append(perf_counter())
    window.write()
    times.append(perf_counter())
    window.canvas.viewport().repaint()
    times.append(perf_counter())
    return list(np.diff(times))


if __name__ == "__main__":
    main()
