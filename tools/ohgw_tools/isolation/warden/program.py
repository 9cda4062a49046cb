"""Starting the program as a user without any right, and ending everything that it left."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import time
from typing import Any

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 38, 22, 24
_SECCOMP_MODE_FILTER = 2
_LAST_CAPABILITY = 63


def start(order: dict[str, Any], outputs: tuple[int, int]) -> int:
    """Fork the program; return its process number."""
    child = os.fork()
    if child:
        return child
    try:
        _confine(order, outputs)
        os.execvpe(order["argv"][0], order["argv"], order["variables"])
    except OSError as error:
        os.write(2, f"{order['argv'][0]}: {error.strerror}\n".encode())
    finally:
        # Reached only when there is no program: never run the warden's own code twice.
        os._exit(127)


def _confine(order: dict[str, Any], outputs: tuple[int, int]) -> None:
    """Give up everything, in the order in which the kernel lets go of it."""
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDONLY)
    for target, source in enumerate((nothing, *outputs)):
        os.dup2(source, target)
    os.closerange(3, 256)
    for name, value in order["rlimits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(order["user"], order["user"], order["user"])
    os.setresuid(order["user"], order["user"], order["user"])
    os.chdir("/work")
    code = bytes.fromhex(order["filter"])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program)
    # Python ignores these two, and what is ignored stays so in the program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def _prctl(libc: ctypes.CDLL, option: int, first: int, second: bytes | int = 0) -> None:
    if libc.prctl(option, first, second, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")


def kill_all() -> None:
    """Kill and reap every other process of the container."""
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        with os.scandir("/proc") as found:
            if {entry.name for entry in found if entry.name.isdigit()} <= {"1"}:
                return
        time.sleep(0.001)
