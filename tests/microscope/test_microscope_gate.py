"""The lowest gate: what passes is inside every limit, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livewatch.microscope.gate import refusal
from livewatch.model import Instrument, Plane, Purpose, Region, Shot, View
from livewatch.settings import Channel, Experiment, Limits, Objective

HOME = View("home", 0.0, 0.0, 0.0, "20x", 0.325, 1, (512, 256))
INSTRUMENT = Instrument(HOME, {"10x": 0.65, "20x": 0.325})
LIMITS = Limits(
    x_um=(-100, 100), y_um=(-50, 50), z_um=(-10, 10), max_exposure_ms=200, max_power=2.0
)
EXPERIMENT = Experiment(
    limits=LIMITS,
    channels={"nk": Channel(power_property="Lamp.Power"), "tumor": Channel()},
    objectives={"10x": Objective(offset_x_um=30.0)},
)
NK = Plane("nk", 50.0)
ANY = st.floats(allow_nan=True, allow_infinity=True)


def shot(*planes: Plane, count: int = 1, **changes: Any) -> Shot:
    return Shot(replace(HOME, **changes), planes or (NK,), 0.0, Purpose.SURVEY, count)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (shot(stage_x_um=101.0), "stage x 101 um is outside the limits -100 to 100 um"),
        (shot(stage_y_um=-51.0), "stage y -51 um is outside the limits -50 to 50 um"),
        (shot(z_um=11.0), "focus 11 um is outside the limits -10 to 10 um"),
        (shot(stage_x_um=float("inf")), "stage x inf um is no place"),
        (
            shot(stage_x_um=-80.0, objective="10x", pixel_um=0.65),
            "stage x -110 um is outside the limits -100 to 100 um",
        ),
        (shot(objective="40x"), "objective '40x' has no pixel size"),
        (shot(pixel_um=0.65), "'20x' has 0.325 um per pixel, the shot was planned with 0.65"),
        (shot(binning=0), "the shot was planned with nan"),
        (shot(sensor_px=(512, 512)), "a sensor of (512, 512) pixels, not (512, 256)"),
        (shot(region=Region(0, 200, 64, 64)), "is not on the sensor of 512 x 256 pixels"),
        (shot(region=Region(0, 0, 0, 64)), "is not on the sensor"),
        (shot(Plane("nk", 201.0)), "an exposure of 201 ms, at most 200 allowed"),
        (shot(Plane("nk", float("nan"))), "an exposure of nan ms"),
        (shot(Plane("nk", 50.0, 2.5)), "light power 2.5, at most 2 allowed"),
        (shot(Plane("tumor", 50.0, 0.5)), "light power 0.5 for tumor: it cannot be set, it is 1"),
        (shot(Plane("dapi", 50.0)), "channel 'dapi' is not in the experiment"),
        (shot(count=0), "a burst of 0 frames"),
        (Shot(HOME, (), 0.0, Purpose.SURVEY), "the shot has no planes"),
    ],
)
def test_what_is_out_of_bounds_is_refused(asked: Shot, said: str) -> None:
    reason = refusal(asked, EXPERIMENT, INSTRUMENT)
    assert reason is not None
    assert said in reason


def test_only_allowed_objectives_are_turned_in() -> None:
    only = EXPERIMENT.model_copy(update={"limits": Limits(objectives=("10x",))})
    assert refusal(shot(), only, INSTRUMENT) == "objective '20x' is not among those allowed"
    assert refusal(shot(objective="10x", pixel_um=0.65), only, INSTRUMENT) is None


@pytest.mark.parametrize(
    ("lacks", "asked", "said"),
    [
        ("moves_xy", shot(stage_x_um=1.0), "stage x 1 um: this microscope has no motor for it"),
        ("moves_z", shot(z_um=1.0), "focus 1 um: this microscope has no motor for it"),
        ("moves_objective", shot(objective="10x", pixel_um=0.65), "has no motorized turret"),
        ("has_region", shot(region=Region(0, 0, 64, 64)), "this camera reads out no regions"),
    ],
)
def test_what_is_not_there_is_not_used(lacks: str, asked: Shot, said: str) -> None:
    less = replace(INSTRUMENT, **{lacks: False})
    assert said in str(refusal(asked, EXPERIMENT, less))
    assert refusal(asked, EXPERIMENT, INSTRUMENT) is None
    assert refusal(shot(), EXPERIMENT, less) is None


@given(x=ANY, y=ANY, z=ANY, exposure_ms=ANY, power=ANY)
def test_whatever_passes_is_inside_every_limit(
    x: float, y: float, z: float, exposure_ms: float, power: float
) -> None:
    asked = shot(Plane("nk", exposure_ms, power), stage_x_um=x, stage_y_um=y, z_um=z)
    inside = (
        -100 <= x <= 100
        and -50 <= y <= 50
        and -10 <= z <= 10
        and 0 < exposure_ms <= 200
        and 0 < power <= 2
    )
    assert (refusal(asked, EXPERIMENT, INSTRUMENT) is None) == inside


def test_nothing_is_exposed_once_the_planned_time_is_over() -> None:
    short = EXPERIMENT.model_copy(
        update={"limits": EXPERIMENT.limits.model_copy(update={"duration_s": 300.0})}
    )
    assert refusal(shot(), short, INSTRUMENT, 299.9) is None
    assert refusal(shot(), short, INSTRUMENT, 300.0) == "the planned 300 s are over"
    assert refusal(shot(), short, INSTRUMENT, float("nan")) == "the planned 300 s are over"
