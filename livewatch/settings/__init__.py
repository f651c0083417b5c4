"""One experiment: what the user decides, as frozen values with units in their names.

Each field's description is the comment `livewatch init` writes beside it. Impossible values
are refused at construction; reading the file, and naming the place of an error in it, is
the work of `livewatch.experiment`.
"""

from livewatch.settings.alarm import AlarmRules, Encryption
from livewatch.settings.analysis import AnalysisRules
from livewatch.settings.cells import Cells
from livewatch.settings.channel import Channel
from livewatch.settings.contact import ContactRules
from livewatch.settings.experiment import Experiment
from livewatch.settings.light import Light
from livewatch.settings.limits import Limits
from livewatch.settings.microscope import Imaging, Microscope
from livewatch.settings.objective import Objective
from livewatch.settings.outcome import OutcomeRules
from livewatch.settings.position import Position
from livewatch.settings.reaction import Reaction
from livewatch.settings.section import Section
from livewatch.settings.survey import Survey
from livewatch.settings.watch import Watch
from livewatch.settings.zoom import Zoom

__all__ = [
    "AlarmRules",
    "AnalysisRules",
    "Cells",
    "Channel",
    "ContactRules",
    "Encryption",
    "Experiment",
    "Imaging",
    "Light",
    "Limits",
    "Microscope",
    "Objective",
    "OutcomeRules",
    "Position",
    "Reaction",
    "Section",
    "Survey",
    "Watch",
    "Zoom",
]
