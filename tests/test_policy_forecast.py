"""What `livewatch check` says beforehand is what a session then really costs."""

from __future__ import annotations

from math import inf

import pytest
from policy_world import HOME, INSTRUMENT, Meeting, experiment, play

from livewatch.errors import BadInput
from livewatch.model import Instrument, Purpose
from livewatch.policy.forecast import forecast

TWO = [{"name": "A", "x_um": 0.0, "y_um": 0.0}, {"name": "B", "x_um": 900.0, "y_um": 0.0}]


def test_a_survey_costs_what_was_said() -> None:
    rules = experiment(positions=TWO, limits={"duration_s": 3600})
    said = forecast(rules, INSTRUMENT).pace(Purpose.SURVEY)
    played = play(rules, until_s=1e5)
    lit = sum(f.shot.planes[0].dose for f in played.at("A"))
    written = sum(2 * 2 * f.view.shape[0] * f.view.shape[1] for f in played.frames)
    assert said.light_per_h["nk"] == pytest.approx(lit, rel=0.02)
    assert said.bytes_per_h == pytest.approx(written, rel=0.02)


def test_an_encounter_costs_what_was_said() -> None:
    rules = experiment(reaction={"quiet_s": 1e6})
    said = forecast(rules, INSTRUMENT).pace(Purpose.ENCOUNTER)
    played = play(rules, (Meeting(100, 4000),), until_s=2000)
    fast = [f for f in played.frames if 200 < f.time_s < 2000]
    written = sum(2 * 2 * f.view.shape[0] * f.view.shape[1] for f in fast)
    lit = sum(f.shot.planes[0].dose for f in fast)
    assert said.light_per_h["nk"] == pytest.approx(2 * lit, rel=0.02)
    assert said.bytes_per_h == pytest.approx(2 * written, rel=0.1)


def test_the_budget_lasts_as_long_as_was_said() -> None:
    rules = experiment(light={"budget": {"nk": 60_000}, "survey_share": 0.5})
    said = forecast(rules, INSTRUMENT)
    assert said.pace(Purpose.SURVEY).budget_h == pytest.approx(30_000 / 50 * 30 / 3600)
    assert said.pace(Purpose.ENCOUNTER).budget_h == pytest.approx(30_000 / 50 * 2 / 3600)


def test_the_disk_lasts_as_long_as_was_said() -> None:
    said = forecast(experiment(), INSTRUMENT, free_bytes=11e9)
    assert said.pace(Purpose.SURVEY).disk_h == pytest.approx(10e9 / (120 * 4 * 1024 * 1024))
    assert forecast(experiment(), INSTRUMENT).pace(Purpose.SURVEY).disk_h == inf


def test_full_speed_is_the_exposures_and_the_hardwares_own_time() -> None:
    rules = experiment(reaction={"interval_s": 0, "burst": 20})
    said = forecast(rules, INSTRUMENT, plane_s=0.004)
    assert said.pace(Purpose.ENCOUNTER).interval_s == pytest.approx(0.108)
    assert said.pace(Purpose.BURST).interval_s == pytest.approx(0.108)


def test_two_cameras_expose_at_once() -> None:
    rules = experiment(microscope={"imaging": "two-cameras"}, reaction={"interval_s": 0})
    assert forecast(rules, INSTRUMENT, plane_s=0.004).pace(Purpose.ENCOUNTER).interval_s == (
        pytest.approx(0.054)
    )


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"light": {"budget": {"nk": 1000}}, "limits": {"duration_s": 3600}},
            "survey every 360 s instead of 30 s",
        ),
        ({"positions": TWO, "survey": {"interval_s": 1}, "reaction": {"interval_s": 1}}, "dropped"),
        ({"channels": {"nk": {"exposure_ms": 1500}, "tumor": {"exposure_ms": 1500}}}, "takes 3.01"),
        ({"positions": TWO}, "no position stays unseen for longer than 135 s"),
        (
            {"positions": TWO, "light": {"budget": {"nk": 200}}, "limits": {"duration_s": 36_000}},
            "survey every 5:00:00 instead of 30 s",
        ),
        (
            {"positions": TWO, "light": {"budget": {"nk": 200}}, "limits": {"duration_s": 36_000}},
            "for reactions, enough for 4 s of encounters",
        ),
        ({"reaction": {"validate_only": True}}, "not carried out"),
        ({"reaction": {"burst": 50}}, "a burst of 50 frames is not streamed: nk and tumor take"),
        (
            {"reaction": {"burst": 50}, "microscope": {"imaging": "split-left-right"}},
            "is streamed at the camera's own speed",
        ),
        (
            {"reaction": {"burst": 50}, "microscope": {"imaging": "two-cameras"}},
            "is not streamed: the two cameras are snapped together",
        ),
        (
            {"light": {"budget": {"nk": 60_000}}, "limits": {"duration_s": 3600}},
            "light of a position in nk: 60,000 ms; 6,050 kept for 1 h of survey, 53,950 for",
        ),
        (
            {"light": {"budget": {"nk": 60_000}}},
            "below 25% of the reactions' part fast frames come half as often; then nothing",
        ),
    ],
)
def test_what_will_not_go_as_asked_is_said_beforehand(
    sections: dict[str, object], said: str
) -> None:
    lines = forecast(experiment(**sections), INSTRUMENT).lines()
    assert any(said in line for line in lines), lines


def test_an_objective_without_pixel_size_is_refused_beforehand() -> None:
    with pytest.raises(BadInput, match="'60x' has no pixel size; calibrated are: 10x, 20x"):
        forecast(experiment(microscope={"objective": "60x"}), INSTRUMENT)


def test_a_camera_without_regions_reads_its_whole_sensor() -> None:
    plain = Instrument(HOME, {"20x": 0.325}, has_region=False)
    assert forecast(experiment(), plain).pace(Purpose.ENCOUNTER).shape == (1024, 1024)
