"""DataCache: directories of this machine that hold datasets and models, shown to programs.

Each is mounted read-only and found through an environment variable, or at a path in the work
directory. Hugging Face's libraries lock and touch files beside those that they read, even offline,
and fail on a directory that they cannot write to; so for `HF_HOME` a view is laid out in the
sandbox's own memory before the program starts: real directories, and links to the mounted files.
Of `HF_HOME` only the caches are shown: its first level holds the user's access token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ohgw_tools.errors import InputError
from ohgw_tools.isolation.data_mount import DATA_DIRECTORY
from ohgw_tools.sandbox import Execution

HF_HOME = "HF_HOME"
HF_CACHES = ("hub", "datasets", "modules", "assets")
VIEWS = "/tmp/data"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_RESERVED = re.compile(r"LD_.*|PYTHON.*|OHGW_.*|PATH|HOME|TMPDIR|PWD|.*_PROXY")


class _Directory(NamedTuple):
    """`name` as the user gave it: a variable, or a path that starts with `./`."""

    name: str
    source: Path


class DataCache:
    """The directories that one run's programs may read."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """Each of `entries` is `NAME=DIRECTORY`. Raises InputError for one that cannot be used."""
        found = dict(_directory(entry) for entry in entries)
        self._directories = tuple(_Directory(name, source) for name, source in found.items())

    def __bool__(self) -> bool:
        return bool(self._directories)

    @property
    def mounts(self) -> Mapping[str, str]:
        """Paths in the sandbox to directories here."""
        found = {}
        for directory in self._directories:
            for part in _parts(directory):
                found[_inside(directory.name, part)] = str(directory.source / part)
        return found

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that libraries find the data by."""
        found = {d.name: _inside(d.name) for d in self._directories if not d.name.startswith("./")}
        if HF_HOME in found:
            found[HF_HOME] = f"{VIEWS}/{HF_HOME}"
        return found

    @property
    def facts(self) -> dict[str, str]:
        """Each name, and the directory of this machine behind it."""
        return {directory.name: str(directory.source) for directory in self._directories}

    def command(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """The command that lays out views and links, if there are any, and becomes the program."""
        views = {
            _inside(d.name, part): f"{VIEWS}/{d.name}/{part}"
            for d in self._directories
            for part in _parts(d)
            if d.name == HF_HOME
        }
        if not views and not self._links:
            return argv
        plan = json.dumps({"views": views, "links": self._links})
        return ("python", "-I", "-S", "-c", _layout_text(), plan, *argv)

    def without_links(self, execution: Execution) -> Execution:
        """What happened, less the links in the work directory that are ours."""
        if not self._links:
            return execution
        refused = {p: why for p, why in execution.refused.items() if p not in self._links}
        return execution.model_copy(update={"refused": refused})

    @property
    def _links(self) -> dict[str, str]:
        found = {d.name: _inside(d.name) for d in self._directories if d.name.startswith("./")}
        return {name.removeprefix("./"): place for name, place in found.items()}


def _directory(entry: str) -> tuple[str, Path]:
    name, equals, place = entry.partition("=")
    if not equals or not place:
        raise InputError(f"data {entry!r}: give NAME=DIRECTORY, for instance HF_HOME=/mnt/hf")
    source = Path(place).expanduser().absolute()
    if not source.is_dir():
        raise InputError(f"data {entry!r}: there is no directory {source}")
    if name.startswith("./"):
        path = PurePosixPath(name)
        if not path.parts or ".." in path.parts or not path.name:
            raise InputError(f"data {entry!r}: {name!r} does not stay in the work directory")
        return f"./{path}", source
    if not _VARIABLE.fullmatch(name) or _RESERVED.fullmatch(name):
        raise InputError(
            f"data {entry!r}: {name!r} is neither a variable that can be set, such as HF_HOME or "
            "TORCH_HOME, nor a path in the work directory, such as ./data"
        )
    if name == HF_HOME and not any((source / part).is_dir() for part in HF_CACHES):
        raise InputError(
            f"data {entry!r}: {source} holds none of {', '.join(HF_CACHES)}; HF_HOME is the "
            "directory above them. Fill one with `ohgw-agent env fetch`"
        )
    return name, source


def _parts(directory: _Directory) -> tuple[str, ...]:
    """The parts of a directory that are mounted; the empty one is all of it."""
    if directory.name != HF_HOME:
        return ("",)
    return tuple(part for part in HF_CACHES if (directory.source / part).is_dir())


def _inside(name: str, part: str = "") -> str:
    place = f"{DATA_DIRECTORY}/{re.sub(r'[^A-Za-z0-9_]', '_', name.removeprefix('./'))}"
    return f"{place}/{part}" if part else place


@cache
def _layout_text() -> str:
    source = Path(__file__).with_name("data_layout.py").read_text(encoding="utf-8")
    return f"{source}\nmain()\n"
