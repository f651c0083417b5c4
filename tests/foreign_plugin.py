"""A plug-in segmenter that does what the top left pixel says; installed for a test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RAISE, HANG, ABORT = 1, 2, 3
"""In the top left pixel of the tumor image; anything else is segmented by a threshold."""
CODE = """
import os, time
import cv2

def segment(image, pixel_um, diameter_um):
    order = int(image[0, 0])
    if order == 1:
        raise RuntimeError("a fault made for this test")
    while order == 2 and not os.path.exists(__file__ + ".released"):
        time.sleep(0.05)
    if order == 3:
        os.abort()
    return cv2.connectedComponents((image > 300).astype("uint8"))[1], pixel_um

def abort(image, pixel_um, diameter_um):
    if image.shape != (64, 64) and image.shape != (128, 128):  # getting ready is no crime
        os.abort()
    return segment(image, pixel_um, diameter_um)
"""


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Install it for this process and those it starts; its name."""
    (folder / "foreign_code.py").write_text(CODE)
    about = folder / "foreign-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[livewatch.segmenters]\nforeign = foreign_code:segment\nabort = foreign_code:abort\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "foreign_code", raising=False)
    return "foreign"


def release(folder: Path) -> None:
    """Let those that hang go on: a thread cannot be ended otherwise."""
    (folder / "foreign_code.py.released").touch()
