"""MissingDependency: whose fault it is that something outside the bundle cannot be imported.

Three answers: the bundle does not declare it (a finding), the bundle declares it but this machine's
interpreter lacks it or has a build that does not work here (could not look), or the declared
dependencies do not work together (a finding).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ohgw_tools.environments.distribution import normal, providers
from ohgw_tools.environments.pinned import TORCH_FAMILY
from ohgw_tools.environments.requirement import read_declaration
from ohgw_tools.environments.resolver_message import package_of
from ohgw_tools.errors import EnvironmentUnavailable, EnvironmentUnsatisfiable
from ohgw_tools.running.import_probe import FailedImport, missing_module
from ohgw_tools.running.python_traceback import PythonTraceback, bundle_path
from ohgw_tools.running.run_finding import RunFindings, log
from ohgw_tools.sandbox import Interpreter

PYPROJECT = "pyproject.toml"
_SITE = "/site-packages/"


@dataclass(frozen=True)
class Dependencies:
    """What the bundle declares (names in normal form) and what the interpreter has."""

    declared: frozenset[str]
    packages: tuple[str, ...]
    deferred: frozenset[str] = frozenset()

    @property
    def installed(self) -> frozenset[str]:
        """The names of the installed packages, in normal form."""
        return frozenset(package.partition("==")[0] for package in self.packages)


def dependencies(
    pyproject: str, interpreter: Interpreter, deferred: frozenset[str]
) -> Dependencies:
    """Put together what is declared and what is there. A broken pyproject declares nothing."""
    try:
        lines = read_declaration(pyproject).lines
    except EnvironmentUnsatisfiable:
        lines = ()
    return Dependencies(frozenset(map(package_of, lines)), interpreter.packages, deferred)


def report_dependency(
    findings: RunFindings,
    traceback: PythonTraceback,
    known: Dependencies,
    imports_alone: Callable[[str], bool],
) -> bool:
    """Add a finding if an exception is about something outside the bundle; False if it is not.

    `imports_alone` says whether a module can be imported by itself. Raises EnvironmentUnavailable
    when the fault is this machine's.
    """
    module = missing_module(traceback.root)
    if module and not _is_own(findings, module):
        _report_missing(findings, traceback.root, module, known)
        return True
    package = _failing_package(findings, traceback.root)
    if not package or imports_alone(package):
        return False
    distribution = _distribution_of(package)
    if distribution in TORCH_FAMILY and _has_local_build(known):
        raise EnvironmentUnavailable(
            f"{distribution} does not work beside this machine's build of torch: "
            f"{traceback.root.message[:300]}",
            "Give an interpreter that has both with --python, or their common index with --index",
        )
    _add(
        findings,
        "dependency-broken",
        traceback.root,
        f"`import {package}` alone fails with what is declared: {traceback.root.short_type}: "
        f"{traceback.root.message}",
        package,
    )
    return True


def report_environment(findings: RunFindings, error: EnvironmentUnsatisfiable) -> None:
    """Add the finding for a dependency that cannot be had, at its line in the pyproject."""
    text = findings.subject.files.get(PYPROJECT, "")
    wanted = re.sub(r"\s", "", error.requirement)
    name = package_of(error.requirement)
    lines = [re.sub(r"\s", "", line) for line in text.splitlines()]
    exact = (i for i, line in enumerate(lines, 1) if wanted and wanted in line)
    named = (i for i, line in enumerate(lines, 1) if name and name in line.lower())
    findings.add(
        "environment",
        f"{error.requirement}: {error.resolver_message.splitlines()[0][:300]}",
        PYPROJECT if PYPROJECT in findings.subject.files else None,
        next(exact, None) or next(named, None) or 1,
        about=error.requirement,
        evidence=[log("installer", error.resolver_message)],
        data={"requirement": error.requirement},
    )


def deferred_module(failed: tuple[FailedImport, ...], known: Dependencies) -> str:
    """A module that failed only because a package was left out of the environment; or empty."""
    for item in failed:
        module = missing_module(item.traceback.root) if item.traceback else ""
        if module and providers(module) & known.deferred:
            return module
    return ""


def _report_missing(
    findings: RunFindings, traceback: PythonTraceback, module: str, known: Dependencies
) -> None:
    distribution = _distribution_of(module)
    if providers(module) & known.declared and not providers(module) & known.installed:
        raise EnvironmentUnavailable(
            f"the bundle declares {distribution}, but the interpreter in use lacks it",
            "Install it there, or leave --python away to have an environment built",
        )
    _add(
        findings,
        "dependency-missing",
        traceback,
        f"no declared dependency brings the module `{module}` (package {distribution})",
        module,
    )


def _add(
    findings: RunFindings, rule: str, traceback: PythonTraceback, message: str, module: str
) -> None:
    path, line = traceback.line_in(findings.subject.files) or (None, None)
    findings.add(
        rule,
        message,
        path,
        line,
        about=module,
        evidence=[log("stderr", traceback.excerpt)],
        data={"module": module, "distribution": _distribution_of(module)},
    )


def _distribution_of(module: str) -> str:
    """The distribution that a module is best known by."""
    return next(iter(sorted(providers(module), key=len)), normal(module))


def _is_own(findings: RunFindings, module: str) -> bool:
    """Whether a top-level name is the bundle's package or one of its own modules, however it was
    meant to be reached (`import model` where `src/model.py` stands is the bundle's own mistake).
    """
    names = {
        part.removesuffix(".py") for path in findings.subject.files for part in path.split("/")
    }
    return module in names


def _failing_package(findings: RunFindings, traceback: PythonTraceback) -> str:
    """The top-level installed package that the bundle imported when the exception was raised deep
    inside installed packages; empty for other exceptions.
    """
    frames = traceback.frames
    last = max(
        (i for i, f in enumerate(frames) if bundle_path(f.path) in findings.subject.files),
        default=-1,
    )
    inside = [frame for frame in frames[last + 1 :] if _SITE in frame.path]
    if not inside or not any(frame.name == "<module>" for frame in inside):
        return ""
    return inside[0].path.partition(_SITE)[2].split("/")[0].removesuffix(".py")


def _has_local_build(known: Dependencies) -> bool:
    """Whether the installed torch is a build of its own kind, such as 2.13.0+cpu (PEP 440)."""
    return any(p.startswith("torch==") and "+" in p for p in known.packages)
