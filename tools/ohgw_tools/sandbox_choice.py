"""Choosing a sandbox by name: a built-in one, the first that works, or anybody's own class."""

from __future__ import annotations

import importlib
import pkgutil

from ohgw_tools import sandboxes
from ohgw_tools.errors import InputError, SandboxUnavailable
from ohgw_tools.sandbox import Probe, Sandbox

# Preference for `auto`: bubblewrap starts ten times faster and needs no daemon.
_FIRST = ("bubblewrap", "docker")


def names() -> tuple[str, ...]:
    """Return the built-in sandboxes, in the order in which `auto` tries them."""
    found = {module.name for module in pkgutil.iter_modules(sandboxes.__path__)}
    return (*(n for n in _FIRST if n in found), *sorted(found.difference(_FIRST)))


def choose(name: str = "auto") -> Sandbox:
    """Return the sandbox called `name`; its own `name` says which `auto` took.

    Raises SandboxUnavailable, with a remedy, when it does not work on this machine; InputError for
    a name that stands for nothing.
    """
    if name == "auto":
        return _first_that_works()
    sandbox = _made(name)
    probe = sandbox.probe()
    if not probe.works:
        raise SandboxUnavailable(f"sandbox {name} does not work here: {probe.detail}", probe.remedy)
    return sandbox


def probe_all() -> tuple[Probe, ...]:
    """Try every built-in sandbox for real."""
    return tuple(_made(name).probe() for name in names())


def _first_that_works() -> Sandbox:
    probes = []
    for name in names():
        sandbox = _made(name)
        probe = sandbox.probe()
        if probe.works:
            return sandbox
        probes.append(probe)
    raise SandboxUnavailable(
        "no sandbox works here: " + "; ".join(f"{p.name}: {p.detail}" for p in probes),
        " ".join(f"{p.name}: {p.remedy}" for p in probes if p.remedy),
    )


def _made(name: str) -> Sandbox:
    if name in names():
        module = importlib.import_module(f"{sandboxes.__name__}.{name}")
        sandbox: Sandbox = module.create()
        return sandbox
    module_name, colon, attribute = name.partition(":")
    if not colon:
        known = ", ".join(("auto", *names()))
        raise InputError(f"no sandbox {name!r}. Give one of {known}, or package.module:Class.")
    try:
        made: Sandbox = getattr(importlib.import_module(module_name), attribute)()
    except (ImportError, AttributeError) as error:
        raise InputError(f"cannot load the sandbox {name!r}: {error}") from error
    return made
