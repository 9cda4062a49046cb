"""The command line that makes one bubblewrap sandbox.

Two modes, because bubblewrap is two different tools. An ordinary caller gets a user namespace of
its own. For root bubblewrap would make none, and a program that stays kernel user 0 can remount the
host's directories writable; so root's mounts are made with root's access and then `setpriv` becomes
a throw-away user without any capability before the program starts.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ohgw_tools.errors import SandboxFailed, SandboxUnavailable
from ohgw_tools.program_environment import WORK_DIRECTORY
from ohgw_tools.sandbox import MIB

TMP_BYTES = 256 * MIB
SHM_BYTES = 256 * MIB
NOBODY = 65534

_LIBRARIES = ("lib", "lib64", "lib32", "libx32", "bin", "sbin")
# Directories that would show the host's secrets or hide the sandbox's own.
_NEVER_BOUND = ("/", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/tmp", "/var")
_SETPRIV = (
    "--clear-groups",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--bounding-set=-all",
    "--no-new-privs",
)


@dataclass(frozen=True)
class Handles:
    """File descriptors that bubblewrap inherits, by what it does with them."""

    filter: int
    info: int
    block: int
    passwd: int
    group: int
    hosts: int


def command(
    binary: str,
    program: Sequence[str],
    *,
    user: int | None,
    prefixes: Sequence[str],
    sockets: Mapping[str, str],
    variables: Mapping[str, str],
    work_bytes: int,
    marker: str,
    handles: Handles,
) -> list[str]:
    """Return bubblewrap's arguments. `user` is the throw-away user for root, else None.

    `sockets` maps unix sockets of the host to their path inside; `marker` is a directory whose
    appearance says that the sandbox's own root is in place.
    """
    return [
        binary,
        *_namespaces(user),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
        *(part for name, value in variables.items() for part in ("--setenv", name, value)),
        *_system(),
        *("--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"),
        *_tmpfs("/dev/shm", SHM_BYTES, "1777"),
        *("--remount-ro", "/dev"),
        *_tmpfs("/tmp", TMP_BYTES, "1777"),
        *_tmpfs(WORK_DIRECTORY, work_bytes, "0711"),
        *_accounts(handles),
        *_bound(prefixes, sockets),
        *("--perms", "0755", "--dir", marker, "--remount-ro", "/", "--chdir", WORK_DIRECTORY),
        *("--seccomp", str(handles.filter), "--info-fd", str(handles.info)),
        *("--block-fd", str(handles.block), "--", *_becoming(user), *program),
    ]


def check_prefixes(prefixes: Sequence[str]) -> None:
    """Raise SandboxFailed for a directory that must not be shown to a program."""
    home = os.path.realpath(Path.home())
    for prefix in prefixes:
        path = PurePosixPath(prefix)
        if not path.is_absolute() or ".." in path.parts:
            raise SandboxFailed(f"prefix {prefix!r} is not an absolute path without '..'")
        real = os.path.realpath(prefix)
        if str(path) in _NEVER_BOUND or real in _NEVER_BOUND or _holds(real, home):
            raise SandboxFailed(
                f"prefix {prefix!r} would show the host's own files to the program",
                "Use an interpreter in a directory of its own, for instance a virtual environment.",
            )
        if not Path(prefix).is_dir():
            raise SandboxFailed(f"prefix {prefix!r} is not a directory")


def _holds(directory: str, inner: str) -> bool:
    return PurePosixPath(inner).is_relative_to(directory)


def _namespaces(user: int | None) -> list[str]:
    if user is None:
        return [
            *("--unshare-all", "--unshare-user", "--disable-userns"),
            *("--uid", str(NOBODY), "--gid", str(NOBODY), "--cap-drop", "ALL"),
        ]
    kinds = ("ipc", "pid", "net", "uts", "cgroup")
    keep = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
    return [
        *(f"--unshare-{kind}" for kind in kinds),
        *("--cap-drop", "ALL"),
        *(part for name in keep for part in ("--cap-add", name)),
    ]


def _becoming(user: int | None) -> list[str]:
    if user is None:
        return []
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin")
    if setpriv is None:
        raise SandboxUnavailable(
            "bubblewrap for root needs setpriv", "Install util-linux, or run as an ordinary user."
        )
    return [setpriv, "--reuid", str(user), "--regid", str(user), *_SETPRIV, "--"]


def _system() -> list[str]:
    """/usr, and the top-level directories that are links into it or, on older systems, real."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in _LIBRARIES:
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    return arguments


def _tmpfs(path: str, size: int, mode: str) -> list[str]:
    return ["--size", str(size), "--perms", mode, "--tmpfs", path]


def _accounts(handles: Handles) -> list[str]:
    """A synthetic /etc: none of the host's but what the loader and alternatives need."""
    arguments = ["--perms", "0755", "--dir", "/etc"]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        arguments += ["--ro-bind-try", path, path]
    made = (("passwd", handles.passwd), ("group", handles.group), ("hosts", handles.hosts))
    for name, handle in made:
        arguments += ["--perms", "0644", "--file", str(handle), f"/etc/{name}"]
    return arguments


def _bound(prefixes: Sequence[str], sockets: Mapping[str, str]) -> list[str]:
    """Bind each prefix at its own path, its parents made first: bubblewrap makes them 0700."""
    arguments: list[str] = []
    made = {PurePosixPath("/"), *map(PurePosixPath, ("/usr", "/tmp", "/etc", WORK_DIRECTORY))}
    binds = {**{prefix: prefix for prefix in prefixes}, **sockets}
    for source, inside in binds.items():
        path = PurePosixPath(inside)
        if path.is_relative_to("/usr") and source == inside:
            continue
        for parent in reversed(path.parents):
            if parent not in made:
                made.add(parent)
                arguments += ["--perms", "0755", "--dir", str(parent)]
        if path not in made:
            made.add(path)
            arguments += ["--ro-bind", source, inside]
    return arguments
