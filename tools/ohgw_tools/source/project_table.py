"""What a bundle's pyproject.toml declares: requirements, as text and by distribution."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ohgw_tools.environments.distribution import normal
from ohgw_tools.source.toml_file import TomlFile
from ohgw_tools.subject import Subject

PATH = "pyproject.toml"
_VERSION = r"[ ]?(?:==|!=|<=|>=|<|>)[ ]?\d{1,6}(?:\.\d{1,6}){0,5}[ ]?"
_SPECIFIERS = re.compile(rf"{_VERSION}(?:,{_VERSION}){{0,5}}")
_PLAIN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,60}[A-Za-z0-9])?(?:\[[A-Za-z0-9_]{1,40}\])?"
    rf"(?:{_VERSION}(?:,{_VERSION}){{0,5}})?"
)
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


class Requirement(NamedTuple):
    """One requirement line, and the key path that it stands at."""

    key: tuple[str | int, ...]
    text: object
    optional: bool


def project_file(subject: Subject) -> TomlFile | None:
    """Return the bundle's pyproject.toml where it parses."""
    file = subject.toml(PATH)
    return file if file is not None and not file.error else None


def table(value: object, *keys: str) -> Mapping[str, Any]:
    """Return the table at a key path; empty where there is none, or something else."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def requirements(file: TomlFile) -> Iterator[Requirement]:
    """Yield the requirements of [project], those of its extras and groups, and of the build."""
    project = table(file.data, "project")
    yield from _listed(project.get("dependencies"), ("project", "dependencies"), False)
    for extra, values in table(project, "optional-dependencies").items():
        yield from _listed(values, ("project", "optional-dependencies", extra), True)
    for group, values in table(file.data, "dependency-groups").items():
        texts = [v for v in values if isinstance(v, str)] if isinstance(values, list) else None
        yield from _listed(texts, ("dependency-groups", group), True)
    build = table(file.data, "build-system")
    yield from _listed(build.get("requires"), ("build-system", "requires"), True)


def declared(file: TomlFile) -> frozenset[str]:
    """Return the distributions that are declared anywhere, in whatever form, the build's aside."""
    names: set[str] = set()
    for requirement in requirements(file):
        if requirement.key[0] != "build-system" and (name := named(requirement.text)):
            names.add(name)
    names.update(map(normal, table(file.data, "project", "dependencies")))
    poetry = table(file.data, "tool", "poetry")
    names.update(map(normal, table(poetry, "dependencies")))
    for group in table(poetry, "group").values():
        names.update(map(normal, table(group, "dependencies")))
    return frozenset(names)


def named(text: object) -> str:
    """Return the distribution that a requirement line names; empty where it names none."""
    match = _NAME.match(text) if isinstance(text, str) else None
    return normal(match[1]) if match else ""


def is_plain_requirement(text: str) -> bool:
    """Whether a requirement is of the usual form, `name[extra]>=1.2,<2`, and thereby sound; for all
    others ask `packaging`, which takes 0.02 s to load.
    """
    return len(text) < 200 and _PLAIN.fullmatch(text) is not None


def is_plain_specifier(text: str) -> bool:
    """Whether a version specifier is of the usual form, `>=3.9,<4`."""
    return len(text) < 200 and _SPECIFIERS.fullmatch(text) is not None


def _listed(values: object, key: tuple[str, ...], optional: bool) -> Iterator[Requirement]:
    if isinstance(values, list):
        for index, text in enumerate(values):
            yield Requirement((*key, index), text, optional)
