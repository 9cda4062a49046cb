"""Facts about library classes and functions, as data: argument types, attributes, keyword names."""

from __future__ import annotations

import ast
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ohgw_tools.interpreter.values import Dict, List, Value, type_name

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process


@cache
def facts() -> dict[str, Any]:
    """Return the table of library facts."""
    import yaml

    place = resources.files("ohgw_tools.interpreter") / "library.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table = yaml.load(place.read_text(encoding="utf-8"), Loader=loader)
    assert isinstance(table, dict)
    return table


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """Return the name under which the facts list a library name."""
    aliases: dict[str, str] = facts()["aliases"]
    for prefix, full in aliases.items():
        if name == prefix or name.startswith(prefix + "."):
            return full + name[len(prefix) :]
    return name


def has_attribute(cls: str, name: str) -> bool | None:
    """Whether instances of a library class have an attribute; None if the class is not listed."""
    listed: list[str] | None = facts()["attributes"].get(canonical(cls))
    return None if listed is None else name in listed


@lru_cache(maxsize=4096)
def is_sink(name: str) -> bool:
    """Whether a library function only shows or stores what it is given, which is no use of it."""
    sinks: list[str] = facts()["sinks"]
    return any(name == s or name.startswith(s + ".") for s in sinks)


@lru_cache(maxsize=4096)
def is_absent(name: str) -> bool:
    """Whether a module is known to have no such attribute, in any version of today."""
    absent: list[str] = facts()["absent"]
    return name in absent


@lru_cache(maxsize=4096)
def only_reads(name: str) -> bool:
    """Whether a library is known to leave the containers that it is given as they are."""
    readers: list[str] = facts()["readers"]
    return name.split(".", 1)[0] in readers


def has_arguments(name: str) -> bool:
    """Whether the types of a library function's arguments are known."""
    return canonical(name) in facts()["functions"]


def check_arguments(
    process: Process,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> None:
    """Raise the TypeError of a known library function that is given an argument of a wrong type."""
    known = facts()["functions"].get(canonical(name))
    if known is None:
        return
    order: list[str] = known.get("order", [])
    given = {**dict(zip(order, positional, strict=False)), **keywords}
    for parameter, wanted in known.get("types", {}).items():
        if parameter in given:
            _check_type(process, name, parameter, given[parameter], wanted, node)


NUMERIC = {"float": (str, Dict, List), "int": (str, Dict, List, float)}


def _check_type(
    process: Process, name: str, parameter: str, value: Value, wanted: str, node: ast.AST
) -> None:
    """`wanted` is float or int, with a `?` if None is allowed too."""
    optional, kind = wanted.endswith("?"), wanted.rstrip("?")
    wrong = isinstance(value, NUMERIC[kind]) or (value is None and not optional)
    if not wrong:
        return
    shown = repr(str(value)) if isinstance(value, str) else type_name(value)
    message = f"{name}({parameter}={shown}): {kind} expected, got {type_name(value)}"
    raised = process.error("TypeError", message, node)
    raised.detail = {"library": True, "parameter": parameter, "spoken": [value]}
    raise raised
