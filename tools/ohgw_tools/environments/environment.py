"""Environment: from a bundle's pyproject to an interpreter that has its dependencies, cached.

Only dependencies are installed, never the bundle itself. See `installer` for what is let through to
pip or uv, and `environment_store` for how environments are kept.
"""

from __future__ import annotations

import json
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel, JsonValue

from ohgw_tools.environments import interpreter_probe
from ohgw_tools.environments.environment_build import build, python_version, refuse_unknown
from ohgw_tools.environments.environment_store import (
    BUSY_SECONDS,
    DAY,
    EnvironmentRecord,
    EnvironmentStore,
)
from ohgw_tools.environments.installer import (
    InstallRequest,
    choose_installer,
    pip_is_here,
    uv_binary,
)
from ohgw_tools.environments.known_package import unknown
from ohgw_tools.environments.lock_file import Lock, Pin, read_lock
from ohgw_tools.environments.requirement import Declaration, declared, python_allowed
from ohgw_tools.environments.resolver_message import package_of
from ohgw_tools.errors import EnvironmentUnavailable, EnvironmentUnsatisfiable
from ohgw_tools.frozen import FROZEN
from ohgw_tools.sandbox import Interpreter
from ohgw_tools.tree import sha256

# Raise this when an environment is made in another way, so that old ones are not taken.
_FORMAT = 1


class EnvironmentOptions(BaseModel):
    """How environments are made: the keyword arguments of `ensure`, as one value."""

    model_config = FROZEN

    python: str | None = None
    installer: str = "auto"
    cache_dir: Path | None = None
    constraints: tuple[str, ...] = ()
    index: str | None = None
    allow_build: tuple[str, ...] = ()
    allow_packages: tuple[str, ...] = ()
    offline: bool = False
    timeout_seconds: float = 1800


def ensure(
    pyproject: str,
    *,
    python: str | None = None,
    installer: str = "auto",
    cache_dir: Path | None = None,
    on_progress: Callable[[str], None] | None = None,
    constraints: tuple[str, ...] = (),
    index: str | None = None,
    allow_build: tuple[str, ...] = (),
    allow_packages: tuple[str, ...] = (),
    offline: bool = False,
    timeout_seconds: float = 1800,
    locks: Mapping[str, str] | None = None,
    omit: frozenset[str] = frozenset(),
    trusted: frozenset[str] = frozenset(),
    cancel: threading.Event | None = None,
) -> Interpreter:
    """Return an interpreter with the dependencies that `pyproject` (TOML text) declares.

    `python` names an interpreter to be used as it is: nothing is installed, and what it lacks shows
    in `Interpreter.packages`. `locks` are lock files, text by path, of which `read_lock` takes one.
    `omit` names packages (in normal form) to leave out; `trusted` and
    `allow_packages` name some to be installed though they are not well known (`*`: all). `index` is
    the one registry to ask; `constraints` are requirement lines that bound versions; `allow_build`
    names packages whose own build script may run.

    Raises EnvironmentUnsatisfiable when a dependency cannot be had, EnvironmentUnavailable when
    that could not be found out, InputError for a wrong `installer`.
    """
    declaration = declared(pyproject, locks or {})
    if python is not None:
        return interpreter_probe.given(python, declaration.requires_python)
    report = on_progress or _silence
    lines = _wanted(declaration, omit)
    pins = _pins(read_lock(locks or {}), lines)
    names = frozenset(package_of(line) for line in lines)
    store = EnvironmentStore(cache_dir)
    key = _key(lines, constraints, index, allow_build, pins)
    record = store.find(key)
    if record is not None:
        return _interpreter(store, record)
    chosen = choose_installer(installer, names)
    refuse_unknown(unknown(names, trusted | frozenset(allow_packages)), index)
    request = InstallRequest(
        lines=lines,
        constraints=constraints,
        pins=pins,
        index=index,
        source_allowed=allow_build,
        offline=offline,
        timeout_seconds=timeout_seconds,
    )
    with store.lock(key, _waiting(report, cancel)):
        record = store.find(key) or build(store, key, chosen, request, report, cancel)
    return _interpreter(store, record)


def list_environments(cache_dir: Path | None = None) -> tuple[dict[str, JsonValue], ...]:
    """What is in the cache, the one used last first: key, python, requirements, packages, size in
    bytes, path, when built and when last used (seconds since 1970).
    """
    store = EnvironmentStore(cache_dir)
    return tuple(
        {
            **record.model_dump(mode="json", exclude={"directory", "base_prefix"}),
            "path": str(store.path(record)),
            "used_at": store.last_used(record),
        }
        for record in store.records()
    )


def prune(
    cache_dir: Path | None = None, *, unused_days: float = 30, everything: bool = False
) -> dict[str, JsonValue]:
    """Remove environments that were not used for `unused_days`, and what dead builders left.

    One that was handed out within the last hour may be in use and stays, unless `everything`.
    Returns `removed` (keys), `kept` (keys), `leftovers` (count) and `freed_bytes`.
    """
    store = EnvironmentStore(cache_dir)
    limit = time.time() - max(unused_days * DAY, BUSY_SECONDS)
    removed: list[JsonValue] = []
    kept: list[JsonValue] = []
    freed = 0
    for record in store.records():
        old = everything or store.last_used(record) < limit
        if old and store.remove(record):
            removed.append(record.key)
            freed += record.size_bytes
        else:
            kept.append(record.key)
    leftovers = store.remove_leftovers()
    return {"removed": removed, "kept": kept, "leftovers": leftovers, "freed_bytes": freed}


def facts(cache_dir: Path | None = None) -> dict[str, JsonValue]:
    """What `ohgw-agent doctor` shows: installers found, the Python to build with, the cache."""
    store = EnvironmentStore(cache_dir)
    records = store.records()
    return {
        "python": f"{sys.implementation.name} {python_version()} on {sysconfig.get_platform()}",
        "pip": pip_is_here(),
        "uv": uv_binary(),
        "cache": str(store.root),
        "environments": len(records),
        "size_bytes": sum(record.size_bytes for record in records),
    }


def _wanted(declaration: Declaration, omit: frozenset[str]) -> tuple[str, ...]:
    """The requirement lines for the Python that we run in."""
    if declaration.requires_python and not python_allowed(
        declaration.requires_python, python_version()
    ):
        raise EnvironmentUnavailable(
            f"the bundle wants Python {declaration.requires_python}, this is {python_version()}",
            "Give a fitting interpreter with --python",
        )
    requirements = declaration.applying(_marker_values())
    return tuple(sorted({str(r) for r in requirements if canonicalize_name(r.name) not in omit}))


def _pins(lock: Lock, lines: tuple[str, ...]) -> tuple[Pin, ...]:
    """What a lock pins for the Python that we run in. Raises EnvironmentUnsatisfiable where it does
    not fit what is declared.
    """
    pins = {pin.name: pin for pin in lock.applying(_marker_values())}
    for requirement in map(Requirement, lines):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin and not requirement.specifier.contains(pin.version, prereleases=True):
            raise EnvironmentUnsatisfiable(
                str(requirement), f"{lock.path} pins {pin.line}, which this excludes; lock it again"
            )
    return tuple(pins.values())


def _marker_values() -> dict[str, str]:
    return {name: str(value) for name, value in default_environment().items()}


def _interpreter(store: EnvironmentStore, record: EnvironmentRecord) -> Interpreter:
    place = store.path(record)
    return Interpreter(
        executable=str(place / "bin" / "python"),
        prefixes=tuple(dict.fromkeys((str(place), record.base_prefix))),
        key=record.key,
        packages=record.packages,
    )


def _key(
    lines: tuple[str, ...],
    constraints: tuple[str, ...],
    index: str | None,
    allow_build: tuple[str, ...],
    pins: tuple[Pin, ...],
) -> str:
    """24 hexadecimal digits over all that decides what gets installed."""
    parts = {
        "format": _FORMAT,
        "python": [sys.implementation.name, python_version(), sys.base_prefix],
        "platform": sysconfig.get_platform(),
        "lines": [str(Requirement(line)) for line in lines],
        "constraints": sorted(constraints),
        "index": index,
        "allow_build": sorted(allow_build),
    }
    if pins:
        parts["pins"] = [[pin.line, *pin.hashes] for pin in pins]
    return sha256(json.dumps(parts, sort_keys=True).encode())[:24]


def _waiting(report: Callable[[str], None], cancel: threading.Event | None) -> Iterator[None]:
    report("another process builds this environment; waiting for it")
    while cancel is None or not cancel.is_set():
        yield
    raise EnvironmentUnavailable("the installation was cancelled", "Run it again")


def _silence(line: str) -> None:
    del line
