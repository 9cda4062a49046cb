"""The warden's text, to start a container's interpreter with."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

# In the order in which they need each other.
_MODULES = ("frame", "usage", "program", "files", "service")
_START = """
import sys, types, json
def load(name, source, path=()):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = path
    exec(compile(source, name, "exec"), module.__dict__)
    return module
load("ohgw_tools", "")
load("ohgw_tools.isolation", "")
package = load("ohgw_tools.isolation.warden", "")
for name, source in json.loads({sources!r}):
    setattr(package, name, load("ohgw_tools.isolation.warden." + name, source))
package.service.main()
"""


@cache
def text() -> str:
    """Return a program for `python -I -S -c` that holds all of the warden's modules."""
    directory = Path(__file__).with_name("warden")
    sources = [(name, (directory / f"{name}.py").read_text("utf-8")) for name in _MODULES]
    return _START.format(sources=json.dumps(sources))
