"""Enumerations: classes of `enum`, whose members are known by name and by value."""

from __future__ import annotations

import ast
import enum
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import (
    ATOMS,
    MISSING,
    UNKNOWN,
    Class,
    Function,
    Unknown,
    Value,
    is_plain,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

BASES = ("Enum", "IntEnum", "StrEnum")
FLAGS = ("Flag", "IntFlag")
COMPUTED = {"locals", "vars", "_missing_", "_ignore_", "__new__", "_generate_next_value_"}


def enter(process: Process, cls: Class) -> None:
    """Take the members out of the body of a class that is an enumeration."""
    bases = [base.split(".")[-1] for base in cls.external_bases()]
    if not any(base in (*BASES, *FLAGS) for base in bases):
        return
    names = process.world.names(cls.path)
    body = cls.namespace
    held = {n: v for n, v in body.items() if not isinstance(v, Function) and n[:2] != "__"}
    usual = all(base in (*BASES, "str", "int", "float") for base in bases)
    computed = COMPUTED & (names.loaded(cls.node) | set(body))
    inherits = any(isinstance(base, (Class, Unknown)) for base in cls.bases)
    if usual and not computed and not inherits and not cls.open:
        cls.members = held
    body.update(dict.fromkeys(held, UNKNOWN))  # members, not what they hold


def check_value(process: Process, cls: Class, positional: list[Value], node: ast.AST) -> None:
    """Raise the ValueError of a value that no member has."""
    if cls.members is None or len(positional) != 1 or not isinstance(positional[0], ATOMS):
        return
    value, held = positional[0], list(cls.members.values())
    if not all(isinstance(v, ATOMS) for v in held):
        return
    process.world.uses.compare(value, tuple(map(str, held)), value in held, process.where)
    if value not in held:
        shown = repr(str(value) if isinstance(value, str) else value)
        raised = process.error("ValueError", f"{shown} is not a valid {cls.name}", node)
        raised.detail["spoken"] = [value]
        raise raised


def check_name(process: Process, cls: Class, name: Value, node: ast.AST) -> None:
    """Raise the KeyError of `Class[name]` where no member has the name."""
    if cls.members is None or not isinstance(name, str):
        return
    process.world.uses.compare(name, tuple(cls.members), name in cls.members, process.where)
    if name not in cls.members and cls.find(str(name)) is MISSING:
        raised = process.error("KeyError", repr(str(name)), node)
        raised.detail = {"key": str(name), "available": list(cls.members)[:20], "spoken": [name]}
        raise raised


def lacks(cls: Class, name: str) -> bool:
    """Whether an enumeration certainly has no attribute of this name."""
    plain = is_plain(name) and not any(hasattr(t, name) for t in (enum.Enum, str, int, float))
    return cls.members is not None and plain and cls.find(name) is MISSING
