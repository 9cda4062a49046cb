"""Ruleset: a digest over everything that judges, so that a record says by what it was judged."""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from ohgw_tools.tree import sha256

_ENDINGS = (".py", ".yaml", ".json", ".md")


@cache
def digest() -> str:
    """SHA-256 over the bytes of every file of this package, by name, as they were when a process
    first asked: what it judges by is what it has imported.
    """
    lines = sorted(_lines(resources.files("ohgw_tools"), ""))
    return sha256("\n".join(lines).encode())


def _lines(folder: Traversable, prefix: str) -> list[str]:
    found: list[str] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                found += _lines(entry, f"{name}/")
        elif entry.name.endswith(_ENDINGS):
            found.append(f"{sha256(entry.read_bytes())} {name}")
    return found
