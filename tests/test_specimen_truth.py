"""The synthetic specimen's truth is what its outlines say, and what its pictures show."""

from __future__ import annotations

import csv
import math

import cv2
import numpy as np
import pytest

from livewatch.model import Decision, Frame, Plane, Purpose, Shot, Step, View
from livewatch.report.truth import TruthWriter
from livewatch.specimen.rule import ORDINARY, Rule
from livewatch.specimen.scene import SCENES, with_bleed
from livewatch.specimen.synthetic import SyntheticSpecimen

SIDE_UM = SCENES["mixed"].habits.side_um
PIXEL_UM = 0.1625


def dense(outline, spacing_um=0.05):
    """The polygon's outline as points at most `spacing_um` apart, and the length of each step."""
    after = np.roll(outline, -1, axis=0)
    points, lengths = [], []
    for a, b in zip(outline, after, strict=True):
        length = math.hypot(*(b - a))
        count = max(math.ceil(length / spacing_um), 1)
        points.append(a + (np.arange(count)[:, None] + 0.5) / count * (b - a))
        lengths.append(np.full(count, length / count))
    return np.concatenate(points), np.concatenate(lengths)


def inside(points, outline):
    polygon = outline.astype(np.float32)
    return np.array(
        [cv2.pointPolygonTest(polygon, (float(x), float(y)), False) >= 0 for x, y in points]
    )


def distances(points, outline):
    others, _ = dense(outline)
    away = np.hypot(*(points[:, None] - others[None]).transpose(2, 0, 1)).min(axis=1)
    return np.where(inside(points, outline), 0.0, away)


def together(truth, pair):
    """The pair's tumor cell, and its NK cell at the copy nearest to it."""
    near = truth.near(pair.tumor_x_um, pair.tumor_y_um)
    return near.cell(pair.nk_id), near.cell(pair.tumor_id)


def crop(cell, side_px=240):
    return View("", cell.x_um, cell.y_um, None, "40x", PIXEL_UM, 1, (side_px, side_px))


def filled(outline, view):
    mask = np.zeros(view.shape, np.uint8)
    corner = np.array([view.left_um, view.top_um])
    cv2.fillPoly(mask, [np.round((outline - corner) / PIXEL_UM - 0.5).astype(np.int32)], 1)
    return mask.astype(bool)


@pytest.fixture(scope="module")
def mixed():
    specimen = SyntheticSpecimen("mixed", 11)
    return specimen, [specimen.truth(time_s) for time_s in (60.0, 143.7, 300.2, 500.5)]


def test_gap_and_contact_are_what_the_outlines_say(mixed):
    pairs = [(truth, pair) for truth in mixed[1] for pair in truth.pairs]
    assert len(pairs) >= 12
    for truth, pair in pairs:
        nk, tumor = together(truth, pair)
        points, lengths = dense(tumor.outline_um)
        away = distances(points, nk.outline_um)
        gap = min(away.min(), distances(dense(nk.outline_um)[0], tumor.outline_um).min())
        assert pair.gap_um == pytest.approx(gap, abs=0.03)
        contact = lengths[away <= 1.0].sum()
        assert pair.contact_um == pytest.approx(contact, abs=0.2)
        assert pair.seal_fraction == pytest.approx(pair.contact_um / lengths.sum(), rel=0.01)


def test_near_pairs_are_all_listed(mixed):
    truth = mixed[1][2]
    listed = {(pair.nk_id, pair.tumor_id) for pair in truth.pairs}
    for tumor in (cell for cell in truth.cells if cell.kind == "tumor"):
        near = truth.near(tumor.x_um, tumor.y_um)
        for nk in (cell for cell in near.cells if cell.kind == "nk"):
            away = nk.outline_um[:, None] - near.cell(tumor.id).outline_um[None]
            gap = np.hypot(away[..., 0], away[..., 1]).min()
            assert gap > 5.0 or (nk.id, tumor.id) in listed


def test_the_patch_lies_between_its_ends_and_towards_the_nk_cell(mixed):
    patches = [
        (truth, pair)
        for truth in mixed[1]
        for pair in truth.pairs
        if pair.contact_um > 4.0 and math.isfinite(pair.patch_deg)
    ]
    assert len(patches) >= 6
    for truth, pair in patches:
        nk, tumor = together(truth, pair)
        bearing = math.degrees(math.atan2(nk.y_um - tumor.y_um, nk.x_um - tumor.x_um))
        assert abs((pair.patch_deg - bearing + 180) % 360 - 180) < 25
        span = (pair.patch_end_deg - pair.patch_start_deg) % 360
        assert 0 < (pair.patch_deg - pair.patch_start_deg) % 360 < span < 200
        ends = np.array([(pair.start_x_um, pair.start_y_um), (pair.end_x_um, pair.end_y_um)])
        copy = np.array([tumor.x_um - pair.tumor_x_um, tumor.y_um - pair.tumor_y_um])
        np.testing.assert_allclose(distances(ends + copy, nk.outline_um), 1.0, atol=0.1)


def test_outlines_lie_where_the_pictures_show_cells(mixed):
    specimen, truths = mixed
    truth = truths[-1]
    alone = [
        cell
        for cell in truth.cells
        if cell.kind == "tumor"
        and cell.state == "alive"
        and all(pair.tumor_id != cell.id for pair in truth.pairs)
    ]
    for cell in alone[:5]:
        view = crop(cell)
        pixels = specimen.expose(view, "tumor", 200.0, 1.0, truth.time_s).pixels.astype(float)
        mask = filled(cell.outline_um, view)
        smooth = cv2.GaussianBlur(pixels, (0, 0), 2.0)
        level = 0.5 * (np.median(pixels[mask]) + np.percentile(pixels[~mask], 20))
        bright = cv2.connectedComponents((smooth > 0.8 * level).astype(np.uint8))[1]
        seen = bright == bright[120, 120]
        assert (seen & mask).sum() / (seen | mask).sum() > 0.93


def unrolled(specimen, cell, time_s):
    """A tumor cell's inside, unrolled about its centre: (directions, radii), mean removed."""
    pixels = specimen.expose(crop(cell), "tumor", 400.0, 1.0, time_s).pixels
    polar = cv2.warpPolar(
        pixels.astype(np.float32), (60, 720), (119.5, 119.5), 60, cv2.WARP_POLAR_LINEAR
    )[:, 8:50]
    return polar - polar.mean(axis=0)


def test_twist_is_how_far_the_texture_has_turned():
    scout = SyntheticSpecimen("evasion", 21)
    textured = {cell.id for cell in scout.truth(900.0).cells if cell.textured}
    meetings = [
        each
        for each in scout.encounters()
        if 25 < abs(each.max_twist_deg) < 120 and each.tumor_id in textured
    ]
    assert len(meetings) >= 4
    for meeting in meetings[:4]:
        specimen = SyntheticSpecimen("evasion", 21)
        before = specimen.truth(meeting.start_s + 2).near(0, 0).cell(meeting.tumor_id)
        first = unrolled(specimen, before, meeting.start_s + 2)
        end_s = meeting.last_contact_s - 5
        after = specimen.truth(end_s).cell(meeting.tumor_id)
        last = unrolled(specimen, after, end_s)
        spectrum = np.fft.fft(last, axis=0) * np.conj(np.fft.fft(first, axis=0))
        turn = np.argmax(np.fft.ifft(spectrum, axis=0).real.sum(axis=1)) / 2
        turned = after.angle_deg - before.angle_deg
        assert abs((turn - turned + 180) % 360 - 180) < 8


def test_orbit_is_twist_and_slip_together():
    specimen = SyntheticSpecimen("evasion", 22)
    seen = 0
    for time_s in range(200, 800, 40):
        truth = specimen.truth(float(time_s))
        for pair in truth.pairs:
            if math.isfinite(pair.slip_um) and math.isfinite(pair.orbit_deg):
                radius_um = truth.cell(pair.tumor_id).perimeter_um / (2 * math.pi)
                along_deg = math.degrees(pair.slip_um / radius_um)
                assert pair.orbit_deg == pytest.approx(pair.twist_deg + along_deg, abs=2.5)
                seen += abs(pair.slip_um) > 3.0 and abs(pair.twist_deg) > 20.0
    assert seen >= 5


def test_bites_take_dye_from_the_tumor_cell_and_show_inside_the_nk_cell():
    scene = with_bleed(SCENES["evasion"], 0.0)
    scout = SyntheticSpecimen(scene, 23)
    scout.truth(900.0)
    by_nk = {}
    for bite in scout.bites():
        by_nk.setdefault(bite.nk_id, bite)
    gained = []
    for bite in sorted(by_nk.values(), key=lambda each: each.fraction)[-3:]:
        specimen = SyntheticSpecimen(scene, 23)
        signal = []
        for time_s in (bite.time_s - 1.5, bite.time_s + 20.0):
            truth = specimen.truth(time_s)
            nk, tumor = truth.cell(bite.nk_id), truth.cell(bite.tumor_id)
            view = crop(nk)
            pixels = specimen.expose(view, "tumor", 300.0, 1.0, time_s).pixels.astype(float)
            mask = filled(nk.outline_um, view)
            mask &= ~cv2.dilate(
                filled(tumor.outline_um, view).astype(np.uint8), np.ones((9, 9))
            ).astype(bool)
            signal.append((np.percentile(pixels[mask], 99), tumor.dye))
        gained.append(signal[1][0] / signal[0][0])
        others = [
            each.fraction
            for each in scout.bites()
            if each.tumor_id == bite.tumor_id
            and bite.time_s - 1.5 <= each.time_s <= bite.time_s + 20.0
        ]
        assert signal[0][1] - signal[1][1] == pytest.approx(sum(others), rel=0.2)
    assert min(gained) > 1.3


def test_a_killed_cell_loses_its_dye_and_takes_up_the_death_dye():
    scout = SyntheticSpecimen("killing", 24)
    scout.truth(1500.0)
    killed = next(each for each in scout.encounters() if each.outcome == "killed")
    specimen = SyntheticSpecimen("killing", 24)
    shown = {"tumor": [], "death": []}
    for time_s in (killed.death_s - 5.0, killed.death_s + 400.0):
        cell = specimen.truth(time_s).cell(killed.tumor_id)
        view = crop(cell)
        mask = filled(cell.outline_um, view)
        for channel, levels in shown.items():
            pixels = specimen.expose(view, channel, 100.0, 1.0, time_s).pixels
            levels.append(float(np.percentile(pixels[mask], 75)) - 100.0)
    assert cell.state == "dead"
    assert shown["tumor"][1] < 0.5 * shown["tumor"][0]
    assert shown["death"][1] > 2.0 * shown["death"][0]


def test_encounters_are_what_the_gaps_say_second_by_second():
    specimen = SyntheticSpecimen("mixed", 25)
    gaps = {}
    for second in range(1, 500):
        for pair in specimen.truth(float(second)).pairs:
            gaps.setdefault((pair.nk_id, pair.tumor_id), {})[second] = pair.gap_um
    enter_um, meetings = ORDINARY.enter_um, specimen.encounters()
    assert len(meetings) >= 4
    for meeting in meetings:
        held = gaps[meeting.nk_id, meeting.tumor_id]
        start, last = int(meeting.start_s), int(min(meeting.last_contact_s, 499))
        assert held[start] <= enter_um
        assert max(held.get(start - before, 9.0) for before in (1, 2)) > enter_um
        assert held[last] <= 2.5
        if meeting.end_s is not None:
            after = [held.get(second, 9.0) for second in range(last + 1, last + 60)]
            assert min(after) > 2.5
    touched = {pair for pair, held in gaps.items() if sum(gap == 0 for gap in held.values()) > 5}
    assert touched <= {(each.nk_id, each.tumor_id) for each in meetings}


def test_a_wider_rule_finds_longer_encounters():
    specimen = SyntheticSpecimen("mixed", 26)
    specimen.truth(900.0)
    wide = Rule(enter_um=2.5, exit_um=4.0)
    assert sum(each.last_contact_s - each.start_s for each in specimen.encounters(wide)) > sum(
        each.last_contact_s - each.start_s for each in specimen.encounters()
    )


def test_every_row_is_plain(mixed):
    specimen, truths = mixed
    truth = truths[-1]
    rows = [
        *(cell.row(truth.time_s) for cell in truth.cells),
        *(pair.row(truth.time_s) for pair in truth.pairs),
        *(each.row() for each in specimen.encounters()),
        *(bite.row() for bite in specimen.bites()),
    ]
    assert all(
        value is None or type(value) in (int, float, bool, str) or isinstance(value, str)
        for row in rows
        for value in row.values()
    )


def test_truth_can_be_had_at_the_copy_near_a_place(mixed):
    truth = mixed[1][0]
    there = truth.near(3 * SIDE_UM, -SIDE_UM)
    for cell, copy in zip(truth.cells, there.cells, strict=True):
        np.testing.assert_allclose(
            (copy.x_um - cell.x_um) / SIDE_UM, round((copy.x_um - cell.x_um) / SIDE_UM), atol=1e-9
        )
        assert abs(copy.x_um - 3 * SIDE_UM) <= SIDE_UM / 2
        assert abs(copy.y_um + SIDE_UM) <= SIDE_UM / 2
        np.testing.assert_allclose(
            copy.outline_um - (copy.x_um, copy.y_um), cell.outline_um - (cell.x_um, cell.y_um)
        )


def test_the_truth_beside_a_demo_tells_all_there_is(tmp_path):
    specimen = SyntheticSpecimen("mixed", 27)
    writer = TruthWriter(tmp_path, specimen)
    view = View("", 0.0, 0.0, None, "20x", 0.325, 1, (512, 512))
    shot = Shot(view, (Plane("nk", 20.0),), 0.0, Purpose.SURVEY)
    for index in range(4):
        writer.see(Step(Frame(index, shot, view, (), (), 200.0 * index), None, Decision(shot, "")))
    writer.close()
    rows = {
        path.stem: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in (tmp_path / "truth").iterdir()
    }
    assert set(rows) == {"frames", "pairs", "cells", "encounters", "bites", "events", "debris"}
    assert [float(row["time_s"]) for row in rows["frames"]] == [0.0, 200.0, 400.0, 600.0]
    assert len({row["drift_x_um"] for row in rows["frames"]}) == 4
    assert len({row["focus_um"] for row in rows["frames"]}) == 4
    assert len(rows["debris"]) == SCENES["mixed"].debris
    assert len(rows["encounters"]) == len(specimen.encounters())
    assert {"held", "left"} <= {row["what"] for row in rows["events"]}
