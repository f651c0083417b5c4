"""Fit what tells whether two bodies of a region are one cell: the log odds of `split.py`.

    python -m tests.scoring.bodies [--seeds N]

Pairs of bodies are taken from still scenes with known labels (seeds from 10 on, which no score
is reported on), as parting meets them: each body belongs to the true cell it lies in most.
One-cell and two-cell pairs count the same in total.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parents[1]))

from cell_scene import draw

from livewatch.analysis.segmentation import split as parting
from livewatch.analysis.segmentation.basins import basins_of
from livewatch.analysis.segmentation.classic import clumps, rules_of, typical
from livewatch.analysis.segmentation.clump import MARGIN, alone, shorn
from livewatch.analysis.segmentation.ellipse import ROUND, ellipticity_of
from livewatch.analysis.segmentation.ground import Ground, ground
from tests.scoring.segmentation import SCENES

FIRST_SEED = 10
RIDGE = 1e-3


def pairs(image: np.ndarray, true: np.ndarray, pixel_um: float, diameter_um: float) -> np.ndarray:
    """(pairs, 6): `likeness` of two bodies, and whether they are one cell."""
    seen = ground(image, pixel_um, diameter_um)
    height, width = seen.smooth.shape
    true = true[seen.by // 2 :: seen.by, seen.by // 2 :: seen.by][:height, :width]
    rules, rows = rules_of(seen, typical(seen)), []
    labels, boxes = clumps(seen, rules)
    for number, box in enumerate(boxes, 1):
        here, bright = alone(labels, number, box, seen.smooth)
        part = np.pad(true[box[0] : box[2], box[1] : box[3]], MARGIN)
        areas, own = shorn(here, bright, box, labels.shape, rules)
        for label, (area, inner) in enumerate(zip(areas, own, strict=True), 1):
            typical_px = np.pi / 4 * seen.across_px**2
            if area < parting.LONE * typical_px:
                continue
            if ellipticity_of(here, label, inner) < ROUND:
                rows += likenesses(here, label, inner, bright, part, seen)
    return np.array(rows, float).reshape(-1, 6)


def likenesses(
    here: np.ndarray,
    label: int,
    box: np.ndarray,
    bright: np.ndarray,
    true: np.ndarray,
    seen: Ground,
) -> list[list[float]]:
    """The rows of `pairs` that one region gives."""
    typical_px, body_px = np.pi / 4 * seen.across_px**2, parting.BODY * seen.across_px
    depth, basin, heads = basins_of(here, label, box, bright, parting.NECK, body_px)
    if heads < 2:
        return []
    inside = basin[2:-2, 2:-2]
    part = true[box[0] : box[2], box[1] : box[3]]
    owner = [int(np.bincount(part[inside == body + 1]).argmax()) for body in range(heads)]
    bodies, walls = parting.bodies_of(basin, heads, depth, box, bright)
    rows = []
    for one in range(heads):
        for other in range(one + 1, heads):
            wall = walls[one, other]
            if wall[parting.LENGTH] > 0 and owner[one] and owner[other]:
                told = parting.likeness(bodies[one], bodies[other], wall, typical_px, seen.noise)
                rows.append([*told, owner[one] == owner[other]])
    return rows


def fitted(table: np.ndarray) -> np.ndarray:
    """The five slopes and the constant of a logistic regression, both answers weighing alike."""
    terms = np.column_stack([table[:, :5], np.ones(len(table))])
    one = table[:, 5] > 0
    weight = np.where(one, 0.5 / one.sum(), 0.5 / (~one).sum())
    sign = np.where(one, -1.0, 1.0)

    def loss(slopes: np.ndarray) -> tuple[float, np.ndarray]:
        against = sign * (terms @ slopes)
        wrong = 1 / (1 + np.exp(-against))
        ridge = np.append(RIDGE * slopes[:5], 0.0)
        value = weight @ np.logaddexp(0, against) + ridge @ slopes
        return float(value), terms.T @ (weight * sign * wrong) + 2 * ridge

    return np.asarray(minimize(loss, np.zeros(6), jac=True, method="L-BFGS-B").x)


def main() -> None:
    """Print the log odds, and how many of the pairs they tell right."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=2)
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.parse_args().seeds)
    table = np.concatenate(
        [
            pairs(*draw(scene, seed), scene.pixel_um, scene.diameter_um)
            for scene in SCENES.values()
            for seed in seeds
        ]
    )
    slopes = fitted(table)
    told, one = table[:, :5] @ slopes[:5] + slopes[5] > 0, table[:, 5] > 0
    names = ("SIZE", "FRONT", "NARROW", "ELLIPSE", "UNLIKE", "CONSTANT")
    print(", ".join(f"{name} {slope:.2f}" for name, slope in zip(names, slopes, strict=True)))
    print(f"{one.sum()} pairs of one cell, {told[one].mean():.3f} told right")
    print(f"{(~one).sum()} pairs of two cells, {(~told[~one]).mean():.3f} told right")


if __name__ == "__main__":
    main()
