"""Marked scalars: strings and numbers that know where in a configuration file they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in which configuration file a value stands: keys from the root."""

    path: str
    keys: tuple[Any, ...]

    def child(self, key: object) -> Origin:
        """Return the place of `key` below this one."""
        return Origin(self.path, (*self.keys, key))


class ConfigText(str):
    """A string that stands in a configuration file, or was made from one by `.lower()` and such.

    A subclass of str so that each operation on strings works on it unchanged.
    """

    __slots__ = ("origin",)
    origin: Origin


def config_text(text: str, origin: Origin) -> ConfigText:
    """Return `text` marked with its place."""
    marked = ConfigText(text)
    marked.origin = origin
    return marked


class ConfigInt(int):
    """A whole number that stands in a configuration file."""

    origin: Origin


class ConfigFloat(float):
    """A number that stands in a configuration file."""

    __slots__ = ("origin",)
    origin: Origin


MARKED = (ConfigText, ConfigInt, ConfigFloat)


def mark(value: Any, origin: Origin) -> Any:
    """Return a scalar of a configuration file, marked with its place where its type allows."""
    marked: Any
    if isinstance(value, str):
        marked = ConfigText(value)
    elif isinstance(value, float):
        marked = ConfigFloat(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        marked = ConfigInt(value)
    else:
        return value
    marked.origin = origin
    return marked


def like(source: object, text: str) -> str:
    """Return `text`, marked with the place of `source` if that has one."""
    return config_text(text, source.origin) if isinstance(source, ConfigText) else text
