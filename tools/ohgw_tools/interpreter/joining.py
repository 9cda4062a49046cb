"""Join of values: what is known of an object that is one of several."""

from __future__ import annotations

from collections.abc import Sequence

from ohgw_tools.interpreter.values import (
    ATOMS,
    MARKED,
    MISSING,
    UNKNOWN,
    Dict,
    External,
    List,
    Unknown,
)
from ohgw_tools.interpreter.values import Value as Value

DEEPEST = 8  # levels of dicts that are joined key by key


def same(a: Value, b: Value) -> bool:
    """Whether both are certainly the same object or equal atoms."""
    if a is b:
        return True
    if isinstance(a, External) and isinstance(b, External):
        return a.name == b.name
    if isinstance(a, Unknown) and isinstance(b, Unknown):
        return a.kind is b.kind and a is not MISSING and b is not MISSING
    if _python(a) is not _python(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return isinstance(a, ATOMS) and bool(a == b)


def _python(value: Value) -> type:
    if isinstance(value, MARKED):
        return type(value).__mro__[1]
    return type(value)


def join(values: Sequence[Value], depth: int = 0) -> Value:
    """Return the one value if all are the same, else what they share."""
    first = values[0]
    if all(same(first, v) for v in values[1:]):
        return first
    kinds = {_kind(v) for v in values}
    if len(kinds) == 1 and None not in kinds:
        return Unknown(kinds.pop())
    if all(isinstance(v, Dict) for v in values):
        return _join_dicts(list(values), depth) if depth < DEEPEST else UNKNOWN
    return UNKNOWN


def _kind(value: Value) -> type | None:
    if isinstance(value, Unknown):
        return value.kind
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind
    return None


def _join_dicts(dicts: list[Dict], depth: int) -> Value:
    """Return a new dict that holds the keys that all of them hold."""
    shared = [k for k in dicts[0].items if all(k in d.items for d in dicts[1:])]
    alike = all(d.exact and len(d.items) == len(shared) for d in dicts)
    items = {k: join([d.items[k] for d in dicts], depth + 1) for k in shared}
    return Dict(items, exact=alike)


def summary(values: Sequence[Value]) -> Value:
    """Return what is known of any one element of `values`."""
    found = [v for v in values if v is not MISSING]
    return join(found) if found else UNKNOWN


def element_of(value: List) -> Value:
    """Return what is known of any one element of a list."""
    return summary(value.items) if value.exact else value.element
