"""StrictJson: JSON from strangers. Refuses what the standard reader lets through in silence."""

from __future__ import annotations

import json
from typing import cast

from pydantic import JsonValue

from ohgw_tools.errors import BundleError

MAX_DEPTH = 32
MAX_VALUES = 200_000


def loads(text: str, where: str) -> JsonValue:
    """Read JSON (RFC 8259). Raises BundleError for anything that is not JSON, for a key that stands
    twice in one object, for NaN and infinities, for more than 32 levels and for lone surrogates.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep(where) from None
    except _Refused as error:
        raise BundleError(where, str(error), "Write it once, as plain JSON") from None
    except ValueError as error:
        raise BundleError(where, f"not JSON: {error}", "Give one JSON object") from None
    _check_shape(value, where)
    return cast(JsonValue, value)


class _Refused(Exception):
    """Carries the reason out of the standard reader's hooks."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(f"the key {key[:80]!r} stands twice in one object")
            seen.add(key)
    return result


def _no_constant(name: str) -> object:
    raise _Refused(f"{name} is not a JSON value")


def _too_deep(where: str) -> BundleError:
    return BundleError(where, f"more than {MAX_DEPTH} levels deep", "Flatten it")


def _check_shape(value: object, where: str) -> None:
    level: list[object] = [value]
    count = 0
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str):
                _check_text(item, where)
        count += len(below)
        if count > MAX_VALUES:
            raise BundleError(where, f"more than {MAX_VALUES} values", "Split the bundle")
        if not below:
            return
        level = below
    raise _too_deep(where)


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problem = f"not UTF-8: a lone surrogate at character {error.start} of a text"
        raise BundleError(where, problem, "Save the file's text as UTF-8") from None
