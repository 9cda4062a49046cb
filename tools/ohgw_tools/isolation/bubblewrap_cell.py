"""Cell: one bubblewrap sandbox, from the moment that it is set up until its last process is gone.

bubblewrap sets everything up and waits; meanwhile the host opens the work directory through
/proc/PID/root, writes the files, sets the limits, and lets it go. The open directories keep the
file systems in memory alive after every process is dead: then they are read without any race.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ohgw_tools.errors import SandboxFailed
from ohgw_tools.isolation.capture import harmless
from ohgw_tools.isolation.program_environment import WORK_DIRECTORY
from ohgw_tools.sandbox import Limits

_SETUP_SECONDS = 30.0
_DEATH_SECONDS = 30.0
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Cell:
    """A started sandbox whose program waits for `release`; it is gone when its stack is closed.

    Start it, use it and close the stack in one thread: the kernel kills it when the thread that
    started it ends (PR_SET_PDEATHSIG).
    """

    def __init__(
        self,
        stack: contextlib.ExitStack,
        arguments: Callable[[int, int], list[str]],
        inherited: tuple[int, ...],
    ) -> None:
        """`arguments` makes the command line from the descriptors of info and block pipe."""
        self._arguments = arguments
        self._inherited = inherited
        self._stack = stack
        self._gone = False
        self._start()

    def _start(self) -> None:
        info_read, info_write = self._pipe()
        block_read, self._release = self._pipe()
        arguments = self._arguments(info_write.number, block_read.number)
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(info_write.number, block_read.number, *self._inherited),
            env={},
            cwd="/",
            # A terminal's interrupt is for the caller alone, who stops the program in good order.
            process_group=0,
        )
        self._stack.callback(self._reap)
        self.ended = self._held(os.pidfd_open(self.process.pid))
        info_write.close()
        block_read.close()
        self.pid = self._child(info_read.number)
        self._init = self._held(os.pidfd_open(self.pid))
        self._stack.callback(self.kill)

    def _pipe(self) -> tuple[_Descriptor, _Descriptor]:
        read, write = map(_Descriptor, os.pipe())
        self._stack.callback(read.close)
        self._stack.callback(write.close)
        return read, write

    def _held(self, handle: int) -> int:
        self._stack.callback(os.close, handle)
        return handle

    def _child(self, info: int) -> int:
        """The host's number for the first process of the sandbox."""
        text = b""
        deadline = time.monotonic() + _SETUP_SECONDS
        while True:
            if not _readable(info, deadline - time.monotonic()):
                raise SandboxFailed("bubblewrap did not get ready in time")
            data = os.read(info, 4096)
            if not data:
                break
            text += data
        if not text:
            raise self._setup_error()
        return int(json.loads(text)["child-pid"])

    def _setup_error(self) -> SandboxFailed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        said = b""
        if _readable(self.pipes[1], 0):
            said = os.read(self.pipes[1], 4096)
        return SandboxFailed(f"bubblewrap could not set up: {harmless(said).strip()}")

    @property
    def pipes(self) -> tuple[int, int]:
        """The reading ends of standard output and standard error."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        return self.process.stdout.fileno(), self.process.stderr.fileno()

    def has_ended(self) -> bool:
        """Whether the main process is gone. Others may live on."""
        return _readable(self.ended, 0)

    def open(self, marker: str, paths: tuple[str, ...]) -> tuple[int, ...]:
        """Wait until `marker` is there (before that /proc/PID/root is the host's own root), then
        open directories inside. They stay open as long as the cell.
        """
        root = f"/proc/{self.pid}/root"
        deadline = time.monotonic() + _SETUP_SECONDS
        while not Path(root + marker).exists():
            if _readable(self.ended, 0):
                raise self._setup_error()
            if time.monotonic() > deadline:
                raise SandboxFailed("bubblewrap did not get ready in time")
            time.sleep(0.0005)
        try:
            return tuple(self._held(os.open(root + path, _DIRECTORY)) for path in paths)
        except OSError as error:
            raise SandboxFailed(f"cannot look into the sandbox: {error}") from error

    def limit(self, limits: Limits, processes: int) -> None:
        """Set the limits that the kernel keeps for each process; children inherit them."""
        cpu = limits.cpu_seconds or 2 * limits.wall_seconds * limits.threads + 5
        values = {
            resource.RLIMIT_NPROC: processes,
            resource.RLIMIT_NOFILE: limits.open_files,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: limits.file_bytes,
            # Twice the limit: what is reserved but never touched is no use of memory.
            resource.RLIMIT_DATA: 2 * limits.memory_bytes,
            resource.RLIMIT_MEMLOCK: 65536,
            resource.RLIMIT_MSGQUEUE: 0,
            resource.RLIMIT_RTPRIO: 0,
            resource.RLIMIT_CPU: max(1, int(cpu + 1)),
        }
        for kind, wanted in values.items():
            _, ceiling = resource.prlimit(self.pid, kind)
            value = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
            resource.prlimit(self.pid, kind, (value, value))
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/oom_score_adj", "w") as file:
            file.write("1000")

    def release(self) -> None:
        """Let the program start."""
        os.write(self._release.number, b"x")
        self._release.close()

    def kill(self) -> None:
        """Kill every process of the sandbox and wait until the last one is gone.

        The kernel kills the whole pid namespace with its first process, and reports that one as
        ended only when all the others are. Raises SandboxFailed if that takes too long.
        """
        if self._gone:
            return
        self._gone = True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._init, signal.SIGKILL)
        if not _readable(self._init, _DEATH_SECONDS):
            raise SandboxFailed("processes of the sandbox could not be killed")

    def _reap(self) -> None:
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def data_handle(stack: contextlib.ExitStack, content: bytes) -> int:
    """Return a descriptor that reads `content` from its start, closed with `stack`."""
    handle = os.memfd_create("ohgw", os.MFD_CLOEXEC)
    stack.callback(os.close, handle)
    os.write(handle, content)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def account_files(user: int) -> Mapping[str, bytes]:
    """The three files of /etc that C libraries ask for, with the sandbox's own user alone."""
    return {
        "passwd": f"sandbox:x:{user}:{user}::{WORK_DIRECTORY}:/bin/sh\n".encode(),
        "group": f"sandbox:x:{user}:\n".encode(),
        "hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
    }


def _readable(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(max(seconds, 0) * 1000))


class _Descriptor:
    """A file descriptor that is closed once: its number may be another thread's soon after."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._open = True

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self.number)
