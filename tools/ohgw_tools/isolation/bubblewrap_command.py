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
from pathlib import PurePosixPath

from ohgw_tools.errors import SandboxUnavailable
from ohgw_tools.isolation.job import Job
from ohgw_tools.isolation.mounted_prefix import ETC, SYSTEM, outside_system, system_links
from ohgw_tools.isolation.program_environment import WORK_DIRECTORY
from ohgw_tools.isolation.sandbox_space import SHM_BYTES, TMP_BYTES

NOBODY = 65534

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
    options: int


def command(binary: str, job: Job, *, user: int | None, marker: str, handles: Handles) -> list[str]:
    """Return bubblewrap's command line. All but the program goes through a descriptor: other users
    of the machine can read command lines, and the variables may be secret.

    `user` is the throw-away user for root, else None; `marker` is a directory whose appearance says
    that the sandbox's own root is in place.
    """
    variables = job.variables.items()
    options = [
        *_namespaces(user),
        *("--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"),
        *(part for name, value in variables for part in ("--setenv", name, value)),
        *_system(),
        *("--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"),
        *_tmpfs("/dev/shm", SHM_BYTES, "1777"),
        *("--remount-ro", "/dev"),
        *_tmpfs("/tmp", TMP_BYTES, "1777"),
        *_tmpfs(WORK_DIRECTORY, job.limits.work_bytes, "0711"),
        *_accounts(handles),
        *_bound(job.prefixes, job.extra),
        *("--perms", "0755", "--dir", marker, "--remount-ro", "/", "--chdir", WORK_DIRECTORY),
        *("--seccomp", str(handles.filter), "--info-fd", str(handles.info)),
        *("--block-fd", str(handles.block)),
    ]
    os.write(handles.options, b"".join(part.encode() + b"\0" for part in options))
    os.lseek(handles.options, 0, os.SEEK_SET)
    return [binary, "--args", str(handles.options), "--", *_becoming(user), *job.program]


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
    links, real = system_links()
    return [
        *("--ro-bind", SYSTEM, SYSTEM),
        *(part for path, target in links.items() for part in ("--symlink", target, path)),
        *(part for path in real for part in ("--ro-bind", path, path)),
    ]


def _tmpfs(path: str, size: int, mode: str) -> list[str]:
    return ["--size", str(size), "--perms", mode, "--tmpfs", path]


def _accounts(handles: Handles) -> list[str]:
    """A synthetic /etc: none of the host's but what the loader and alternatives need."""
    arguments = ["--perms", "0755", "--dir", "/etc"]
    for path in ETC:
        arguments += ["--ro-bind-try", path, path]
    made = (("passwd", handles.passwd), ("group", handles.group), ("hosts", handles.hosts))
    for name, handle in made:
        arguments += ["--perms", "0644", "--file", str(handle), f"/etc/{name}"]
    return arguments


def _bound(prefixes: Sequence[str], extra: Mapping[str, str]) -> list[str]:
    """Bind each prefix at its own path, its parents made first: bubblewrap makes them 0700."""
    arguments: list[str] = []
    made = {PurePosixPath("/"), *map(PurePosixPath, ("/usr", "/tmp", "/etc", WORK_DIRECTORY))}
    binds = {**{prefix: prefix for prefix in outside_system(tuple(prefixes))}, **extra}
    for inside, source in binds.items():
        path = PurePosixPath(inside)
        for parent in reversed(path.parents):
            if parent not in made:
                made.add(parent)
                arguments += ["--perms", "0755", "--dir", str(parent)]
        if path not in made:
            made.add(path)
            arguments += ["--ro-bind", source, inside]
    return arguments
