"""project-metadata: a pyproject.toml that installers refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import JsonValue

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.project_table import PATH, is_plain_specifier, project_file, table
from ohgw_tools.source.toml_file import TomlFile
from ohgw_tools.subject import Subject

NAME = "project-metadata"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "pyproject.toml breaks PEP 621, so pip and uv refuse it."


_PEP = "PEP 621"


class _Fault(NamedTuple):
    key: tuple[str, ...]
    message: str
    data: dict[str, JsonValue]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each key that is missing or of the wrong type."""
    file = project_file(subject)
    for fault in _faults(file) if file else ():
        yield subject.finding(
            __name__,
            fault.message,
            PATH,
            fault.key,
            subject=".".join(fault.key),
            data={"key": ".".join(fault.key), **fault.data},
        )


def _faults(file: TomlFile) -> Iterator[_Fault]:
    if "project" not in file.data:
        yield from _without_project(file)
        return
    project = file.data["project"]
    if not isinstance(project, dict):
        yield _Fault(("project",), f"[project] must be a table ({_PEP})", {})
        return
    dynamic = project.get("dynamic", [])
    known_later = dynamic if isinstance(dynamic, list) else []
    if not isinstance(project.get("name"), str) or not str(project["name"]).strip():
        yield _Fault(("project", "name"), f"[project] has no name ({_PEP})", {})
    if "version" not in project and "version" not in known_later:
        message = f"[project] has neither a version nor lists it in `dynamic` ({_PEP})"
        yield _Fault(("project", "version"), message, {})
    yield from _types(project)
    poetry = table(file.data, "tool", "poetry", "dependencies")
    if "dependencies" not in project and poetry and "dependencies" not in known_later:
        yield _Fault(
            ("tool", "poetry", "dependencies"),
            "dependencies stand under [tool.poetry] alone while [project] exists: "
            "pip and uv install none of them",
            {"dependencies": {name: str(value) for name, value in poetry.items()}},
        )


def _types(project: dict[str, object]) -> Iterator[_Fault]:
    for key in ("version", "description", "requires-python"):
        if key in project and not isinstance(project[key], str):
            yield _wrong((key,), "a string", project[key])
    for key in ("dependencies", "keywords", "classifiers", "dynamic"):
        if key in project and not _is_strings(project[key]):
            yield _wrong((key,), "an array of strings", project[key])
    extras = project.get("optional-dependencies", {})
    if not isinstance(extras, dict) or not all(map(_is_strings, extras.values())):
        yield _wrong(("optional-dependencies",), "a table of arrays of strings", extras)
    for key in ("scripts", "gui-scripts", "urls"):
        value = project.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            yield _wrong((key,), "a table of strings", value)
    for key in ("authors", "maintainers"):
        value = project.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            yield _wrong((key,), "an array of tables", value)
    wanted = project.get("requires-python")
    if isinstance(wanted, str) and not _is_specifier(wanted):
        message = f"requires-python {wanted!r} is no version specifier (PEP 440)"
        yield _Fault(("project", "requires-python"), message, {})


def _without_project(file: TomlFile) -> Iterator[_Fault]:
    build = table(file.data, "build-system")
    poetry = table(file.data, "tool", "poetry")
    backend = str(build.get("build-backend", ""))
    if not poetry and "setuptools" not in table(file.data, "tool"):
        yield _Fault(("project",), f"there is no [project] table ({_PEP})", {})
    elif poetry and not backend.startswith("poetry"):
        message = "[tool.poetry] needs the build backend poetry.core.masonry.api"
        yield _Fault(("build-system", "build-backend"), message, {})


def _wrong(key: tuple[str, ...], wanted: str, value: object) -> _Fault:
    name = f"[project].{'.'.join(key)}"
    message = f"{name} must be {wanted} ({_PEP}), found {_type(value)}"
    given: JsonValue = str(value)
    if isinstance(value, dict):
        given = {str(k): str(v) for k, v in value.items()}
    data: dict[str, JsonValue] = {"value": given}
    return _Fault(("project", *key), message, data)


def _type(value: object) -> str:
    names = {dict: "a table", list: "an array with other items", str: "a string", int: "a number"}
    return names.get(type(value), f"a {type(value).__name__}")


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_specifier(text: str) -> bool:
    if is_plain_specifier(text):
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
