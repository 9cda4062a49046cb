"""Which directories of this machine may be shown to a program as data, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ohgw_tools.errors import InputError
from ohgw_tools.isolation.mounted_prefix import shows_too_much

# All data are found below this path, so that no mount can hide a part of the sandbox itself.
DATA_DIRECTORY = "/data"


def check_mounts(mounts: Mapping[str, str], *, other_user: bool) -> None:
    """Raise InputError for a directory that cannot or must not be shown, naming it.

    With `other_user` the program runs as a user to whom nothing on the host belongs.
    """
    for inside, source in mounts.items():
        path = PurePosixPath(inside)
        if not path.is_relative_to(DATA_DIRECTORY) or len(path.parts) < 3 or ".." in path.parts:
            raise InputError(f"data cannot be mounted at {inside!r}: use {DATA_DIRECTORY}/NAME")
        _check_source(source, other_user=other_user)


def _check_source(source: str, *, other_user: bool) -> None:
    if not Path(source).is_absolute() or not Path(source).is_dir():
        raise InputError(f"data directory {source}: there is no such directory")
    if shows_too_much(source):
        raise InputError(
            f"data directory {source} would show the host's own files to the program. "
            "Give the directory that holds the data alone."
        )
    if other_user and Path(source).stat().st_mode & 0o005 != 0o005:
        raise InputError(
            f"data directory {source} may not be read by other users, and the sandboxed program is "
            f"one. Let them: chmod -R a+rX {source}"
        )
