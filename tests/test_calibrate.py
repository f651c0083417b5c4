"""`livewatch calibrate` on the real core: it finds what only the specimen's truth knows."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from livewatch import calibrate as calibration
from livewatch.calibration.focus import sharpest
from livewatch.calibration.measuring import Unmeasured
from livewatch.calibration.shift import shift_between
from livewatch.cli import main
from livewatch.clock import VirtualClock
from livewatch.errors import BadInput
from livewatch.experiment import load_experiment
from livewatch.experiment.amending import amended
from livewatch.microscope.load import demo_configuration, load_demo
from livewatch.specimen.camera import LENSES
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livewatch.calibration.measuring import Measured
    from livewatch.settings import Experiment, Objective

ZOOM = load_experiment(demo_configuration().with_name("zoom.toml")).model_copy(
    update={"objectives": {}}
)


def measured(
    seed: int,
    experiment: Experiment = ZOOM,
    prepare: Callable[[Any], None] = lambda core: None,
    **options: Any,
) -> tuple[str, Objective, Measured]:
    clock = VirtualClock()
    core = load_demo(SyntheticSpecimen("mixed", seed), clock, lenses=LENSES)
    prepare(core)
    return calibration.calibrate(core, clock, experiment, **options)


@pytest.mark.parametrize(
    ("seed", "options"),
    [(21, {}), (22, {"channel": "nk"}), (23, {"base": "40x", "other": "20x"})],
    ids=["tumor", "nk", "the other way round"],
)
def test_it_finds_the_true_offsets_to_a_pixel_and_a_part_of_the_depth_of_field(
    seed: int, options: dict[str, str]
) -> None:
    other, offset, found = measured(seed, **options)
    sign = 1 if other == "40x" else -1
    x_um, y_um, z_um = LENSES["40x"]
    assert offset.offset_x_um == pytest.approx(sign * x_um, abs=0.1625)
    assert offset.offset_y_um == pytest.approx(sign * y_um, abs=0.1625)
    assert offset.offset_z_um == pytest.approx(sign * z_um, abs=0.3)
    assert 0 < found.x_sd_um < 0.2
    assert 0 < found.z_sd_um < 0.3


def test_the_microscope_is_left_as_it_was_and_dark_and_the_focus_retracted() -> None:
    moves: list[tuple[float, str]] = []
    stood: dict[str, Any] = {}

    def prepare(core: Any) -> None:
        core.setXYPosition(12.0, -7.0)
        core.waitForDevice(core.getXYStageDevice())
        core.setPosition(1.5)
        move = core.setPosition

        def watched(*to: Any) -> None:
            moves.append((float(to[-1]), str(core.getStateLabel("Objective"))))
            move(*to)

        core.setPosition = watched
        unload = core.unloadAllDevices

        def left() -> None:
            if not stood:
                stood["xy"] = tuple(round(each, 1) for each in core.getXYPosition())
                stood["z"] = round(core.getPosition(), 2)
                stood["objective"] = core.getStateLabel("Objective")
                stood["open"] = core.getShutterOpen("LED Shutter")
            unload()

        core.unloadAllDevices = left

    measured(21, prepare=prepare)
    assert stood == {"xy": (12.0, -7.0), "z": 1.5, "objective": "20x", "open": False}
    at_turns = [before for before, after in pairwise(moves) if before[1] != after[1]]
    assert len(at_turns) >= 6
    assert {z_um for z_um, _ in at_turns} == {-150.0}


@pytest.mark.parametrize(
    ("options", "limits", "message"),
    [
        ({"other": "63x"}, {}, "no pixel size is known for '63x'; calibrated are 10x, 20x, 40x"),
        ({"other": "20x"}, {}, "'20x' cannot be measured against itself"),
        ({}, {"objectives": ("20x",)}, "objective '40x' is not among"),
        ({"channel": "gfp"}, {}, "no channel 'gfp'; there is nk, tumor"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_moves(
    options: dict[str, str], limits: dict[str, Any], message: str
) -> None:
    experiment = ZOOM.model_copy(update={"limits": ZOOM.limits.model_copy(update=limits)})
    with pytest.raises(BadInput, match=message):
        measured(21, experiment, **options)


def test_limits_of_the_focus_hold_and_a_sample_out_of_their_reach_is_not_guessed() -> None:
    shallow = ZOOM.limits.model_copy(update={"z_um": (-160.0, -5.0), "retract_z_um": -150.0})
    experiment = ZOOM.model_copy(update={"limits": shallow})
    with pytest.raises(Unmeasured, match=r"no focus through 20x between .* and -5.0 um"):
        measured(21, experiment, prepare=lambda core: core.setPosition(-10.0))


def test_where_nothing_is_seen_nothing_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dark.toml"
    text = demo_configuration().with_name("zoom.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("exposure_ms = 30", "exposure_ms = 0.001"), encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    assert main(["calibrate", str(file), "--demo", "--seed", "21"]) == 1
    assert "not measured: no focus through 20x" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == before


def test_the_file_keeps_its_comments_and_gets_the_offsets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    text = demo_configuration().with_name("zoom.toml").read_text(encoding="utf-8")
    head, _, _ = text.partition("[objectives.40x]")
    file.write_text(head, encoding="utf-8")
    assert main(["calibrate", str(file), "--demo", "--seed", "24"]) == 0
    after = file.read_text(encoding="utf-8")
    assert after.startswith(head.rstrip())
    offset = load_experiment(file).objectives["40x"]
    assert offset.offset_x_um == pytest.approx(6.7, abs=0.1625)
    assert offset.offset_z_um == pytest.approx(2.4, abs=0.3)
    said = capsys.readouterr()
    assert "offset_x_um = 6." in said.out
    assert "+-" in said.out
    assert "exposures of 30 ms in tumor" in said.err


def test_what_stood_in_the_table_stays_there() -> None:
    text = (
        "# mine\n[objectives.'40x']\noffset_x_um = 1.0  # by eye\n\n"
        "[limits]\nx_um = [0, 1] # here\n"
    )
    after = amended(text, "40x", {"offset_x_um": 6.704, "offset_y_um": -4.3})
    assert "offset_x_um = 6.7  # by eye" in after
    assert "x_um = [0, 1] # here" in after
    assert tomllib.loads(after)["objectives"] == {"40x": {"offset_x_um": 6.7, "offset_y_um": -4.3}}


def blobs(shape: tuple[int, int], pixel_um: float, x_um: float, y_um: float) -> Any:
    """Round cells on a dark ground, seen from a place."""
    rng = np.random.default_rng(5)
    rows, columns = (np.arange(side) + 0.5 - side / 2 for side in shape)
    image = np.full(shape, 100.0)
    for at_x, at_y in rng.uniform(-90, 90, (30, 2)):
        away = np.hypot(
            columns[None] * pixel_um + x_um - at_x, rows[:, None] * pixel_um + y_um - at_y
        )
        image += 800 / (1 + np.exp((away - 8) / 0.5))
    return rng.poisson(image).astype(np.uint16)


@pytest.mark.parametrize("off_um", [(0.0, 0.0), (3.3, -2.1), (-21.7, 14.2)])
def test_a_shift_between_two_magnifications_is_found_to_a_part_of_a_pixel(
    off_um: tuple[float, float],
) -> None:
    coarse, fine = blobs((400, 400), 0.5, 0.0, 0.0), blobs((400, 400), 0.2, *off_um)
    found = shift_between(coarse, 0.5, fine, 0.2)
    back = shift_between(fine, 0.2, coarse, 0.5)
    assert (found.x_um, found.y_um) == pytest.approx(off_um, abs=0.1)
    assert (back.x_um, back.y_um) == pytest.approx((-off_um[0], -off_um[1]), abs=0.1)


def test_a_focus_is_found_between_planes_and_not_at_their_end() -> None:
    z_um = np.arange(-6.0, 7.0, 2.0)
    energies = 1 / np.sqrt(0.5 + (z_um - 0.7) ** 2)
    focus = sharpest(z_um, energies)
    assert focus is not None
    assert focus.z_um == pytest.approx(0.7, abs=0.05)
    assert sharpest(z_um[:3], energies[:3]) is None
    assert sharpest(z_um, np.ones(len(z_um))) is None
