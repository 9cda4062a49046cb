"""Markup: HTML that cannot be injected into, since whatever is not `Html` is escaped.

Names of elements and attributes are literals of this package; every word from a run, a model, a
bundle or a sandbox comes in as a plain string.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

from ohgw_tools.isolation.capture import harmless

Child: TypeAlias = "str | Html | Iterable[Child] | None"

_EMPTY = frozenset(("meta", "br", "hr", "rect", "path", "line", "circle"))


class Html(str):
    """Markup that is safe to put into a page as it is. Made by `el` and `many` alone."""

    __slots__ = ()


def el(name: str, /, *children: Child, **attributes: str | int | None) -> Html:
    """Return an element. `class_` and `for_` stand for the words that Python keeps for itself, and
    an underscore for a hyphen; an attribute that is None is left out.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            word = key.rstrip("_").replace("_", "-")
            parts.append(f'{word}="{escaped(str(value))}"')
    opening = f"<{' '.join(parts)}>"
    if name in _EMPTY:
        return Html(opening if name in ("meta", "br", "hr") else f"{opening[:-1]}/>")
    return Html(f"{opening}{many(*children)}</{name}>")


def many(*children: Child) -> Html:
    """Return children one after the other, plain strings escaped."""
    return Html("".join(_flat(child) for child in children))


def _flat(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escaped(child)
    return "".join(_flat(item) for item in child)


def escaped(text: str) -> str:
    """Return foreign words as HTML text: markup escaped, control characters and those that reorder
    text spelled out.
    """
    raw = text.encode("utf-8", "backslashreplace")
    return html.escape(harmless(raw), quote=True)


def cut(text: str, limit: int) -> str:
    """Return a text no longer than `limit`, saying how much is left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n... {len(text) - limit} more characters are in the record"
