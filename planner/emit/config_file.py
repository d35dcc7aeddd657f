"""Puts a plan into ``Pulumi.<stack>.yaml`` so that every other byte of the file stays.

The place is found from the parser's marks, not by writing the file anew: comments, quotes, secrets
and the order of keys are the user's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.emit.serving_plan import ServingPlan
from planner.emit.yaml_text import yaml_lines
from planner.errors import InputError

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode

__all__ = ["config_text", "plan_block", "read_exactly", "spliced"]

_CONFIG = "config"
_DEFAULT_INDENT = 2


def plan_block(plan: ServingPlan, key: str, indent: int = _DEFAULT_INDENT) -> str:
    """The key and its value, each line indented by ``indent`` columns and ended by a line feed."""
    value = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    lines = (f"{key}:", *yaml_lines(value, 1))
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def config_text(plan: ServingPlan, key: str) -> str:
    """A whole file with nothing but the plan."""
    return f"{_CONFIG}:\n{plan_block(plan, key)}"


def read_exactly(path: Path) -> str | None:
    """The file's text with its own line ends; None when there is no such file."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}") from error


def spliced(text: str | None, plan: ServingPlan, key: str, name: str) -> str:
    """``text`` with the plan at ``config.<key>``; InputError, naming ``name``, if it cannot be."""
    if text is None or not text.strip():
        return (text or "") + config_text(plan, key)
    line_end = "\r\n" if "\r\n" in text else "\n"
    place = _place(text, key, name)
    block = place.before + plan_block(plan, key, place.indent)
    body = block.replace("\n", line_end)
    head, tail = text[: place.start], text[place.end :]
    if head and not head.endswith(("\n", "\r")):
        head += line_end
    return head + body + tail


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Characters ``start`` to ``end`` are replaced; ``before`` is written ahead of the block."""

    start: int
    end: int
    indent: int
    before: str = ""


def _place(text: str, key: str, name: str) -> _Place:
    from yaml.nodes import MappingNode

    root = _composed(text, name)
    if root is None:
        return _Place(start=len(text), end=len(text), indent=_DEFAULT_INDENT, before="config:\n")
    if not isinstance(root, MappingNode) or root.flow_style:
        raise InputError(f"{name}: not a stack configuration; its keys must be one to a line")
    config = _entry(root, _CONFIG, name)
    if config is None:
        return _Place(start=len(text), end=len(text), indent=_DEFAULT_INDENT, before="config:\n")
    config_key, value = config
    if isinstance(value, MappingNode) and value.value and value.flow_style:
        raise InputError(
            f"{name}: line {value.start_mark.line + 1}: `config` is written in braces; write its "
            "keys one to a line, so that the plan can be put between them"
        )
    if not isinstance(value, MappingNode) or not value.value:
        return _empty_config(text, config_key, value, name)
    indent = value.value[0][0].start_mark.column
    own = _entry(value, key, name)
    if own is None:
        end = _line_after(text, _last_index(value))
        return _Place(start=end, end=end, indent=indent)
    start = own[0].start_mark.index - own[0].start_mark.column
    return _Place(start=start, end=_line_after(text, _last_index(own[1])), indent=indent)


def _empty_config(text: str, key: ScalarNode, value: Node, name: str) -> _Place:
    """``config:`` or ``config: {}``: the line is written anew."""
    from yaml.nodes import MappingNode

    if not isinstance(value, MappingNode) and value.value not in ("", "null", "~"):
        raise InputError(f"{name}: line {value.start_mark.line + 1}: `config` must hold keys")
    start = key.start_mark.index
    end = _line_after(text, max(value.end_mark.index, key.end_mark.index + 1) - 1)
    return _Place(start=start, end=end, indent=_DEFAULT_INDENT, before="config:\n")


def _composed(text: str, name: str) -> Node | None:
    import yaml

    try:
        # Only nodes and their marks: nothing is constructed from the file.
        return yaml.SafeLoader(text).get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f"line {mark.line + 1}: "
        problem = getattr(error, "problem", None) or str(error)
        raise InputError(f"{name}: {where}not YAML ({problem})") from None


def _entry(mapping: MappingNode, key: str, name: str) -> tuple[ScalarNode, Node] | None:
    found = [(k, v) for k, v in mapping.value if k.value == key]
    if len(found) > 1:
        line = found[1][0].start_mark.line + 1
        raise InputError(f"{name}: line {line}: `{key}` is there twice; remove one of them")
    return found[0] if found else None


def _last_index(node: Node) -> int:
    """The last character of a value; a block's own mark lies behind the comments after it."""
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        return max(key.end_mark.index, _last_index(value))
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _last_index(node.value[-1])
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        # Its mark is at the start of what follows.
        return max(node.end_mark.index - 1, node.start_mark.index)
    return max(node.end_mark.index - 1, node.start_mark.index)


def _line_after(text: str, index: int) -> int:
    """Where the line after the one with this character begins."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1
