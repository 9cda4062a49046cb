"""KeyPath: a place in YAML or TOML data, walked, changed in a copy, and compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ohgw_tools.editing.refusal import refused

Key = Sequence[str | int]


def written(key: Key) -> str:
    """Return the path as the patch format writes it: `runs[0].training.epochs`."""
    parts = []
    for part in key:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            plain = part.replace("_", "").replace("-", "").isalnum()
            parts.append(f".{part}" if plain else f'."{part}"')
    return "".join(parts).removeprefix(".")


def with_value(data: Any, key: Key, value: Any) -> Any:
    """Return a copy of `data` in which `key` holds `value`; mappings on the way are made.

    Only containers on the path are copied, so nothing else can change. Raises PatchRejected.
    """
    if not key:
        return value
    head, rest = key[0], key[1:]
    if data is None:
        data = {}
    if isinstance(data, list):
        at = _index(data, head, key)
        return [*data[:at], with_value(data[at], rest, value), *data[at + 1 :]]
    if not isinstance(data, dict):
        raise refused("unknown-key", f"{written(key)!r}: the value there is not a mapping")
    name = actual(data, head)
    inner = with_value(data.get(name), rest, value)
    return {**data, name: inner}


def without(data: Any, key: Key) -> Any:
    """Return a copy of `data` that lacks `key`. Raises PatchRejected: unknown-key."""
    head, rest = key[0], key[1:]
    if isinstance(data, list):
        at = _index(data, head, key)
        middle = [without(data[at], rest)] if rest else []
        return [*data[:at], *middle, *data[at + 1 :]]
    name = actual(data, head) if isinstance(data, dict) else head
    if not isinstance(data, dict) or name not in data:
        raise refused("unknown-key", f"there is no {written(key)!r}{_known(data)}")
    if rest:
        return {**data, name: without(data[name], rest)}
    return {k: v for k, v in data.items() if k != name}


def value_at(data: Any, key: Key) -> Any:
    """Return what stands at `key`. Raises PatchRejected: unknown-key."""
    for number, part in enumerate(key):
        if isinstance(data, list):
            data = data[_index(data, part, key)]
            continue
        name = actual(data, part) if isinstance(data, dict) else part
        if not isinstance(data, dict) or name not in data:
            missing = written(key[: number + 1])
            raise refused("unknown-key", f"there is no {missing!r}{_known(data)}")
        data = data[name]
    return data


def actual(data: dict[Any, Any], part: str | int) -> Any:
    """Return the key of `data` that `part` means: itself, or one that is written the same."""
    if part in data and not isinstance(part, bool):
        return part
    return next((k for k in data if not isinstance(k, str) and str(k) == str(part)), part)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal in type and content; not a number equals itself."""
    return _same(a, b, set())


def _same(a: Any, b: Any, seen: set[tuple[int, int]]) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict | list):
        # Shared parts (YAML aliases) are compared once, or a small file could take for ever.
        pair = (id(a), id(b))
        if pair in seen:
            return True
        seen.add(pair)
        if len(a) != len(b):
            return False
        if isinstance(a, list):
            return all(_same(x, y, seen) for x, y in zip(a, b, strict=True))
        return list(a) == list(b) and all(_same(a[k], b[k], seen) for k in a)
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


def _index(data: list[Any], part: str | int, key: Key) -> int:
    at = int(part) if isinstance(part, str) and part.isdigit() else part
    if not isinstance(at, int) or not -len(data) <= at < len(data):
        raise refused("unknown-key", f"{written(key)!r}: the list there has {len(data)} items")
    return at % len(data)


def _known(data: Any) -> str:
    if isinstance(data, dict):
        return f"; the keys there are: {', '.join(map(str, list(data)[:20])) or 'none'}"
    return "; what stands there is not a mapping"
