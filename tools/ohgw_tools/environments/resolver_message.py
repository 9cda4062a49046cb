"""ResolverMessage: what pip or uv said when it failed, and which error of ours that is.

Only "there is no such version" says something about the bundle. A registry out of reach, a full
disk, a missing wheel or a Python that is too old or too new say something about this machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ohgw_tools.errors import (
    EnvironmentUnavailable,
    EnvironmentUnsatisfiable,
    HashMismatch,
    WheelMissing,
)

MAX_MESSAGE = 1500

_UNREACHABLE = re.compile(
    r"connection broken|connection error|name resolution|network is unreachable|max retries"
    r"|ProxyError|SSLError|certificate verify|timed out|HTTP error 5\d\d|5\d\d Server Error"
    r"|failed to fetch|error sending request|dns error|could not connect|IncompleteRead",
    re.IGNORECASE,
)
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_NOT_FOUND = re.compile(
    r"satisfies the requirement (?P<pip>\S+)|No matching distribution found for (?P<pip2>\S+)"
    r"|you require (?P<uv>[^\s,]+)"
)
_NO_WHEEL = re.compile(r"Wheels are required for `(?P<name>[A-Za-z0-9][\w.-]*)`")
_HASHES = re.compile(r"DO NOT MATCH THE HASHES|Hash mismatch for `?(?P<name>[\w.-]+)")
_DEPENDS = re.compile(r" depends? on ")
_CONFLICT = re.compile(
    r"ResolutionImpossible|conflicting dependencies|No solution found", re.IGNORECASE
)
_OTHER_PYTHON = re.compile(r"(?P<version>[\w.!+]+) Requires-Python (?P<python>[^;\n]+)")
# Starts with a character that no package name starts with, so it is never taken for one.
_TOGETHER = "[project] dependencies"
_DIFFERENT_PYTHON = re.compile(r"Package '(?P<name>[^']+)' requires a different Python")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def explain(
    installer: str, lines: Sequence[str], text: str, *, offline: bool = False
) -> EnvironmentUnavailable | EnvironmentUnsatisfiable:
    """The error that a failed installation of `lines` with output `text` amounts to."""
    message = _telling_lines(text)
    if _NO_SPACE.search(text):
        return EnvironmentUnavailable(
            "the disk is full", "Free some space; `ohgw-agent env prune` removes old environments"
        )
    if _UNREACHABLE.search(text) or offline:
        return EnvironmentUnavailable(
            f"{installer} could not reach the package registry: {message}",
            "Look at the network, or give --python INTERPRETER",
        )
    mismatch = _HASHES.search(text)
    if mismatch is not None:
        return HashMismatch(mismatch["name"] or _TOGETHER, message)
    wheelless = _NO_WHEEL.search(text)
    if wheelless is not None and not _DEPENDS.search(text):
        return WheelMissing(package_of(wheelless["name"]))
    different = _DIFFERENT_PYTHON.search(text)
    if different is not None:
        return _other_python(_line_about(different["name"], lines), message)
    found = _NOT_FOUND.search(text)
    if found is None and not _CONFLICT.search(text):
        return EnvironmentUnavailable(f"{installer} failed: {message}", "Run it by hand")
    token = next((word for word in found.groups() if word), "") if found else ""
    # Where packages exclude each other no single line is at fault.
    conflict = _CONFLICT.search(text) and _DEPENDS.search(text)
    line = _TOGETHER if conflict else _line_about(token, lines)
    if _other_python_has_it(line, text):
        return _other_python(line, message)
    return EnvironmentUnsatisfiable(line, message)


def _other_python(line: str, message: str) -> EnvironmentUnavailable:
    return EnvironmentUnavailable(
        f"{line} exists for other versions of Python alone: {message}",
        "Give another interpreter with --python",
    )


def package_of(token: str) -> str:
    """The normal form of the package name that a requirement or a resolver's word starts with."""
    match = _NAME.match(token)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


def _line_about(token: str, lines: Sequence[str]) -> str:
    name = package_of(token)
    return next((line for line in lines if package_of(line) == name), token) or _TOGETHER


def _other_python_has_it(line: str, text: str) -> bool:
    """Whether pip passed over a version that would do, for this Python's sake."""
    try:
        wanted = Requirement(line).specifier
    except InvalidRequirement:
        return False
    for match in _OTHER_PYTHON.finditer(text):
        try:
            if wanted.contains(Version(match["version"]), prereleases=True):
                return True
        except InvalidVersion:
            continue
    return False


def _telling_lines(text: str) -> str:
    """The lines of an installer's output that say what went wrong."""
    cause = text.partition("\n  cause: ")[2]
    if cause:
        return " ".join(cause.split())[:MAX_MESSAGE]
    lines = [line.strip() for line in text.splitlines()]
    conflict = [line for line in lines if " depends on " in line or line.startswith("The user")]
    errors = [line for line in lines if line.startswith(("ERROR:", "error:", "×", "╰─▶"))]
    errors.sort(key=lambda line: line.startswith("ERROR: Ignored"))
    chosen = list(dict.fromkeys(conflict + errors)) or [line for line in lines if line][-5:]
    return "\n".join(chosen)[:MAX_MESSAGE]
