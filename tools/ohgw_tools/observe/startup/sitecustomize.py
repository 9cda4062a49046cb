"""Start-up hook of every Python process in the sandbox: starts the observer, then steps aside.

Python imports `sitecustomize` when it starts (module `site`). This directory is on PYTHONPATH, is
read-only, and is taken off `sys.path` again, so that nothing in it can be imported by chance. An
environment's own `sitecustomize` has its turn afterwards.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs 5 ms


def _start() -> None:
    setting = os.environ.get("OHGW_OBSERVE", "")
    if not setting:
        return
    # Whatever goes wrong here, the program must not feel it.
    with suppress(Exception):
        import ohgw_observer  # type: ignore[import-not-found]

        ohgw_observer.start(setting)


def _next_hook() -> None:
    """Run the `sitecustomize` that would have been found without this directory."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_start()
sys.path[:] = [entry for entry in sys.path if entry != _HERE]
_next_hook()
