"""Compile all that is compiled, or load it from the cache: `python tests/compile_all.py`."""

from __future__ import annotations

from livewatch.analysis.analyst import Analyst
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen


def compile_all() -> None:
    SyntheticSpecimen("quiet", 0).warm_up()
    Analyst(Experiment()).warm_up()


if __name__ == "__main__":
    compile_all()
