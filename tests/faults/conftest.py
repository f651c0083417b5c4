"""The first session of a fresh checkout compiles for a minute or more: not on a test's own time."""

from __future__ import annotations

import pytest

from livewatch.analysis.analyst import Analyst
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen


@pytest.fixture(scope="session", autouse=True)
def all_is_compiled() -> None:
    SyntheticSpecimen("quiet", 0).warm_up()
    Analyst(Experiment()).warm_up()
