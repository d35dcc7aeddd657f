"""Every registration held against the argument classes of the installed ``pulumi_aws``.

What pyright sees in the program, seen once more in what the program sends: unknown keys, missing
arguments, wrong types, at every depth. Dictionaries, which most nested arguments are written as,
get no check at run time otherwise.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ForwardRef, Union, get_args, get_origin

from pulumi._types import input_type_py_to_pulumi_names

from planner.emit.capture import UNKNOWN
from tests.stacks.program_path import answers

__all__ = ["Field", "arguments_of", "fields_of", "schema_problems"]

_FILES = ("$asset", "$archive")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One argument: its type as annotated, and the module that its names are looked up in."""

    required: bool
    annotation: Any
    module: str


def schema_problems(token: str, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(place, problem) for everything that the argument class of ``token`` does not allow."""
    if not token.startswith("aws:"):
        return []
    cls = answers.resource_class(token)
    if cls is None:
        return [("", f"pulumi_aws has no type {token}")]
    return list(_of_class(inputs, arguments_of(token), ""))


def arguments_of(token: str) -> Any:
    """The argument class of a type; a nested class may have taken the usual name."""
    cls = answers.resource_class(token)
    module = sys.modules[cls.__module__]
    return getattr(module, next(name for name in module.__all__ if name.endswith("Args")))


@functools.cache
def fields_of(cls: Any) -> Mapping[str, Field]:
    """camelCase name -> argument of an ``Args`` class."""
    names = input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls.__init__).parameters
    return {
        names.get(name, name): Field(
            required=parameter.default is inspect.Parameter.empty,
            annotation=parameter.annotation,
            module=cls.__module__,
        )
        for name, parameter in parameters.items()
        if name != "__self__"
    }


def _of_class(value: Mapping[str, Any], cls: Any, at: str) -> Iterator[tuple[str, str]]:
    fields = fields_of(cls)
    for key in sorted(value.keys() - fields.keys()):
        yield f"{at}/{key}", f"{cls.__name__} has no argument of this name"
    for key, argument in fields.items():
        if key not in value:
            if argument.required:
                yield f"{at}/{key}", f"missing, and {cls.__name__} requires it"
            continue
        yield from _of_type(value[key], argument.annotation, argument.module, f"{at}/{key}")


def _of_type(value: Any, annotation: Any, module: str, at: str) -> Iterator[tuple[str, str]]:
    if value == UNKNOWN or value is None:
        return
    forms = list(_forms(annotation, module))
    found: list[list[tuple[str, str]]] = []
    for form in forms:
        problems = list(_of_form(value, form, module, at))
        if not problems:
            return
        found.append(problems)
    if found:
        # The form that got furthest into the value is the one that was meant.
        yield from max(found, key=lambda problems: max(len(place) for place, _ in problems))


def _forms(annotation: Any, module: str) -> Iterator[Any]:
    """The plain types that an annotation such as ``Input[Optional[Sequence[Input[str]]]]`` has."""
    if isinstance(annotation, ForwardRef | str):
        name = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        if name.startswith(("Output", "pulumi.Output", "outputs.")) or name.endswith("Dict"):
            return
        annotation = getattr(sys.modules[module], name.rsplit(".", 1)[-1], None)
        if annotation is None:
            return
    if annotation is type(None):
        return
    if get_origin(annotation) is Union:
        for arm in get_args(annotation):
            yield from _forms(arm, module)
    elif not _is_future(annotation):
        yield annotation


def _is_future(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return getattr(origin, "__name__", "") in ("Awaitable", "Output")


def _of_form(value: Any, form: Any, module: str, at: str) -> Iterator[tuple[str, str]]:
    origin = get_origin(form)
    if origin is not None and issubclass(origin, Mapping):
        yield from _of_mapping(value, form, module, at)
    elif origin is not None and issubclass(origin, Sequence):
        yield from _of_list(value, form, module, at)
    elif inspect.isclass(form) and form.__name__.endswith("Args"):
        if isinstance(value, Mapping):
            yield from _of_class(value, form, at)
        else:
            yield at, f"{value!r} is not an object ({form.__name__})"
    elif inspect.isclass(form) and not _is_a(value, form):
        yield at, f"{value!r} is not of type {form.__name__}"


def _of_mapping(value: Any, form: Any, module: str, at: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield at, f"{value!r} is not an object"
        return
    for key, inner in value.items():
        yield from _of_type(inner, get_args(form)[1], module, f"{at}/{key}")


def _of_list(value: Any, form: Any, module: str, at: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield at, f"{value!r} is not a list"
        return
    for number, inner in enumerate(value):
        yield from _of_type(inner, get_args(form)[0], module, f"{at}/{number}")


def _is_a(value: Any, form: type) -> bool:
    if form is bool:
        return isinstance(value, bool)
    if form is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if form is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if form is str:
        # ARNs have a class of their own in some signatures.
        return isinstance(value, str)
    if form.__module__ == "pulumi.asset":
        return isinstance(value, Mapping) and any(mark in value for mark in _FILES)
    if issubclass(form, str):
        return isinstance(value, str)
    return True
