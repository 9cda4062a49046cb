"""The kinds of experiment, found by their files."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from kind import Kind


def all_kinds() -> list[Kind]:
    """Return every kind, in order of names."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__))
    return [import_module(f"kinds.{name}").KIND for name in names]
