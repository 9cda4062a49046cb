"""Folders: which places a client may name, whatever links and dots its paths hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ohgw_tools.errors import InputError

MAX_PATH = 4096
MAX_NAME = 200


@dataclass(frozen=True)
class Folders:
    """The folders that bundles and contracts are read below and repaired bundles written below.

    `roots` are resolved, in the order given; relative paths start at the first. `runs_dir` holds
    the records: its runs are read by name, and nothing else is written into it on a client's word.
    """

    roots: tuple[Path, ...]
    runs_dir: Path

    @staticmethod
    def of(roots: tuple[Path, ...], runs_dir: Path) -> Folders:
        """Resolve the folders. Raises InputError for a root that is no folder."""
        for root in roots:
            if not root.is_dir():
                raise InputError(f"--root {root}: no such folder")
        return Folders(tuple(root.resolve() for root in roots), runs_dir.resolve())

    def readable(self, name: str) -> Path:
        """Return the file or folder that is meant. Raises InputError if it is outside or missing.

        Both are told apart for paths inside the roots alone: outside, nothing is said of what is
        there.
        """
        place = self._inside(name)
        # A pipe or a device would never end; `os.path` takes what cannot be looked at as missing.
        if not os.path.isfile(place) and not os.path.isdir(place):  # noqa: PTH112, PTH113
            raise InputError(f"{name!r}: no such file or folder below {self._listed()}")
        return place

    def bundle(self, name: str) -> Path:
        """Return a bundle's file or folder. A folder's parts may not be links out of the roots."""
        place = self.readable(name)
        for part in ("base", "derived", "experiment.yaml") if place.is_dir() else ():
            self._inside(str(place / part))
        return place

    def text(self, name: str) -> str:
        """Return the text of a small file. Raises InputError."""
        from ohgw_tools.bundles.bundle_file import MAX_FILE_BYTES, read_text

        return read_text(self.readable(name), MAX_FILE_BYTES)

    def writable(self, name: str, *, overwrite: bool) -> Path:
        """Return where a bundle may be written: a `.json` file in a folder that exists, outside the
        records. Raises InputError.
        """
        place = self._inside(name)
        if place.suffix != ".json":
            raise InputError(f"{name!r}: a bundle is written as one file whose name ends in .json")
        if place.is_relative_to(self.runs_dir):
            raise InputError(f"{name!r}: the folder of records is not written to")
        if any(part.startswith(".") for part in place.relative_to(self._root_of(place)).parts):
            raise InputError(f"{name!r}: hidden files and folders are not written to")
        if len(place.name.encode()) > MAX_NAME:
            raise InputError(f"{name[:80]!r}...: a file's name has at most {MAX_NAME} bytes")
        if not place.parent.is_dir():
            raise InputError(f"{name!r}: the folder {place.parent.name!r} does not exist; make it")
        if place.is_dir() or (place.exists() and not overwrite):
            raise InputError(f"{name!r} is there already: give another name or overwrite=true")
        return place

    def run(self, name: str) -> Path:
        """Return the folder of a recorded run: an id, enough of one, or `last`. Raises InputError.

        Paths are refused, and so is a run that is a link out of the folder of records.
        """
        from ohgw_agent.trace.reader import find_run

        if not name or name in (".", "..") or "/" in name or "\0" in name:
            raise InputError(f"{name!r} is no run's id: give one that `list_runs` shows, or 'last'")
        found = find_run(self.runs_dir, name).absolute()
        if found.parent != self.runs_dir or found.resolve() != found:
            raise InputError(f"no run {name!r} among the records; see `list_runs`")
        return found

    def _inside(self, name: str) -> Path:
        if not name or len(name) > MAX_PATH or "\0" in name:
            raise InputError(f"a path has 1 to {MAX_PATH} characters and no NUL")
        try:
            place = (self.roots[0] / name).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, half characters
            raise InputError(f"{name!r} cannot be followed: {type(error).__name__}") from None
        if not any(place.is_relative_to(root) for root in self.roots):
            raise InputError(f"{name!r} is outside of {self._listed()}; see --root")
        return place

    def _root_of(self, place: Path) -> Path:
        return next(root for root in self.roots if place.is_relative_to(root))

    def _listed(self) -> str:
        return ", ".join(str(root) for root in self.roots)
