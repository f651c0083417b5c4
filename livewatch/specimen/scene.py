"""Named scenes: which cells there are, how they behave, and how well they can be seen.

Sizes, speeds and durations follow the literature (NK cells 7 to 10 um wide and about
5 um/min fast, tumor cells 20 to 30 um, a killing contact about 13 min, a failed one 30 to
70 min). `tempo` shortens contacts, so that a demonstration shows several in a few minutes;
the scene `natural` keeps them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import NamedTuple


class Habits(NamedTuple):
    """How cells behave: what the compiled mechanics need to know.

    Rates are per second of contact before `tempo` quickens them, chances are per contact.
    """

    side_um: float = 700.0
    tempo: float = 0.35
    nk_speed_um_per_s: float = 0.083
    nk_turning_per_s: float = 0.004
    attraction_per_s: float = 0.02
    sense_um: float = 45.0
    tumor_speed_um_per_s: float = 0.006
    kill_chance: float = 0.45
    evade_chance: float = 0.35
    fail_chance: float = 0.08
    engulf_chance: float = 0.04
    bite_per_s: float = 0.006
    twist_per_s: float = 0.006
    slip_per_s: float = 0.004
    kill_contact_s: float = 770.0
    evade_contact_s: float = 900.0
    fail_contact_s: float = 2700.0
    engulf_contact_s: float = 1500.0
    brief_contact_s: float = 150.0
    shy_s: float = 400.0
    division_s: float = 40_000.0
    tolerated_dose: float = 60_000.0
    crippling_dose: float = 90_000.0


class Look(NamedTuple):
    """How well the sample can be seen.

    Brightness is in photoelectrons per um2 of sample and ms of full light at a numerical
    aperture of 0.45, times `dim`. Bleed-through is the fraction of one dye's light that
    reaches the other channel. `*_fading_dose` is the light (ms at full power) that halves a dye.
    """

    nk_brightness: float = 6.0
    tumor_brightness: float = 7.0
    death_brightness: float = 12.0
    background: float = 1.2
    haze: float = 0.12
    dim: float = 1.0
    tumor_into_nk: float = 0.04
    nk_into_tumor: float = 0.02
    nk_fading_dose: float = 60_000.0
    tumor_fading_dose: float = 90_000.0
    unevenness: float = 0.18
    offset: float = 100.0
    read_noise: float = 1.6
    counts_per_electron: float = 2.2
    saturation: float = 65_535.0
    drift_um_per_h: float = 4.0
    focus_drift_um: float = 1.2


ORDINARY_HABITS, ORDINARY_LOOK = Habits(), Look()


@dataclass(frozen=True, slots=True)
class Scene:
    """A sample to look at. Vary it with `dataclasses.replace` and `_replace`.

    `meetings` pairs are put near the middle of the sample so that something happens there
    soon. `uniform_share` of the tumor cells are round and without texture, so that their
    rotation cannot be seen; `long_share` are elongated. `killer_share` of the NK cells can kill,
    up to `most_kills` times each. Tumor cells lie in so many `islands`; 0 scatters them.
    """

    name: str
    about: str
    tumors: int = 34
    nks: int = 26
    meetings: int = 3
    uniform_share: float = 0.25
    long_share: float = 0.0
    killer_share: float = 0.5
    most_kills: int = 3
    islands: int = 0
    debris: int = 24
    habits: Habits = ORDINARY_HABITS
    look: Look = ORDINARY_LOOK


MIXED = Scene("mixed", "killing, evasion, short and long contacts: the demonstration")

SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        MIXED,
        Scene(
            "quiet",
            "few NK cells, indifferent: short touches and long waits",
            nks=9,
            meetings=0,
            habits=Habits(
                tempo=1.0,
                attraction_per_s=0.0,
                kill_chance=0.1,
                evade_chance=0.1,
                fail_chance=0.05,
                engulf_chance=0.0,
            ),
        ),
        Scene(
            "evasion",
            "tumor cells that twist, slip and get away with bites",
            habits=Habits(kill_chance=0.05, evade_chance=0.8, fail_chance=0.05),
        ),
        Scene(
            "killing",
            "serial killers",
            killer_share=0.9,
            most_kills=8,
            habits=Habits(kill_chance=0.85, evade_chance=0.05, fail_chance=0.05),
        ),
        Scene(
            "engulfing",
            "tumor cells that take NK cells in",
            habits=Habits(kill_chance=0.15, evade_chance=0.15, fail_chance=0.0, engulf_chance=0.5),
        ),
        Scene(
            "elongated",
            "as evasion, with long tumor cells without texture: their shape shows how they turn",
            uniform_share=1.0,
            long_share=1.0,
            habits=Habits(kill_chance=0.05, evade_chance=0.8, fail_chance=0.05),
        ),
        Scene(
            "crowded",
            "dense tumor islands and several NK cells on one target",
            tumors=130,
            nks=110,
            meetings=4,
            islands=12,
        ),
        Scene(
            "dim",
            "as mixed, with a sixth of the light",
            look=Look(dim=0.16),
        ),
        Scene(
            "natural",
            "as mixed, with contacts as long as in the literature",
            meetings=1,
            habits=Habits(tempo=1.0),
        ),
    )
}


def scene_named(name: str) -> Scene:
    """The scene of that name; `ValueError` lists those there are."""
    if name in SCENES:
        return SCENES[name]
    near = get_close_matches(name, SCENES, 1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no scene {name!r}{hint} There are: {', '.join(SCENES)}")


def with_bleed(scene: Scene, tumor_into_nk: float) -> Scene:
    """The same scene with another bleed-through of tumor dye into the NK channel."""
    return replace(scene, look=scene.look._replace(tumor_into_nk=tumor_into_nk))
