"""Reaching the Docker engine of this machine, and telling its failures from a program's."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ohgw_tools.errors import SandboxFailed, SandboxUnavailable

if TYPE_CHECKING:
    from docker import DockerClient

LABEL = "org.ohgw.deadline"
CALLER = "org.ohgw.caller"
_LIMITS = {"memory": "MemoryLimit", "processes": "PidsLimit"}
_TIMEOUT_SECONDS = 120
_DEFAULT = "unix:///var/run/docker.sock"
_START = (
    "Start Docker (on Debian: apt-get install docker.io), and let this user reach its socket "
    "(group docker)."
)


@contextlib.contextmanager
def engine() -> Iterator[DockerClient]:
    """Connect for the length of the block. One connection is for one thread.

    Raises SandboxUnavailable if no engine answers, or only one on another machine: the programs'
    directories are mounted from this one. Turns every other error of the engine in the block into
    SandboxFailed.
    """
    import docker
    import requests
    from docker.errors import DockerException

    host = os.environ.get("DOCKER_HOST") or _rootless() or _DEFAULT
    if not host.startswith("unix://"):
        raise SandboxUnavailable(
            f"DOCKER_HOST={host} is not a local engine", "Use a unix:// address, or bubblewrap."
        )
    try:
        client = docker.DockerClient(base_url=host, version="auto", timeout=_TIMEOUT_SECONDS)
    except (DockerException, requests.RequestException, OSError) as error:
        raise SandboxUnavailable(f"no Docker engine answers at {host}: {error}", _START) from error
    try:
        yield client
    except (DockerException, requests.RequestException) as error:
        raise SandboxFailed(f"the Docker engine failed: {error}") from error
    finally:
        client.close()


def _rootless() -> str | None:
    """The socket of a rootless engine of this user, if the usual one cannot be reached."""
    directory = os.environ.get("XDG_RUNTIME_DIR")
    socket = f"{directory}/docker.sock"
    if directory and not os.access("/var/run/docker.sock", os.W_OK) and os.access(socket, os.W_OK):
        return f"unix://{socket}"
    return None


def check_security(client: DockerClient) -> None:
    """Raise SandboxUnavailable if the engine runs containers without its own system call filter, or
    without limits of memory or processes: a rootless one without delegated control groups takes
    such limits and drops them with a warning.
    """
    facts = client.info()
    options = facts.get("SecurityOptions") or []
    if not any("seccomp" in option for option in options):
        raise SandboxUnavailable(
            "the Docker engine has no seccomp", "Use an engine built with it, or bubblewrap."
        )
    lacking = [word for word, key in _LIMITS.items() if not facts.get(key)]
    if lacking:
        raise SandboxUnavailable(
            f"the Docker engine cannot limit {' or '.join(lacking)}",
            "Delegate control groups (version 2, with systemd) to a rootless engine, or use "
            "bubblewrap.",
        )


def sweep(client: DockerClient) -> int:
    """Remove containers whose deadline is long past: those of callers that were killed while the
    engine was down. Returns how many.
    """
    from docker.errors import APIError

    removed = 0
    # Others come and go meanwhile: a listing that asks after each must not stumble over those.
    found = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    for container in found:
        deadline = container.labels.get(LABEL, "")
        if deadline.isdigit() and int(deadline) < time.time():
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
                removed += 1
    return removed
