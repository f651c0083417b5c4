"""The loop's eyes: analysis beside the loop, on a thread or in a process of its own."""

from livewatch.lookout.lookout import Lookout

__all__ = ["Lookout"]
