"""DockerCell: one container, from its making to its removal, with the warden as first process."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ohgw_tools.isolation import warden_text
from ohgw_tools.isolation.docker_engine import CALLER, LABEL
from ohgw_tools.isolation.job import Job
from ohgw_tools.isolation.mounted_prefix import ETC, SYSTEM, outside_system, system_links
from ohgw_tools.isolation.program_environment import WORK_DIRECTORY
from ohgw_tools.isolation.sandbox_space import SHM_BYTES, TMP_BYTES

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.types import Mount

_GRACE_SECONDS = 60
_WARDENS_RIGHTS = ("SETUID", "SETGID", "SETPCAP", "KILL")
_REMOVED_SECONDS = 30.0


class DockerCell:
    """A running container that waits for its order; it is gone when its stack is closed."""

    def __init__(
        self,
        stack: contextlib.ExitStack,
        client: DockerClient,
        image: str,
        job: Job,
        user: int,
    ) -> None:
        self._client = client
        self._settings = _settings(image, job, user)
        self._stack = stack
        self._start()

    def _start(self) -> None:
        api = self._client.api
        self._since = int(time.time())
        self.id: str = self._client.containers.create(**self._settings).attrs["Id"]
        self._stack.callback(self._remove)
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        stream: Any = api.attach_socket(self.id, params=wanted)
        self._stack.callback(stream.close)
        self._socket: socket.socket = getattr(stream, "_sock", stream)
        # Both hold the connection open.
        self._stack.callback(self._socket.close)
        # Else the response complains of the closed socket when it is collected (Python 3.13).
        response = getattr(stream, "_response", None)
        if response is not None:
            self._stack.callback(response.close)
        # After a flood the engine must not wait for anybody to read the rest.
        self._stack.callback(self._shut)
        api.start(self.id)

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    @property
    def handle(self) -> int:
        """The descriptor that the container's output comes from."""
        return self._socket.fileno()

    def send(self, data: bytes) -> None:
        """Write to the warden. Blocks until the engine has taken all of it, or is no longer there
        to take it: then reading says so.
        """
        self._socket.setblocking(True)
        self._socket.settimeout(_GRACE_SECONDS)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)
        self._socket.setblocking(False)

    def ran_out_of_memory(self) -> bool:
        """Whether the engine saw the kernel kill a process of the container for want of memory.

        For a container that ended without a report: its first process may be the one that was
        killed.
        """
        events = self._client.api.events(
            since=self._since,
            until=int(time.time()) + 1,
            filters={"container": self.id, "event": "oom"},
            decode=True,
        )
        return any(True for _ in events)

    def _remove(self) -> None:
        """Remove the container and wait until the engine no longer knows it."""
        from docker.errors import APIError, NotFound

        deadline = time.monotonic() + _REMOVED_SECONDS
        while True:
            try:
                self._client.api.remove_container(self.id, force=True, v=True)
            except NotFound:
                return
            except APIError:
                # A removal is under way, or the engine is busy with the container.
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.01)


def _settings(image: str, job: Job, user: int) -> dict[str, Any]:
    from docker.types import LogConfig, Ulimit

    limits = job.limits
    small = f"nr_inodes={limits.work_inodes},nosuid,nodev,exec"
    return {
        "image": image,
        "command": [job.interpreter.executable, "-I", "-S", "-c", warden_text.text()],
        "labels": {
            LABEL: str(int(time.time() + limits.wall_seconds + _GRACE_SECONDS)),
            CALLER: str(os.getpid()),
        },
        "auto_remove": True,
        "stdin_open": True,
        "user": "0:0",
        "working_dir": "/",
        "hostname": "sandbox",
        "network_mode": "none",
        "ipc_mode": "private",
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": list(_WARDENS_RIGHTS),
        "security_opt": ["no-new-privileges:true"],
        # The warden is one more.
        "pids_limit": limits.processes + 1,
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        # The engine refuses more than there are.
        "nano_cpus": min(limits.threads, os.cpu_count() or 1) * 1_000_000_000,
        "shm_size": SHM_BYTES,
        "tmpfs": {
            "/tmp": f"size={TMP_BYTES},mode=1777,{small}",
            WORK_DIRECTORY: f"size={limits.work_bytes},uid={user},gid={user},mode=0711,{small}",
        },
        "mounts": _mounts(job.prefixes, job.extra),
        "ulimits": [
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
        ],
        # The engine's own log would fill the host's disk.
        "log_config": LogConfig(type="none"),
        "environment": {},
    }


def _mounts(prefixes: tuple[str, ...], extra: Mapping[str, str]) -> list[Mount]:
    from docker.types import Mount

    _, real = system_links()
    paths = [SYSTEM, *real, *(p for p in ETC if Path(p).exists())]
    binds = {path: path for path in (*paths, *outside_system(prefixes))}
    return [
        Mount(target=inside, source=source, type="bind", read_only=True)
        for inside, source in {**binds, **extra}.items()
    ]
