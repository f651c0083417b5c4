"""Configuration files, read without touching hardware."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymmcore_plus.model import Microscope as Model

from livewatch.clock import VirtualClock
from livewatch.errors import BadInput
from livewatch.experiment import load_experiment
from livewatch.microscope.bench import instrument_of, survey_bench
from livewatch.microscope.configuration import read_configuration
from livewatch.microscope.load import load_core
from livewatch.microscope.microscope import Microscope
from livewatch.settings import Channel, Experiment

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo_config" / "demo.cfg"
SHIPPED = [DEMO.with_name("experiment.toml"), *(ROOT / "hardware_configs").glob("*.toml")]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_experiment_fits_its_configuration(file: Path) -> None:
    experiment = load_experiment(file)
    configuration = read_configuration(file.parent / experiment.microscope.config)
    assert configuration.objections(experiment) == []
    assert configuration.pixel_um[experiment.microscope.objective] == pytest.approx(0.325)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_configuration_is_whole(file: Path) -> None:
    """By pymmcore-plus's own model: no setting, label or role of a device that is not there."""
    experiment = load_experiment(file)
    scope = Model.create_from_config(file.parent / experiment.microscope.config)
    devices = {device.name for device in scope.devices} | {"Core"}
    groups = [*scope.config_groups.values(), scope.pixel_size_group]
    named = {
        one.device_name for group in groups for p in group.presets.values() for one in p.settings
    }
    assert named <= devices
    assert {device.parent_label for device in scope.devices} - {""} <= devices
    for channel in experiment.channels.values():
        assert channel.preset in scope.config_groups[channel.group].presets
    labels = {label for device in scope.devices for label in device.labels}
    for preset in scope.pixel_size_group.presets.values():
        assert {one.property_value for one in preset.settings} <= labels


def test_the_file_says_what_the_loaded_microscope_says() -> None:
    experiment = Experiment(channels={"nk": Channel(preset="NK"), "tumor": Channel(preset="Tumor")})
    read = read_configuration(DEMO)
    core = load_core(DEMO)
    bench = survey_bench(core, experiment)
    assert read.pixel_um == instrument_of(core, bench, experiment).pixel_um == bench.pixel_um
    assert {group: tuple(sorted(presets)) for group, presets in read.presets.items()} == {
        group: core.getAvailableConfigs(group) for group in core.getAvailableConfigGroups()
    }
    assert read.roles["Camera"] == core.getCameraDevice()
    assert set(read.devices) == set(core.getLoadedDevices()) - {"Core"}
    core.unloadAllDevices()


def test_objections_name_what_there_is() -> None:
    experiment = Experiment(
        microscope={"objective": "60x"},
        channels={
            "nk": Channel(preset="GFP"),
            "tumor": Channel(group="Colour", preset="Red", power_property="Laser.Power"),
        },
        limits={"objectives": ["20x", "100x"]},
    )
    first, second, third, fourth, fifth, sixth = read_configuration(DEMO).objections(experiment)
    assert first == (
        "[channels.nk] preset = 'GFP' is not in group 'Channel', which has Death, NK, Tumor"
    )
    assert "group = 'Colour' is not in the configuration, which has Channel, System" in second
    assert third == (
        "[microscope] objective: no pixel size is known for '60x'; calibrated are 10x, 20x, 40x"
    )
    assert "[limits] objectives: no pixel size is known for '100x'" in fourth
    assert "device 'Laser' is not in the configuration" in fifth
    assert sixth == (
        "[microscope] objective = '60x' is not among [limits] objectives = ['20x', '100x']"
    )


def without(folder: Path, *devices: str) -> Path:
    """The demo configuration without the lines that name these devices."""
    lines = DEMO.read_text(encoding="utf-8").splitlines()
    file = folder / "less.cfg"
    file.write_text("\n".join(line for line in lines if not set(line.split(",")) & set(devices)))
    return file


@pytest.mark.parametrize(
    ("missing", "change", "said"),
    [
        (
            "",
            {"microscope": {"objective": "20x"}, "limits": {"objectives": ["40x"]}},
            "[microscope] objective = '20x' is not among [limits] objectives = ['40x']",
        ),
        (
            "",
            {"objectives": {"60x": {"offset_x_um": 1.0}}},
            "[objectives]: no pixel size is known for '60x'; calibrated are 10x, 20x, 40x",
        ),
        (
            "XY",
            {"positions": [{"name": name, "x_um": 0, "y_um": 0} for name in "AB"]},
            "2 positions, but this microscope has no motorized stage",
        ),
        (
            "Z",
            {"positions": [{"name": "A", "x_um": 0, "y_um": 0, "z_um": 3.0}]},
            "position 'A' has z_um, but there is no motorized focus",
        ),
    ],
    ids=["objective not allowed", "objective unknown", "no stage", "no focus"],
)
def test_what_the_loaded_microscope_would_refuse_is_found_in_the_file(
    tmp_path: Path, missing: str, change: dict[str, object], said: str
) -> None:
    channels = {"nk": Channel(preset="NK"), "tumor": Channel(preset="Tumor")}
    experiment = Experiment(channels=channels, **change)
    file = without(tmp_path, missing)
    assert read_configuration(file).objections(experiment) == [said]
    microscope = Microscope(load_core(file), experiment, VirtualClock())
    with microscope, pytest.raises(BadInput, match=re.escape(said)):
        microscope.inspect()


def test_a_preset_that_moves_what_the_limits_are_for_is_found_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sly.cfg"
    text = DEMO.read_text(encoding="utf-8")
    file.write_text(f"{text}\nConfigGroup,Channel,NK,Objective,Label,40x\n", encoding="utf-8")
    experiment = Experiment(channels={"nk": Channel(preset="NK"), "tumor": Channel(preset="Tumor")})
    assert read_configuration(DEMO).objections(experiment) == []
    assert read_configuration(file).objections(experiment) == [
        "[channels.nk] preset = 'NK' would move Objective past [limits]: take it out"
    ]


def test_what_an_experiment_asks_against_itself_is_found_in_the_files_too() -> None:
    experiment = Experiment(
        microscope={"imaging": "two-cameras", "hold_focus": True},
        channels={
            "nk": Channel(preset="NK", exposure_ms=3000),
            "tumor": Channel(preset="Tumor", exposure_ms=3000),
            "death": Channel(preset="Death", power=2.0),
        },
        positions=[{"name": "A", "x_um": 500, "y_um": 0, "z_um": 1}],
        limits={"x_um": [0, 100]},
    )
    found = read_configuration(DEMO).objections(experiment)
    assert [line.split(":")[0].split(" = ")[0] for line in found] == [
        "[microscope] hold_focus",
        "[channels.nk] exposure_ms",
        "[channels.tumor] exposure_ms",
        "[channels.death] power",
        "position 'A'",
        "position 'A' has z_um, but [microscope] hold_focus keeps the focus where it is locked",
        "[channels.death]",
        "[channels] nk and tumor are taken in one exposure (two-cameras), but their preset differ",
    ]


def test_python_devices_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / "python.cfg"
    file.write_text(
        "#py pyDevice,Cam,my.cameras,Camera\n#py Property,Core,Camera,Cam\n"
        "# a comment\nProperty,Core,Initialize,1\n"
    )
    read = read_configuration(file)
    assert read.devices == {"Cam": ("my.cameras", "Camera")}
    assert read.roles == {"Camera": "Cam"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("", "names no devices"),
        ("just some words\n", "names no devices"),
        ("Device,Camera,DemoCamera\n", "Expected 4 arguments, got 3"),
        ("Property,Nobody,Speed,1\n", "Error executing command 'Property,Nobody,Speed,1'"),
    ],
    ids=["missing", "empty", "prose", "short", "stranger"],
)
def test_what_is_no_configuration_is_said_in_one_line(
    tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "some.cfg"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInput, match=r"some\.cfg") as caught:
        read_configuration(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("Device,Camera,NoSuchLibrary,DCam\n", "NoSuchLibrary"),
        ("Device,Camera,DemoCamera,NoSuchCamera\n", "NoSuchCamera"),
        ("#py pyDevice,Camera,no.such.module,Camera\n", "no.such.module"),
        ("nonsense\n", "names no devices"),
    ],
    ids=["missing", "library", "device", "python", "nonsense"],
)
def test_a_microscope_that_does_not_load_is_said_in_one_line(
    tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "some.cfg"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInput) as caught:
        load_core(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def refusal(file: Path) -> str:
    """Why a file is refused, '' if it is read."""
    try:
        read_configuration(file).objections(Experiment())
    except BadInput as refused:
        return str(refused)
    return ""


WORDS = st.sampled_from(
    [
        *(
            "Device",
            "Property",
            "Label",
            "ConfigGroup",
            "ConfigPixelSize",
            "PixelSize_um",
            "Parent",
        ),
        *("PixelSizeAffine", "FocusDirection", "Delay", "Core", "Camera", "Initialize", "State"),
        *("#py pyDevice", "Objective", "Res20x", "0.325", "1", "-3", "nan", "", "\x00", "\u00b5m"),
    ]
)
LINES = st.lists(st.lists(WORDS, max_size=7).map(",".join), max_size=12).map("\n".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=LINES | st.text(max_size=200))
def test_whatever_stands_in_a_file_it_is_read_or_refused_in_one_line(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "fuzz.cfg"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert "\n" not in refusal(file)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 4_000), byte=st.integers(0, 255))
def test_a_damaged_configuration_is_read_or_refused_in_one_line(
    tmp_path: Path, place: int, byte: int
) -> None:
    damaged = bytearray(DEMO.read_bytes())
    damaged[place % len(damaged)] = byte
    file = tmp_path / "damaged.cfg"
    file.write_bytes(damaged)
    assert "\n" not in refusal(file)


def test_a_name_that_no_file_can_have_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_configuration(tmp_path / "no\0file.cfg")
