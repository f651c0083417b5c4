"""Segmentation: from an image to the cells in it, their outlines in stage um."""

from livewatch.analysis.segmentation.memory import Leak, Memory
from livewatch.analysis.segmentation.seen import Seen, Sighting
from livewatch.analysis.segmentation.sight import Sight

__all__ = ["Leak", "Memory", "Seen", "Sight", "Sighting"]
