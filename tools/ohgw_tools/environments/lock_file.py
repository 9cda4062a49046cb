"""Lock: the exact versions, and hashes, that a bundle's lock file names for its dependencies.

pyproject says what is installed, the lock which version of it and of what comes along. Locks are
hostile input: only names, versions, markers and hashes are taken from them. Addresses, indexes and
options are not, so a lock cannot send an installer elsewhere; what was passed over is in `ignored`.

Sources: PEP 751 (pylock.toml), PEP 508 (markers), the formats of uv.lock and poetry.lock as their
tools write them, and pip's requirements file format with `--hash`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel

from ohgw_tools.errors import EnvironmentUnsatisfiable
from ohgw_tools.frozen import FROZEN

MAX_PINS = 2000
_MAX_HASHES = 400
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?")


class Pin(BaseModel):
    """One package at one version. `hashes` are those of its files, `sha256:...`, if any are given;
    `marker` is a PEP 508 marker, empty where it always applies.
    """

    model_config = FROZEN

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """`name==version`."""
        return f"{self.name}=={self.version}"


class Lock(BaseModel):
    """What one lock file pins. `ignored` says what was passed over, each with the reason."""

    model_config = FROZEN

    path: str = ""
    pins: tuple[Pin, ...] = ()
    ignored: tuple[str, ...] = ()

    def applying(self, marker_values: Mapping[str, str]) -> tuple[Pin, ...]:
        """The pins whose markers hold for an interpreter, in order of names."""
        found = {pin.name: pin for pin in self.pins if _holds(pin.marker, marker_values)}
        return tuple(found[name] for name in sorted(found))


def read_lock(files: Mapping[str, str]) -> Lock:
    """Read the first lock file that is among `files`: pylock.toml, uv.lock, poetry.lock, then a
    requirements.txt that pins anything. An empty Lock where there is none.

    Raises EnvironmentUnsatisfiable for one that does not parse.
    """
    for path, read in _READERS.items():
        if path in files:
            lock = _lock(path, read(files[path], path))
            if lock.pins or path != "requirements.txt":
                return lock
    return Lock()


def required_lines(requirements: str) -> tuple[str, ...]:
    """The requirements of a requirements.txt without their hashes, options left out."""
    return tuple(text for text, _ in _logical_lines(requirements) if not text.startswith("-"))


# A pin, or the words that say what was passed over.
_Read = Iterable["Pin | str"]


def _lock(path: str, found: _Read) -> Lock:
    pins: dict[tuple[str, str, str], Pin] = {}
    ignored: list[str] = []
    for item in found:
        if isinstance(item, str):
            ignored.append(item)
        else:
            pins[item.name, item.version, item.marker] = item
        if len(pins) + len(ignored) > MAX_PINS:
            raise EnvironmentUnsatisfiable(path, f"pins more than {MAX_PINS} packages")
    return Lock(path=path, pins=tuple(pins.values()), ignored=tuple(ignored))


def _pylock(text: str, path: str) -> Iterator[Pin | str]:
    data = _toml(text, path)
    if not str(data.get("lock-version", "")).startswith("1."):
        raise EnvironmentUnsatisfiable(path, "is not a lock of version 1 (PEP 751)")
    for package in _tables(data.get("packages"), path):
        elsewhere = [key for key in ("vcs", "directory", "archive") if key in package]
        files = [package.get("sdist"), *_list(package.get("wheels"))]
        hashes = [_table(_table(file).get("hashes")).get("sha256") for file in files]
        marker = package.get("marker", "")
        yield _pin(package, marker, (f"sha256:{h}" for h in hashes if h), elsewhere)


def _uv_lock(text: str, path: str) -> Iterator[Pin | str]:
    for package in _tables(_toml(text, path).get("package"), path):
        source = _table(package.get("source"))
        if source.get("editable") == "." or source.get("virtual") == ".":
            continue
        elsewhere = [key for key in source if key != "registry"]
        files = [package.get("sdist"), *_list(package.get("wheels"))]
        hashes = [str(_table(file).get("hash")) for file in files if file]
        markers = [f"({marker})" for marker in _list(package.get("resolution-markers"))]
        yield _pin(package, " or ".join(markers), hashes, elsewhere)


def _poetry_lock(text: str, path: str) -> Iterator[Pin | str]:
    for package in _tables(_toml(text, path).get("package"), path):
        kind = str(_table(package.get("source")).get("type", "legacy"))
        hashes = [str(_table(file).get("hash")) for file in _list(package.get("files"))]
        marker = package.get("markers", "")
        elsewhere = [] if kind == "legacy" else [kind]
        yield _pin(package, marker if isinstance(marker, str) else "", hashes, elsewhere)


def _requirements(text: str, path: str) -> Iterator[Pin | str]:
    del path
    for line, hashes in _logical_lines(text):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            yield f"{line[:100]!r} is an option or no plain requirement"
            continue
        exact = [s for s in requirement.specifier if s.operator in ("==", "===")]
        if requirement.url is not None:
            yield f"{line[:100]!r} is not taken from the registry"
        elif len(exact) == 1 and not exact[0].version.endswith(".*"):
            package = {"name": requirement.name, "version": exact[0].version}
            yield _pin(package, str(requirement.marker or ""), hashes, [])


def _logical_lines(text: str) -> Iterator[tuple[str, list[str]]]:
    """Lines with their continuations joined: the requirement, and its hashes."""
    joined = re.sub(r"\\\r?\n", " ", text)
    for raw in joined.splitlines():
        line = re.sub(r"(?:^|\s)#.*$", "", raw).strip()
        if line:
            hashes = re.findall(r"--hash[= ](\S+)", line)
            yield re.sub(r"\s*--hash[= ]\S+", "", line).strip(), hashes


def _pin(
    package: Mapping[str, Any], marker: object, hashes: Iterable[str], elsewhere: Sequence[str]
) -> Pin | str:
    name, version = str(package.get("name", "")), str(package.get("version", ""))
    if elsewhere:
        return f"{name[:100]!r} comes from {elsewhere[0]}, not from the registry"
    try:
        normal = str(Version(version))
        if marker:
            Marker(str(marker))
    except (InvalidVersion, InvalidMarker):
        return f"{name[:100]!r} has no version or marker that can be read"
    if not _NAME.fullmatch(name):
        return f"{name[:100]!r} is no package name"
    known = [item for item in hashes if _HASH.fullmatch(item)][:_MAX_HASHES]
    return Pin(
        name=canonicalize_name(name),
        version=normal,
        marker=str(marker or ""),
        hashes=tuple(sorted(set(known))),
    )


def _holds(marker: str, values: Mapping[str, str]) -> bool:
    if not marker:
        return True
    try:
        nothing: dict[str, Any] = {"extra": "", "extras": set(), "dependency_groups": set()}
        return Marker(marker).evaluate({**nothing, **values})
    except (UndefinedEnvironmentName, UndefinedComparison, InvalidVersion):
        return False


def _toml(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EnvironmentUnsatisfiable(path, f"is not TOML: {error}") from error


def _tables(value: object, path: str) -> Iterator[dict[str, Any]]:
    if not isinstance(value, list):
        raise EnvironmentUnsatisfiable(path, "holds no list of packages")
    yield from (item for item in value if isinstance(item, dict))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_READERS: dict[str, Callable[[str, str], _Read]] = {
    "pylock.toml": _pylock,
    "uv.lock": _uv_lock,
    "poetry.lock": _poetry_lock,
    "requirements.txt": _requirements,
}
LOCK_NAMES = tuple(_READERS)
