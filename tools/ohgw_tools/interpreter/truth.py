"""Truth: what `bool()` of a value certainly gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohgw_tools.interpreter.iteration import refresh
from ohgw_tools.interpreter.values import (
    MISSING,
    Bound,
    Class,
    Dict,
    FileValue,
    Function,
    Instance,
    List,
    Module,
    Parser,
    Partial,
    PathValue,
    Set,
    Value,
    is_plain,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

TRUE = (Function, Bound, Partial, Class, Module, PathValue, FileValue, Parser)


def truth(process: Process, value: Value) -> bool | None:
    """Return the truth of a value, None if it is not certain."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return bool(value)
    if isinstance(value, TRUE):
        return True
    if isinstance(value, (Dict, Set)):
        return bool(value.items) if value.exact else (True if value.items else None)
    if isinstance(value, List):
        refresh(value)
        if value.once:
            return True
        return bool(value.items) if value.exact else (True if value.nonempty else None)
    if isinstance(value, Instance):
        own = value.cls
        overridden = own.find("__len__") is not MISSING or own.find("__bool__") is not MISSING
        closed = not own.open and not own.external_bases() and not overridden
        return True if closed else None
    return bool(value) if is_plain(value) or isinstance(value, tuple) else None
