"""Requirement lines of a bundle: read from its pyproject, refused where they are not plain names.

A line is hostile input that an installer will act on outside the sandbox. PEP 508 names, extras,
version specifiers and markers are let through; direct references, paths and options are not.
Sources: PEP 508 (names, markers), PEP 621 (`[project]`), PEP 440 (specifiers).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel

from ohgw_tools.environments.lock_file import required_lines
from ohgw_tools.errors import EnvironmentUnsatisfiable
from ohgw_tools.frozen import FROZEN

MAX_LINES = 400
MAX_LINE = 400


class Declaration(BaseModel):
    """What a pyproject asks for: `lines` are PEP 508, normalised and sorted; `requires_python` is a
    PEP 440 specifier, empty where nothing is said.
    """

    model_config = FROZEN

    lines: tuple[str, ...] = ()
    requires_python: str = ""

    def applying(self, marker_values: Mapping[str, str]) -> tuple[Requirement, ...]:
        """The requirements whose markers hold for an interpreter, without their markers."""
        found = []
        for line in self.lines:
            requirement = Requirement(line)
            if _holds(requirement, marker_values):
                requirement.marker = None
                found.append(requirement)
        return tuple(found)


def read_declaration(pyproject: str) -> Declaration:
    """Read `[project] dependencies` and `requires-python`.

    Raises EnvironmentUnsatisfiable, naming the line, for TOML that does not parse, a table where
    PEP 621 wants a list, and every line that is not a plain requirement.
    """
    try:
        data = tomllib.loads(pyproject)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EnvironmentUnsatisfiable("pyproject.toml", f"is not TOML: {error}") from error
    project = data.get("project", {})
    if not isinstance(project, dict):
        raise EnvironmentUnsatisfiable("project", "must be a table ([project])")
    if not project and "poetry" in _table(data.get("tool")):
        raise EnvironmentUnsatisfiable(
            "tool.poetry", "there is no [project] table, so pip and uv install nothing (PEP 621)"
        )
    listed = project.get("dependencies", [])
    if not isinstance(listed, list):
        kind = "a table" if isinstance(listed, dict) else type(listed).__name__
        raise EnvironmentUnsatisfiable(
            "project.dependencies", f"is {kind}; PEP 621 wants a list of strings"
        )
    if len(listed) > MAX_LINES:
        raise EnvironmentUnsatisfiable("project.dependencies", f"more than {MAX_LINES} lines")
    lines = tuple(sorted({str(plain_requirement(line)) for line in listed}))
    return Declaration(lines=lines, requires_python=_requires_python(project))


def declared(pyproject: str, files: Mapping[str, str]) -> Declaration:
    """What a bundle asks for: its pyproject's dependencies or, where that lists none at all, the
    lines of a requirements.txt among `files`. Raises EnvironmentUnsatisfiable as above.
    """
    declaration = read_declaration(pyproject)
    text = files.get("requirements.txt", "")
    if (
        declaration.lines
        or not text
        or "dependencies" in tomllib.loads(pyproject).get("project", {})
    ):
        return declaration
    lines = tuple(sorted({str(plain_requirement(line)) for line in required_lines(text)}))
    return declaration.model_copy(update={"lines": lines[:MAX_LINES]})


def plain_requirement(line: object) -> Requirement:
    """Parse one line, its name in normal form. Raises EnvironmentUnsatisfiable for anything that
    is more than name, extras, specifiers and marker.
    """
    if not isinstance(line, str):
        raise EnvironmentUnsatisfiable(repr(line)[:80], "a requirement is a string")
    shown = line[:MAX_LINE]
    if len(line) > MAX_LINE or not line.isprintable():
        raise EnvironmentUnsatisfiable(repr(shown), "too long, or holds control characters")
    if line.lstrip().startswith("-"):
        raise EnvironmentUnsatisfiable(shown, "is an option, not a requirement; name the package")
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        first = str(error).splitlines()[0]
        raise EnvironmentUnsatisfiable(shown, f"is not a requirement (PEP 508): {first}") from error
    if requirement.url is not None:
        raise EnvironmentUnsatisfiable(
            shown, "refers to a URL or a path; only packages of the registry are installed"
        )
    requirement.name = canonicalize_name(requirement.name)
    return requirement


def unmet(requirements: Iterable[Requirement], packages: Iterable[str]) -> tuple[str, ...]:
    """The requirements that `packages` (each `name==version`) do not satisfy, as lines."""
    installed = dict(item.partition("==")[::2] for item in packages)
    return tuple(
        str(requirement)
        for requirement in requirements
        if not _satisfied(requirement, installed.get(canonicalize_name(requirement.name)))
    )


def python_allowed(requires_python: str, version: str) -> bool:
    """Whether an interpreter of `version` (such as 3.11.7) is within a PEP 440 specifier."""
    return SpecifierSet(requires_python).contains(version, prereleases=True)


def _satisfied(requirement: Requirement, version: str | None) -> bool:
    if version is None:
        return False
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return not requirement.specifier


def _holds(requirement: Requirement, marker_values: Mapping[str, str]) -> bool:
    if requirement.marker is None:
        return True
    try:
        return requirement.marker.evaluate({"extra": "", **marker_values})
    except (UndefinedEnvironmentName, InvalidVersion, InvalidSpecifier) as error:
        raise EnvironmentUnsatisfiable(str(requirement), f"marker: {error}") from error


def _requires_python(project: Mapping[str, object]) -> str:
    wanted = project.get("requires-python", "")
    try:
        return str(SpecifierSet(wanted)) if isinstance(wanted, str) else _not_text(wanted)
    except InvalidSpecifier as error:
        raise EnvironmentUnsatisfiable("project.requires-python", str(error)) from error


def _not_text(value: object) -> str:
    raise EnvironmentUnsatisfiable("project.requires-python", f"is {value!r:.60}; a string is due")


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
