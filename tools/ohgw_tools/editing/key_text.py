"""KeyText: key paths as the patch format writes them, `runs[pasha-baseline].training.epochs`."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from pydantic import JsonValue

from ohgw_tools.editing.key_path import actual
from ohgw_tools.editing.refusal import refused
from ohgw_tools.source.syntax import fault_of
from ohgw_tools.tree import Tree

_PART = re.compile(
    r"""\.?(?:
        "(?P<double>[^"]*)" | '(?P<single>[^']*)'
        | \[\s*(?P<index>-?\d+)\s*\]
        | \[\s*(?:[\w-]+\s*==?\s*)?["']?(?P<item>[^\]"']+)["']?\s*\]
        | (?P<word>[^.\[\]"'\s]+)
    )""",
    re.VERBOSE,
)


def read(text: str, path: str, tree: Tree) -> tuple[str | int, ...]:
    """Return the key path that `text` means in the file `path` of `tree`.

    Raises PatchRejected: unreadable, unknown-key (no list item is called so), ambiguous.
    """
    parts: list[str | int] = []
    at = 0
    body = text.strip().strip("`")
    while at < len(body):
        match = _PART.match(body, at)
        if match is None:
            advice = "write it like runs[0].training.epochs"
            raise refused("unreadable", f"{text!r} is no key path; {advice}", path)
        if match.group("index") is not None:
            parts.append(int(match.group("index")))
        elif match.group("item") is not None:
            parts.append(_item(match.group("item").strip(), parts, path, tree))
        else:
            parts.append(next(g for g in match.group("double", "single", "word") if g is not None))
        at = match.end()
    if not parts:
        raise refused("unreadable", "an empty key path", path)
    return tuple(parts)


def as_json(value: Any, path: str) -> JsonValue:
    """Return a YAML value as JSON data. Raises PatchRejected for dates, sets and other kinds."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list):
        return [as_json(item, path) for item in value]
    if isinstance(value, dict):
        return {str(k): as_json(v, path) for k, v in value.items()}
    raise refused("bad-code", f"a value of type {type(value).__name__} is not JSON data", path)


def _item(name: str, parents: list[str | int], path: str, tree: Tree) -> str | int:
    """The index of the list item that is called `name` by one of its keys (`run_id`, `name`)."""
    holder = _data(path, tree[path])
    for part in parents:
        if isinstance(holder, list) and isinstance(part, int):
            holder = holder[part] if -len(holder) <= part < len(holder) else None
        elif isinstance(holder, dict):
            holder = holder.get(actual(holder, part))
        else:
            holder = None
    if isinstance(holder, dict) and name in holder:
        return name
    items = holder if isinstance(holder, list) else []
    found = [i for i, item in enumerate(items) if name in _names(item)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(sorted(n for item in items for n in _names(item))[:20]) or "none"
    if found:
        raise refused("ambiguous", f"{len(found)} list items are called {name!r}", path)
    raise refused("unknown-key", f"no list item is called {name!r}; there are: {known}", path)


def _names(item: Any) -> set[str]:
    if not isinstance(item, dict):
        return set()
    return {
        str(v)
        for k, v in item.items()
        if isinstance(k, str) and k.endswith(("id", "name", "key")) and isinstance(v, str | int)
    }


def _data(path: str, text: str) -> Any:
    if fault_of(path, text):
        raise refused("does-not-parse", "the file as it stands does not parse", path)
    if path.endswith(".toml"):
        return tomllib.loads(text)
    import yaml

    return yaml.safe_load(text)
