"""The Python that this program itself runs on, as an Interpreter for a sandbox."""

from __future__ import annotations

import sys

from ohgw_tools.sandbox import Interpreter


def host_interpreter() -> Interpreter:
    """Return the running interpreter with the directories of its standard library and packages."""
    prefixes = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))
    version = ".".join(map(str, sys.version_info[:3]))
    return Interpreter(executable=sys.executable, prefixes=prefixes, key=f"host-{version}")
