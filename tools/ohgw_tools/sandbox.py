"""Sandbox: the role that runs a program without trusting it; Execution, what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event
from typing import Literal, Protocol

from pydantic import BaseModel, Field, JsonValue

from ohgw_tools.frozen import FROZEN
from ohgw_tools.limits import MIB as MIB
from ohgw_tools.limits import Limits as Limits

Outcome = Literal[
    "exited",  # the program ended by itself: see exit_code
    "signal",  # the program was killed by a signal that was not ours
    "timeout",  # wall time
    "memory",  # out of memory, seen from outside
    "processes",  # the limit of processes was reached and the program died of it
    "disk",  # work directory full, in bytes or inodes
    "output",  # output flood
    "seccomp",  # killed by the system call filter
]


class Output(BaseModel):
    """One stream of a program: its head and tail, control characters made harmless.

    `total_bytes` counts all that was written; `cut_bytes` what lies between head and tail.
    """

    model_config = FROZEN

    text: str = ""
    total_bytes: int = 0
    cut_bytes: int = 0


class Execution(BaseModel):
    """What happened to one program. `artifacts` are regular files within the limits, by path
    relative to the work directory; `refused` names the others, with the reason.
    """

    model_config = FROZEN

    backend: str
    outcome: Outcome
    exit_code: int | None = None
    signal: int | None = None
    stdout: Output = Output()
    stderr: Output = Output()
    artifacts: dict[str, bytes] = Field(default_factory=dict, repr=False)
    refused: dict[str, str] = Field(default_factory=dict)
    wall_ms: int = 0
    cpu_ms: int | None = None
    peak_bytes: int | None = None
    isolation: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the program ended by itself with exit code 0."""
        return self.outcome == "exited" and self.exit_code == 0


class Interpreter(BaseModel):
    """A Python to run bundles with: its executable and the directories that it needs, read-only."""

    model_config = FROZEN

    executable: str
    prefixes: tuple[str, ...]
    key: str
    packages: tuple[str, ...] = ()


class Probe(BaseModel):
    """What a backend says of itself after a real trial run."""

    model_config = FROZEN

    name: str
    works: bool
    detail: str
    remedy: str = ""
    isolation: dict[str, JsonValue] = Field(default_factory=dict)


class Sandbox(Protocol):
    """Runs a program without trusting it. Each module of `ohgw_tools.sandboxes` has one, made by
    its `create()`.
    """

    @property
    def name(self) -> str:
        """The name that `--sandbox` takes."""
        ...

    def probe(self) -> Probe:
        """Run a trivial program for real and say whether that worked. Never raises."""
        ...

    def run(
        self,
        files: Mapping[str, bytes],
        argv: tuple[str, ...],
        *,
        interpreter: Interpreter,
        limits: Limits,
        environment: Mapping[str, str] | None = None,
        allow_hosts: tuple[str, ...] = (),
        mounts: Mapping[str, str] | None = None,
        cancel: Event | None = None,
    ) -> Execution:
        """Run `argv` in a fresh work directory that holds `files`; the word `python` as its first
        item stands for the interpreter. No network but to `allow_hosts`. `mounts` maps paths that
        data are read at to the directories of this machine that are shown there, read-only.
        Blocks; `cancel`, set from another thread, stops the program. Exit codes 129 to 159 count as
        signals 1 to 31, as in a shell.

        Raises RunCancelled when `cancel` was set,
        InputError for hosts or mounts that cannot be used, SandboxUnavailable when this machine
        lacks the backend, SandboxFailed when the backend broke. None says anything about the
        program.
        """
        ...
