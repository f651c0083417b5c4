"""livewatch: a live-cell microscope that notices NK-tumor encounters by itself."""

__version__ = "0.1.0"
