"""`livewatch bench`: what it promises to print."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from livewatch.cli import main
from livewatch.model import Kind
from livewatch.report.bench import Case, measured
from livewatch.report.film import f1, film, labels_of


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the quick bench tells machines."""
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
        assert main(["bench", "--quick", "--json"]) == 0
    return dict(json.loads(next(text for text in said if text.startswith("{"))))


def test_every_stage_of_every_case_has_a_median_and_a_slow_one(told: dict[str, Any]) -> None:
    stages = [row["stage"] for row in told["rows"]]
    assert len(stages) == len(set(stages)) * len(told["cases"])
    for row in told["rows"]:
        assert 0 < row["median_ms"] <= row["slow_ms"]


def test_it_says_what_rate_the_machine_keeps_up_with(told: dict[str, Any]) -> None:
    for case in told["cases"]:
        whole = next(
            row
            for row in told["rows"]
            if row["stage"] == "whole analysis" and row["cells"] == case["cells"]
        )
        assert case["keeps_up_fps"] == pytest.approx(1000 / whole["slow_ms"])
        assert case["times_faster_than_usual"] > 0


def test_it_says_how_well_cells_are_found_by_both_ways(told: dict[str, Any]) -> None:
    scored = [row for row in told["rows"] if row["f1_nk"] is not None]
    assert {row["stage"] for row in scored} == {"whole analysis", "usual scikit-image recipe"}
    for row in scored:
        if row["stage"] == "whole analysis":
            assert row["f1_nk"] > 0.9
            assert row["f1_tumor"] > 0.9


def test_it_says_what_starting_costs(told: dict[str, Any]) -> None:
    assert told["load_s"] > 0
    assert told["warm_start_s"] > 0


def test_f1_counts_what_is_missing_and_what_is_too_much() -> None:
    truth = np.zeros((40, 40), np.int32)
    truth[2:10, 2:10], truth[20:30, 20:30] = 1, 2
    assert f1(truth, truth) == 1.0
    only_one = np.where(truth == 1, 1, 0).astype(np.int32)
    assert f1(only_one, truth) == pytest.approx(2 / 3)
    assert f1(np.roll(truth, 8, 1), truth) == 0.0


def test_the_film_and_its_truth_agree() -> None:
    shown = film(256, 0.65, 12, 2)
    bright = shown.frames[-1].planes[1] > 180
    assert bright[shown.truth[Kind.TUMOR] > 0].mean() > 0.9
    assert bright[shown.truth[Kind.TUMOR] == 0].mean() < 0.1
    assert labels_of([], shown.frames[0].view).shape == (256, 256)


def test_case_is_named_in_every_row() -> None:
    from livewatch.analysis.analyst import Analyst
    from livewatch.settings import Experiment

    rows = measured(Case(256, 0.65, 8, 24), Analyst(Experiment()))
    assert {(row.side_px, row.pixel_um, row.cells) for row in rows} == {(256, 0.65, 8)}
