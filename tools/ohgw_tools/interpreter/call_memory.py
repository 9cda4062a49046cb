"""Call memory: which calls may be answered by the result of an earlier one, and under what key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import External, Function, Unknown, Value, is_plain

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

MEMORY_DEPTH = 3  # calls deeper than this may be answered from memory


def cache_key(
    function: Function, positional: list[Value], keywords: dict[str, Value]
) -> tuple[object, ...] | None:
    """Return what `functools.cache` keeps the result of a call under, None if it keeps none."""
    if not any(w in ("functools.cache", "functools.lru_cache") for w in function.wrappers):
        return None
    key = (*positional, *keywords, *keywords.values())
    return (id(function), *key) if is_plain(key) else None


def memory_key(
    process: Process,
    function: Function,
    positional: list[Value],
    keywords: dict[str, Value],
    complete: bool,
) -> tuple[object, ...] | None:
    """Return a key under which the result of this call can be kept, None if it should not be."""
    if len(process.stack) < MEMORY_DEPTH or not complete or process.certain:
        return None
    parts: list[object] = [id(function)]
    for value in [*positional, *keywords, *keywords.values()]:
        if isinstance(value, (Unknown, External)):
            parts.append("?")
        elif is_plain(value) and not isinstance(value, (slice, tuple)):
            parts.append(value)
        else:
            parts.append(id(value))
            process.keep.append(value)
    return tuple(parts)
