"""The words of livewatch: what flows between microscope, analysis and policy.

Every noun is a frozen value. Lengths are in um, times in s (exposures in ms, as on
every camera's dial), angles in degrees, and the unit is in the name. Positions are stage
coordinates: x runs along image columns, y along image rows, downward; so a cell keeps its
place when the view is zoomed.

This room knows nothing of devices, files, threads or windows.
"""

from livewatch.model.cell import Cell
from livewatch.model.contact import Contact
from livewatch.model.decision import Decision
from livewatch.model.encounter import Bite, Encounter, Outcome
from livewatch.model.frame import Exposed, Exposure, Frame, Missed, Stopwatch, Taken
from livewatch.model.instrument import Instrument
from livewatch.model.kind import Kind
from livewatch.model.landing import Landing
from livewatch.model.nan import NAN
from livewatch.model.observation import Observation
from livewatch.model.pixels import Pixels
from livewatch.model.request import Ask, Request
from livewatch.model.shot import Plane, Purpose, Shot
from livewatch.model.step import Lateness, News, Reply, Step
from livewatch.model.view import Region, View

__all__ = [
    "NAN",
    "Ask",
    "Bite",
    "Cell",
    "Contact",
    "Decision",
    "Encounter",
    "Exposed",
    "Exposure",
    "Frame",
    "Instrument",
    "Kind",
    "Landing",
    "Lateness",
    "Missed",
    "News",
    "Observation",
    "Outcome",
    "Pixels",
    "Plane",
    "Purpose",
    "Region",
    "Reply",
    "Request",
    "Shot",
    "Step",
    "Stopwatch",
    "Taken",
    "View",
]
