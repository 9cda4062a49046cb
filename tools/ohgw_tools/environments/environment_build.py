"""EnvironmentBuild: makes one virtual environment and publishes it in the store."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ohgw_tools.environments.distribution import along_with
from ohgw_tools.environments.environment_store import (
    EnvironmentRecord,
    EnvironmentStore,
    site_packages,
    size_of,
)
from ohgw_tools.environments.installer import (
    InstallRequest,
    install,
    pip_is_here,
    versions,
)
from ohgw_tools.environments.pinned import TORCH_FAMILY
from ohgw_tools.environments.resolver_message import package_of
from ohgw_tools.errors import (
    EnvironmentUnavailable,
    EnvironmentUnsatisfiable,
    HashMismatch,
    WheelMissing,
)

# A package that every registry has: where it is not to be found, nothing can be said of others.
_CONTROL = "pip"
# Packages that publish no wheel of versions in wide use (hydra-core pins one); its build script is
# five lines of setuptools metadata.
_SOURCE_TRUSTED = frozenset({"antlr4-python3-runtime"})


def refuse_unknown(names: tuple[str, ...], index: str | None) -> None:
    """Raise for names that are not known: EnvironmentUnsatisfiable where the registry, asked for a
    list of releases alone, has none; else EnvironmentUnavailable, which asks the user.
    """
    for name in names:
        if not versions(name, index) and versions(_CONTROL, index):
            raise EnvironmentUnsatisfiable(name, "the registry has no package of this name")
    if names:
        words = " ".join(f"--allow-package {name}" for name in names)
        raise EnvironmentUnavailable(
            f"{', '.join(names)}: not known here, and a name that a model made up may be a trap",
            f"Look it up; if it is what the experiment means, give {words}",
        )


def build(
    store: EnvironmentStore,
    key: str,
    installer: str,
    request: InstallRequest,
    report: Callable[[str], None],
    cancel: threading.Event | None,
) -> EnvironmentRecord:
    """Make a new environment for `request`, wherever the store has room for it, and publish it;
    leaves nothing behind when it fails. Call it under the store's lock of `key`.
    """
    started = time.monotonic()
    place = store.new_directory(key)
    request = request.model_copy(update={"environment": place})
    count = len(request.lines)
    if count:
        report(f"environment {key[:12]}: {count} requirement(s), with {installer}")
    try:
        _make_empty(place, with_pip=installer == "pip" and count > 0 and not pip_is_here())
        if request.lines:
            with tempfile.TemporaryDirectory(prefix="ohgw-install-") as scratch:
                _install(installer, request, Path(scratch), report, cancel)
        record = EnvironmentRecord(
            key=key,
            directory=place.name,
            python=python_version(),
            base_prefix=sys.base_prefix,
            requirements=request.lines,
            packages=_installed(place),
            size_bytes=size_of(place),
            built_at=time.time(),
            build_seconds=round(time.monotonic() - started, 3),
            installer=installer,
        )
        store.publish(record)
    except (OSError, subprocess.TimeoutExpired) as error:
        store.discard(place)
        raise EnvironmentUnavailable(
            f"the environment could not be written to {place.parent}: {error}",
            "Free some space, or choose another cache directory (XDG_CACHE_HOME)",
        ) from error
    except BaseException:
        store.discard(place)
        raise
    report(f"environment {key[:12]}: {_size(record.size_bytes)}, {record.build_seconds:.1f} s")
    return record


def _install(
    installer: str,
    request: InstallRequest,
    scratch: Path,
    report: Callable[[str], None],
    cancel: threading.Event | None,
) -> None:
    """Install from wheels; tell "no such package" from "no wheel of it"."""
    try:
        install(installer, _preferring_cpu(request), scratch, report, cancel)
    except HashMismatch:
        raise
    except EnvironmentUnsatisfiable as error:
        name = package_of(error.requirement)
        if name and not versions(_CONTROL, request.index):
            raise EnvironmentUnavailable(
                f"{installer} found nothing, not even {_CONTROL}: {error.resolver_message[:300]}",
                "The package registry seems out of reach; look at the network and at --index",
            ) from error
        if not name or name in request.source_allowed or not _exists(error.requirement, request):
            raise
        if name not in _SOURCE_TRUSTED:
            raise WheelMissing(name) from error
        _install_building(name, installer, request, scratch, report, cancel)
    except WheelMissing as error:
        # uv says the same of a package that there is none of.
        if not versions(error.name, request.index) and versions(_CONTROL, request.index):
            raise EnvironmentUnsatisfiable(error.name, "the registry has none") from error
        if error.name not in _SOURCE_TRUSTED - {*request.source_allowed}:
            raise
        _install_building(error.name, installer, request, scratch, report, cancel)


def _install_building(
    name: str,
    installer: str,
    request: InstallRequest,
    scratch: Path,
    report: Callable[[str], None],
    cancel: threading.Event | None,
) -> None:
    again = request.model_copy(update={"source_allowed": (*request.source_allowed, name)})
    install(installer, again, scratch, report, cancel)


def _preferring_cpu(request: InstallRequest) -> InstallRequest:
    """Bound torch to its newest build for the processor alone, where the registry has one that the
    bundle allows: it is a fifth of the size of the usual build, and a sandbox has no GPU.

    Companions built against torch must have such a build too, or they would not load beside it.
    """
    wanted = {package_of(line): Requirement(line) for line in request.lines}
    if "torch" not in wanted.keys() | along_with(frozenset(wanted)):
        return request
    if any(package_of(line) in TORCH_FAMILY for line in request.constraints):
        return request
    bounds = []
    for name in sorted(TORCH_FAMILY & {"torch", *wanted}):
        allowed = wanted[name].specifier if name in wanted else SpecifierSet()
        allowed &= SpecifierSet("".join(f"=={p.version}" for p in request.pins if p.name == name))
        builds = [v for v in versions(name, request.index) if (v.local or "").startswith("cpu")]
        fitting = [v for v in builds if allowed.contains(v)]
        if not fitting:
            return request
        bounds.append(f"{name}=={max(fitting)}")
    return request.model_copy(update={"constraints": (*request.constraints, *bounds)})


def _exists(line: str, request: InstallRequest) -> bool:
    """Whether the registry has any release that a line allows, if only as source."""
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return False
    return any(
        wanted.specifier.contains(v, prereleases=True) for v in versions(wanted.name, request.index)
    )


def _make_empty(place: Path, *, with_pip: bool) -> None:
    """Make a bare virtual environment, readable by whatever user the sandbox runs as."""
    command = [sys.executable, "-I", "-m", "venv", "--symlinks", str(place)]
    if not with_pip:
        command.insert(-1, "--without-pip")
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, umask=0o022
    )
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip()[-500:]
        raise EnvironmentUnavailable(
            f"no virtual environment can be made: {words}",
            "Install Python's venv module, or give --python INTERPRETER",
        )


def _installed(place: Path) -> tuple[str, ...]:
    """Read the metadata on disk; the environment's own Python is not started for it."""
    found = distributions(path=[str(site_packages(place))])
    return tuple(sorted({f"{canonicalize_name(d.name)}=={d.version}" for d in found}))


def python_version() -> str:
    """The version of the Python that we run in, such as 3.11.7."""
    return ".".join(map(str, sys.version_info[:3]))


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"
