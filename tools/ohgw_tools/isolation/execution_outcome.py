"""Telling from outside what became of a program: one rule for all sandboxes."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from ohgw_tools.errors import RunCancelled, SandboxFailed
from ohgw_tools.isolation.supervision import Stop
from ohgw_tools.sandbox import Outcome


@dataclass(frozen=True)
class Ending:
    """What was seen of a program's end. `exit_code` is None when it did not end by itself."""

    stop: Stop
    exit_code: int | None
    oom_kills: int = 0
    refused_forks: int = 0
    disk_full: bool = False


def judge(ending: Ending) -> tuple[Outcome, int | None, int | None]:
    """Return outcome, exit code and signal.

    Only evidence from outside the program counts, but for its own exit status, in which 128 + N
    stands for signal N. A child killed for want of memory makes the run out of memory even if the
    main process then exits with 0. Raises RunCancelled, or SandboxFailed if the sandbox was lost.
    """
    if ending.stop == "cancelled":
        raise RunCancelled("the program was stopped by its caller")
    if ending.stop == "lost":
        raise SandboxFailed("the sandbox went away while the program ran")
    if ending.oom_kills:
        return "memory", None, None
    if ending.stop != "ended" or ending.exit_code is None:
        return ("exited" if ending.stop == "ended" else ending.stop), None, None
    number = ending.exit_code - 128
    died_of = number if number in {int(s) for s in signal.Signals} and number < 32 else None
    if ending.exit_code and ending.refused_forks:
        outcome: Outcome = "processes"
    elif ending.exit_code and (ending.disk_full or died_of == signal.SIGXFSZ):
        outcome = "disk"
    elif died_of == signal.SIGSYS:
        outcome = "seccomp"
    elif died_of == signal.SIGXCPU:
        outcome = "timeout"
    else:
        outcome = "exited" if died_of is None else "signal"
    return outcome, None if died_of else ending.exit_code, died_of
