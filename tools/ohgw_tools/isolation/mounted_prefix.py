"""Which of the host's directories a program may see, read-only, in either sandbox."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from ohgw_tools.errors import SandboxFailed
from ohgw_tools.sandbox import Interpreter

SYSTEM = "/usr"
_MAX_LINKS = 40
_LIBRARIES = ("lib", "lib64", "lib32", "libx32", "bin", "sbin")
# The only files of the host's /etc: what the loader and /usr/bin's links need.
ETC = ("/etc/ld.so.cache", "/etc/alternatives")

# Directories that would show the host's secrets or hide the sandbox's own.
_NEVER = ("/", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/var")


def system_links() -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the top-level links into /usr, by path, and those directories that are real ones
    because the system has not merged them.
    """
    paths = [Path("/", name) for name in _LIBRARIES]
    links = {str(path): str(path.readlink()) for path in paths if path.is_symlink()}
    return links, tuple(str(path) for path in paths if path.is_dir() and not path.is_symlink())


def outside_system(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the prefixes that /usr does not hold already, outer ones first."""
    ordered = sorted(dict.fromkeys(prefixes), key=lambda prefix: len(PurePosixPath(prefix).parts))
    return tuple(p for p in ordered if not PurePosixPath(p).is_relative_to(SYSTEM))


def needed_prefixes(interpreter: Interpreter) -> tuple[str, ...]:
    """Return the interpreter's prefixes, and those that its executable, a chain of links in many
    environments, leads through without their being named.
    """
    links, real = system_links()
    prefixes = list(dict.fromkeys(interpreter.prefixes))
    hop = interpreter.executable
    for _ in range(_MAX_LINKS):
        place = PurePosixPath(hop)
        if not any(place.is_relative_to(prefix) for prefix in (SYSTEM, *links, *real, *prefixes)):
            prefixes.append(str(place.parent.parent))
        if not Path(hop).is_symlink():
            break
        hop = os.path.normpath(place.parent / Path(hop).readlink())
    return tuple(prefixes)


def check_interpreter(
    interpreter: Interpreter, prefixes: tuple[str, ...], *, other_user: bool
) -> None:
    """Raise SandboxFailed if a program cannot or must not be given this interpreter.

    With `other_user` the program runs as a user to whom nothing on the host belongs.
    """
    for prefix in prefixes:
        _check_prefix(prefix, other_user=other_user)
    executable = Path(interpreter.executable)
    if not executable.is_absolute() or not executable.exists():
        raise SandboxFailed(f"the interpreter {interpreter.executable!r} does not exist")
    if other_user and executable.stat().st_mode & 0o005 != 0o005:
        raise SandboxFailed(
            f"the interpreter {interpreter.executable!r} may not be run by other users",
            f"Let them: chmod -R a+rX {executable.parent.parent}",
        )


def shows_too_much(path: str) -> bool:
    """Whether a directory holds the host's own files, or this user's home."""
    real = os.path.realpath(path)
    home = os.path.realpath(Path.home())
    lexical = str(PurePosixPath(path))
    return lexical in _NEVER or real in _NEVER or PurePosixPath(home).is_relative_to(real)


def _check_prefix(prefix: str, *, other_user: bool) -> None:
    path = PurePosixPath(prefix)
    if not path.is_absolute() or ".." in path.parts:
        raise SandboxFailed(f"prefix {prefix!r} is not an absolute path without '..'")
    if shows_too_much(prefix):
        raise SandboxFailed(
            f"prefix {prefix!r} would show the host's own files to the program",
            "Use an interpreter in a directory of its own, for instance a virtual environment.",
        )
    if not Path(prefix).is_dir():
        raise SandboxFailed(f"prefix {prefix!r} is not a directory")
    if other_user and Path(prefix).stat().st_mode & 0o005 != 0o005:
        raise SandboxFailed(
            f"prefix {prefix!r} may not be read by other users", f"Let them: chmod a+rX {prefix}"
        )
