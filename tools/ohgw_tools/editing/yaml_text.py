"""YamlText: values written as YAML in the style of the file that they go into."""

from __future__ import annotations

from typing import Any, NamedTuple


class Style(NamedTuple):
    """How a file is written: blanks a level, and whether dashes are indented below their key."""

    step: int = 2
    dashes_in: bool = True


def flow(value: Any) -> str:
    """Return `value` on one line, fit for any place in a document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def quoted(value: str, mark: str) -> str:
    """Return a string in the quotes that the old value had, where that is possible."""
    plain = all(c.isprintable() for c in value)
    if mark == "'" and plain:
        return "'" + value.replace("'", "''") + "'"
    if mark == '"' and plain:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _scalar(value)


def block(value: Any, indent: int, style: Style) -> list[str]:
    """Return `value` as lines in block style, each indented by at least `indent` blanks.

    Lists of scalars stay on one line.
    """
    pad = " " * indent
    if is_leaf(value):
        return [pad + flow(value)]
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            lines += entry(flow(key), inner, indent, style)
        return lines
    lines = []
    for item in value:
        inner_lines = block(item, indent + 2, style)
        lines += [f"{pad}- {inner_lines[0].lstrip(' ')}", *inner_lines[1:]]
    return lines


def entry(key: str, value: Any, indent: int, style: Style) -> list[str]:
    """Return `key: value` as lines."""
    pad = " " * indent
    if is_leaf(value):
        return [f"{pad}{key}: {flow(value)}"]
    deeper = indent + (style.step if isinstance(value, dict) or style.dashes_in else 0)
    return [f"{pad}{key}:", *block(value, deeper, style)]


def is_leaf(value: Any) -> bool:
    """Whether a value is written on one line: scalars, empty containers, lists of scalars."""
    if isinstance(value, list):
        return not any(isinstance(item, dict | list) for item in value)
    return not (isinstance(value, dict) and value)


def _scalar(value: Any) -> str:
    import yaml

    dumped: str = yaml.safe_dump(
        [value], default_flow_style=True, width=float("inf"), allow_unicode=True
    )
    return dumped.strip()[1:-1]
