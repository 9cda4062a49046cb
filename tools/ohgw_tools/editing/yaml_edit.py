"""YamlEdit: set, remove or append at a key path; all other bytes of the file stay as they are.

The file is read to nodes with their places, and only the span of the node at the path is written
anew. Then the result is read back as the bundle's own code will read it (YAML 1.1, PyYAML) and
compared with the data that were meant: if anything else changed, the edit is refused.
"""

from __future__ import annotations

from typing import Any

from ohgw_tools.editing import key_path
from ohgw_tools.editing.key_path import Key, written
from ohgw_tools.editing.refusal import refused
from ohgw_tools.editing.yaml_span import (
    Place,
    alias_span,
    block_style,
    end_of,
    is_flow,
    line_end,
    line_start,
    locate,
)
from ohgw_tools.editing.yaml_text import block, entry, flow, is_leaf, quoted
from ohgw_tools.source.syntax import MAX_EDITED, fault_of


def set_key(text: str, key: Key, value: Any) -> str:
    """Return `text` with `value` at `key`; missing mappings on the way are made.

    Raises PatchRejected: does-not-parse, unknown-key, ambiguous, yaml-changed-more.
    """
    data = _data(text)
    expected = key_path.with_value(data, key, value)
    place = locate(text, key)
    for part in reversed(key[place.rest + (place.node is None) :]):
        value = {part: value}
    if place.node is None:
        changed = _inserted(text, place, key[place.rest], value)
    else:
        changed = _replaced(text, place, value)
    return _checked(changed, expected, key)


def remove_key(text: str, key: Key) -> str:
    """Return `text` without `key` and its value. Raises PatchRejected like `set_key`."""
    expected = key_path.without(_data(text), key)
    return _checked(_removed(text, locate(text, key)), expected, key)


def append_item(text: str, key: Key, value: Any) -> str:
    """Return `text` with `value` as the last item of the list at `key`, made if it is empty.

    Raises PatchRejected like `set_key`.
    """
    data = _data(text)
    present = key_path.value_at(data, key)
    if not isinstance(present, list | None):
        raise refused("unknown-key", f"{written(key)!r} is not a list")
    expected = key_path.with_value(data, key, [*(present or []), value])
    place = locate(text, key)
    if not present:
        return _checked(_replaced(text, place, [value]), expected, key)
    return _checked(_appended(text, place, value), expected, key)


def _data(text: str) -> Any:
    import yaml

    if len(text) > MAX_EDITED:
        raise refused("too-large", "the file is too large for key edits; use SEARCH/REPLACE")
    fault = fault_of("file.yaml", text)
    if fault:
        raise refused(
            "does-not-parse", f"the file as it stands is not YAML ({fault}); use SEARCH/REPLACE"
        )
    return yaml.safe_load(text)


def _checked(text: str, expected: Any, key: Key) -> str:
    import yaml

    fault = fault_of("file.yaml", text)
    if fault or not key_path.same(yaml.safe_load(text), expected):
        raise refused(
            "yaml-changed-more",
            f"{written(key)!r} cannot be changed without changing other values (it runs through an "
            "anchor, an alias or an unusual layout); use SEARCH/REPLACE",
        )
    return text


def _replaced(text: str, place: Place, value: Any) -> str:
    node, style = place.node, block_style(text)
    alias = alias_span(text, place)
    start, end = alias or (node.start_mark.index, end_of(node))
    if is_leaf(value) or place.in_flow or (is_flow(node) and not alias):
        new = flow(value)
        mark = text[start : start + 1]
        if isinstance(value, str) and mark in ("'", '"') and not alias:
            new = quoted(value, mark)
        if place.key_end is not None and "\n" in text[place.key_end : start]:
            return f"{text[: place.key_end]}: {new}{text[end:]}"
        gap = " " if start and text[start - 1] in ":-" else ""
        return f"{text[:start]}{gap}{new}{text[end:]}"
    if place.key_end is None:
        lines = block(value, place.column, style)
        lines[0] = lines[0].lstrip(" ")
        return text[:start] + "\n".join(lines) + text[end:]
    lines = entry("", value, place.column, style)[1:]
    tail = text[end : line_end(text, end)] if start == end or "\n" not in text[start:end] else ""
    rest = end + len(tail)
    head = f"{text[: place.key_end]}:{tail.rstrip()}"
    return "\n".join([head, *lines]) + text[rest:]


def _inserted(text: str, place: Place, name: str | int, value: Any) -> str:
    """Put a new key at the end of the mapping at `place.parent`."""
    parent, style = place.parent, block_style(text)
    if parent is None:
        lines = entry(flow(name), value, 0, style)
        gap = "" if not text or text.endswith("\n") else "\n"
        return text + gap + "\n".join(lines) + "\n"
    if is_flow(parent) or place.in_flow:
        end = end_of(parent.value[-1][1]) if parent.value else parent.start_mark.index + 1
        comma = ", " if parent.value else ""
        return f"{text[:end]}{comma}{flow(name)}: {flow(value)}{text[end:]}"
    column = parent.value[0][0].start_mark.column
    last_key, last_value = parent.value[-1]
    at = line_end(text, max(end_of(last_value), last_key.end_mark.index))
    lines = entry(flow(name), value, column, style)
    return "\n".join([text[:at], *lines]) + text[at:]


def _appended(text: str, place: Place, value: Any) -> str:
    node = place.node
    last = node.value[-1]
    end = end_of(last)
    if is_flow(node):
        own_line = not text[line_start(text, last.start_mark.index) : last.start_mark.index].strip()
        several = "\n" in text[node.start_mark.index : node.end_mark.index]
        gap = "\n" + " " * last.start_mark.column if own_line and several else " "
        return f"{text[:end]},{gap}{flow(value)}{text[end:]}"
    lines = block([value], node.start_mark.column, block_style(text))
    if is_leaf([value]):
        lines = [f"{' ' * node.start_mark.column}- {flow(value)}"]
    at = line_end(text, end)
    return "\n".join([text[:at], *lines]) + text[at:]


def _removed(text: str, place: Place) -> str:
    parent = place.parent
    if place.in_flow:
        return _removed_from_flow(text, place)
    if len(parent.value) == 1:
        empty = "[]" if place.key_end is None else "{}"
        return f"{text[: parent.start_mark.index]}{empty}{text[end_of(parent) :]}"
    start = place.start
    end = max(line_end(text, end_of(place.node)), line_end(text, place.key_end or 0))
    alias = alias_span(text, place)
    if alias:
        end = line_end(text, alias[1])
    first = line_start(text, start)
    if text[first:start].strip():
        # The first key after a dash: the next one moves up to its place.
        following = parent.value[place.number + 1][0].start_mark.index
        return text[:start] + text[end if "#" in text[end:following] else following :]
    return text[:first] + text[end + 1 :]


def _removed_from_flow(text: str, place: Place) -> str:
    spans = []
    for item in place.parent.value:
        first, last = item if isinstance(item, tuple) else (item, item)
        spans.append((first.start_mark.index, end_of(last)))
    at = place.number
    if at + 1 < len(spans):
        return text[: spans[at][0]] + text[spans[at + 1][0] :]
    start = spans[at - 1][1] if at else spans[at][0]
    return text[:start] + text[spans[at][1] :]
