"""Segmentation: cells are found, measured and told apart; unusable frames say so."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import cv2
import numpy as np
import pytest
from cell_scene import Scene, draw

from livewatch.abreast import Abreast
from livewatch.analysis.segmentation import Sight, segmenter
from livewatch.analysis.segmentation.calm import averaged, calmed, sampled
from livewatch.analysis.segmentation.classic import classic, without_doubtful
from livewatch.analysis.segmentation.ground import ground
from livewatch.analysis.segmentation.middles import medians
from livewatch.analysis.segmentation.networks import Cellpose, StarDist
from livewatch.analysis.segmentation.pieces import Pieces
from livewatch.analysis.segmentation.regions import regions, relabel
from livewatch.analysis.segmentation.segmenter import SegmenterError
from livewatch.analysis.segmentation.trim import CORE, shed
from livewatch.analysis.segmentation.width import usual_diameter_um
from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Cells, Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen


def frame_of(nk, tumor, pixel_um=0.65):  # type: ignore[no-untyped-def]
    height, width = nk.shape
    view = View("p", 1000.0, -500.0, None, "10x", pixel_um, 1, (width, height))
    planes = tuple(Plane(kind.value, 50.0) for kind in Kind)
    exposures = tuple(Exposure(kind.value, 0.0, 0.0, 50.0) for kind in Kind)
    return Frame(0, Shot(view, planes, 0.0, Purpose.SURVEY), view, (nk, tumor), exposures, 0.0)


def discs(centres, radius, shape=(256, 256), bright=400.0, seed=0):  # type: ignore[no-untyped-def]
    """Flat discs, blurred, on an offset with noise."""
    light = np.zeros(shape, np.float32)
    for x, y in centres:
        at = round(16 * (x - 0.5)), round(16 * (y - 0.5))
        cv2.circle(light, at, round(16 * radius), bright, -1, cv2.LINE_8, 4)
    light = cv2.GaussianBlur(light, (0, 0), 0.8) + 20
    return (100 + np.random.default_rng(seed).poisson(light)).astype(np.uint16)


def blank(shape=(256, 256), seed=9):  # type: ignore[no-untyped-def]
    return discs([], 1, shape, seed=seed)


def seen(nk, tumor, experiment=None, pixel_um=0.65):  # type: ignore[no-untyped-def]
    sight = Sight(experiment or Experiment())
    return sight.see(sight.begin(), frame_of(nk, tumor, pixel_um))[1]


def test_a_disc_is_measured_in_um_and_in_its_place() -> None:
    pixel_um, radius_px = 0.325, 30
    sighting = seen(blank(), discs([(100.0, 140.0)], radius_px, bright=400), pixel_um=pixel_um)
    (cell,) = sighting.tumor.cells
    view = frame_of(blank(), blank(), pixel_um).view
    radius_um = radius_px * pixel_um
    assert cell.x_um == pytest.approx(view.left_um + 100.0 * pixel_um, abs=0.15)
    assert cell.y_um == pytest.approx(view.top_um + 140.0 * pixel_um, abs=0.15)
    assert cell.area_um2 == pytest.approx(np.pi * radius_um**2, rel=0.06)
    assert cell.perimeter_um == pytest.approx(2 * np.pi * radius_um, rel=0.05)
    assert cell.signal == pytest.approx(400, rel=0.12)
    assert not cell.at_edge
    away = np.hypot(*(cell.outline_um - (cell.x_um, cell.y_um)).T)
    assert away.std() < 0.25


def test_a_cell_cut_by_the_border_says_so() -> None:
    sighting = seen(blank(), discs([(4.0, 128.0), (150.0, 128.0)], 15))
    assert sorted(cell.at_edge for cell in sighting.tumor.cells) == [False, True]


@pytest.mark.parametrize("seed", range(5))
def test_an_empty_frame_has_no_cells(seed: int) -> None:
    image, _ = draw(Scene(cells=0, debris=0, shape=(512, 512)), 1000 + seed)
    sighting = seen(image, image[::-1].copy())
    assert not sighting.nk.cells
    assert not sighting.tumor.cells
    assert sighting.problem is None


def test_two_discs_that_touch_are_two_cells() -> None:
    sighting = seen(discs([(100, 100), (113.5, 100)], 7), discs([(100, 100), (131, 100)], 15.5))
    assert len(sighting.nk.cells) == 2
    assert len(sighting.tumor.cells) == 2


@pytest.mark.parametrize(("radius_px", "diameter_um"), [(15.4, 20.0), (6.9, 9.0)])
@pytest.mark.parametrize("around", [5, 6])
def test_a_heap_without_necks_or_gaps_is_shared_out(
    radius_px: float, diameter_um: float, around: int
) -> None:
    turns = 2 * np.pi * np.arange(around) / around
    ring = [(128 + 1.8 * radius_px * np.cos(t), 128 + 1.8 * radius_px * np.sin(t)) for t in turns]
    labels, label_um = classic(discs([(128, 128), *ring], radius_px), 0.65, diameter_um)
    assert around <= labels.max() <= around + 1
    areas = np.bincount(labels.ravel())[1:] * (label_um / 0.65) ** 2 / (np.pi * radius_px**2)
    assert 0.5 < areas.min() < areas.max() < 1.8


def test_a_giant_cell_is_no_heap() -> None:
    assert classic(discs([(128, 128)], 30), 0.65, 20.0)[0].max() == 1


def test_an_ellipse_is_one_cell() -> None:
    light = np.zeros((256, 256), np.float32)
    cv2.ellipse(light, (128, 128), (34, 12), 30, 0, 360, 400, -1)
    image = (120 + cv2.GaussianBlur(light, (0, 0), 0.8)).astype(np.uint16)
    assert len(seen(blank(), image).tumor.cells) == 1


def test_bleed_through_is_measured_and_taken_off() -> None:
    places = [(x, y) for x in range(40, 500, 70) for y in range(40, 500, 70)]
    tumor = discs(places, 15, (512, 512), 600, seed=1)
    nk = discs([(75, 75), (300, 300)], 7, (512, 512), 400, seed=2)
    nk = (nk + 0.2 * (tumor.astype(np.float32) - 120)).clip(0).astype(np.uint16)
    sighting = seen(nk, tumor)
    assert sighting.nk.bleed == pytest.approx(0.2, abs=0.02)
    assert len(sighting.nk.cells) == 2


def test_where_nothing_bleeds_nothing_is_taken_off() -> None:
    places = [(x, y) for x in range(40, 500, 70) for y in range(40, 500, 70)]
    sighting = seen(blank((512, 512)), discs(places, 15, (512, 512), 600))
    assert sighting.nk.bleed < 0.005


def test_the_chromatic_shift_is_taken_off_the_tumor_cells() -> None:
    image = discs([(128, 128)], 15)
    straight = seen(blank(), image).tumor
    cells = Cells(shift_x_um=2.0, shift_y_um=-1.0)
    shifted = seen(blank(), image, Experiment(cells=cells)).tumor
    assert shifted.cells[0].x_um == pytest.approx(straight.cells[0].x_um - 2.0)
    assert shifted.cells[0].y_um == pytest.approx(straight.cells[0].y_um + 1.0)
    assert shifted.left_um == pytest.approx(straight.left_um - 2.0)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (np.full((256, 256), 100, np.uint16), "no picture: every pixel is 100"),
        (np.where(blank() > 110, 4095, 100).astype(np.uint16), "saturated"),
    ],
    ids=["constant", "saturated"],
)
def test_an_unusable_image_says_why_and_shows_no_cells(spoilt, said) -> None:  # type: ignore[no-untyped-def]
    sighting = seen(discs([(100, 100)], 7), spoilt)
    assert said in sighting.problem
    assert sighting.problem.startswith("tumor image: ")
    assert not sighting.tumor.cells
    assert len(sighting.nk.cells) == 1


def test_labels_cells_and_outlines_agree() -> None:
    image, _ = draw(Scene(cells=30, shape=(512, 512), touching=0.6), 2000)
    tumor = seen(image, image).tumor
    numbers = np.unique(tumor.labels)
    assert numbers.tolist() == list(range(len(tumor.cells) + 1))
    for cell in tumor.cells:
        rows, columns = np.nonzero(tumor.labels == cell.id)
        middle_px = columns.mean() + 0.5, rows.mean() + 0.5
        middle_um = np.array((tumor.left_um, tumor.top_um)) + np.array(middle_px) * tumor.pixel_um
        assert (cell.x_um, cell.y_um) == pytest.approx(middle_um, abs=1.5 * tumor.pixel_um)
        pieces, _ = cv2.connectedComponents((tumor.labels == cell.id).astype(np.uint8), None, 4)
        assert pieces == 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_both_camera_depths_show_the_same_cells(dtype) -> None:  # type: ignore[no-untyped-def]
    nk, tumor = (
        (discs([(60, 60), (180, 120)], radius, bright=120.0) - 100).astype(dtype)
        for radius in (7, 15)
    )
    sighting = seen(nk, tumor)
    assert len(sighting.nk.cells) == len(sighting.tumor.cells) == 2


def test_the_same_frame_gives_the_same_bits_in_one_thread_and_in_two() -> None:
    image, _ = draw(Scene(cells=40, shape=(512, 512), touching=0.5), 3000)
    frame = frame_of(image, image[:, ::-1].copy())
    abreast = Abreast("channel")
    sights = Sight(Experiment()), Sight(Experiment(), together=abreast)
    one, two = (sight.see(sight.begin(), frame) for sight in sights)
    abreast.leave()
    assert one[0] == two[0]
    for a, b in zip(one[1].seen, two[1].seen, strict=True):
        for cell, same in zip(a.cells, b.cells, strict=True):
            assert np.array_equal(cell.outline_um, same.outline_um)
        assert np.array_equal(a.labels, b.labels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (3, 40), (41, 33)])
def test_noise_is_calmed_as_by_two_averages_of_which_one_is_chosen(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    image = rng.normal(50, 3, shape).astype(np.float32)
    image[: shape[0] // 2] += 60
    under = rng.normal(40, 1, shape).astype(np.float32)
    signal = image - under - np.float32(5)
    fine, broad = (cv2.blur(signal, (side, side)) for side in (3, 5))
    given = under.copy()
    smooth = calmed(image, given, np.float32(5), np.float32(20))
    np.testing.assert_array_equal(given, signal)
    sure = np.abs(broad - 20) > 1e-3
    np.testing.assert_allclose(smooth[sure], np.where(broad < 20, broad, fine)[sure], rtol=1e-4)
    np.testing.assert_allclose(
        sampled(image, under, 2), cv2.blur(image - under, (3, 3))[1::2, 1::2], rtol=1e-4
    )


def test_a_small_hole_is_filled_and_a_large_one_is_not() -> None:
    values = np.zeros((20, 40), np.int32)
    values[3:13, 3:13] = 1
    values[6:8, 6:8] = 0
    values[3:17, 20:34] = 1
    values[6:14, 23:31] = 0
    labels, _, area, boxes = regions(values, 5, 10, False)
    assert area.tolist() == [100, 14 * 14 - 64]
    assert boxes.tolist() == [[3, 3, 13, 13], [3, 20, 17, 34]]
    assert labels[7, 7] == 1
    assert labels[10, 27] == 0


@pytest.mark.parametrize("single", [False, True])
def test_regions_found_in_place_are_the_same(single: bool) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 3, (60, 40)).repeat(4, 0).repeat(4, 1).astype(np.int32)
    labels, *told = regions(values, 40, 20, single)
    assert labels.any()
    for one, other in zip(told, relabel(values, 40, 20, single), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(values, labels)


@pytest.mark.parametrize("by", [2, 3, 7])
def test_an_image_is_reduced_to_the_means_of_its_blocks(by: int) -> None:
    image = np.random.default_rng(by).integers(0, 2**16, (60, 45)).astype(np.uint16)
    rows, columns = (side // by for side in image.shape)
    blocks = image[: rows * by, : columns * by].reshape(rows, by, columns, by)
    np.testing.assert_allclose(averaged(image, by), blocks.mean((1, 3)), rtol=1e-6)


@pytest.mark.parametrize(("top", "left"), [(7, 9), (-1, 9), (7, -1), (18, 32)])
def test_of_a_halo_what_is_solid_is_kept_as_a_cell_of_its_own(top: int, left: int) -> None:
    rng, shape = np.random.default_rng(top + 50), (44, 60)
    labels = (cv2.blur(rng.random((26, 28)), (3, 3)) < 0.65).astype(np.int32)
    labels[:, 0] = labels[:, -1] = labels[0] = labels[-1] = 0  # the margin of a clump's copy
    image = cv2.blur(rng.random(labels.shape), (9, 9)).astype(np.float32)
    level = np.float32(np.median(image))
    whole = np.zeros(shape, np.uint8)
    inner = whole[top + 1 : top + 25, left + 1 : left + 27]
    inner[:] = ((labels == 1) & (image < level))[1:-1, 1:-1]
    solid = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((CORE, CORE), np.uint8))
    expected = np.where(image < level, 0, labels)
    expected[1:-1, 1:-1] += 2 * solid[top + 1 : top + 25, left + 1 : left + 27].astype(np.int32)
    shed(labels, image, level, top, left, shape)
    assert 2 in labels
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("counts", [2, 50, 10**6], ids=["two values", "ties", "few ties"])
def test_a_cells_median_is_the_middle_of_its_pixels(counts: int) -> None:
    rng = np.random.default_rng(counts)
    labels = rng.integers(0, 9, (40, 50)).astype(np.int32)
    image = rng.integers(0, counts, labels.shape).astype(np.float32)
    boxes = np.array([(0, 0, 40, 50)] * 8, np.int32)
    true = [np.median(image[labels == number]) for number in range(1, 9)]
    np.testing.assert_array_equal(medians(labels, boxes, image), np.array(true, np.float32))


# --- segmenters of others ------------------------------------------------------------


def offered(monkeypatch, plugin) -> Experiment:  # type: ignore[no-untyped-def]
    """An experiment whose tumor cells are found by `plugin`, offered as an entry point."""
    monkeypatch.setattr(EntryPoint, "load", lambda _: plugin)
    point = EntryPoint("mine", "nowhere:at_all", segmenter.GROUP)
    monkeypatch.setattr(segmenter, "entry_points", lambda group: [point])
    return Experiment(cells=Cells(tumor_segmenter="mine"))


def test_a_plug_in_finds_the_cells_of_its_channel(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def corner(image, pixel_um, diameter_um):  # type: ignore[no-untyped-def]
        labels = np.zeros(image.shape, np.uint16)
        labels[20:60, 20:60] = 7
        return labels, pixel_um

    tumor = blank()
    tumor[20:60, 20:60] += 400
    sighting = seen(discs([(100, 100)], 7), tumor, offered(monkeypatch, corner))
    (cell,) = sighting.tumor.cells
    assert cell.area_um2 == pytest.approx((40 * 0.65) ** 2, rel=0.02)
    assert len(sighting.nk.cells) == 1


def wrong_shape(image, pixel_um, diameter_um):  # type: ignore[no-untyped-def]
    return np.zeros((3, 3), np.int32), pixel_um


def broken(image, pixel_um, diameter_um):  # type: ignore[no-untyped-def]
    raise KeyError("weights")


@pytest.mark.parametrize(
    ("plugin", "said"),
    [(broken, "KeyError: 'weights'"), (wrong_shape, "do not cover")],
    ids=["raises", "wrong shape"],
)
def test_a_plug_in_that_fails_is_a_problem_of_its_image_alone(monkeypatch, plugin, said) -> None:  # type: ignore[no-untyped-def]
    sighting = seen(discs([(100, 100)], 7), blank(), offered(monkeypatch, plugin))
    assert said in sighting.problem
    assert not sighting.tumor.cells
    assert len(sighting.nk.cells) == 1


def test_an_unknown_segmenter_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SegmenterError, match=r"no segmenter 'cellposs'.*classic"):
        Sight(Experiment(cells=Cells(nk_segmenter="cellposs")))


@pytest.mark.parametrize(("kind", "package"), [(Cellpose, "cellpose"), (StarDist, "stardist")])
def test_a_network_that_is_not_installed_says_how_to_get_it(kind, package, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.models", None)
    with pytest.raises(SegmenterError, match=rf"pip install 'livewatch\[{package}\]'"):
        kind()


class TinyCellpose:
    """Cellpose's interface over the built-in segmentation."""

    def eval(self, image, diameter):  # type: ignore[no-untyped-def]
        assert diameter == pytest.approx(20.0 / 0.325)
        labels, _ = classic(image.astype(np.uint16), 1.3, 20.0)
        return labels, None, None


class TinyStarDist:
    """StarDist's interface: what is bright is a star."""

    def predict_instances(self, image):  # type: ignore[no-untyped-def]
        assert image.min() < 0.2
        assert image.max() > 0.8
        return cv2.connectedComponents((image > 0.5).astype(np.uint8))[1], {}


@pytest.mark.parametrize(
    "network", [Cellpose(TinyCellpose()), StarDist(TinyStarDist())], ids=["cellpose", "stardist"]
)
def test_networks_give_labels_that_cover_the_image(network) -> None:  # type: ignore[no-untyped-def]
    image = discs([(60, 60), (180, 120)], 30)
    labels, label_um = network(image, 0.325, 20.0)
    assert labels.shape[0] * label_um == pytest.approx(256 * 0.325, abs=label_um)
    if isinstance(network, StarDist):
        assert labels.max() == 2


# --- images judged against the past of their channel -----------------------------------


def watched(scene, steps, side=512):  # type: ignore[no-untyped-def]
    """What is wrong with each frame of a specimen taken at (time, defocus, power, exposure)."""
    specimen = SyntheticSpecimen(scene, 77)
    sight = Sight(Experiment())
    memory, problems = sight.begin(), []
    for time_s, z_um, power in steps:
        view = View("p", 0.0, 0.0, z_um, "10x", 0.65, 1, (side, side))
        planes = tuple(Plane(kind.value, 50.0) for kind in Kind)
        exposures = tuple(Exposure(kind.value, time_s, time_s, 50.0) for kind in Kind)
        images = tuple(
            specimen.expose(view, kind.value, 50.0, power, time_s).pixels for kind in Kind
        )
        shot = Shot(view, planes, time_s, Purpose.SURVEY)
        frame = Frame(0, shot, view, images, exposures, time_s)
        memory, sighting = sight.see(memory, frame)
        problems.append(sighting.problem)
    return problems


@pytest.mark.parametrize("z_um", [12.0, -12.0, 20.0])
def test_a_frame_out_of_focus_says_so_and_the_next_good_one_is_used(z_um: float) -> None:
    steps = [(30.0 * n, z_um if n == 4 else 0.0, 1.0) for n in range(6)]
    *before, blurred, after = watched("crowded", steps)
    assert before == [None] * 4
    assert "focus" in blurred
    assert after is None


def test_small_drifts_of_focus_and_hours_of_bleaching_are_no_problem() -> None:
    steps = [(300.0 * n, 1.5 * (-1) ** n, 1.0 - 0.03 * n) for n in range(24)]
    assert watched("mixed", steps) == [None] * 24


def test_a_dark_lamp_is_told_and_the_next_good_frame_is_used() -> None:
    steps = [(30.0 * n, 0.0, 0.0 if n == 3 else 1.0) for n in range(5)]
    *before, dark, after = watched("crowded", steps)
    assert before == [None] * 3
    assert "lamp is dark" in dark
    assert after is None


def test_an_empty_field_is_no_problem_and_cells_gone_for_good_are_believed() -> None:
    image = discs([(60, 60), (150, 60), (60, 150), (150, 150)], 15)
    sight = Sight(Experiment())
    memory, problems = sight.begin(), []
    for number in range(40):
        frame = frame_of(blank(seed=number), image if number < 5 else blank(seed=number + 50))
        memory, sighting = sight.see(memory, frame)
        problems.append(sighting.problem)
    assert problems[:5] == [None] * 5
    assert "no cells, where there were 4" in problems[5]
    assert problems[-10:] == [None] * 10


@pytest.mark.parametrize("guess_um", [10.0, 16.0, 40.0])
def test_the_usual_width_of_cells_is_found_from_a_bad_guess(guess_um: float) -> None:
    scene = Scene(cells=40, shape=(512, 512), diameter_um=16.0)
    images = [draw(scene, seed)[0] for seed in (41, 42)]
    assert usual_diameter_um(images, scene.pixel_um, guess_um) == pytest.approx(16.0, rel=0.15)


@pytest.mark.parametrize("seed", range(6))
def test_a_cell_that_hardly_stands_out_of_the_noise_pixel_by_pixel_is_seen_whole(seed: int) -> None:
    radius_px = 14
    sighting = seen(blank(), discs([(100.0, 140.0)], radius_px, bright=5, seed=seed))
    (cell,) = sighting.tumor.cells
    assert cell.area_um2 == pytest.approx(np.pi * (radius_px * 0.65) ** 2, rel=0.25)
    assert sighting.nk.cells == ()


@pytest.mark.parametrize(("sigmas", "kept"), [(3.5, [False, False]), (4.5, [False, True])])
def test_a_large_piece_without_an_edge_needs_to_stand_out_less(
    sigmas: float, kept: list[bool]
) -> None:
    """Noise is not as wide; but a small one of the same brightness may be noise."""
    floor = ground(blank(), 0.65, 19.5)
    labels = np.zeros(floor.smooth.shape, np.int32)
    boxes = np.array([(10, 10, 13, 14), (30, 30, 40, 41)], np.int32)
    for label, (top, left, bottom, right) in enumerate(boxes.tolist(), 1):
        labels[top:bottom, left:right] = label
    area = np.array([12, 110], np.int32)
    middle = np.full(2, sigmas * floor.noise, np.float32)
    pieces = Pieces(labels, boxes, np.zeros(2, np.float32), middle)
    left = without_doubtful(pieces, area, floor, sigmas * floor.noise)
    assert len(left.boxes) == sum(kept)
    assert [bool((left.labels[box[0] : box[2]] > 0).any()) for box in boxes] == kept


@pytest.mark.parametrize("off_px", [6, 8])
def test_a_dark_nucleus_near_the_neck_of_two_cells_does_not_draw_their_seam(off_px: int) -> None:
    light = np.zeros((256, 256), np.float32)
    for x in (110, 138):
        cv2.circle(light, (x, 128), 15, 300, -1)
    whole = light > 0
    cv2.ellipse(light, (110 + off_px, 128), (4, 7), 0, 0, 360, 120, -1)
    light = cv2.GaussianBlur(light, (0, 0), 1.0) + 20
    image = (100 + np.random.default_rng(0).poisson(light)).astype(np.uint16)
    labels, _ = classic(image, 0.65, 19.5)
    labels = cv2.resize(labels, whole.shape, interpolation=cv2.INTER_NEAREST)
    assert labels.max() == 2
    left = labels == labels[128, 100]
    wrong = (left != (np.arange(256) < 124)) & whole & (labels > 0)
    assert wrong.sum() < 0.03 * whole.sum()


@pytest.mark.parametrize("seed", range(3))
def test_a_large_round_cell_with_dark_places_at_its_edge_is_one(seed: int) -> None:
    pixel_um, radius_um, wide_um, deep_um = 0.325, 13.4, 2.5, 7.0
    y, x = (np.mgrid[:240, :240] - 120.0) * pixel_um
    dark = np.exp(-((x / wide_um) ** 2) / 2)
    dark *= np.clip((np.abs(y) - radius_um + deep_um) / 2 + 0.5, 0.0, 1.0)
    light = cv2.GaussianBlur((np.hypot(x, y) < radius_um) * 300.0 * (1 - 0.7 * dark), (0, 0), 1.1)
    image = (100 + np.random.default_rng(seed).poisson(light + 20)).astype(np.uint16)
    assert classic(image, pixel_um, 20.0)[0].max() == 1


def test_a_hole_darker_than_the_background_is_part_of_its_cell() -> None:
    light = np.zeros((256, 256), np.float32)
    for x in (110, 138):
        cv2.circle(light, (x, 128), 15, 300, -1)
    cv2.circle(light, (110, 128), 7, -60, -1)
    light = cv2.GaussianBlur(light, (0, 0), 1.0)
    image = (120 + light + np.random.default_rng(0).normal(0, 5, light.shape)).astype(np.uint16)
    labels, _ = classic(image, 0.65, 19.5)
    assert labels.max() == 2
    assert labels[64, 55] == labels[64, 50] > 0


def test_an_image_narrower_than_a_pixel_of_the_working_resolution_shows_nothing() -> None:
    image = discs([(100.0, 9.0)], 6, (19, 282))
    assert not seen(image, image, pixel_um=0.05).tumor.cells
