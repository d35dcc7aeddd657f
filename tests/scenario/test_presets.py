"""Presets: valid as written, every default named, and every commented line valid too."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from planner.catalog.references import reference_rules
from planner.scenario import presets
from planner.scenario.fields import Section
from planner.scenario.load import parse_scenario
from planner.scenario.presets import PRESETS, Preset, preset_text
from planner.scenario.shape import homes_of, known_keys

_COMMENTED_KEY = re.compile(r"^( *)# ([a-z_0-9]+: .*)$")


def _read(text: str):
    return parse_scenario(text, path=Path("scenario.yaml"), rules=reference_rules())


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_valid_and_its_names_are_known(preset: Preset) -> None:
    assert _read(preset_text(preset)).scenario.options.selfhost


@pytest.mark.parametrize("preset", PRESETS)
def test_the_first_line_names_the_schema_for_editors(preset: Preset) -> None:
    first = preset_text(preset).partition("\n")[0]
    assert first == "# yaml-language-server: $schema=planner.schema.json"


@pytest.mark.parametrize("preset", PRESETS)
def test_each_commented_key_can_be_switched_on_alone(preset: Preset) -> None:
    lines = preset_text(preset).split("\n")
    # Of the preset's own part; the shared sections are commented as whole blocks.
    own = lines[: next(i for i, line in enumerate(lines) if line.startswith("# ----"))]
    tried = 0
    for i, line in enumerate(own):
        match = _COMMENTED_KEY.match(line)
        if match is None or match[2].startswith(("quality:", "yaml-language-server:")):
            continue
        block = [f"{match[1]}{match[2]}"]
        # A flow mapping that goes on in the next line.
        if match[2].count("{") > match[2].count("}"):
            block.append(own[i + 1].replace("# ", "  ", 1))
        _read("\n".join([*own[:i], *block, *own[i + len(block) :]]))
        tried += 1
    assert tried >= 10


def test_the_shared_sections_are_valid_when_switched_on() -> None:
    folder = Path(presets.__file__).parent / "presets"
    further = (folder / "further.yaml").read_text(encoding="utf-8")
    switched = "\n".join(
        line[2:] for line in further.split("\n") if line.startswith("# ") and "----" not in line
    )
    # A snapshot would have to be there.
    switched = re.sub(r"^ *snapshot:.*$", "", switched, flags=re.MULTILINE)
    scenario = _read((folder / "small.yaml").read_text(encoding="utf-8") + "\n" + switched).scenario
    assert scenario.limits.data_residency is not None
    assert scenario.deployment.owner == "platform-team"


def _defaults(section: type[Section]) -> list[tuple[str, object]]:
    plain = (str, int, Decimal)
    return [
        (name, field.default)
        for name, field in section.model_fields.items()
        if isinstance(field.default, plain)
    ]


# Of sections that the presets show in one line, or that a measurement of the user's own fills.
_NOT_SHOWN = {"encoding", "timestamp_column", "input_column", "output_column", "allow_small"}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_default_is_named(preset: Preset) -> None:
    text = preset_text(preset)
    keys = set(re.findall(r"([a-z_0-9]+):", text))
    named = {name for section in Section.__subclasses__() for name, _ in _defaults(section)}
    assert named - _NOT_SHOWN - keys == set()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_default_shown_as_such_is_the_models(preset: Preset) -> None:
    """Comments such as `# zones: 2` and `# default 0` must not drift from the model."""
    defaults = {
        name: str(v) for section in Section.__subclasses__() for name, v in _defaults(section)
    }
    # `mode` and `redundancy` of other sections have defaults of their own.
    for line in preset_text(preset).split("\n"):
        match = re.match(r"^ *# ([a-z_]+): ([\w.-]+) *(#.*)?$", line)
        if match and match[1] in defaults and len(homes_of(match[1])) == 1:
            assert defaults[match[1]] == match[2], line


def test_the_sections_of_the_model_are_all_mentioned() -> None:
    for preset in PRESETS:
        keys = set(re.findall(r"^(?:# )?([a-z_0-9]+):", preset_text(preset), re.MULTILINE))
        assert set(known_keys(())) <= keys
