"""Experiment files: what is read, what is refused and in which words, what is written."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livewatch.errors import BadInput
from livewatch.experiment import dump, experiment_of, load_experiment, template
from livewatch.experiment.places import places
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = {
    "unknown key, nearest named": (
        "[reaction]\n\nintervall_s = 2\n",
        "line 3: [reaction] intervall_s is not a setting; did you mean interval_s?",
    ),
    "unknown key, nothing near": (
        "[survey]\nxyz = 2\n",
        "line 2: [survey] xyz is not a setting; there is interval_s, unseen_rounds",
    ),
    "unknown table": (
        "# hello\n[sruvey]\n",
        "line 2: [sruvey] is not a setting; did you mean survey?",
    ),
    "wrong choice": (
        '[microscope]\nimaging = "sequentiel"\n',
        "line 2: [microscope] imaging = \"sequentiel\": must be 'sequential', ",
    ),
    "impossible value": (
        "[channels.nk]\n[channels.tumor]\nexposure_ms = -1\n",
        "line 3: [channels.tumor] exposure_ms = -1: must be greater than 0",
    ),
    "a name that no file can have": (
        '[microscope]\nbinning = 2\nconfig = "a\\u0000.cfg"\n',
        "line 3: [microscope] config = 'a\\x00.cfg': no file can have that name",
    ),
    "not a number": ("[survey]\ninterval_s = nan\n", "line 2: [survey] interval_s = nan"),
    "text for a number": ('[survey]\ninterval_s = "30"\n', 'line 2: [survey] interval_s = "30"'),
    "truth for a number": ("[survey]\ninterval_s = true\n", "line 2: [survey] interval_s = true"),
    "a huge number": (f"[survey]\ninterval_s = {'9' * 400}\n", "line 2: [survey] interval_s"),
    "keys that contradict each other": (
        "[contact]\n# why\nenter_um = 4\n",
        "line 3: [contact] enter_um 4.0 <= exit_um 2.5 <= near_um 8.0 must hold",
    ),
    "sections that contradict each other": (
        "\n[reaction]\ninterval_s = 50\n",
        "line 3: reaction.interval_s 50.0 is longer than survey.interval_s 30.0",
    ),
    "a channel that is not there": (
        "[light]\nbudget = { gfp = 3 }\n",
        "line 2: light.budget names channel 'gfp'; there is nk, tumor",
    ),
    "a missing channel": ("[channels.nk]\n", "[channels.tumor] is missing"),
    "a missing key": (
        '[[positions]]\nname = "A"\nx_um = 1\ny_um = 2\n\n[[positions]]\nname = "B"\nx_um = 1\n',
        "line 6: [positions] 2 y_um is missing",
    ),
    "a key of a later position": (
        '[[positions]]\nname = "A"\nx_um = 1\ny_um = 2\n'
        '[[positions]]\nname = "B"\nx_um = 1\ny_um = 2\ny = 3\n',
        "line 9: [positions] 2 y is not a setting",
    ),
    "a value where a table belongs": ("survey = 3\n", "line 1: survey must be a table"),
    "a dotted key": ("zoom.objective = 3\n", "line 1: [zoom] objective = 3"),
    "after values of several lines": (
        "[limits]\nx_um = [\n  -1, # ]\n  1,\n]\n"
        '[microscope]\nconfig = """\n[survey]\n"""\nbin = 1\n',
        "line 10: [microscope] bin is not a setting; did you mean binning?",
    ),
    "bounds the wrong way round": ("[limits]\nx_um = [3, 1]\n", "line 2: [limits] x_um"),
    "not TOML": ("[survey]\ninterval_s 30\n", "not a valid TOML file: Expected '='"),
    "nested without end": ("a = " + "[" * 20_000, "not a valid TOML file"),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_wrong_is_said_in_one_line_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(BadInput) as refused:
        load_experiment(path)
    message = str(refused.value)
    assert message.startswith(f"{path}")
    assert said in message
    assert "\n" not in message
    assert len(message) < 300 + len(str(path))


def test_of_several_mistakes_the_first_is_shown_and_the_others_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "[survey]\nfoo = 1\n[reaction]\nbar = 2\nbaz = 3\n")
    with pytest.raises(BadInput, match=r"line 2: \[survey\] foo .*\(and 2 more\)$"):
        load_experiment(path)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_experiment(tmp_path / "none.toml")
    with pytest.raises(BadInput, match="cannot be read"):
        load_experiment(tmp_path)
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(BadInput, match="not a text file"):
        load_experiment(odd)


def test_windows_byte_order_mark_and_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf[survey]\r\ninterval_s = 12\r\n")
    assert load_experiment(path).survey.interval_s == 12


def test_an_empty_file_is_an_experiment_with_every_default(tmp_path: Path) -> None:
    assert load_experiment(write(tmp_path, "")) == Experiment()


def test_the_template_loads_back_to_the_defaults(tmp_path: Path) -> None:
    assert load_experiment(write(tmp_path, template())) == Experiment()


def test_the_template_names_and_explains_every_setting() -> None:
    text = template()
    flat = " ".join(text.replace("# ", "").split())
    for name, field in Experiment.model_fields.items():
        section = getattr(Experiment(), name)
        for each in section.values() if isinstance(section, dict) else [section]:
            for key, setting in type(each).model_fields.items() if each else ():
                assert f"{key} =" in text, f"[{name}] {key}"
                assert setting.description, f"[{name}] {key} says nothing of itself"
                assert " ".join(setting.description.split()) in flat, f"[{name}] {key}"
        assert field is not None
    assert max(map(len, text.splitlines())) <= 100


def test_an_experiment_is_written_so_that_it_loads_back(tmp_path: Path) -> None:
    given_ = Experiment.model_validate(
        {
            "microscope": {"config": 'C:\\scope "1".cfg', "imaging": "two-cameras"},
            "channels": {"nk": {}, "tumor": {"preset": "Cy5 ü"}, "death dye": {"exposure_ms": 20}},
            "positions": [
                {"name": "A", "x_um": 1.5, "y_um": -2},
                {"name": "B", "x_um": 3, "y_um": 4, "z_um": 5},
            ],
            "light": {"budget": {"nk": 1000, "death dye": 5}},
            "limits": {"x_um": [-5, 1e6], "duration_s": 3600},
        }
    )
    assert load_experiment(write(tmp_path, dump(given_))) == given_


def in_one_line(found: dict[str, object], text: str) -> bool:
    """Whether values are accepted, or refused in one line."""
    try:
        experiment_of(found, text, "x.toml")
    except BadInput as refused:
        return "\n" not in str(refused)
    return True


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_an_experiment_or_one_line(text: str) -> None:
    try:
        found = tomllib.loads(text)
    except ValueError:
        return
    assert in_one_line(found, text)


KEYS = st.sampled_from(["survey", "interval_s", "channels", "nk", "light", "budget", "a b", "é"])
VALUES = st.recursive(
    st.one_of(st.integers(), st.floats(), st.text(max_size=5), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_toml_values_give_an_experiment_or_one_line(found: dict[str, object]) -> None:
    assert in_one_line(found, "")


def test_places_of_every_key_in_the_template() -> None:
    lines = template().splitlines()
    found = places(template())
    for where, line in found.items():
        assert str(where[-1]) in lines[line - 1]
    assert len(found) > 60
