"""The exports of a run, one format a file: `NAME`, `SUMMARY`, `TAKES` (the options that mean
something to it) and `export(history, options) -> str`.

Each is made from the record alone, needs no package beside our own, and is tested with its
consumers' own schema or parser.
"""

from __future__ import annotations

import pkgutil
from dataclasses import fields
from importlib import import_module
from typing import Protocol, cast

from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History
from ohgw_tools.errors import InputError


class Export(Protocol):
    """A module of this package: one format."""

    NAME: str
    SUMMARY: str
    TAKES: frozenset[str]

    def export(self, history: History, options: ExportOptions) -> str:
        """Return the run in this format, ending with a newline. Raises TraceError."""
        ...


def exports() -> dict[str, Export]:
    """Return every format by its name."""
    found = [
        cast(Export, import_module(f"{__name__}.{module.name}"))
        for module in pkgutil.iter_modules(__path__)
    ]
    return {export.NAME: export for export in sorted(found, key=lambda export: export.NAME)}


def export(history: History, name: str, options: ExportOptions | None = None) -> str:
    """Return a run in the format called `name`. Raises InputError for any other name, and for an
    option that the format has no use for.
    """
    known = exports()
    if name not in known:
        raise InputError(f"no export is called {name!r}; there are {', '.join(known)}")
    options = options or ExportOptions()
    for option in (field.name for field in fields(options)):
        if getattr(options, option) and option not in known[name].TAKES:
            able = ", ".join(n for n, found in known.items() if option in found.TAKES)
            raise InputError(f"--{option} means nothing to {name}; it is for {able}")
    return known[name].export(history, options)
