"""Reports: a judgement as text, JSON, SARIF, JUnit, or the seed's own form.

Each module of this package is one format, found by its file: `render(report)` gives the text.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from ohgw_tools.errors import InputError
from ohgw_tools.report import Report


class Format(Protocol):
    """A module of this package: one way to write a report down."""

    NAME: str
    SUMMARY: str

    def render(self, report: Report) -> str:
        """Return the report as text that ends with a newline."""
        ...


def formats() -> dict[str, str]:
    """Return the names of all formats, each with what it is for."""
    return {name: _format(name).SUMMARY for name in format_names()}


def render(name: str, report: Report) -> str:
    """Return a report in the format called `name`. Raises InputError for any other name."""
    if name not in format_names():
        raise InputError(f"no format is called {name!r}; there are {', '.join(format_names())}")
    return _format(name).render(report)


def format_names() -> list[str]:
    """Return the names of all formats. Reads none of them."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.removesuffix("_format") for name in found if name.endswith("_format"))


def _format(name: str) -> Format:
    return cast(Format, import_module(f"{__name__}.{name}_format"))
