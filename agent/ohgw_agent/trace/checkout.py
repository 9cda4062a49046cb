"""Checkout: a recorded tree written to a folder, for tools that open files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_tools.errors import InputError, TraceDamaged

if TYPE_CHECKING:
    from ohgw_tools.tree import Tree


def check_out(tree: Tree, folder: Path) -> None:
    """Write the files of `tree` below `folder`, which must be new or empty.

    Raises InputError if it is not or cannot be written, TraceDamaged on a path that leads out of
    the folder: a record may be anybody's.
    """
    for path in tree:
        if not _stays_below(path):
            raise TraceDamaged(
                f"the record has a file called {path!r}, which leads out of a folder"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"--checkout {folder}: there are files in it; give a new folder")
        for path, text in tree.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise InputError(f"--checkout {folder}: {error}; give a new folder") from error


def _stays_below(path: str) -> bool:
    """Whether a path stays in its folder; placeholders of secrets may stand in it."""
    parts = path.split("/")
    return "\0" not in path and not {"", ".", ".."} & set(parts)
