"""The coding styles, found by their files; each turns a kind into the files of a bundle."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module

from kind import Kind

Style = Callable[[Kind, bool], dict[str, str]]


def all_styles() -> dict[str, Style]:
    """Return each style's `files(kind, base)` by its name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__))
    return {name: import_module(f"styles.{name}").files for name in names}
