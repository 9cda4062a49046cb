"""Iteration: the elements of a value, if they are certainly known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohgw_tools.interpreter.joining import element_of
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    UNKNOWN_INT,
    Dict,
    External,
    List,
    Set,
    Unknown,
    Value,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

LONGEST = 2000
POSSIBLY_EMPTY = ("glob", "listdir", "scandir", "walk", "iterdir", "rglob", "environ", "argv")


def elements(process: Process, value: Value) -> list[Value] | None:
    """Return the elements in order; None if they are not known. Raises the TypeError of `iter`."""
    if isinstance(value, Dict):
        process.world.uses.iterate(value)
        return list(value.items) if value.exact else None
    if isinstance(value, List):
        return _listed(value)
    if isinstance(value, Set):
        return sorted(value.items, key=repr) if value.exact else None
    if isinstance(value, (tuple, frozenset)):
        return list(value)
    if isinstance(value, (range, str, bytes)):
        return list(value) if len(value) <= LONGEST else None
    if value is None or isinstance(value, (int, float, bool)):
        raise process.error("TypeError", f"'{type_name(value)}' object is not iterable")
    if isinstance(value, Unknown) and value.kind in (int, float, bool):
        raise process.error("TypeError", f"'{value.kind.__name__}' object is not iterable")
    return None


def _listed(value: List) -> list[Value] | None:
    refresh(value)
    value.taken += 1
    spent = value.once and value.taken > 1
    return list(value.items) if value.exact and not spent else None


def refresh(value: Value) -> None:
    """Bring a view of a dict up to date."""
    if isinstance(value, List) and value.view is not None:
        source, name = value.view
        pairs: dict[str, list[Value]] = {"items": list(source.items.items())}
        pairs["keys"] = list(source.items)
        value.items = pairs.get(name, list(source.items.values()))
        value.exact, value.nonempty = source.exact, bool(source.items)


def spend(value: Value) -> None:
    """Take an element from an iterator, after which it is not known what is left."""
    if isinstance(value, List):
        value.taken += 2


def any_element(value: Value) -> Value:
    """Return what is known of each element of a value whose elements are not known one by one."""
    if isinstance(value, List):
        return element_of(value)
    return UNKNOWN_INT if isinstance(value, range) else UNKNOWN


def surely_nonempty(value: Value) -> bool:
    """Whether a loop over a value with unknown elements can be taken to run at least once.

    Loaders, datasets and generators of a ready experiment are not empty; directories may be.
    """
    if isinstance(value, List):
        return value.nonempty and not (value.once and value.taken > 1)
    if isinstance(value, Dict):
        return bool(value.items)
    if isinstance(value, External):
        return not any(word in value.name for word in POSSIBLY_EMPTY)
    return not (isinstance(value, Unknown) and value.maybe_empty)
