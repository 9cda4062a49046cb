"""Observe: what runs in the sandbox beside the bundle, and how to put it there.

`startup/` goes on PYTHONPATH, read-only and outside the work directory. It is copied from the
installed package to the user's cache first: there its path cannot lie below the sandbox's work
directory, every user may read it, and nothing else of the package is shown to the program.
"""

from __future__ import annotations

import secrets
import shutil
from importlib import resources
from pathlib import Path

from ohgw_tools.environments.environment_store import default_root
from ohgw_tools.errors import SandboxFailed
from ohgw_tools.tree import Tree

RECORDS = ".ohgw-observation"
VARIABLE = "OHGW_OBSERVE"


def startup_directory(cache_dir: Path | None = None) -> Path:
    """The start-up directory in the cache, copied there if it is not there in this version.

    Raises SandboxFailed when the cache cannot be written; observing can be switched off.
    """
    files = _startup_files()
    root = (cache_dir or default_root()).parent / "observe"
    place = root / files.digest[:16]
    try:
        if not _same(place, files):
            _copy(files, root, place)
    except OSError as error:
        raise SandboxFailed(
            f"the observer cannot be put into {root}: {error.strerror}",
            "Free some space, choose another cache directory, or run without observing",
        ) from error
    return place


def environment(directory: Path, nonce: str, wall_seconds: float = 3600) -> dict[str, str]:
    """The environment variables that make each Python process of a run start the observer.

    Shortly before `wall_seconds` are over each process writes down where it stands.
    """
    deadline = max(0.1, wall_seconds - max(0.5, wall_seconds * 0.05))
    return {"PYTHONPATH": str(directory), VARIABLE: f"{nonce}:{deadline:.1f}:{RECORDS}"}


def new_nonce() -> str:
    """A random word that starts the chain of a run's records."""
    return secrets.token_hex(8)


def _startup_files() -> Tree:
    root = resources.files("ohgw_tools.observe") / "startup"
    package = root / "ohgw_observer"
    found = {"sitecustomize.py": (root / "sitecustomize.py").read_text(encoding="utf-8")}
    for file in package.iterdir():
        if file.name.endswith(".py"):
            found[f"ohgw_observer/{file.name}"] = file.read_text(encoding="utf-8")
    return Tree(found)


def _same(place: Path, files: Tree) -> bool:
    try:
        return all((place / path).read_text(encoding="utf-8") == files[path] for path in files)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _copy(files: Tree, root: Path, place: Path) -> None:
    """Write a complete copy aside, then rename it: another process may do the same just now."""
    draft = root / f".{secrets.token_hex(6)}"
    (draft / "ohgw_observer").mkdir(parents=True, mode=0o755)
    for path, text in files.items():
        (draft / path).write_text(text, encoding="utf-8")
        (draft / path).chmod(0o644)
    for folder in (draft / "ohgw_observer", draft, root):
        folder.chmod(0o755)
    try:
        draft.rename(place)
    except OSError:
        # A copy is there: another process's, or one that somebody altered.
        if not _same(place, files):
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)
    shutil.rmtree(draft, ignore_errors=True)
