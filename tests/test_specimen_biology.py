"""The synthetic specimen's cells live by themselves, however they are looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livewatch.analysis.measures.outline import outline_of
from livewatch.model import Kind, View
from livewatch.specimen.scene import SCENES, scene_named
from livewatch.specimen.synthetic import SyntheticSpecimen

VIEW = View("", 0.0, 0.0, None, "10x", 0.65, 1, (512, 512))
STAGE = View("", 0.0, 0.0, None, "2x", 3.25, 1, (256, 256))  # all of the sample under the lamp


def assert_same(one, two):
    assert [cell.id for cell in one.cells] == [cell.id for cell in two.cells]
    for a, b in zip(one.cells, two.cells, strict=True):
        np.testing.assert_array_equal(a.outline_um, b.outline_um)
        assert a.state == b.state
        assert a.dye == b.dye
    assert one.pairs == two.pairs or repr(one.pairs) == repr(two.pairs)  # repr: nan equals nan


def test_same_scene_and_seed_give_the_same_biology_and_another_seed_another():
    one, two, other = (SyntheticSpecimen("mixed", seed).truth(200.0) for seed in (3, 3, 4))
    assert_same(one, two)
    assert not np.array_equal(one.cells[0].outline_um, other.cells[0].outline_um)


def test_what_happens_does_not_depend_on_how_often_one_looks():
    patient, curious = SyntheticSpecimen("mixed", 3), SyntheticSpecimen("mixed", 3)
    for time_s in np.cumsum(np.random.default_rng(0).exponential(0.7, 300)):
        curious.truth(float(time_s))
    assert_same(patient.truth(433.3), curious.truth(433.3))
    assert patient.encounters() == curious.encounters()


def test_ordinary_light_leaves_the_biology_alone_and_too_much_slows_cells():
    dark, lit, burnt = (SyntheticSpecimen("mixed", 3) for _ in range(3))
    for time_s in range(0, 200, 10):
        lit.expose(STAGE, "nk", 50.0, 1.0, float(time_s))
        burnt.expose(STAGE, "nk", 50_000.0, 1.0, float(time_s))
    places = [
        np.array([[cell.x_um, cell.y_um] for cell in specimen.truth(300.0).cells])
        for specimen in (dark, lit, burnt)
    ]
    start = np.array(
        [[cell.x_um, cell.y_um] for cell in SyntheticSpecimen("mixed", 3).truth(0).cells]
    )
    side_um = SCENES["mixed"].habits.side_um
    ways = [np.abs((place - start + side_um / 2) % side_um - side_um / 2) for place in places]
    np.testing.assert_array_equal(places[0], places[1])
    assert ways[2].mean() < 0.6 * ways[0].mean()
    assert all(cell.vigor < 0.3 for cell in burnt.truth(300.0).cells)


def test_a_moment_lies_between_the_moments_round_it():
    specimen = SyntheticSpecimen("mixed", 3)
    before, between, after = (specimen.truth(time_s) for time_s in (50.0, 50.25, 51.0))
    for a, b, c in zip(before.cells, between.cells, after.cells, strict=True):
        np.testing.assert_allclose(
            b.outline_um, 0.75 * a.outline_um + 0.25 * c.outline_um, atol=0.05
        )


@pytest.mark.parametrize("time_s", [-1.0, float("nan"), float("inf")])
def test_an_impossible_time_is_refused(time_s):
    with pytest.raises(ValueError, match="time begins at 0"):
        SyntheticSpecimen("quiet").truth(time_s)


def test_a_time_that_is_past_is_refused():
    specimen = SyntheticSpecimen("quiet")
    specimen.truth(30.0)
    with pytest.raises(ValueError, match=r"time 10\.0 s is past: the specimen is at 31 s"):
        specimen.truth(10.0)


def test_an_unknown_scene_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match=r"no scene 'evasive'.*'evasion'.*crowded"):
        scene_named("evasive")


@pytest.mark.parametrize("seed", range(4))
def test_the_demonstration_shows_an_encounter_within_a_few_minutes(seed):
    specimen = SyntheticSpecimen("mixed", seed)
    specimen.truth(240.0)
    assert any(VIEW.holds(each.x_um, each.y_um) for each in specimen.encounters())


def outcomes(scene, seeds, until_s=2400.0):
    found = []
    for seed in seeds:
        specimen = SyntheticSpecimen(scene, seed)
        specimen.truth(until_s)
        found += [each.outcome for each in specimen.encounters() if each.outcome != "ongoing"]
    return found


def test_scenes_do_what_their_names_say():
    killing, evasion = outcomes("killing", (0, 1)), outcomes("evasion", (0, 1))
    assert killing.count("killed") > 0.6 * len(killing) > 10
    assert evasion.count("evaded") > 0.6 * len(evasion) > 10
    assert len(outcomes("quiet", (0, 1))) < 0.2 * len(evasion)


def test_an_nk_cell_can_kill_one_after_another():
    specimen = SyntheticSpecimen("killing", 0)
    specimen.truth(3600.0)
    kills = [each.nk_id for each in specimen.encounters() if each.outcome == "killed"]
    assert max(map(kills.count, kills)) >= 3


def test_several_nk_cells_hold_one_target_at_once():
    specimen = SyntheticSpecimen("crowded", 0)
    most = 0
    for time_s in (300.0, 600.0, 900.0):
        targets = [pair.tumor_id for pair in specimen.truth(time_s).pairs if pair.gap_um == 0]
        most = max(most, *map(targets.count, targets))
    assert most >= 2


def test_tumor_cells_divide_into_two_that_share_the_mothers_area():
    habits = SCENES["quiet"].habits._replace(division_s=3000.0)
    specimen = SyntheticSpecimen(replace(SCENES["quiet"], habits=habits), 1)
    before = specimen.truth(0.0)
    count, at_first = len(before.cells), before
    time_s = 0.0
    while len(before.cells) == count:
        before, time_s = specimen.truth(time_s), time_s + 20.0
    after = specimen.truth(time_s)
    daughters = [cell for cell in after.cells if cell.id > count]
    assert len(daughters) == 2
    gone = {cell.id for cell in at_first.cells} - {cell.id for cell in after.cells}
    assert {cell.parent_id for cell in daughters} == gone
    assert [one.tumor_id for one in specimen.events() if one.what == "divided"] == [*gone]
    assert sum(cell.area_um2 for cell in daughters) == pytest.approx(400.0, rel=0.4)


def test_sizes_and_speeds_are_those_of_the_literature():
    specimen = SyntheticSpecimen(replace(SCENES["quiet"], nks=40), 2)
    one = specimen.truth(600.0)
    two = specimen.truth(660.0)
    nks = [cell for cell in one.cells if cell.kind == "nk"]
    tumors = [cell for cell in one.cells if cell.kind == "tumor"]
    width_um = [2 * np.sqrt(cell.area_um2 / np.pi) for cell in nks]
    assert 7.0 < np.median(width_um) < 10.5
    assert 20.0 < np.median([2 * np.sqrt(cell.area_um2 / np.pi) for cell in tumors]) < 30.0
    way_um = [
        np.hypot(two.cell(nk.id).x_um - nk.x_um, two.cell(nk.id).y_um - nk.y_um) for nk in nks
    ]
    assert 2.5 < np.median(way_um) < 8.0


def test_elongated_tumor_cells_stay_long_and_have_no_texture() -> None:
    specimen = SyntheticSpecimen("elongated", 3)
    for time_s in (60.0, 400.0):
        tumors = [cell for cell in specimen.truth(time_s).cells if cell.kind is Kind.TUMOR]
        ratios = [outline_of(cell.outline_um).elongation[0] for cell in tumors]
        assert not any(cell.textured for cell in tumors)
        assert all(cell.elongated for cell in tumors)
        assert np.median(ratios) > 1.2
