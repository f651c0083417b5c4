"""Compile all that is compiled, or load it from the cache: `python tests/compile_all.py [PART]`."""

from __future__ import annotations

import sys

from livewatch.analysis.analyst import Analyst
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

PARTS = {
    "specimen": lambda: SyntheticSpecimen("quiet", 0).warm_up(),
    "analysis": lambda: Analyst(Experiment()).warm_up(),
}
"""What has no compiled function in common, and can be compiled side by side."""


def compile_all() -> None:
    for compile_part in PARTS.values():
        compile_part()


if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
