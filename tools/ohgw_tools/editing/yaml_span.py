"""YamlSpan: where the node at a key path stands in the text of a YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ohgw_tools.editing.key_path import Key, written
from ohgw_tools.editing.refusal import refused
from ohgw_tools.editing.yaml_text import Style


class Place(NamedTuple):
    """Where a path leads. `rest` counts the parts that led there: all of them, or fewer where what
    stands there is empty. `node` is None where the mapping `parent` lacks the part numbered `rest`.
    `start` is where the key, or the dash of the item, stands; `key_end` is None for list items;
    `column` is that of the key or of the item's content.
    """

    node: Any
    parent: Any
    number: int
    rest: int
    start: int
    key_end: int | None
    column: int
    in_flow: bool


def locate(text: str, key: Key) -> Place:
    """Follow `key` through `text`, which is known to parse. Raises PatchRejected."""
    import yaml

    place = Place(yaml.compose(text, Loader=yaml.SafeLoader), None, 0, 0, 0, None, 0, False)
    for depth, part in enumerate(key):
        node = place.node
        flowing = place.in_flow or is_flow(node)
        if node is None or _is_null(node):
            return place
        if isinstance(node, yaml.MappingNode):
            found = [i for i, (k, _) in enumerate(node.value) if _is_key(k, part)]
            if len(found) > 1:
                raise refused("ambiguous", f"{written(key)!r}: the key stands {len(found)} times")
            if not found:
                return Place(None, node, 0, depth, 0, None, 0, flowing)
            k, v = node.value[found[0]]
            start, end = k.start_mark, k.end_mark
            place = Place(
                v, node, found[0], depth + 1, start.index, end.index, start.column, flowing
            )
        elif isinstance(node, yaml.SequenceNode):
            place = _item(text, node, part, depth + 1, flowing)
        else:
            raise refused("unknown-key", f"{written(key[:depth])!r} is a single value")
    return place


def _item(text: str, node: Any, part: str | int, rest: int, flowing: bool) -> Place:
    at = int(part) % len(node.value)
    item = node.value[at]
    start = item.start_mark.index
    if not flowing:
        start = text.rfind("-", 0, start)
    return Place(item, node, at, rest, start, None, item.start_mark.column, flowing)


def _is_key(node: Any, part: str | int) -> bool:
    return getattr(node, "value", None) == str(part) and isinstance(node.value, str)


def _is_null(node: Any) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def is_flow(node: Any) -> bool:
    """Whether a node is written in braces or brackets."""
    return isinstance(getattr(node, "value", None), list) and bool(node.flow_style)


def end_of(node: Any) -> int:
    """Return where the text of a node ends, blanks and comments after it left out."""
    if isinstance(node.value, list) and not is_flow(node) and node.value:
        last = node.value[-1]
        if isinstance(last, tuple):
            # An alias points back at its anchor: then the key is the last thing known here.
            return max(end_of(last[1]), int(last[0].end_mark.index))
        return max(end_of(last), int(node.start_mark.index))
    end = int(node.end_mark.index)
    if getattr(node, "style", None) in ("|", ">"):
        buffer = node.end_mark.buffer or ""
        while end > 0 and buffer[end - 1 : end] in ("\n", " "):
            end -= 1
    return end


def alias_span(text: str, place: Place) -> tuple[int, int] | None:
    """Return where `*name` stands if that is the value, or None."""
    if place.key_end is None:
        return None
    match = re.compile(r"\s*:\s+(\*[^\s,\]}]+)").match(text, place.key_end)
    return match.span(1) if match else None


def line_end(text: str, at: int) -> int:
    """Return the index of the line break at or after `at`, or the end of the text."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def line_start(text: str, at: int) -> int:
    """Return the index of the first character of the line that `at` is on."""
    return text.rfind("\n", 0, at) + 1


def block_style(text: str) -> Style:
    """Return how the file is written, by its first nested mapping and first list below a key."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    step, dashes = 0, None
    for key, value in _pairs(root):
        if is_flow(value) or not isinstance(value.value, list) or not value.value:
            continue
        deeper = value.start_mark.column - key.start_mark.column
        if value.start_mark.index < key.end_mark.index:
            continue
        if isinstance(value, yaml.MappingNode) and deeper > 0:
            step = step or deeper
        elif isinstance(value, yaml.SequenceNode) and dashes is None:
            dashes = deeper > 0
    return Style(step or 2, True if dashes is None else dashes)


def _pairs(node: Any, seen: set[int] | None = None) -> Iterator[tuple[Any, Any]]:
    seen = set() if seen is None else seen
    if node is None or id(node) in seen or not isinstance(node.value, list):
        return
    seen.add(id(node))
    for item in node.value:
        if isinstance(item, tuple):
            yield item
            yield from _pairs(item[1], seen)
        else:
            yield from _pairs(item, seen)
