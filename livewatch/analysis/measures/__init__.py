"""What is said of an encounter: seal, twist, slip, bites, viability, and how it ended.

Pure: crops and outlines in, numbers out; what is remembered between frames is a frozen value.
Nobody else publishes twist, slip, seal or bites live. All of them, and viability and outcome,
are validated on synthetic cells only, until they are compared with human annotation.
"""

from livewatch.analysis.measures.measurer import Measurer, Notes
from livewatch.analysis.measures.outcome import at_end

__all__ = ["Measurer", "Notes", "at_end"]
