"""The synthetic specimen's pictures obey the view, the exposure and the lamp."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livewatch.model import Region, View
from livewatch.specimen.scene import SCENES
from livewatch.specimen.synthetic import SyntheticSpecimen

VIEW = View("", 0.0, 0.0, None, "10x", 0.65, 1, (256, 256))
LOOK = SCENES["mixed"].look
# so much light, and so few counts for it, that noise is below a count
QUIET = LOOK._replace(dim=1e4, counts_per_electron=2.2e-4, read_noise=0.0, unevenness=0.0)
NOISELESS = replace(SCENES["mixed"], look=QUIET)
UNEVEN = replace(NOISELESS, look=QUIET._replace(unevenness=0.3))


def picture(view=VIEW, scene=NOISELESS, channel="tumor", exposure_ms=50.0, time_s=100.0, power=1.0):
    specimen = SyntheticSpecimen(scene, seed=5)
    pixels = specimen.expose(view, channel, exposure_ms, power, time_s).pixels
    return pixels.astype(float)


@pytest.mark.parametrize("channel", ["nk", "tumor"])
def test_moving_the_stage_by_whole_pixels_shifts_the_image(channel):
    there = picture(replace(VIEW, stage_x_um=20 * 0.65, stage_y_um=-12 * 0.65), channel=channel)
    np.testing.assert_allclose(there[12:, :-20], picture(channel=channel)[:-12, 20:], atol=2)
    assert np.ptp(there) > 100


def test_a_region_shows_what_the_whole_sensor_shows_there():
    region = Region(40, 90, 100, 60)
    part = picture(replace(VIEW, region=region), UNEVEN)
    np.testing.assert_allclose(part, picture(VIEW, UNEVEN)[90:150, 40:140], atol=2)


def test_binning_adds_up_pixels():
    binned = picture(replace(VIEW, binning=2, pixel_um=1.3)) - LOOK.offset
    summed = (picture() - LOOK.offset).reshape(128, 2, 128, 2).sum(axis=(1, 3))
    close = np.abs(binned - summed) < 0.12 * summed.max()
    assert close.mean() > 0.99
    assert binned.mean() == pytest.approx(summed.mean(), rel=0.01)


def on_a_tumor_cell(scene, time_s):
    cells = SyntheticSpecimen(scene, seed=5).truth(time_s).cells
    cell = next(each for each in cells if each.kind == "tumor")
    return replace(VIEW, stage_x_um=cell.x_um, stage_y_um=cell.y_um)


def test_twice_the_magnification_shows_the_middle_twice_as_large():
    view = on_a_tumor_cell(NOISELESS, 100.0)
    near = picture(replace(view, objective="20x", pixel_um=0.325))
    halved = near.reshape(128, 2, 128, 2).mean(axis=(1, 3))
    middle = picture(view)[64:192, 64:192]
    assert np.corrcoef(halved.ravel(), middle.ravel())[0, 1] > 0.98


def test_the_sample_repeats_instead_of_ending():
    side_um = NOISELESS.habits.side_um
    away = picture(replace(VIEW, stage_x_um=side_um, stage_y_um=-3 * side_um))
    np.testing.assert_allclose(away, picture(), atol=2)


def test_signal_is_proportional_to_exposure_and_power():
    once = picture() - LOOK.offset
    twice = picture(exposure_ms=100.0) - LOOK.offset
    half = picture(power=0.5) - LOOK.offset
    np.testing.assert_allclose(twice, 2 * once, rtol=0.01, atol=3)
    np.testing.assert_allclose(half, once / 2, rtol=0.01, atol=3)


def test_a_closed_shutter_gives_offset_and_read_noise_and_costs_no_light():
    specimen = SyntheticSpecimen("mixed", seed=5)
    dark = specimen.expose(VIEW, "tumor", 500.0, 0.0, 10.0).pixels.astype(float)
    assert dark.mean() == pytest.approx(LOOK.offset, abs=0.2)
    expected = LOOK.read_noise * LOOK.counts_per_electron
    assert dark.std() == pytest.approx(expected, rel=0.03)
    assert all(cell.light == 1.0 for cell in specimen.truth(10.0).cells)


def test_photon_noise_is_poisson():
    scene = replace(SCENES["mixed"], look=LOOK._replace(unevenness=0.0))
    flat = picture(scene=scene, channel="other", exposure_ms=200.0) - LOOK.offset
    electrons = flat / LOOK.counts_per_electron
    variance = electrons.var() - LOOK.read_noise**2
    assert variance == pytest.approx(electrons.mean(), rel=0.03)


def test_the_same_exposure_gives_the_same_noise_and_another_time_another():
    scene = replace(SCENES["mixed"], look=LOOK._replace(unevenness=0.0))
    specimen = SyntheticSpecimen(scene, seed=5)
    first = specimen.expose(VIEW, "other", 50.0, 1.0, 10.0).pixels
    again = specimen.expose(VIEW, "other", 50.0, 1.0, 10.0).pixels
    later = specimen.expose(VIEW, "other", 50.0, 1.0, 10.001).pixels
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), later.ravel())[0, 1]) < 0.02


def test_noise_has_no_pattern():
    noise = picture(scene=SCENES["mixed"], channel="other", power=0.0)
    noise -= noise.mean()
    spectrum = np.abs(np.fft.rfft2(noise)) ** 2
    assert spectrum.max() / spectrum.mean() < 25  # the largest of 33,000 exponential values: ~11


def test_too_much_light_saturates():
    assert picture(scene=SCENES["mixed"], exposure_ms=1e6).max() == LOOK.saturation


def test_light_falls_off_towards_the_corners():
    flat = picture(scene=UNEVEN, channel="other") - LOOK.offset
    assert flat[-20:, -20:].mean() < 0.75 * flat[118:138, 118:138].mean()


@pytest.mark.parametrize("objective", ["10x", "40x"])
def test_out_of_focus_is_blurred_more_so_at_a_higher_aperture(objective):
    def sharpness(z_um):
        view = replace(VIEW, objective=objective, z_um=z_um)
        return np.square(np.diff(picture(view))).mean()

    loss = sharpness(4.0) / sharpness(0.0)
    assert loss < (0.6 if objective == "10x" else 0.2)


def test_bleed_through_shows_tumor_cells_in_the_nk_channel_in_proportion():
    def nk_at_tumor(bleed):
        look = QUIET._replace(tumor_into_nk=bleed, haze=0.0)
        scene = replace(NOISELESS, look=look)
        view = on_a_tumor_cell(scene, 1.0)
        return picture(view, scene, "nk", time_s=1.0)[118:138, 118:138].mean()

    none, some, more = (nk_at_tumor(bleed) for bleed in (0.0, 0.05, 0.15))
    assert more - none == pytest.approx(3 * (some - none), rel=0.05)
    assert some > none


def test_light_bleaches_the_dye_it_excites_and_only_under_the_lamp():
    specimen = SyntheticSpecimen(NOISELESS, seed=5)
    specimen.expose(VIEW, "nk", LOOK.nk_fading_dose, 1.0, 5.0)
    half_um = 128 * 0.65
    for cell in specimen.truth(5.0).cells:
        away_um = max(abs(cell.x_um), abs(cell.y_um))
        if abs(away_um - half_um) > 1.0:
            faded = cell.kind == "nk" and away_um < half_um
            assert cell.light == pytest.approx(0.5 if faded else 1.0)
    assert any(cell.light < 1.0 for cell in specimen.truth(5.0).cells)
